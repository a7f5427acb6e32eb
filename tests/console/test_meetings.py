"""The calls about meetings: what is found, who may see it, and what is told of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType
from confledger.console import finding, turns
from confledger.console import meetings as meetings_calls
from confledger.console.attendees import encoded_key, identity_in
from confledger.console.kept import Kept
from confledger.console.timeline_json import timeline_json
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    Participant,
    person_by_account,
)
from confledger.storage import lists
from conftest import CONFERENCE, MakeRecord
from console.browsing import API, add_user, browser_of, sign_in

OTHER_CORP = "other"
START_MS = 1_574_119_913_000
UNKNOWN = "0" * 32
NUMBER = "+991116005905"


def held(number: int, **fields: Any) -> Conference:
    """A meeting, of which only what matters to the test need be said."""
    ordinary: dict[str, Any] = {
        "conference_uuid": f"{number:032x}",
        "conference_id": f"{900_000_000 + number}",
        "subject": f"Meeting {number}",
        "start_time_ms": START_MS + number,
        "end_time_ms": START_MS + 60_000,
        "scheduler_name": "Ann",
        "has_recording": False,
        "viewers": frozenset(),
        "details": "{}",
    }
    return Conference(**(ordinary | fields))


async def put(
    parts: Parts, *news: ConferenceNews | Conference, corp: str = DEFAULT_CORP_ID
) -> None:
    """Tell of meetings."""
    told = [
        each
        if isinstance(each, ConferenceNews)
        else ConferenceNews(conference_uuid=each.conference_uuid, conference=each)
        for each in news
    ]
    await parts.stores.conferences.put(corp, told)


@dataclass
class People:
    """Browsers of those who ask."""

    administrator: httpx.AsyncClient
    invited: httpx.AsyncClient
    stranger: httpx.AsyncClient
    foreigner: httpx.AsyncClient
    """The administrator of another corp."""


@pytest.fixture
async def people(parts: Parts) -> AsyncIterator[People]:
    """Four who have signed in."""
    administrator = AdminType.ADMINISTRATOR
    await add_user(parts, "ann", admin_type=administrator)
    await add_user(parts, "bob")
    await add_user(parts, "stan")
    await add_user(parts, "fay", corp_id=OTHER_CORP, admin_type=administrator)
    async with (
        browser_of(parts) as ann,
        browser_of(parts) as bob,
        browser_of(parts) as stan,
        browser_of(parts) as fay,
    ):
        for browser, account in ((ann, "ann"), (bob, "bob"), (stan, "stan"), (fay, "fay")):
            await sign_in(browser, account)
        yield People(ann, bob, stan, fay)


async def listed(browser: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    """All meetings of a list, page by page."""
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        query = {**asked, "after": after} if after else asked
        answer = await browser.get(f"{API}/conferences", params=query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        after = answer.json()["next"]
    return found


def numbers(found: list[dict[str, Any]]) -> list[int]:
    """Which meetings these are."""
    return [int(each["conferenceUUID"], 16) for each in found]


async def test_the_newest_come_first_with_those_that_run(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """Ended and running ones by their beginning; behind them those of which only records are known;
    whatever the size of a page.
    """
    await put(parts, *(held(n, end_time_ms=None if n % 2 else START_MS + 60_000) for n in range(5)))
    records = [make_record(event_id=str(n), operate_time_ms=n) for n in (7, 8)]
    await parts.intake.take(DEFAULT_CORP_ID, {f"{n:032x}": [records[n - 7]] for n in (7, 8)})
    await parts.intake.take(DEFAULT_CORP_ID, {f"{3:032x}": records})

    for limit in (1, 2, 3, 50):
        assert numbers(await listed(people.administrator, limit=limit)) == [4, 3, 2, 1, 0, 8, 7]
    found = await listed(people.administrator)
    assert found[1] == {
        "conferenceUUID": f"{3:032x}",
        "conferenceID": "900000003",
        "subject": "Meeting 3",
        "scheduler": "Ann",
        "startTimeMs": START_MS + 3,
        "endTimeMs": None,
        "isRunning": True,
        "recordCount": 2,
    }
    assert [each["recordCount"] for each in found] == [0, 2, 0, 0, 0, 1, 1]
    untold = {key: found[-1][key] for key in ("subject", "startTimeMs", "endTimeMs", "isRunning")}
    assert untold == {"subject": "", "startTimeMs": 7, "endTimeMs": None, "isRunning": False}


async def test_those_of_which_only_records_are_known_come_in_steps(
    parts: Parts, people: People, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a step the newest come first, and pages may cut it anywhere."""
    engine = type(parts.stores.conferences).__module__
    for module in (lists.__name__, engine):
        monkeypatch.setattr(f"{module}.UNTOLD_ROWS", 4)
    await parts.intake.take(
        DEFAULT_CORP_ID,
        {
            f"{n:032x}": [make_record(event_id="1", operate_time_ms=100 - n % 3)]
            for n in range(1, 10)
        },
    )
    for limit in (1, 2, 3, 50):
        # Of 1 to 4, 5 to 8, and 9, each by 100 - n % 3.
        found = numbers(await listed(people.administrator, limit=limit))
        assert found == [3, 4, 1, 2, 6, 7, 8, 5, 9]
    window = await listed(people.administrator, **{"from": 99, "to": 99})
    assert sorted(numbers(window)) == [1, 4, 7]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "budget"}, [3]),
        ({"q": "900000002"}, [2]),
        ({"q": " ZOE "}, [1]),
        ({"q": f"{2:032X}"}, [2]),
        ({"q": "nothing"}, []),
        ({"q": "\0"}, []),
        ({"from": START_MS + 2}, [3, 2]),
        ({"to": START_MS + 1}, [1, 0]),
        ({"from": START_MS + 1, "to": START_MS + 2}, [2, 1]),
        ({"person": "wei"}, [2, 1]),
        ({"person": "905"}, [2]),
        ({"person": "wei", "q": "budget"}, []),
        ({"person": "zoe"}, [1]),
        ({"person": "lw"}, [3]),
    ],
)
async def test_meetings_are_found(
    parts: Parts,
    people: People,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    found: list[int],
) -> None:
    """By a part of subject, scheduler or meeting id, by the whole UUID, by dates, and by who was
    invited, there, or scheduled it; however few a step looks at.
    """
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", 2)
    monkeypatch.setattr(finding, "CANDIDATES", 2)
    guest = Participant(
        identity="name:Li Wei", place=0, name="Li Wei", number="", is_terminal=False, details="{}"
    )
    await put(
        parts,
        held(0),
        held(1, scheduler_name="Zoe"),
        held(2),
        held(3, subject="The Budget", viewers=frozenset({person_by_account("lw")})),
        ConferenceNews(conference_uuid=f"{1:032x}", participants=[guest]),
        ConferenceNews(conference_uuid=f"{2:032x}", stays=[stay("Li Wei", NUMBER)]),
    )
    assert numbers(await listed(people.administrator, **asked)) == found
    assert numbers(await listed(people.administrator, limit=1, **asked)) == found
    assert await listed(people.stranger, **asked) == []
    assert await listed(people.foreigner, **asked) == []


def stay(name: str, number: str, **fields: Any) -> Attendance:
    """A stay of somebody."""
    ordinary: dict[str, Any] = {
        "display_name": name,
        "call_number": number,
        "device_type": "",
        "join_time_ms": START_MS,
        "left_time_ms": START_MS + 1_000,
        "media_type": "",
        "dept_name": "",
    }
    return Attendance(**(ordinary | fields))


async def test_somebody_lists_what_they_may_see(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """Who is no administrator sees what they scheduled or were invited to, ended or running."""
    bob = frozenset({person_by_account("bob")})
    await put(
        parts,
        held(1, viewers=bob),
        held(2),
        held(3, viewers=bob, end_time_ms=None),
        held(4, end_time_ms=None),
    )
    await put(parts, held(1, subject="Theirs"), corp=OTHER_CORP)
    await parts.intake.take(DEFAULT_CORP_ID, {f"{9:032x}": [make_record(event_id="1")]})

    assert numbers(await listed(people.invited)) == [3, 1]
    assert numbers(await listed(people.invited, limit=1)) == [3, 1]
    assert numbers(await listed(people.invited, q="meeting 1")) == [1]
    assert numbers(await listed(people.invited, q=f"{2:032x}")) == []
    assert await listed(people.stranger) == []
    assert [each["subject"] for each in await listed(people.foreigner)] == ["Theirs"]
    assert numbers(await listed(people.administrator)) == [4, 3, 2, 1, 9]
    cursor = await people.invited.get(f"{API}/conferences", params={"after": "u."})
    assert cursor.json() == {"data": [], "next": None}


@pytest.mark.parametrize("call", ["", "/records", "/timeline", "/export.csv"])
async def test_a_meeting_is_told_to_whom_it_may_be_told(
    parts: Parts, people: People, make_record: MakeRecord, call: str
) -> None:
    """A stranger is refused, and to another corp the meeting is one that is not there."""
    await put(parts, held(1, viewers=frozenset({person_by_account("bob")})))
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="1")]})

    async def ask(browser: httpx.AsyncClient, uuid: str) -> tuple[int, str]:
        answer = await browser.get(f"{API}/conferences/{uuid}{call}")
        return answer.status_code, "" if answer.is_success else answer.text

    for browser in (people.administrator, people.invited):
        assert await ask(browser, f"{1:032x}") == (200, "")
    code, told = await ask(people.stranger, f"{1:032x}")
    assert (code, "MMC.111070002" in told) == (403, True)
    unknown = await ask(people.foreigner, UNKNOWN)
    assert unknown[0] == 400
    assert await ask(people.foreigner, f"{1:032x}") == unknown
    assert await ask(people.administrator, UNKNOWN) == unknown
    assert (await ask(people.administrator, "x"))[0] == 400


async def test_who_was_there_is_put_together(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """Invitations and stays of one person are one person; numbers are starred as in records."""
    ann = Participant(
        identity="id:" + "a" * 32,
        place=0,
        name="Ann",
        number="+991116000001",
        is_terminal=False,
        details='{"userUUID":"%s","accountId":"ann","role":1}' % ("a" * 32),
    )
    bob = Participant(
        identity="name:Bob", place=1, name="Bob", number="", is_terminal=False, details="{}"
    )
    news = ConferenceNews(
        conference_uuid=f"{1:032x}",
        participants=[ann, bob],
        stays=[
            stay("Ann in a hotel", "+991116000001"),
            stay("Bob", "", join_time_ms=START_MS + 1, left_time_ms=None),
            stay("Walt", NUMBER),
            stay("Walt", NUMBER, join_time_ms=START_MS + 5_000),
            stay("", "+991116000009"),
        ],
    )
    await put(parts, held(1), news)
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="1")]})

    facts = (await people.administrator.get(f"{API}/conferences/{1:032x}")).json()

    assert facts["participantCount"] == 4
    assert facts["recordCount"] == 1
    assert facts["operations"]["MUTE_PARTICIPANT"] == "Mute participant"
    assert facts["results"]["SUCCESS"] == "Success"
    told_ann, told_bob, unnamed, walt = facts["participants"]
    assert told_ann == {
        "name": "Ann",
        "stays": [[START_MS, START_MS + 1_000]],
        "person": encoded_key("id:" + "a" * 32),
        "number": "**********001",
        "account": "ann",
        "role": "host",
    }
    assert told_bob["stays"] == [[START_MS + 1, None]]
    assert (walt["name"], walt["number"], len(walt["stays"])) == ("Walt", "**********905", 2)
    assert identity_in(walt["person"]) == "name:Walt"
    assert (unnamed["name"], unnamed["number"], unnamed["person"]) == ("", "**********009", None)


async def test_records_are_told_as_the_api_tells_them(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """Codes with their words elsewhere, other texts as they came, numbers starred; any part."""
    first = make_record(
        operation=None,
        operation_text="Juggle",
        result=None,
        result_text="Dropped",
        object=NUMBER,
        detail=f"by {NUMBER}",
    )
    more = [make_record(event_id=str(number)) for number in range(1_200)]
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [first, *more]})
    path = f"{API}/conferences/{CONFERENCE}/records"

    whole = (await people.administrator.get(path)).json()
    assert (whole["count"], whole["first"], len(whole["records"])) == (1_201, 0, 1_201)
    row = whole["records"][0]
    assert row[:10] == [
        first.operate_time_ms,
        "Portal",
        "Conference Operator",
        "stated",
        None,
        "Juggle",
        "**********905",
        None,
        "Dropped",
        "by **********905",
    ]
    assert whole["records"][1][4:9] == ["MUTE_PARTICIPANT", "", more[0].object, "SUCCESS", ""]
    part = (await people.administrator.get(path, params={"after": 1_199, "limit": 1})).json()
    assert part == {"count": 1_201, "first": 1_199, "records": [whole["records"][1_199]]}
    behind = (await people.administrator.get(path, params={"after": 9_999})).json()
    assert behind == {"count": 1_201, "first": 9_999, "records": []}


async def test_large_answers_are_packed_for_who_can_unpack(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """With gzip where the browser says so, else as they are; what has a secret never is."""
    records = [make_record(event_id=str(number)) for number in range(2_000)]
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: records})
    path = f"{API}/conferences/{CONFERENCE}/records"
    packed = await people.administrator.get(path, headers={"Accept-Encoding": "br, gzip"})
    plain = await people.administrator.get(path, headers={"Accept-Encoding": "br, gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 5
    session = await people.administrator.get(f"{API}/session")
    assert "content-encoding" not in session.headers


async def test_a_lane_gets_the_name_of_the_stay_that_goes_with_it(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """An id of a connection is shown as who stayed from its beginning to its end."""
    connection = "9bd1c8b20a5b11eab31381603f51d3ae"
    records = [
        make_record(
            event_id=str(at), operation=operation, object=connection, operate_time_ms=START_MS + at
        )
        for at, operation in ((10, "CALL_PARTICIPANT"), (990, "HANG_UP_PARTICIPANT"))
    ]
    await put(
        parts, held(1), ConferenceNews(conference_uuid=f"{1:032x}", stays=[stay("Walt", NUMBER)])
    )
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": records})
    timeline = (await people.administrator.get(f"{API}/conferences/{1:032x}/timeline")).json()
    assert timeline["people"] == [{"key": connection, "name": "Walt"}]


async def test_a_timeline_has_a_limit(
    parts: Parts, people: People, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A meeting with too many records for a timeline is told so."""
    monkeypatch.setattr("confledger.console.meetings.TIMELINE_RECORDS_MAX", 1)
    records = [make_record(event_id=str(number)) for number in range(2)]
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: records})
    answer = await people.administrator.get(f"{API}/conferences/{CONFERENCE}/timeline")
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("from=-1", "from"),
        ("from=2&to=1", "to"),
        ("after=x", "after"),
        ("after=t.1.x", "after"),
        ("after=t.99999999999999999999." + "0" * 32, "after"),
        ("q=" + "x" * 129, "q"),
        ("person=" + "x" * 129, "person"),
        ("q=1&q=2", "q"),
    ],
)
async def test_a_wrong_question_names_the_field(people: People, query: str, field: str) -> None:
    """What breaks a rule is told by its name, in the reader's language."""
    answer = await people.administrator.get(f"{API}/conferences?{query}")
    assert answer.status_code == 400
    assert answer.json()["error_msg"].startswith(f"{field} ")
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_timeline_is_kept_until_something_is_told(
    parts: Parts, people: People, make_record: MakeRecord
) -> None:
    """A second viewer gets the same; a record more, or a stay, makes another one."""
    path = f"{API}/conferences/{1:032x}/timeline"
    await put(parts, held(1))
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="1")]})
    first = await people.administrator.get(path)
    plain = await people.administrator.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.json() == first.json()
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="2")]})
    assert (await people.administrator.get(path)).json()["count"] == 2
    object_text = make_record().object
    assert first.json()["people"] == [{"key": object_text, "name": object_text}]
    who = Participant(
        identity=f"id:{object_text}",
        place=0,
        name="Zoe",
        number="",
        is_terminal=False,
        details=f'{{"userUUID":"{object_text}"}}',
    )
    await put(parts, ConferenceNews(conference_uuid=f"{1:032x}", participants=[who]))
    assert (await people.administrator.get(path)).json()["people"][0]["name"] == "Zoe"


def test_what_is_kept_has_a_limit() -> None:
    """What was asked for last stays; what alone is too large is not kept."""
    kept = Kept(10)
    for key, size in (("a", 4), ("b", 4)):
        kept.keep(key, 1, b"x" * size)
    assert kept.get("a", 1)
    kept.keep("c", 1, b"x" * 4)
    kept.keep("d", 1, b"x" * 11)
    assert [key for key in "abcd" if kept.get(key, 1)] == ["a", "c"]


def test_of_one_thing_only_the_last_state_is_kept() -> None:
    """A newer state takes the place of the older one, and not room of its own."""
    kept = Kept(10)
    kept.keep("a", 1, b"x" * 4)
    kept.keep("b", 1, b"y" * 4)
    kept.keep("b", 2, b"z" * 5)
    assert (kept.get("a", 1), kept.get("b", 1), kept.get("b", 2)) == (b"xxxx", None, b"zzzzz")


@pytest.mark.sqlite
async def test_a_timeline_that_many_ask_for_is_made_once(
    parts: Parts, people: People, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who come while it is made wait for it; afterwards nobody takes a turn."""
    made = []
    make = timeline_json

    def counted(*given: Any, **named: Any) -> bytes:
        made.append(1)
        time.sleep(0.2)  # so that the others come meanwhile
        return make(*given, **named)

    monkeypatch.setattr(meetings_calls, "timeline_json", counted)
    path = f"{API}/conferences/{1:032x}/timeline"
    await put(parts, held(1))
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="1")]})
    answers = await asyncio.gather(*(people.administrator.get(path) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(made) == 1

    monkeypatch.setattr(turns, "WAITING_MAX", 0)
    assert (await people.administrator.get(path)).status_code == 200
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="2")]})
    for busy in (path, f"{API}/people?q=a", f"{API}/people/{encoded_key('name:A')}/records"):
        assert (await people.administrator.get(busy)).status_code == 503


async def test_more_who_were_invited_than_are_looked_at_are_counted(
    parts: Parts, people: People, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has the first of them, and the number of all."""
    monkeypatch.setattr("confledger.console.attendees.PARTICIPANTS_MAX", 2)
    invited = [
        Participant(
            identity=f"name:P{n}", place=n, name=f"P{n}", number="", is_terminal=False, details="{}"
        )
        for n in range(5)
    ]
    await put(parts, held(1), ConferenceNews(conference_uuid=f"{1:032x}", participants=invited))
    await parts.intake.take(DEFAULT_CORP_ID, {f"{1:032x}": [make_record(event_id="1")]})
    facts = (await people.administrator.get(f"{API}/conferences/{1:032x}")).json()
    assert (len(facts["participants"]), facts["participantCount"]) == (2, 5)
