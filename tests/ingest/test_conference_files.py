"""Saved answers of the other history calls: conferences, one in detail, and its attendance."""

import json
from pathlib import Path
from typing import Any

import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import NoSuchConference, NoSuchCorp
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceQuery,
    Participant,
    ParticipantQuery,
    person_by_account,
    person_by_id,
)
from confledger.wire.conference_json import detailed, participant_json
from conftest import CONFERENCE
from ingest.made_files import (
    BOM,
    OTHER_CONFERENCE,
    Record,
    figures,
    kept,
    only_failure,
    page_of,
    problem_of,
    said,
    save,
    save_page,
    take,
)

HOST = "ff8080816e4c2f7a016e4c3ab4a40007"
GUEST = "ff8080816e4c2f7a016e4c3ab4a40008"
ALL = ConferenceQuery(since_ms=0, until_ms=2**53)

# 2019-11-18 23:21 and 23:36, UTC.
BEGAN_MS, ENDED_MS = 1_574_119_260_000, 1_574_120_160_000
LISTED: Record = {
    "conferenceID": "914083436",
    "subject": "user8's Meeting",
    "size": 2,
    "timeZoneID": "56",
    "startTime": "2019-11-18 23:21",
    "endTime": "2019-11-18 23:36",
    "mediaTypes": "Voice,Data,HDVideo",
    "conferenceState": "Destroyed",
    "language": "zh-CN",
    "passwordEntry": [
        {"conferenceRole": "chair", "password": "******"},
        {"conferenceRole": "general", "password": "******"},
    ],
    "userUUID": HOST,
    "scheduserName": "user8",
    "conferenceType": 0,
    "guestJoinUri": "https://meeting.test/#/j/914083436/g",
    "confUUID": CONFERENCE,
    "partAttendeeInfo": [
        {"name": "user 4", "phone": "+99111****380", "role": 0, "type": "normal", "isMute": 0}
    ],
    "terminlCount": 1,
    "normalCount": 2,
}
PASSWORDS = [
    {"conferenceRole": "chair", "password": "714163"},
    {"conferenceRole": "general", "password": "302170"},
]
IN_DETAIL: Record = {
    name: value for name, value in LISTED.items() if name not in ("confUUID", "conferenceState")
} | {
    "passwordEntry": PASSWORDS,
    "chairJoinUri": "https://meeting.test/#/j/914083436/c",
    "isHasRecordFile": True,
    "confConfigInfo": {"isSendNotify": True, "prolongLength": 15},
    "role": "chair",
}
INVITED: list[Record] = [
    {
        "participantID": "+991116004380",
        "name": "user 4",
        "role": 1,
        "state": "MEETTING",
        "attendeeType": "normal",
        "accountId": "user4@corp",
        "userUUID": GUEST,
        "isAutoInvite": 0,
    },
    {"participantID": "+991116009", "name": "会议室", "state": "MEETTING", "attendeeType": "board"},
]
STAYS: list[Record] = [
    {
        "displayName": "user 4",
        "callNumber": "+991116004380",
        "deviceType": "软终端",
        "joinTime": 1_574_119_270_000,
        "leftTime": 1_574_120_100_000,
        "mediaType": "视频",
        "deptName": "研发",
    },
    {"callNumber": "+991116005905", "joinTime": 1_574_119_280_000, "leftTime": None},
]


def without(record: Record, *names: str) -> Record:
    """The same but for some keys."""
    return {name: value for name, value in record.items() if name not in names}


def save_list(path: Path, *conferences: Record) -> Path:
    """Save an answer of the list of conferences."""
    return save_page(path, conferences)


def save_detail(
    path: Path, conference: Record = IN_DETAIL, *, invited: list[Record] = INVITED, offset: int = 0
) -> Path:
    """Save an answer of the call for one conference."""
    answer = {"conferenceData": conference, "data": page_of(invited, offset=offset)}
    return save(path, json.dumps(answer, ensure_ascii=False))


def save_attendance(path: Path, stays: list[Record] = STAYS, *, offset: int = 0) -> Path:
    """Save an answer of the call for attendance."""
    return save_page(path, stays, offset=offset)


async def known(parts: Parts, conference_uuid: str = CONFERENCE) -> Conference:
    """What the ledger knows of a conference."""
    conference = await parts.stores.conferences.get(DEFAULT_CORP_ID, conference_uuid)
    assert conference is not None
    return conference


async def served(parts: Parts) -> Any:
    """The conference in detail, as its host has it."""
    return detailed(await known(parts), is_administrator=True, user_id=HOST)


async def stays_kept(parts: Parts) -> list[Attendance]:
    """All stays of the conference."""
    stays, count = await parts.stores.conferences.attendance(
        DEFAULT_CORP_ID, CONFERENCE, search="", offset=0, limit=1000
    )
    assert len(stays) == count
    return list(stays)


async def invited_kept(parts: Parts) -> list[Participant]:
    """All participants of the conference."""
    page, count = await parts.stores.conferences.participants(
        DEFAULT_CORP_ID, CONFERENCE, ParticipantQuery(), offset=0, limit=1000
    )
    assert len(page) == count
    return list(page)


async def may_view(parts: Parts, person: str, conference_uuid: str = CONFERENCE) -> bool:
    """Whether somebody may see the conference as a viewer."""
    return await parts.stores.conferences.may_view(DEFAULT_CORP_ID, conference_uuid, [person])


async def all_kept(parts: Parts) -> tuple[Any, ...]:
    """Whatever the ledger has of conferences."""
    conferences, count = await parts.stores.conferences.list(
        DEFAULT_CORP_ID, ALL, offset=0, limit=1000
    )
    return list(conferences), count, await invited_kept(parts), await stays_kept(parts)


async def assert_unknown(parts: Parts) -> None:
    """Nothing at all is known of the conference."""
    with pytest.raises(NoSuchConference):
        await may_view(parts, person_by_id(HOST))
    assert await all_kept(parts) == ([], 0, [], [])


async def test_a_list_is_taken_and_names_its_conferences(parts: Parts, tmp_path: Path) -> None:
    """A saved list needs no conference named, and each of its entries becomes a conference."""
    other = LISTED | {"confUUID": OTHER_CONFERENCE.upper(), "subject": "Again"}

    report = await take(parts, save_list(tmp_path / "list.json", LISTED, other), conference=None)

    assert report.failures == []
    assert report.conferences == {CONFERENCE, OTHER_CONFERENCE}
    assert figures(report) == (2, 0, 0)
    conference = await known(parts)
    assert (conference.conference_id, conference.subject) == ("914083436", "user8's Meeting")
    assert (conference.start_time_ms, conference.end_time_ms) == (BEGAN_MS, ENDED_MS)
    assert (conference.scheduler_name, conference.has_recording) == ("user8", False)
    assert (await known(parts, OTHER_CONFERENCE)).subject == "Again"


async def test_a_detail_is_taken_with_its_participants(parts: Parts, tmp_path: Path) -> None:
    """A saved detail tells of the conference that is named, and of whom was invited to it."""
    report = await take(parts, save_detail(tmp_path / "detail.json"))

    assert report.failures == []
    assert report.conferences == {CONFERENCE}
    conference = await known(parts)
    assert (conference.start_time_ms, conference.end_time_ms) == (BEGAN_MS, ENDED_MS)
    assert (conference.scheduler_name, conference.has_recording) == ("user8", True)
    people = await invited_kept(parts)
    assert [(each.name, each.number, each.is_terminal) for each in people] == [
        ("user 4", "+991116004380", False),
        ("会议室", "+991116009", True),
    ]
    assert [participant_json(each).state for each in people] == ["MEETTING"] * 2


async def test_attendance_is_taken_as_it_stands(parts: Parts, tmp_path: Path) -> None:
    """Each stay is kept with all that is said of it, and what is left out is empty."""
    report = await take(parts, save_attendance(tmp_path / "attendance.json"))

    assert report.failures == []
    assert await stays_kept(parts) == [
        Attendance(
            display_name="user 4",
            call_number="+991116004380",
            device_type="软终端",
            join_time_ms=1_574_119_270_000,
            left_time_ms=1_574_120_100_000,
            media_type="视频",
            dept_name="研发",
        ),
        Attendance(
            display_name="",
            call_number="+991116005905",
            device_type="",
            join_time_ms=1_574_119_280_000,
            left_time_ms=None,
            media_type="",
            dept_name="",
        ),
    ]


async def test_attendance_before_anything_else_makes_the_conference_known(
    parts: Parts, tmp_path: Path
) -> None:
    """A conference of which only attendance was brought is there, with no record and no list."""
    report = await take(parts, save_attendance(tmp_path / "attendance.json"))

    assert figures(report) == (1, 0, 0)
    assert report.conferences == {CONFERENCE}
    page = await parts.stores.records.page(DEFAULT_CORP_ID, CONFERENCE, offset=0, limit=20)
    assert (page.records, page.count) == ([], 0)
    assert not await may_view(parts, person_by_id(HOST))
    assert (await all_kept(parts))[:2] == ([], 0)


async def test_misspelt_keys_are_the_ones_that_count(parts: Parts, tmp_path: Path) -> None:
    """The vendor's spelling is read, served again, and the right spelling means nothing."""
    rightly = {"schedulerName": "nobody", "terminalCount": 9, "state": "MEETING"}

    await take(parts, save_list(tmp_path / "list.json", rightly | LISTED), conference=None)

    assert (await known(parts)).scheduler_name == "user8"
    info = await served(parts)
    assert (info.scheduserName, info.terminlCount, info.normalCount) == ("user8", 1, 2)
    assert "nobody" not in (await known(parts)).details


async def test_every_key_is_kept(parts: Parts, tmp_path: Path) -> None:
    """What the ledger does not look into comes out of a detail as it went in."""
    await take(parts, save_detail(tmp_path / "detail.json"))

    details = json.loads((await known(parts)).details)
    assert {name: details[name] for name in IN_DETAIL} == IN_DETAIL
    assert [json.loads(each.details) for each in await invited_kept(parts)] == INVITED


@pytest.mark.parametrize("call", [save_detail, save_attendance])
async def test_what_does_not_name_its_conference_needs_it(
    parts: Parts, tmp_path: Path, call: Any
) -> None:
    """A detail and attendance are refused unless somebody says of which conference they are."""
    path = call(tmp_path / "answer.json")

    report = await take(parts, path, conference=None)

    assert only_failure(report) == f"{path}: confUUID is not in this answer: give --conference"
    assert figures(report) == (0, 0, 0)
    await assert_unknown(parts)


async def test_all_answers_of_a_conference_are_taken_together(parts: Parts, tmp_path: Path) -> None:
    """One run takes the answers of all four calls, told apart by their shape."""
    report = await take(
        parts,
        save_page(tmp_path / "1", [said()]),
        save_attendance(tmp_path / "2"),
        save_detail(tmp_path / "3"),
        save_list(tmp_path / "4", LISTED, LISTED | {"confUUID": OTHER_CONFERENCE}),
    )

    assert report.failures == []
    assert figures(report) == (2, 1, 0)
    assert [len(await kept(parts)), len(await invited_kept(parts))] == [1, 2]
    assert len(await stays_kept(parts)) == 2
    assert (await all_kept(parts))[1] == 2


@pytest.mark.parametrize(
    "layout",
    [{"indent": 2}, {"separators": (",", ":")}, {"sort_keys": True}, {"ensure_ascii": True}],
    ids=str,
)
async def test_the_layout_of_a_file_does_not_matter(
    parts: Parts, tmp_path: Path, layout: dict[str, Any]
) -> None:
    """On one line or on many, in whichever order of keys, with a byte order mark."""
    answers = [
        page_of([LISTED]),
        {"data": page_of(INVITED), "conferenceData": IN_DETAIL},
        page_of(STAYS),
    ]
    paths = [
        save(tmp_path / f"{number}.json", BOM + json.dumps(answer, **layout).encode())
        for number, answer in enumerate(answers)
    ]

    report = await take(parts, *paths)

    assert report.failures == []
    assert [len(things) for things in (await all_kept(parts))[::2]] == [1, 2]
    assert len(await stays_kept(parts)) == 2


async def test_taking_twice_adds_nothing(parts: Parts, tmp_path: Path) -> None:
    """The same files brought again, in any order, leave the ledger as it is."""
    files = [
        save_list(tmp_path / "list.json", LISTED),
        save_detail(tmp_path / "detail.json"),
        save_attendance(tmp_path / "attendance.json"),
    ]
    first = await take(parts, *files)
    before = await all_kept(parts)

    again = await take(parts, *files)
    backwards = await take(parts, *reversed(files))

    assert before[1] == 1
    assert await all_kept(parts) == before
    assert figures(first) == figures(again) == figures(backwards) == (1, 0, 0)
    assert again.failures == backwards.failures == []


async def test_a_list_after_a_detail_loses_nothing(parts: Parts, tmp_path: Path) -> None:
    """Starred passwords replace none, and what only a detail says stays as it was."""
    await take(parts, save_detail(tmp_path / "detail.json"))
    newer = LISTED | {"subject": "Renamed", "size": 3}

    await take(parts, save_list(tmp_path / "list.json", newer), conference=None)

    info = await served(parts)
    passwords = [(each.conferenceRole, each.password) for each in info.passwordEntry]
    assert passwords == [("chair", "714163"), ("general", "302170")]
    assert info.chairJoinUri == IN_DETAIL["chairJoinUri"]
    assert info.confConfigInfo == IN_DETAIL["confConfigInfo"]
    assert (info.isHasRecordFile, (await known(parts)).has_recording) == (True, True)
    assert (info.subject, info.size) == ("Renamed", 3)
    assert await may_view(parts, person_by_id(GUEST))
    assert len(await invited_kept(parts)) == 2


async def test_a_detail_after_a_list_adds_to_it(parts: Parts, tmp_path: Path) -> None:
    """What a detail says comes to what a list said, in place of the starred passwords."""
    audience = LISTED | {"audienceJoinUri": "https://meeting.test/a"}
    await take(parts, save_list(tmp_path / "list.json", audience), conference=None)

    await take(parts, save_detail(tmp_path / "detail.json"))

    info = await served(parts)
    assert info.audienceJoinUri == "https://meeting.test/a"
    assert [each.password for each in info.passwordEntry] == ["714163", "302170"]
    assert (await all_kept(parts))[1] == 1


async def test_what_a_guest_is_told_takes_nothing_from_the_host(
    parts: Parts, tmp_path: Path
) -> None:
    """The detail as a guest has it, without the host's password and link, takes neither away."""
    guests = IN_DETAIL | {"passwordEntry": [{"conferenceRole": "general", "password": "555555"}]}
    await take(parts, save_detail(tmp_path / "host.json"))

    await take(parts, save_detail(tmp_path / "guest.json", without(guests, "chairJoinUri")))

    info = await served(parts)
    passwords = {each.conferenceRole: each.password for each in info.passwordEntry}
    assert passwords == {"chair": "714163", "general": "555555"}
    assert info.chairJoinUri == IN_DETAIL["chairJoinUri"]


async def test_a_starred_password_of_guests_replaces_none(parts: Parts, tmp_path: Path) -> None:
    """What a list stars among the settings of a conference stays as a detail told it."""
    clear = {"isSendNotify": True, "guestPwd": "302170"}
    starred = {"isSendNotify": False, "guestPwd": "******"}
    await take(parts, save_detail(tmp_path / "1.json", IN_DETAIL | {"confConfigInfo": clear}))

    await take(parts, save_list(tmp_path / "2.json", LISTED | {"confConfigInfo": starred}))

    info = await served(parts)
    assert info.confConfigInfo == {"isSendNotify": False, "guestPwd": "302170"}


async def test_a_recording_may_be_told_of_later(parts: Parts, tmp_path: Path) -> None:
    """Whether there is a recording is what was said last, and silence says nothing."""
    path = tmp_path / "list.json"
    for said_of_it, is_recorded in ((None, False), (True, True), (None, True), (False, False)):
        entry = LISTED if said_of_it is None else LISTED | {"isHasRecordFile": said_of_it}
        await take(parts, save_list(path, entry), conference=None)
        assert (await known(parts)).has_recording is is_recorded


async def test_an_end_that_is_known_stays(parts: Parts, tmp_path: Path) -> None:
    """A conference that was running ends when an answer says so, and does not run again."""
    path = tmp_path / "list.json"
    running = without(LISTED, "endTime", "subject", "scheduserName")
    await take(parts, save_list(path, running), conference=None)
    assert (await all_kept(parts))[1] == 0

    await take(parts, save_list(path, LISTED), conference=None)
    await take(parts, save_list(path, running), conference=None)

    conference = await known(parts)
    assert conference.end_time_ms == ENDED_MS
    assert (conference.subject, conference.scheduler_name) == ("user8's Meeting", "user8")
    assert (await all_kept(parts))[1] == 1


async def test_whoever_scheduled_it_may_see_it(parts: Parts, tmp_path: Path) -> None:
    """The scheduler of a list's entry is a viewer of that conference, and of no other."""
    other = LISTED | {"confUUID": OTHER_CONFERENCE, "userUUID": GUEST}
    await take(parts, save_list(tmp_path / "list.json", LISTED, other), conference=None)

    assert await may_view(parts, person_by_id(HOST))
    assert not await may_view(parts, person_by_id(GUEST))
    assert await may_view(parts, person_by_id(GUEST), OTHER_CONFERENCE)
    assert not await may_view(parts, person_by_id(HOST), OTHER_CONFERENCE)
    assert not await may_view(parts, person_by_account(HOST))


async def test_whoever_was_invited_may_see_it(parts: Parts, tmp_path: Path) -> None:
    """The invited are viewers by id and by account, beside the scheduler; the absent are not."""
    await take(parts, save_detail(tmp_path / "detail.json"), save_attendance(tmp_path / "a.json"))

    for person in (person_by_id(HOST), person_by_id(GUEST), person_by_account("user4@corp")):
        assert await may_view(parts, person)
    for person in ("", person_by_id(""), person_by_account(""), person_by_id("user4@corp")):
        assert not await may_view(parts, person)


async def test_later_pages_of_a_detail_add_participants_and_viewers(
    parts: Parts, tmp_path: Path
) -> None:
    """Pages of participants and stays take their places, in whichever order they are brought."""
    late = {"name": "late", "accountId": "late@corp", "state": "MEETTING"}
    await take(
        parts,
        save_detail(tmp_path / "2.json", invited=[late], offset=2),
        save_detail(tmp_path / "1.json"),
        save_attendance(tmp_path / "4.json", STAYS[1:], offset=1),
        save_attendance(tmp_path / "3.json", STAYS[:1]),
    )

    assert [each.name for each in await invited_kept(parts)] == ["user 4", "会议室", "late"]
    assert [stay.display_name for stay in await stays_kept(parts)] == ["user 4", ""]
    assert await may_view(parts, person_by_account("late@corp"))
    assert await may_view(parts, person_by_account("user4@corp"))


async def test_a_detail_without_participants_is_taken(parts: Parts, tmp_path: Path) -> None:
    """A conference to which nobody was invited is known by its detail all the same."""
    report = await take(parts, save_detail(tmp_path / "detail.json", invited=[]))

    assert (report.failures, report.conferences) == ([], {CONFERENCE})
    assert await invited_kept(parts) == []
    assert await may_view(parts, person_by_id(HOST))


BROKEN: dict[str, tuple[Any, str]] = {
    "list without an id": (page_of([LISTED, without(LISTED, "confUUID")]), "data[1].confUUID"),
    "list with a bad id": (page_of([LISTED | {"confUUID": "9a0fa6d1-0a5b"}]), "data[0].confUUID"),
    "list without a time": (page_of([without(LISTED, "startTime")]), "data[0].startTime"),
    "list with a bad time": (page_of([LISTED | {"startTime": "18.11.2019"}]), "data[0].startTime"),
    "list with a bad end": (page_of([LISTED, LISTED | {"endTime": "later"}]), "data[1].endTime"),
    "list with a number": (page_of([LISTED, LISTED | {"subject": 7}]), "data[1].subject"),
    "list with a text": (page_of([LISTED | {"terminlCount": "one"}]), "data[0].terminlCount"),
    "list without a count": (without(page_of([LISTED]), "count"), "count"),
    "list with a bad offset": (page_of([LISTED]) | {"offset": -1}, "offset"),
    "list with a bad password": (
        page_of([LISTED | {"passwordEntry": [{"conferenceRole": "chair"}]}]),
        "data[0].passwordEntry[0].password",
    ),
    "detail without a time": (
        {"conferenceData": without(IN_DETAIL, "startTime"), "data": page_of(INVITED)},
        "conferenceData.startTime",
    ),
    "detail with a bad time": (
        {"conferenceData": IN_DETAIL | {"endTime": "2019-13-01 00:00"}, "data": page_of(INVITED)},
        "conferenceData.endTime",
    ),
    "detail with a bad participant": (
        {"conferenceData": IN_DETAIL, "data": page_of([*INVITED, {"name": 1}])},
        "data.data[2].name",
    ),
    "detail without a page": ({"conferenceData": IN_DETAIL, "data": {"data": []}}, "data.offset"),
    "attendance without a time": (
        page_of([STAYS[0], without(STAYS[1], "joinTime")]),
        "data[1].joinTime",
    ),
    "attendance with a bad time": (page_of([STAYS[0] | {"joinTime": "8:30"}]), "data[0].joinTime"),
    "attendance before time": (page_of([STAYS[0] | {"leftTime": -1}]), "data[0].leftTime"),
    "attendance without an offset": (without(page_of(STAYS), "offset"), "offset"),
}


@pytest.mark.parametrize(("answer", "field"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_answer_is_refused_whole(
    parts: Parts, tmp_path: Path, answer: Record, field: str
) -> None:
    """What breaks a rule is told with the file and the field, and nothing of it is taken."""
    path = save(tmp_path / "broken.json", json.dumps(answer))

    report = await take(parts, path)

    assert only_failure(report).startswith(f"{path}: {field} ")
    assert figures(report) == (0, 0, 0)
    await assert_unknown(parts)


@pytest.mark.parametrize("call", [save_list, save_detail, save_attendance])
async def test_an_answer_that_was_cut_off_is_refused(
    parts: Parts, tmp_path: Path, call: Any
) -> None:
    """Half an answer is no answer, whichever call it was of."""
    path = call(tmp_path / "cut.json", *([LISTED] if call is save_list else []))
    content = path.read_bytes()
    save(path, content[: len(content) // 2])

    assert "ends too early" in problem_of(path)
    report = await take(parts, path)
    assert len(report.failures) == 1
    await assert_unknown(parts)


async def test_a_list_that_was_cut_off_is_not_said_to_lack_a_conference(tmp_path: Path) -> None:
    """Whoever brings half a list, which names its conferences, is told that it is half a list."""
    path = save_list(tmp_path / "cut.json", LISTED)
    content = path.read_bytes()
    save(path, content[: len(content) // 2])

    assert "ends too early" in problem_of(path, conference=None)


async def test_a_broken_answer_does_not_keep_others_out(parts: Parts, tmp_path: Path) -> None:
    """Each file is taken whole or not at all, and one does not spoil another."""
    broken = save_attendance(tmp_path / "broken.json", [{"displayName": "no time"}])

    report = await take(parts, save_list(tmp_path / "list.json", LISTED), broken)

    assert only_failure(report) == f"{broken}: data[0].joinTime is missing"
    assert report.conferences == {CONFERENCE}
    assert (await all_kept(parts))[1] == 1
    assert await stays_kept(parts) == []


@pytest.mark.parametrize("call", [save_list, save_detail, save_attendance])
async def test_an_answer_for_an_unknown_corp_is_not_taken(
    parts: Parts, tmp_path: Path, call: Any
) -> None:
    """There is no ledger to take it into, and none comes into being."""
    path = call(tmp_path / "answer.json", *([LISTED] if call is save_list else []))

    with pytest.raises(NoSuchCorp):
        await take(parts, path, corp="nowhere")

    await assert_unknown(parts)


async def test_an_answer_goes_into_the_ledger_of_its_corp(parts: Parts, tmp_path: Path) -> None:
    """The same answer brought for another corp is another conference."""
    await parts.stores.tenants.add_corp("other", "Other")

    await take(parts, save_detail(tmp_path / "detail.json"), corp="other")

    await assert_unknown(parts)
    assert await parts.stores.conferences.may_view("other", CONFERENCE, [person_by_id(GUEST)])


async def test_an_empty_page_needs_no_conference_and_holds_nothing_up(
    parts: Parts, tmp_path: Path
) -> None:
    """The empty page with which a list ends tells nothing, and stands in nobody's way."""
    empty = {"data": [], "offset": 40, "limit": 20, "count": 40}
    last = save(tmp_path / "last.json", json.dumps(empty))
    first = save_list(tmp_path / "first.json", LISTED)

    report = await take(parts, first, last, conference=None)

    assert report.failures == []
    assert report.conferences == {CONFERENCE}
