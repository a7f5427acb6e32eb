"""The calls that list conferences, tell about one, and tell who attended it."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, Scope, User
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.ledger.conference import Conference, ConferenceNews, person_by_id
from confledger.wire.conference_json import AttendanceJSON, ConferenceInfoJSON, ParticipantJSON
from confledger.wire.control_records import PATH as RECORDS
from confledger.wire.history import ATTENDANCE_PATH as ATTENDANCE
from confledger.wire.history import DETAIL_PATH as DETAIL
from confledger.wire.history import PATH as LIST
from conftest import CONFERENCE, MakeRecord, client_of, token_of

JSONObject = dict[str, Any]
Ask = Callable[..., Awaitable[httpx.Response]]

DAY_START = 1_574_092_800_000
DAY_END = 1_574_179_199_999
MINUTE = 60_000
WINDOW = f"startDate={DAY_START}&endDate={DAY_END}"
"""One day, as in the documented sample."""

UNKNOWN = "0" * 32
OTHER_CORP = "other"

ANN = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory("Ann"))
BOB = User("b" * 32, DEFAULT_CORP_ID, "bob", AdminType.ORDINARY, Directory("Bob"))
WALK_IN = User("c" * 32, DEFAULT_CORP_ID, "walt", AdminType.ORDINARY, Directory("Walt"))
STRANGER = User("d" * 32, DEFAULT_CORP_ID, "stan", AdminType.ORDINARY, Directory("Stan"))
GUEST = User("e" * 32, DEFAULT_CORP_ID, "gus", AdminType.ORDINARY, Directory("Gus"))
DEPUTY = User("f" * 32, DEFAULT_CORP_ID, "dep", AdminType.ADMINISTRATOR, Directory("Deputy"))
FOREIGNER = User("9" * 32, OTHER_CORP, "ann", AdminType.ORDINARY, Directory("Ann"))

FULL_INFO: JSONObject = {
    "conferenceID": "914583037",
    "subject": "季度会议 Quarter",
    "size": 3,
    "timeZoneID": "56",
    "startTime": "2019-11-18 23:31",
    "endTime": "2019-11-18 23:52",
    "mediaTypes": "HDVideo,Voice",
    "conferenceState": "Destroyed",
    "language": "zh-CN",
    "accessNumber": "+991117",
    "passwordEntry": [
        {"conferenceRole": "chair", "password": "445577"},
        {"conferenceRole": "general", "password": "112233"},
    ],
    "userUUID": ANN.user_id,
    "scheduserName": "Ann Example",
    "conferenceType": 2,
    "confType": "CYCLE",
    "cycleParams": {
        "startDate": "2019-11-18",
        "endDate": "2019-12-18",
        "cycle": "Week",
        "interval": 1,
        "point": [1, 3],
        "preRemindDays": 1,
    },
    "isAutoMute": 1,
    "isAutoRecord": 0,
    "chairJoinUri": "https://meeting.example/#/j/914583037/chair",
    "guestJoinUri": "https://meeting.example/#/j/914583037/guest",
    "audienceJoinUri": "https://meeting.example/#/j/914583037/audience",
    "recordType": 2,
    "auxAddress": "rtmp://live.example/aux",
    "liveAddress": "rtmp://live.example/live",
    "liveUrl": "https://live.example/room",
    "recordAuxStream": 1,
    "recordAuthType": 2,
    "confConfigInfo": {"isSendNotify": True, "callInRestriction": 2, "prolongLength": 15},
    "vmrFlag": 1,
    "isHasRecordFile": True,
    "vmrConferenceID": "9145830",
    "vmrID": "0a5b11eaae5e191763c22c0e9a0fa6d1",
    "confUUID": CONFERENCE,
    "partAttendeeInfo": [{"name": "Bob", "phone": "+991116005905", "type": "normal", "role": 0}],
    "terminlCount": 1,
    "normalCount": 2,
    "deptName": "Example",
    "role": "chair",
    "webinar": False,
    "onlineAttendeeAmount": 4,
    "multiStreamFlag": 1,
    "confMode": "RTC",
    "scheduleVmr": False,
    "concurrentParticipants": 0,
    "supportSimultaneousInterpretation": False,
    "picDisplay": {"manualSet": 0, "imageType": "Single"},
    "subConfs": [{"cycleSubConfID": "5", "conferenceID": "914583037", "isAutoRecord": 0}],
    "cycleSubConfID": "5",
}
"""A conference with every documented key."""

FULL_PARTICIPANT: JSONObject = {
    "participantID": "+991116005905",
    "name": "鲍勃 Bob",
    "subscriberID": "s1",
    "role": 0,
    "state": "MEETTING",
    "address": "Room 1",
    "attendeeType": "normal",
    "accountId": "bob",
    "phone2": "+991116005906",
    "phone3": "+991116005907",
    "email": "bob@example.com",
    "sms": "+8613900000000",
    "deptName": "Example",
    "userUUID": BOB.user_id,
    "appId": "app",
    "isAutoInvite": 1,
    "isNotOverlayPidName": False,
}
"""A participant with every documented key."""

FULL_STAY: JSONObject = {
    "displayName": "李雷 Leo",
    "callNumber": "+991116005905",
    "deviceType": "软终端",
    "joinTime": 1_574_119_917_872,
    "leftTime": 1_574_119_956_881,
    "mediaType": "视频",
    "deptName": "Example",
}
"""A stay with every documented key."""

CALLS = [RECORDS, DETAIL, ATTENDANCE]
"""Those about one conference."""


def uuid(number: int) -> str:
    """The id of one of several conferences."""
    return f"{number:032x}"


def conference(number: int = 1, **fields: Any) -> Conference:
    """A conference of the day, one minute behind the one before it."""
    ordinary: JSONObject = {
        "conference_uuid": uuid(number),
        "conference_id": f"{900_000_000 + number}",
        "subject": f"Meeting {number}",
        "start_time_ms": DAY_START + number * MINUTE,
        "end_time_ms": DAY_START + (number + 5) * MINUTE,
        "scheduler_name": "Ann",
        "has_recording": False,
        "viewers": frozenset(),
        "details": "{}",
    }
    return Conference(**(ordinary | fields))


async def put(parts: Parts, *conferences: Conference, corp_id: str = DEFAULT_CORP_ID) -> None:
    """Put conferences into a corp's ledger."""
    news = [
        ConferenceNews(conference_uuid=each.conference_uuid, conference=each)
        for each in conferences
    ]
    await parts.stores.conferences.put(corp_id, news)


def page_of(data: Iterable[JSONObject]) -> JSONObject:
    """A page as it is served."""
    whole = list(data)
    return {"data": whole, "offset": 0, "limit": 500, "count": len(whole)}


class Meeting(NamedTuple):
    """What is imported of a conference."""

    info: JSONObject = FULL_INFO
    people: tuple[JSONObject, ...] = (FULL_PARTICIPANT,)
    stays: tuple[JSONObject, ...] = (FULL_STAY,)


async def tell(
    parts: Parts,
    folder: Path,
    meeting: Meeting,
    conference_uuid: str = CONFERENCE,
    corp_id: str = DEFAULT_CORP_ID,
) -> None:
    """Import the detail and the attendance of a conference."""
    answers = {
        "detail.json": {"conferenceData": meeting.info, "data": page_of(meeting.people)},
        "attendance.json": page_of(meeting.stays),
    }
    for name, answer in answers.items():
        (folder / name).write_text(json.dumps(answer, ensure_ascii=False), "utf-8")
    report = await parts.importer.take(
        [folder / name for name in answers], corp_id, conference_uuid
    )
    assert not report.failures


async def token_for(parts: Parts, user: User, scope: Scope = "read") -> str:
    """An access token of a user, who is made if missing."""
    apps = await parts.open_apps()
    app, _ = await apps.create("test", user.corp_id, frozenset({scope}))
    known = await parts.stores.accounts.user(user)
    return (await parts.tokens.issue(known, app, API_CLIENT_TYPE)).access_token


@pytest.fixture
def ask(parts: Parts, client: httpx.AsyncClient) -> Ask:
    """Makes a call for somebody: by default for the default administrator of the corp."""
    tokens: dict[User | None, str] = {}

    async def call(
        path: str, query: str = "", user: User | None = None, **headers: str
    ) -> httpx.Response:
        if user not in tokens:
            tokens[user] = await (token_for(parts, user) if user else token_of(parts))
        return await client.get(
            f"{path}?{query}", headers={"X-Access-Token": tokens[user], **headers}
        )

    return call


async def ids(ask: Ask, query: str = "", user: User | None = None) -> list[int]:
    """Which of the conferences a list has, in its order."""
    answer = await ask(LIST, f"{WINDOW}&queryAll=true{query}", user)
    assert answer.status_code == 200, answer.text
    return [int(each["confUUID"], 16) for each in answer.json()["data"]]


async def detail(ask: Ask, query: str = "", user: User | None = None, **headers: str) -> JSONObject:
    """The detail of the conference."""
    answer = await ask(DETAIL, f"confUUID={CONFERENCE}{query}", user, **headers)
    assert answer.status_code == 200, answer.text
    body: JSONObject = answer.json()
    return body


async def names(ask: Ask, query: str = "", **headers: str) -> list[str]:
    """The names of the participants on a page of the detail."""
    return [each["name"] for each in (await detail(ask, query, None, **headers))["data"]["data"]]


def assert_is_error(answer: httpx.Response, status: int, code: str, message: str) -> None:
    """Hold an answer against the shape that every error has."""
    body = answer.json()
    assert (answer.status_code, body["error_code"], body["error_msg"]) == (status, code, message)
    assert set(body) <= {"error_code", "error_msg", "error_detail"}


def assert_names(answer: httpx.Response, field: str) -> None:
    """Hold an answer against what a bad parameter gives."""
    assert_is_error(answer, 400, "MMC.111071061", "PARAMETER_VERIFIED_FAIL")
    assert re.match(f"{field} (must |is missing)", answer.json()["error_detail"])


# --- Shapes -------------------------------------------------------------------


async def test_every_key_is_in_the_list_as_it_was_told(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """A conference with every documented key is listed with all of them but the role, which is
    only in the detail, and with its passwords masked.
    """
    await tell(parts, tmp_path, Meeting())

    answer = await ask(LIST, f"{WINDOW}&queryAll=true")

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert list(body) == ["data", "offset", "limit", "count"]
    assert (body["offset"], body["limit"], body["count"]) == (0, 20, 1)
    assert FULL_INFO.keys() == set(ConferenceInfoJSON.__struct_fields__)
    masked = [entry | {"password": "******"} for entry in FULL_INFO["passwordEntry"]]
    expected = FULL_INFO | {"passwordEntry": masked}
    del expected["role"]
    assert body["data"] == [expected]
    assert_same_types(body["data"][0], expected)


async def test_every_key_is_in_the_detail_as_it_was_told(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """The detail has all that was told but the conference's id and state, which it never has."""
    await tell(parts, tmp_path, Meeting())

    body = await detail(ask, user=ANN)

    assert list(body) == ["conferenceData", "data"]
    assert list(body["data"]) == ["data", "offset", "limit", "count"]
    assert (body["data"]["offset"], body["data"]["limit"], body["data"]["count"]) == (0, 20, 1)
    expected = dict(FULL_INFO)
    del expected["confUUID"], expected["conferenceState"]
    assert body["conferenceData"] == expected
    assert_same_types(body["conferenceData"], expected)
    assert FULL_PARTICIPANT.keys() == set(ParticipantJSON.__struct_fields__)
    assert body["data"]["data"] == [FULL_PARTICIPANT]
    assert_same_types(body["data"]["data"][0], FULL_PARTICIPANT)


async def test_every_key_is_in_the_attendance_as_it_was_told(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """A stay is served with every documented key, its number in clear, as in the sample."""
    await tell(parts, tmp_path, Meeting())

    answer = await ask(ATTENDANCE, f"confUUID={CONFERENCE}")

    body = answer.json()
    assert list(body) == ["data", "offset", "limit", "count"]
    assert (body["offset"], body["limit"], body["count"]) == (0, 20, 1)
    assert list(body["data"][0]) == list(AttendanceJSON.__struct_fields__)
    assert body["data"] == [FULL_STAY]
    assert_same_types(body["data"][0], FULL_STAY)
    assert "软终端".encode() in answer.content


def assert_same_types(ours: Any, theirs: Any) -> None:
    """Hold the JSON types of two equal values against each other: `1` is not `true`."""
    assert type(ours) is type(theirs), (ours, theirs)
    if isinstance(ours, dict):
        for key, value in ours.items():
            assert_same_types(value, theirs[key])
    elif isinstance(ours, list):
        for one, other in zip(ours, theirs, strict=True):
            assert_same_types(one, other)


async def test_what_is_not_known_has_no_key(parts: Parts, ask: Ask, tmp_path: Path) -> None:
    """Of a conference, a participant and a stay that little is known of, the rest is left out."""
    meeting = Meeting(
        {"startTime": "2019-11-18 23:31", "endTime": "2019-11-18 23:52"},
        ({"name": "Bob"},),
        ({"joinTime": 1_574_119_917_872},),
    )
    await tell(parts, tmp_path, meeting)

    (listed,) = (await ask(LIST, f"{WINDOW}&queryAll=true")).json()["data"]
    told = await detail(ask)
    (stay,) = (await ask(ATTENDANCE, f"confUUID={CONFERENCE}")).json()["data"]

    known = meeting.info | {"isHasRecordFile": False}
    assert listed == known | {"confUUID": CONFERENCE, "conferenceState": "Destroyed"}
    assert told["conferenceData"] == known | {"role": "general"}
    assert told["data"]["data"] == [{"name": "Bob"}]
    assert stay == {"joinTime": 1_574_119_917_872}


async def test_what_was_told_as_empty_has_no_key(parts: Parts, ask: Ask, tmp_path: Path) -> None:
    """An empty string or list says as little as a key that is not there."""
    meeting = Meeting(
        {
            "startTime": "2019-11-18 23:31",
            "endTime": "2019-11-18 23:52",
            "subject": "",
            "accessNumber": "",
            "scheduserName": "",
            "passwordEntry": [],
        },
        ({"name": "Bob", "email": "", "address": None},),
        ({"joinTime": 1, "deptName": "", "displayName": "", "leftTime": 0},),
    )
    await tell(parts, tmp_path, meeting)

    told = await detail(ask)
    (stay,) = (await ask(ATTENDANCE, f"confUUID={CONFERENCE}")).json()["data"]

    assert told["conferenceData"].keys() == {"startTime", "endTime", "isHasRecordFile", "role"}
    assert told["data"]["data"] == [{"name": "Bob"}]
    assert stay == {"joinTime": 1}


async def test_without_conferences_the_list_is_empty(ask: Ask) -> None:
    """An empty list is a page with nothing on it, and no error."""
    answer = await ask(LIST, WINDOW)
    assert answer.text == '{"data":[],"offset":0,"limit":20,"count":0}'


async def test_of_records_alone_the_detail_is_empty(
    parts: Parts, ask: Ask, make_record: MakeRecord
) -> None:
    """A conference of which only records are known has an empty detail and no attendance, and
    is not listed.
    """
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record()]})

    empty = {"data": [], "offset": 0, "limit": 20, "count": 0}
    assert await detail(ask) == {"conferenceData": {}, "data": empty}
    assert (await ask(ATTENDANCE, f"confUUID={CONFERENCE}")).json() == empty
    assert (await ask(LIST, f"{WINDOW}&queryAll=true")).json() == empty


async def test_a_conference_without_records_has_an_empty_page_of_them(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """A conference that is known by its detail alone is one that nobody controlled."""
    await tell(parts, tmp_path, Meeting())
    answer = await ask(RECORDS, f"confUUID={CONFERENCE}")
    assert answer.json() == {"data": [], "offset": 0, "limit": 20, "count": 0}


# --- Parameters ---------------------------------------------------------------

BAD_PAGES = [
    ("limit=0", "limit"),
    ("limit=-1", "limit"),
    ("limit=ten", "limit"),
    ("limit=1.0", "limit"),
    ("limit=", "limit"),
    ("limit=2147483648", "limit"),
    ("limit=5&limit=5", "limit"),
    ("offset=-1", "offset"),
    ("offset=2147483648", "offset"),
    ("offset=0x1", "offset"),
    ("offset=1&offset=2", "offset"),
    (f"searchKey={'a' * 129}", "searchKey"),
    (f"searchKey={'%E4%BC%9A' * 129}", "searchKey"),
    ("searchKey=a&searchKey=a", "searchKey"),
    ("userUUID=a&userUUID=b", "userUUID"),
    ("searchKey=%FF", "the query"),
    ("&".join(f"p{i}=1" for i in range(40)), "the query"),
]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "startDate"),
        (f"startDate={DAY_START}", "endDate"),
        (f"endDate={DAY_END}", "startDate"),
        (f"startDate=&endDate={DAY_END}", "startDate"),
        (f"startDate={DAY_START}&endDate=", "endDate"),
        (f"startDate=2019-11-19&endDate={DAY_END}", "startDate"),
        (f"startDate=-1&endDate={DAY_END}", "startDate"),
        (f"startDate={DAY_START}.5&endDate={DAY_END}", "startDate"),
        (f"startDate={DAY_START}&endDate=253402300800000", "endDate"),
        (f"startDate={DAY_START}&endDate={'9' * 5000}", "endDate"),
        (f"startDate={DAY_END}&endDate={DAY_START}", "endDate"),
        (f"{WINDOW}&startDate={DAY_START}", "startDate"),
        (f"{WINDOW}&endDate={DAY_END}", "endDate"),
        (f"{WINDOW}&queryAll=", "queryAll"),
        (f"{WINDOW}&queryAll=1", "queryAll"),
        (f"{WINDOW}&queryAll=yes", "queryAll"),
        (f"{WINDOW}&queryAll=true&queryAll=true", "queryAll"),
        (f"{WINDOW}&sortType=", "sortType"),
        (f"{WINDOW}&sortType=newest", "sortType"),
        (f"{WINDOW}&sortType=asc_starttime", "sortType"),
        (f"{WINDOW}&sortType=ASC_StartTIME&sortType=ASC_StartTIME", "sortType"),
        *((f"{WINDOW}&{query}", field) for query, field in BAD_PAGES),
    ],
)
async def test_a_bad_parameter_of_the_list_is_named_with_its_rule(
    ask: Ask, query: str, field: str
) -> None:
    """Whoever asks, a missing, malformed, repeated or absurd parameter is 400, and is named."""
    for user in (None, STRANGER):
        assert_names(await ask(LIST, query, user), field)


@pytest.mark.parametrize("path", [DETAIL, ATTENDANCE])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "confUUID"),
        ("confUUID=", "confUUID"),
        (f"confuuid={CONFERENCE}", "confUUID"),
        ("confUUID=9a0fa6d1-0a5b-11ea-ae5e-191763c22c0e", "confUUID"),
        (f"confUUID={CONFERENCE}0", "confUUID"),
        (f"confUUID={CONFERENCE}%0A", "confUUID"),
        (f"confUUID={CONFERENCE}&confUUID={CONFERENCE}", "confUUID"),
        *((f"confUUID={CONFERENCE}&{query}", field) for query, field in BAD_PAGES),
    ],
)
async def test_a_bad_parameter_about_one_conference_is_named_with_its_rule(
    ask: Ask, path: str, query: str, field: str
) -> None:
    """The same of the two calls about one conference."""
    assert_names(await ask(path, query), field)


PAGES = [
    ("", 0, 20, 20),
    ("&offset=20", 20, 20, 3),
    ("&offset=3&limit=4", 3, 4, 4),
    ("&limit=1", 0, 1, 1),
    ("&limit=500", 0, 500, 23),
    ("&limit=501", 0, 500, 23),
    ("&limit=2147483647", 0, 500, 23),
    ("&offset=23", 23, 20, 0),
    ("&offset=2147483647", 2147483647, 20, 0),
    ("&offset=-0", 0, 20, 20),
    ("&offset=%30&limit=00005", 0, 5, 5),
    ("&userUUID=whoever", 0, 20, 20),
    ("&searchKey=", 0, 20, 20),
    ("&somethingElse=1&somethingElse=2", 0, 20, 20),
]


@pytest.mark.parametrize(("query", "offset", "limit", "shown"), PAGES)
@pytest.mark.parametrize("what", ["list", "own list", "detail", "attendance"])
async def test_paging(
    *,
    parts: Parts,
    ask: Ask,
    tmp_path: Path,
    what: str,
    query: str,
    offset: int,
    limit: int,
    shown: int,
) -> None:
    """`offset` is the index of the first item, `limit` is cut to 500, both are echoed."""
    if what in ("list", "own list"):
        viewers = frozenset({person_by_id(ANN.user_id)})
        await put(parts, *(conference(number, viewers=viewers) for number in range(23)))
        user = ANN if what == "own list" else None
        page = (await ask(LIST, f"{WINDOW}&queryAll=true{query}", user)).json()
    else:
        meeting = Meeting(
            people=tuple(
                FULL_PARTICIPANT | {"name": f"{number}", "userUUID": uuid(number)}
                for number in range(23)
            ),
            stays=tuple(FULL_STAY | {"joinTime": number} for number in range(23)),
        )
        await tell(parts, tmp_path, meeting)
        path = DETAIL if what == "detail" else ATTENDANCE
        page = (await ask(path, f"confUUID={CONFERENCE}{query}")).json()
        page = page["data"] if what == "detail" else page

    assert (page["offset"], page["limit"], page["count"]) == (offset, limit, 23)
    places = range(23)[offset : offset + limit]
    assert len(page["data"]) == len(places) == shown
    if what == "detail":
        assert [each["name"] for each in page["data"]] == [str(place) for place in places]
    elif what == "attendance":
        assert [each["joinTime"] for each in page["data"]] == list(places)
    else:
        assert [int(each["confUUID"], 16) for each in page["data"]] == [22 - p for p in places]


@pytest.mark.parametrize("user", [None, ANN], ids=["administrator", "ordinary"])
@pytest.mark.parametrize(
    "order", ["DSC_StartTIME", "ASC_StartTIME", "DSC_RecordTYPE", "ASC_RecordTYPE"]
)
async def test_the_pages_of_every_order_join_without_gap_or_repetition(
    parts: Parts, ask: Ask, user: User | None, order: str
) -> None:
    """All pages of a list, one after the other, are the list, whatever its order."""
    viewers = frozenset({person_by_id(ANN.user_id)})
    await put(
        parts,
        *(
            conference(number, viewers=viewers, has_recording=number % 3 == 0)
            for number in range(13)
        ),
    )
    whole = await ids(ask, f"&sortType={order}", user)
    for limit in (1, 3, 5, 13):
        joined: list[int] = []
        for offset in range(0, 13, limit):
            joined += await ids(ask, f"&sortType={order}&offset={offset}&limit={limit}", user)
        assert joined == whole
    assert sorted(whole) == list(range(13))


# --- The list -----------------------------------------------------------------


@pytest.mark.parametrize("user", [None, ANN], ids=["administrator", "ordinary"])
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", [4, 3, 2, 1]),
        ("&sortType=DSC_StartTIME", [4, 3, 2, 1]),
        ("&sortType=ASC_StartTIME", [1, 2, 3, 4]),
        ("&sortType=DSC_RecordTYPE", [3, 1, 4, 2]),
        ("&sortType=ASC_RecordTYPE", [2, 4, 1, 3]),
    ],
)
async def test_the_order_is_the_one_that_is_asked_for(
    parts: Parts, ask: Ask, user: User | None, query: str, order: list[int]
) -> None:
    """By start, or by recording and then by start; without a sort type the newest come first."""
    viewers = frozenset({person_by_id(ANN.user_id)})
    recorded = (1, 3)
    await put(
        parts,
        *(
            conference(number, viewers=viewers, has_recording=number in recorded)
            for number in (2, 4, 1, 3)
        ),
    )
    assert await ids(ask, query, user) == order


@pytest.mark.parametrize("order", ["DSC_StartTIME", "ASC_StartTIME"])
async def test_of_one_moment_everybody_sees_the_same_order(
    parts: Parts, ask: Ask, order: str
) -> None:
    """Conferences that began at the same time stand in one order for all who may see them."""
    viewers = frozenset({person_by_id(ANN.user_id)})
    await put(
        parts,
        *(conference(number, viewers=viewers, start_time_ms=DAY_START) for number in range(1, 6)),
    )
    query = f"&sortType={order}"
    assert await ids(ask, query, ANN) == await ids(ask, query)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("budget", [1]),
        ("BUDGET", [1]),
        ("dget 20", [1]),
        ("预算", [2]),
        ("算会", [2]),
        ("éTÉ", [3]),
        ("zoë", [4]),
        ("ZOË", [4]),
        ("王小明", [2]),
        ("914583037", [1]),
        ("4583", [1]),
        ("100%", [4]),
        ("b_dget", []),
        ("Budget 2031Ann", []),
        ("nothing like it", []),
        ("", [4, 3, 2, 1]),
    ],
)
@pytest.mark.parametrize("user", [None, ANN], ids=["administrator", "ordinary"])
async def test_a_search_finds_subject_scheduler_and_conference_id(
    parts: Parts, ask: Ask, user: User | None, search: str, found: list[int]
) -> None:
    """A part of any of the three is found, in any case and script, and nothing is a wildcard."""
    viewers = frozenset({person_by_id(ANN.user_id)})
    await put(
        parts,
        conference(1, subject="Budget 2031", conference_id="914583037", viewers=viewers),
        conference(2, subject="预算会议", scheduler_name="王小明", viewers=viewers),
        conference(3, subject="Été", viewers=viewers),
        conference(4, subject="100%", scheduler_name="Zoë", viewers=viewers),
    )
    query = httpx.QueryParams({"searchKey": search})
    assert await ids(ask, f"&{query}", user) == found


async def test_a_search_of_128_characters_is_taken(ask: Ask) -> None:
    """The longest search that is documented is none too long, in whichever script."""
    for character in ("a", "%E4%BC%9A"):
        assert await ids(ask, f"&searchKey={character * 128}") == []


async def test_the_window_is_about_the_beginning_and_includes_both_ends(
    parts: Parts, ask: Ask
) -> None:
    """A conference is listed that began at either end, and none a millisecond outside of it."""
    starts = {1: DAY_START - 1, 2: DAY_START, 3: DAY_END, 4: DAY_END + 1}
    viewers = frozenset({person_by_id(ANN.user_id)})
    await put(
        parts,
        *(
            conference(number, start_time_ms=start, end_time_ms=start + MINUTE, viewers=viewers)
            for number, start in starts.items()
        ),
    )
    assert await ids(ask) == await ids(ask, user=ANN) == [3, 2]
    moment = await ask(LIST, f"startDate={DAY_END}&endDate={DAY_END}&queryAll=true")
    assert moment.json()["count"] == 1
    ever = await ask(LIST, "startDate=0&endDate=253402300799999&queryAll=true")
    assert ever.json()["count"] == 4


@pytest.mark.parametrize(
    ("query", "administrator", "ordinary"),
    [
        ("", [1], [2]),
        ("&queryAll=false", [1], [2]),
        ("&queryAll=False", [1], [2]),
        ("&queryAll=true", [3, 2, 1], [2]),
        ("&queryAll=True", [3, 2, 1], [2]),
        (f"&queryAll=true&userUUID={ANN.user_id}", [3, 2, 1], [2]),
        (f"&userUUID={DEPUTY.user_id}", [1], [2]),
    ],
)
async def test_only_administrators_list_what_is_not_theirs(
    parts: Parts, ask: Ask, query: str, administrator: list[int], ordinary: list[int]
) -> None:
    """`queryAll` shows an administrator the whole corp; to others and without it there are only
    the user's own conferences, whomever `userUUID` names.
    """
    await put(
        parts,
        conference(1, viewers=frozenset({person_by_id(DEPUTY.user_id)})),
        conference(2, viewers=frozenset({person_by_id(ANN.user_id)})),
        conference(3),
    )
    for user, expected in ((DEPUTY, administrator), (ANN, ordinary)):
        body = (await ask(LIST, WINDOW + query, user)).json()
        assert [int(each["confUUID"], 16) for each in body["data"]] == expected
        assert body["count"] == len(expected)


async def test_who_is_named_twice_sees_a_conference_once(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """Somebody who scheduled a conference and was invited to it has it once in the list."""
    person = {"name": "Ann", "userUUID": ANN.user_id, "accountId": ANN.account}
    await tell(parts, tmp_path, Meeting(people=(person, person)))
    body = (await ask(LIST, WINDOW, ANN)).json()
    assert (len(body["data"]), body["count"]) == (1, 1)


async def test_a_running_conference_is_not_listed_until_it_ends(parts: Parts, ask: Ask) -> None:
    """History is what is over; a conference that ends comes into the list."""
    running = conference(1, end_time_ms=None)
    await put(parts, running, conference(2))
    assert await ids(ask) == [2]
    await put(parts, conference(1))
    assert await ids(ask) == [2, 1]
    assert (await ask(LIST, f"{WINDOW}&queryAll=true")).json()["count"] == 2


async def test_a_meeting_that_is_held_twice_is_listed_twice(parts: Parts, ask: Ask) -> None:
    """The same conference id comes with a conference uuid for each time."""
    await put(parts, *(conference(number, conference_id="914583037") for number in (1, 2)))
    data = (await ask(LIST, f"{WINDOW}&queryAll=true&searchKey=914583037")).json()["data"]
    assert [each["conferenceID"] for each in data] == ["914583037"] * 2
    assert [each["confUUID"] for each in data] == [uuid(2), uuid(1)]


async def test_each_corp_lists_and_tells_its_own(parts: Parts, ask: Ask, tmp_path: Path) -> None:
    """The same conference uuid in two corps is two conferences."""
    await parts.stores.tenants.add_corp(OTHER_CORP, "Other")
    await tell(parts, tmp_path, Meeting())
    theirs = Meeting(FULL_INFO | {"subject": "Theirs"}, people=(), stays=())
    await tell(parts, tmp_path, theirs, corp_id=OTHER_CORP)
    token = await token_of(parts, corp_id=OTHER_CORP)

    async with client_of(parts) as client:
        client.headers["X-Access-Token"] = token
        listed = (await client.get(f"{LIST}?{WINDOW}&queryAll=true")).json()
        told = (await client.get(f"{DETAIL}?confUUID={CONFERENCE}")).json()
        attended = (await client.get(f"{ATTENDANCE}?confUUID={CONFERENCE}")).json()

    assert [each["subject"] for each in listed["data"]] == ["Theirs"]
    assert told["conferenceData"]["subject"] == "Theirs"
    assert (told["data"]["count"], attended["count"]) == (0, 0)
    assert (await detail(ask))["conferenceData"]["subject"] == FULL_INFO["subject"]


@pytest.mark.parametrize(
    ("user", "has_link"),
    [(ANN, True), (None, True), (BOB, False)],
    ids=["host", "administrator", "guest"],
)
async def test_the_hosts_link_in_the_list_is_for_whom_it_is_in_the_detail(
    *, parts: Parts, ask: Ask, tmp_path: Path, user: User | None, has_link: bool
) -> None:
    """The link that makes whoever follows it the host is no more in a guest's list than in their
    detail.
    """
    await tell(parts, tmp_path, Meeting())
    (listed,) = (await ask(LIST, f"{WINDOW}&queryAll=true", user)).json()["data"]
    assert ("chairJoinUri" in listed) == has_link
    assert listed["guestJoinUri"] == FULL_INFO["guestJoinUri"]


# --- The detail ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "role", "passwords"),
    [
        (ANN, "chair", {"chair": "445577", "general": "112233"}),
        (BOB, "general", {"general": "112233"}),
        (DEPUTY, "general", {"chair": "445577", "general": "112233"}),
        (None, "general", {"chair": "445577", "general": "112233"}),
    ],
    ids=["host", "guest", "administrator", "default administrator"],
)
async def test_the_hosts_secrets_are_for_the_host_and_for_administrators(
    *,
    parts: Parts,
    ask: Ask,
    tmp_path: Path,
    user: User | None,
    role: str,
    passwords: dict[str, str],
) -> None:
    """The scheduler is the host and sees both passwords and the host's link, as administrators
    do; a guest sees the general password alone.
    """
    await tell(parts, tmp_path, Meeting())
    info = (await detail(ask, user=user))["conferenceData"]

    assert info["role"] == role
    shown = {entry["conferenceRole"]: entry["password"] for entry in info["passwordEntry"]}
    assert shown == passwords
    assert ("chairJoinUri" in info) == ("chair" in passwords)
    assert info["guestJoinUri"] == FULL_INFO["guestJoinUri"]
    assert not info.keys() & {"confUUID", "conferenceState"}


async def test_a_guest_of_a_conference_with_a_hosts_password_alone_sees_none(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """Where only the host has a password, a guest's answer does not even have the key."""
    entries = [{"conferenceRole": "chair", "password": "445577"}]
    await tell(parts, tmp_path, Meeting(FULL_INFO | {"passwordEntry": entries}))
    answer = await ask(DETAIL, f"confUUID={CONFERENCE}", BOB)
    assert "passwordEntry" not in answer.json()["conferenceData"]
    assert "445577" not in answer.text


async def test_a_list_that_is_told_later_takes_no_password_away(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """Of a conference whose detail is known, a saved list with masked passwords changes none."""
    await tell(parts, tmp_path, Meeting())
    saved = tmp_path / "list.json"
    saved.write_bytes((await ask(LIST, f"{WINDOW}&queryAll=true")).content)
    before = await detail(ask, user=ANN)
    report = await parts.importer.take([saved], DEFAULT_CORP_ID, None)
    assert (report.failures, report.conferences) == ([], {CONFERENCE})
    assert await detail(ask, user=ANN) == before


async def test_the_case_of_a_conference_uuid_is_folded(
    parts: Parts, ask: Ask, tmp_path: Path
) -> None:
    """An id in upper case is the same id in both calls."""
    await tell(parts, tmp_path, Meeting())
    for path in (DETAIL, ATTENDANCE):
        assert (await ask(path, f"confUUID={CONFERENCE.upper()}")).status_code == 200


MIXED_PEOPLE = tuple(
    {"name": name, "participantID": f"+9911160059{place:02}", "attendeeType": kind}
    for place, (name, kind) in enumerate(
        {
            "Room": "terminal",
            "Ann": "normal",
            "Board": "ideahub",
            "Outsider": "outside",
            "Mobile": "mobile",
            "Screen": "hwvision",
            "White": "board",
        }.items()
    )
)
IN_PLACE = [person["name"] for person in MIXED_PEOPLE]
PEOPLE, TERMINALS = ["Ann", "Outsider", "Mobile"], ["Room", "Board", "Screen", "White"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, IN_PLACE),
        ({"X-Type": "0"}, IN_PLACE),
        ({"X-Type": "0", "X-Query-Type": "1"}, IN_PLACE),
        ({"X-Query-Type": "1"}, IN_PLACE),
        ({"X-Type": "1"}, PEOPLE + TERMINALS),
        ({"X-Type": "1", "X-Query-Type": "1"}, PEOPLE + TERMINALS),
        ({"X-Type": "2"}, PEOPLE),
        ({"X-Type": "2", "X-Query-Type": "0"}, PEOPLE),
        ({"X-Type": "2", "X-Query-Type": "1"}, TERMINALS),
        ({"x-type": " 2 ", "x-query-type": "1"}, TERMINALS),
    ],
    ids=str,
)
async def test_rooms_and_people_are_told_apart_as_the_headers_say(
    parts: Parts, ask: Ask, tmp_path: Path, headers: dict[str, str], expected: list[str]
) -> None:
    """Mixed, people before terminals, or one kind alone; pages and count are of what is shown."""
    await tell(parts, tmp_path, Meeting(people=MIXED_PEOPLE))
    page = (await detail(ask, "&offset=1&limit=2", None, **headers))["data"]
    assert await names(ask, **headers) == expected
    assert page["count"] == len(expected)
    assert [each["name"] for each in page["data"]] == expected[1:3]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Query-Type", "2"),
        *(
            (header, value)
            for header in ("X-Type", "X-Query-Type")
            for value in ("", "3", "-1", "two", "0,1", "00", "1.0")
        ),
    ],
)
async def test_a_bad_header_of_the_detail_is_named(
    parts: Parts, ask: Ask, tmp_path: Path, header: str, value: str
) -> None:
    """A header with a value that is not documented is 400, and named."""
    await tell(parts, tmp_path, Meeting())
    assert_names(await ask(DETAIL, f"confUUID={CONFERENCE}", **{header: value}), header)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("bob", ["Bob"]),
        ("BOB", ["Bob"]),
        ("李", ["李雷"]),
        ("5905", ["李雷"]),
        ("+9911", ["Bob", "李雷", "ÉMILE"]),
        ("émile", ["ÉMILE"]),
        ("ÉMILE", ["ÉMILE"]),
        ("%", []),
        ("nobody", []),
    ],
)
@pytest.mark.parametrize("path", [DETAIL, ATTENDANCE])
async def test_a_search_finds_names_and_numbers(
    *, parts: Parts, ask: Ask, tmp_path: Path, path: str, search: str, found: list[str]
) -> None:
    """Among participants and stays a part of name or number is found, in any case and script."""
    numbers = {"Bob": "+991116004380", "李雷": "+991116005905", "ÉMILE": "+991116000000"}
    meeting = Meeting(
        people=tuple({"name": name, "participantID": no} for name, no in numbers.items()),
        stays=tuple(
            {"displayName": name, "callNumber": no, "joinTime": joined}
            for joined, (name, no) in enumerate(numbers.items())
        ),
    )
    await tell(parts, tmp_path, meeting)
    query = httpx.QueryParams({"confUUID": CONFERENCE, "searchKey": search})

    body = (await ask(path, str(query))).json()

    page, key = (body["data"], "name") if path == DETAIL else (body, "displayName")
    assert [each[key] for each in page["data"]] == found
    assert page["count"] == len(found)


@pytest.mark.parametrize("path", [DETAIL, ATTENDANCE])
async def test_pages_of_a_search_count_what_was_found(
    parts: Parts, ask: Ask, tmp_path: Path, path: str
) -> None:
    """With a search, offset, limit and count are about those that were found."""
    meeting = Meeting(
        people=tuple({"name": f"{kind} {n}"} for n in range(9) for kind in ("even", "odd")),
        stays=tuple(
            {"displayName": f"{kind} {n}", "joinTime": n}
            for n in range(9)
            for kind in ("even", "odd")
        ),
    )
    await tell(parts, tmp_path, meeting)
    body = (await ask(path, f"confUUID={CONFERENCE}&searchKey=ODD&offset=7&limit=5")).json()
    page, key = (body["data"], "name") if path == DETAIL else (body, "displayName")
    assert [each[key] for each in page["data"]] == ["odd 7", "odd 8"]
    assert (page["offset"], page["limit"], page["count"]) == (7, 5, 9)


async def test_each_stay_is_an_entry(parts: Parts, ask: Ask, tmp_path: Path) -> None:
    """Who leaves and comes back is there twice, and who is still there has no `leftTime`."""
    back = FULL_STAY | {"joinTime": FULL_STAY["leftTime"] + 1}
    del back["leftTime"]
    await tell(parts, tmp_path, Meeting(stays=(FULL_STAY, back)))
    answer = await ask(ATTENDANCE, f"confUUID={CONFERENCE}")
    assert answer.json()["data"] == [FULL_STAY, back]


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("zh-CN", [("软终端", "视频"), ("会议电视", "视频"), ("Phone", "Smoke")]),
        ("en-US", [("Soft terminal", "Video"), ("Telepresence", "Video"), ("Phone", "Smoke")]),
    ],
)
async def test_devices_and_media_are_told_in_the_readers_language(
    *, parts: Parts, ask: Ask, tmp_path: Path, language: str, shown: list[tuple[str, str]]
) -> None:
    """What the catalogue or the corp has words for is told in them, and the rest as it came."""
    kinds = [("软终端", "Video"), ("会议电视", "视频"), ("Phone", "Smoke")]
    stays = tuple(
        FULL_STAY | {"joinTime": joined, "deviceType": device, "mediaType": medium}
        for joined, (device, medium) in enumerate(kinds)
    )
    await tell(parts, tmp_path, Meeting(stays=stays))
    await parts.stores.phrases.learn(
        DEFAULT_CORP_ID, [{"zh-CN": "会议电视", "en-US": "Telepresence"}]
    )

    answer = await ask(ATTENDANCE, f"confUUID={CONFERENCE}", **{"Accept-Language": language})

    entries = answer.json()["data"]
    assert [(each["deviceType"], each["mediaType"]) for each in entries] == shown


# --- Who may see what ---------------------------------------------------------


@pytest.fixture
async def attended(parts: Parts, tmp_path: Path, make_record: MakeRecord) -> None:
    """A conference that Ann scheduled, to which Bob was invited by his user id and Gus by his
    account, and that Walt attended without an invitation.
    """
    await parts.stores.tenants.add_corp(OTHER_CORP, "Other")
    people = (
        {"name": "Bob", "userUUID": BOB.user_id, "participantID": "+991116005905"},
        {"name": "Gus", "accountId": GUEST.account, "participantID": "+991116005906"},
    )
    stays = ({"displayName": "Walt", "callNumber": "+991116005907", "joinTime": 1},)
    await tell(parts, tmp_path, Meeting(people=people, stays=stays))
    records = [make_record(operator="Walt", object="Walt")]
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: records})


ALLOWED = [None, DEPUTY, ANN, BOB, GUEST]
REFUSED = [WALK_IN, STRANGER]


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "user", ALLOWED, ids=["default administrator", "administrator", "host", "by id", "by account"]
)
@pytest.mark.usefixtures("attended")
async def test_who_is_invited_or_in_charge_sees_a_conference(
    ask: Ask, path: str, user: User | None
) -> None:
    """Administrators, the scheduler and the invited are answered."""
    assert (await ask(path, f"confUUID={CONFERENCE}", user)).status_code == 200


@pytest.mark.parametrize(("user", "count"), [(ANN, 1), (BOB, 1), (GUEST, 1), (DEPUTY, 0)])
@pytest.mark.usefixtures("attended")
async def test_the_list_has_what_is_ones_own(ask: Ask, user: User, count: int) -> None:
    """The scheduler and the invited find the conference among their own; an administrator who is
    neither does not.
    """
    assert (await ask(LIST, WINDOW, user)).json()["count"] == count


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("user", REFUSED, ids=["walk-in", "stranger"])
@pytest.mark.usefixtures("attended")
async def test_who_was_not_invited_is_refused(ask: Ask, path: str, user: User) -> None:
    """To have been there, or to be of the corp, is not enough."""
    answer = await ask(path, f"confUUID={CONFERENCE}", user)
    assert_is_error(answer, 403, "MMC.111070002", "CONF_INSUFFICIENT_PERMISSIONS")


@pytest.mark.parametrize("user", [*REFUSED, FOREIGNER], ids=["walk-in", "stranger", "foreigner"])
@pytest.mark.usefixtures("attended")
async def test_the_list_of_who_was_not_invited_is_empty(ask: Ask, user: User) -> None:
    """Nothing in a stranger's list tells of the conference, not even with `queryAll`."""
    body = (await ask(LIST, f"{WINDOW}&queryAll=true", user)).json()
    assert (body["data"], body["count"]) == ([], 0)


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.usefixtures("attended")
async def test_another_corps_conference_is_unknown(parts: Parts, ask: Ask, path: str) -> None:
    """A user of another corp, though of an invited account, and its administrator get the answer
    that an unknown conference gets, byte for byte.
    """
    token = await token_of(parts, corp_id=OTHER_CORP)
    async with client_of(parts) as client:
        answers = [
            await ask(path, f"confUUID={CONFERENCE}", FOREIGNER),
            await client.get(f"{path}?confUUID={CONFERENCE}", headers={"X-Access-Token": token}),
            await ask(path, f"confUUID={UNKNOWN}", FOREIGNER),
            await ask(path, f"confUUID={UNKNOWN}", STRANGER),
            await ask(path, f"confUUID={UNKNOWN}"),
        ]
    for answer in answers:
        assert_is_error(answer, 400, "MMC.111070005", "CONF_DATA_NOT_FOUND")
        assert answer.content == answers[0].content


@pytest.mark.parametrize("path", [LIST, *CALLS])
@pytest.mark.parametrize("scope", ["write", "admin"])
@pytest.mark.usefixtures("attended")
async def test_an_app_needs_the_scope_to_read(parts: Parts, path: str, scope: Scope) -> None:
    """Through an app without the scope `read` not even the scheduler is answered."""
    token = await token_for(parts, ANN, scope)
    async with client_of(parts) as client:
        for query in (f"confUUID={CONFERENCE}&{WINDOW}", ""):
            answer = await client.get(f"{path}?{query}", headers={"X-Access-Token": token})
            assert_is_error(answer, 403, "MMC.111070002", "CONF_INSUFFICIENT_PERMISSIONS")


@pytest.mark.parametrize("path", [LIST, *CALLS])
@pytest.mark.parametrize("token", [None, "", "x", "a" * 5000])
@pytest.mark.usefixtures("attended")
async def test_without_a_good_token_nothing_is_told(
    client: httpx.AsyncClient, path: str, token: str | None
) -> None:
    """No token, or a wrong one: 401, even where the query is wrong as well."""
    headers = {} if token is None else {"X-Access-Token": token}
    for query in (f"confUUID={CONFERENCE}&{WINDOW}", "confUUID=?&startDate=?"):
        answer = await client.get(f"{path}?{query}", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "USG.000000004")


@pytest.mark.parametrize("path", [LIST, *CALLS])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_the_calls_are_read_only(client: httpx.AsyncClient, path: str, method: str) -> None:
    """Any other method than `GET` is refused."""
    assert (await client.request(method, path)).status_code == 405
