"""The vendor's SDK for Python over three corps that know forty meetings between them.

Whatever is served is also held against the SDK's own models: each key must be one
that they know, and each value of the JSON type that they say.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import huaweicloudsdkmeeting.v1 as sdk
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmeeting.v1.meeting_credentials import AuthTypeEnum, MeetingCredentials

from acceptance.service import Service, run, running
from acceptance.vendor import token_by_login, trusting

JSONObject = dict[str, Any]

HISTORY: Final = "/v1/mmc/management/conferences/history"
TOKEN: Final = "/v1/usg/acs/token"
START: Final = 1_750_000_020_000
"""When the first meeting began, on the minute; each other began an hour after the one before it."""
HOUR: Final = 3_600_000
WINDOW: Final = {"start_date": START, "end_date": START + 100 * HOUR}
PASSWORD: Final = "correct horse battery"

MEETINGS: Final = {"north": range(14), "south": range(10, 23), "west": range(23, 36)}
"""The meetings of each corp by their numbers, forty in all: `north` and `south` share four ids."""
SHARED: Final = range(10, 14)
TOLD: Final = {"north": (0, 1, 12), "south": (12, 20), "west": (30,)}
"""The meetings of which more is known than a list says."""
ACCOUNTS: Final = {"boss@north.example": "administrator", "ann@north.example": "ordinary"}
"""Users of `north` with a password."""
BOSS, ANN = ACCOUNTS


def uuid(number: int) -> str:
    """The id of a meeting."""
    return f"{number:032x}"


def minutes(time_ms: int) -> str:
    """A time as the vendor writes it."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def info_of(corp: str, number: int, user_id: str) -> JSONObject:
    """A meeting as a list and a detail tell of it; Ann has scheduled every fifth."""
    start = START + number * HOUR
    return {
        "conferenceID": f"{900_000_000 + number // 2}",
        "subject": f"{corp} 会议 {number}",
        "size": number,
        "timeZoneID": "56",
        "startTime": minutes(start),
        "endTime": minutes(start + HOUR // 2),
        "mediaTypes": "HDVideo,Voice,Data",
        "conferenceState": "Destroyed",
        "language": "zh-CN",
        "accessNumber": "+991117",
        "passwordEntry": [
            {"conferenceRole": "chair", "password": f"77{number:04}"},
            {"conferenceRole": "general", "password": f"11{number:04}"},
        ],
        "userUUID": user_id if number % 5 == 0 else "9" * 32,
        "scheduserName": "Ann 安" if number % 5 == 0 else "Zoë",
        "conferenceType": 0,
        "confType": "FUTURE",
        "cycleParams": {
            "startDate": "2025-06-15",
            "endDate": "2025-07-15",
            "cycle": "Week",
            "interval": 1,
            "point": [1, 3],
            "preRemindDays": 1,
        },
        "isAutoMute": 1,
        "isAutoRecord": 0,
        "chairJoinUri": f"https://meeting.example/#/j/{number}/chair",
        "guestJoinUri": f"https://meeting.example/#/j/{number}/guest",
        "audienceJoinUri": f"https://meeting.example/#/j/{number}/audience",
        "recordType": 2,
        "auxAddress": "rtmp://live.example/aux",
        "liveAddress": "rtmp://live.example/live",
        "liveUrl": "https://live.example/room",
        "recordAuxStream": 1,
        "recordAuthType": 2,
        "confConfigInfo": {
            "isSendNotify": True,
            "isGuestFreePwd": False,
            "callInRestriction": 2,
            "guestPwd": f"11{number:04}",
            "vmrIDType": 0,
            "prolongLength": 15,
        },
        "vmrFlag": 0,
        "isHasRecordFile": number % 3 == 0,
        "vmrConferenceID": "9145830",
        "vmrID": "0a5b11eaae5e191763c22c0e9a0fa6d1",
        "partAttendeeInfo": [
            {"name": "Bob", "phone": "+991116005905", "type": "normal", "role": 0, "isMute": 1}
        ],
        "terminlCount": 1,
        "normalCount": 2,
        "deptName": corp,
        "webinar": False,
        "multiStreamFlag": 1,
        "confMode": "RTC",
        "scheduleVmr": False,
        "concurrentParticipants": 0,
        "supportSimultaneousInterpretation": False,
        "picDisplay": {
            "manualSet": 0,
            "imageType": "Two",
            "subscriberInPics": [{"index": 1, "id": ["+991116005905"], "share": 0}],
            "switchTime": 30,
            "picLayoutInfo": {
                "x": 2,
                "y": 2,
                "subPicLayoutInfoList": [{"id": 1, "left": 0, "top": 0, "xSize": 1, "ySize": 1}],
            },
        },
        "subConfs": [
            {
                "cycleSubConfID": f"{number}",
                "conferenceID": "914583037",
                "mediaType": "Voice",
                "startTime": minutes(start),
                "endTime": minutes(start + HOUR),
                "isAutoRecord": 0,
                "recordAuthType": 0,
                "description": "第一次",
                "confConfigInfo": {
                    "callInRestriction": 0,
                    "allowGuestStartConf": True,
                    "showAudienceCountInfo": {"showAudienceMode": 0, "baseAudienceCount": 10},
                },
            }
        ],
        "cycleSubConfID": f"{number}",
    }


PEOPLE: Final[list[JSONObject]] = [
    {
        "participantID": f"+99111600{place:04}",
        "name": f"{'会议室' if place % 4 == 3 else '与会者'} {place}",
        "subscriberID": "s",
        "role": int(place == 0),
        "state": "MEETTING",
        "address": "a",
        "attendeeType": "terminal" if place % 4 == 3 else "normal",
        "accountId": ANN if place == 5 else f"guest{place}",
        "phone2": "+991116009999",
        "phone3": "+991116009998",
        "email": "guest@example.com",
        "sms": "+8613900000000",
        "deptName": "Guests",
        "userUUID": f"{place:031x}f",
        "appId": "app",
        "isAutoInvite": 1,
        "isNotOverlayPidName": place % 2 == 0,
    }
    for place in range(23)
]
TERMINALS: Final = [person["name"] for person in PEOPLE if person["attendeeType"] == "terminal"]
PERSONS: Final = [person["name"] for person in PEOPLE if person["attendeeType"] == "normal"]

STAYS: Final[list[JSONObject]] = [
    {
        "displayName": f"与会者 {place}",
        "callNumber": f"+99111600{place:04}",
        "deviceType": "软终端",
        "joinTime": START + place,
        "leftTime": START + place + HOUR,
        "mediaType": "视频",
        "deptName": "Guests",
    }
    for place in range(23)
]


def records_of(corp: str, number: int) -> list[JSONObject]:
    """The control records of a meeting: one more than its number."""
    return [
        {
            "operateTime": START + place,
            "operateSource": "Portal",
            "operator": "Conference Operator",
            "operateCode": "关闭与会方麦克风",
            "operationObject": f"{corp} {number} {place}",
            "operateResult": "成功",
            "detail": "详情",
        }
        for place in range(number + 1)
    ]


def page_of(data: list[JSONObject]) -> JSONObject:
    """A page as it is served."""
    return {"data": data, "offset": 0, "limit": 500, "count": len(data)}


@dataclass(frozen=True, slots=True)
class Ledger:
    """A service that knows the forty meetings."""

    service: Service
    apps: dict[str, tuple[str, str]]
    """Id and key of the app of each corp."""
    users: dict[str, str]
    """The user id of each account."""


@pytest.fixture(scope="module")
def ledger(
    _no_proxy: None, command: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """A service whose store was made by the commands alone."""
    folder = tmp_path_factory.mktemp("history")
    data = ["--data-folder", str(folder / "data")]

    def done(*arguments: str) -> Any:
        completed = run(command, *arguments, "--json", *data, folder=folder)
        assert completed.returncode == 0, completed.stderr
        return json.loads(completed.stdout)

    def saved(name: str, content: JSONObject) -> str:
        path = folder / name
        path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        return str(path)

    password_file = folder / "password.txt"
    password_file.write_text(PASSWORD + "\n")
    apps, users = {}, {}
    for corp in MEETINGS:
        completed = run(command, "corp", "create", corp, *data, folder=folder)
        assert completed.returncode == 0, completed.stderr
        made = done("app", "create", f"reader of {corp}", "--corp", corp)
        apps[corp] = made["appId"], made["appKey"]
    for account, kind in ACCOUNTS.items():
        password = ["--password-file", str(password_file)]
        (user,) = done("user", "create", account, "--corp", "north", "--type", kind, *password)
        users[account] = user["userId"]
    for corp, numbers in MEETINGS.items():
        infos = {number: info_of(corp, number, users[ANN]) for number in numbers}
        listed = [info | {"confUUID": uuid(number)} for number, info in infos.items()]
        assert done("import", saved("list.json", page_of(listed)), "--corp", corp)
        for number in TOLD[corp]:
            told = {"conferenceData": infos[number], "data": page_of(PEOPLE)}
            files = (
                saved("detail.json", told),
                saved("attendance.json", page_of(STAYS)),
                saved("records.json", page_of(records_of(corp, number))),
            )
            assert done("import", *files, "--conference", uuid(number), "--corp", corp)
    with running(command, folder=folder) as service:
        yield Ledger(service, apps, users)


@contextmanager
def client_with(service: Service, credentials: Any) -> Iterator[Any]:
    """A client of the SDK that trusts the service's certificate."""
    builder = sdk.MeetingClient.new_builder()
    builder.with_http_config(HttpConfig(ssl_ca_cert=str(service.certificate)))
    client = builder.with_credentials(credentials).with_endpoint(service.url).build()
    try:
        yield client
    finally:
        client.close()


def by_app(ledger: Ledger, corp: str, user: str | None = None) -> Any:
    """What the SDK logs in with as a corp's app, for a user or the default administrator."""
    app_id, app_key = ledger.apps[corp]
    credentials = MeetingCredentials().with_auth_type_enum(AuthTypeEnum.APP_ID)
    credentials.with_app_id(app_id).with_app_key(app_key)
    return credentials.with_user_id(user) if user else credentials


def by_password(account: str, password: str = PASSWORD) -> Any:
    """What the SDK logs in with as a user."""
    return MeetingCredentials(account, password).with_auth_type_enum(AuthTypeEnum.ACCOUNT)


@pytest.fixture(params=list(MEETINGS))
def corp(request: pytest.FixtureRequest) -> str:
    """Each corp."""
    name: str = request.param
    return name


@pytest.fixture
def client(ledger: Ledger, corp: str) -> Iterator[Any]:
    """A client of the corp's app."""
    with client_with(ledger.service, by_app(ledger, corp)) as opened:
        yield opened


@pytest.fixture
def north(ledger: Ledger) -> Iterator[Any]:
    """A client of the app of `north`."""
    with client_with(ledger.service, by_app(ledger, "north")) as opened:
        yield opened


def search(client: Any, **parameters: Any) -> Any:
    """One page of a list."""
    return client.search_his_meetings(sdk.SearchHisMeetingsRequest(**(WINDOW | parameters)))


def numbers_of(page: Any) -> list[int]:
    """Which meetings a page of a list has."""
    return [int(meeting.conf_uuid, 16) for meeting in page.data]


def show(client: Any, number: int, **parameters: Any) -> Any:
    """One meeting in detail."""
    return client.show_his_meeting_detail(
        sdk.ShowHisMeetingDetailRequest(conf_uuid=uuid(number), **parameters)
    )


def attendance(client: Any, number: int, **parameters: Any) -> Any:
    """A page of the stays in a meeting."""
    return client.search_attendance_records_of_his_meeting(
        sdk.SearchAttendanceRecordsOfHisMeetingRequest(conf_uuid=uuid(number), **parameters)
    )


def records(client: Any, number: int, **parameters: Any) -> Any:
    """A page of the control records of a meeting."""
    return client.search_ctl_records_of_his_meeting(
        sdk.SearchCtlRecordsOfHisMeetingRequest(conf_uuid=uuid(number), **parameters)
    )


def refusal(call: Any, *arguments: Any) -> tuple[int, str]:
    """Status and code of the error that a call ends with; the exception itself is not kept, as
    by its traceback it would keep connections open.
    """
    try:
        call(*arguments)
    except ClientRequestException as error:
        return error.status_code, error.error_code
    pytest.fail("the call was not refused")


JSON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
}


def misfits(value: Any, kind: str, place: str = "$", *, nullable: bool = False) -> Iterator[str]:
    """Where a JSON value is not what the SDK's models say of it."""
    if value is None and nullable:
        return
    is_list = kind.startswith("list[")
    types = JSON_TYPES.get(kind, (list,) if is_list else (dict,))
    if type(value) not in types:
        yield f"{place} is {value!r} and no {kind}"
    elif is_list:
        for index, item in enumerate(value):
            yield from misfits(item, kind[5:-1], f"{place}[{index}]", nullable=nullable)
    elif kind not in JSON_TYPES:
        model = getattr(sdk, kind)
        kinds = {key: model.openapi_types[name] for name, key in model.attribute_map.items()}
        for key, item in value.items():
            if key in kinds:
                yield from misfits(item, kinds[key], f"{place}.{key}", nullable=nullable)
            else:
                yield f"{place}.{key} is unknown"


def test_the_checker_of_types_finds_what_does_not_fit() -> None:
    """A number for a truth value, a text for a number and a wrong key are told, where they are."""
    page = {
        "data": [{"isHasRecordFile": 1, "size": "3", "schedulerName": "", "isAutoMute": True}],
        "count": None,
    }
    assert [each.split()[0] for each in misfits(page, "SearchHisMeetingsResponse")] == [
        "$.data[0].isHasRecordFile",
        "$.data[0].size",
        "$.data[0].schedulerName",
        "$.data[0].isAutoMute",
        "$.count",
    ]


@pytest.mark.parametrize("limit", [None, 4, 13, 500, 501])
def test_the_sdk_pages_through_each_corps_own_meetings(
    client: Any, corp: str, limit: int | None
) -> None:
    """Page by page an administrator gets every meeting of the corp, once, the newest first, and
    none of any other corp.
    """
    size = limit or 20
    expected = list(reversed(MEETINGS[corp]))
    found: list[int] = []
    while len(found) < len(expected):
        parameters = {} if limit is None else {"limit": limit}
        page = search(client, query_all=True, offset=len(found), **parameters)
        assert (page.offset, page.limit, page.count) == (len(found), min(size, 500), len(expected))
        assert page.data
        assert all(meeting.subject.startswith(corp) for meeting in page.data)
        found += numbers_of(page)
    assert found == expected


def test_the_sdk_reads_every_field_of_a_list(ledger: Ledger, client: Any, corp: str) -> None:
    """What the SDK's model reads of a meeting is what was imported, passwords apart."""
    page = search(client, query_all=True, sort_type="ASC_StartTIME")
    for number, meeting in zip(MEETINGS[corp], page.data, strict=True):
        told = info_of(corp, number, ledger.users[ANN])
        expected = told | {
            "confUUID": uuid(number),
            "passwordEntry": [entry | {"password": "******"} for entry in told["passwordEntry"]],
            "confConfigInfo": told["confConfigInfo"] | {"guestPwd": "******"},
        }
        assert as_on_the_wire(meeting) == expected


def as_on_the_wire(value: Any) -> Any:
    """A model of the SDK by the wire's keys, without those that it found nothing for."""
    if isinstance(value, list):
        return [as_on_the_wire(item) for item in value]
    if not hasattr(value, "attribute_map"):
        return value
    fields = {key: getattr(value, name) for name, key in value.attribute_map.items()}
    return {key: as_on_the_wire(item) for key, item in fields.items() if item is not None}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("north 会议 7", [7]),
        ("NORTH 会议 1", [13, 12, 11, 10, 1]),
        ("安", [10, 5, 0]),
        ("zOË", [13, 12, 11, 9, 8, 7, 6, 4, 3, 2, 1]),
        ("900000003", [7, 6]),
        ("south", []),
    ],
)
def test_the_sdk_searches(north: Any, key: str, expected: list[int]) -> None:
    """Subject, scheduler and conference id are searched, through the SDK's own encoding."""
    page = search(north, query_all=True, search_key=key)
    assert (numbers_of(page), page.count) == (expected, len(expected))


def test_the_sdk_sorts(client: Any, corp: str) -> None:
    """Each sort type that is documented has its order."""
    oldest = list(MEETINGS[corp])
    newest = oldest[::-1]
    orders = {
        "ASC_StartTIME": oldest,
        "DSC_StartTIME": newest,
        "ASC_RecordTYPE": sorted(oldest, key=lambda number: number % 3 == 0),
        "DSC_RecordTYPE": sorted(newest, key=lambda number: number % 3 != 0),
    }
    for sort_type, expected in orders.items():
        assert numbers_of(search(client, query_all=True, sort_type=sort_type)) == expected


@pytest.mark.parametrize(
    ("account", "query_all", "expected"),
    [
        (BOSS, True, list(reversed(MEETINGS["north"]))),
        (BOSS, False, []),
        (BOSS, None, []),
        (ANN, True, [12, 10, 5, 1, 0]),
        (ANN, False, [12, 10, 5, 1, 0]),
    ],
)
@pytest.mark.parametrize("way", ["password", "app"])
def test_the_sdk_lists_for_users(
    *, ledger: Ledger, account: str, query_all: bool | None, expected: list[int], way: str
) -> None:
    """With a password or through an app, an administrator lists all or their own meetings, and an
    ordinary user those that they scheduled or were invited to.
    """
    credentials = by_password(account) if way == "password" else by_app(ledger, "north", account)
    parameters = {} if query_all is None else {"query_all": query_all}
    with client_with(ledger.service, credentials) as client:
        page = search(client, **parameters)
    assert (numbers_of(page), page.count) == (expected, len(expected))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_sdk_reads_a_detail(ledger: Ledger, account: str) -> None:
    """The host and an administrator see a meeting whole, in the SDK's own model."""
    with client_with(ledger.service, by_password(account)) as client:
        answer = show(client, 0, limit=500)
    told = info_of("north", 0, ledger.users[ANN])
    del told["conferenceState"]
    role = "chair" if account == ANN else "general"
    assert as_on_the_wire(answer.conference_data) == told | {"role": role}
    assert (answer.data.offset, answer.data.limit, answer.data.count) == (0, 500, 23)
    assert as_on_the_wire(answer.data.data) == PEOPLE


def test_the_sdk_reads_a_detail_as_a_guest(ledger: Ledger) -> None:
    """Who was invited sees the guests' password and link alone."""
    with client_with(ledger.service, by_password(ANN)) as client:
        info = show(client, 1).conference_data
    assert info.role == "general"
    assert as_on_the_wire(info.password_entry) == [
        {"conferenceRole": "general", "password": "110001"}
    ]
    assert info.chair_join_uri is None
    assert info.guest_join_uri


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, [person["name"] for person in PEOPLE]),
        ({"x_type": 0}, [person["name"] for person in PEOPLE]),
        ({"x_type": 1}, PERSONS + TERMINALS),
        ({"x_type": 2}, PERSONS),
        ({"x_type": 2, "x_query_type": 0}, PERSONS),
        ({"x_type": 2, "x_query_type": 1}, TERMINALS),
    ],
    ids=str,
)
def test_the_sdk_tells_rooms_and_people_apart(
    north: Any, headers: dict[str, int], expected: list[str]
) -> None:
    """The SDK's headers are numbers; they choose who is shown, in pages and in a search."""
    pages = [show(north, 0, offset=offset, limit=8, **headers).data for offset in (0, 8, 16)]
    found = show(north, 0, search_key="会议室", limit=500, **headers).data
    assert [each.name for page in pages for each in page.data] == expected
    assert {page.count for page in pages} == {len(expected)}
    assert [each.name for each in found.data] == [name for name in expected if "会议室" in name]


def test_the_sdk_reads_attendance(client: Any, corp: str) -> None:
    """Every stay of a meeting comes once, in pages, with each field; a search finds some."""
    for number in TOLD[corp]:
        pages = [attendance(client, number, offset=offset, limit=10) for offset in (0, 10, 20)]
        assert as_on_the_wire([stay for page in pages for stay in page.data]) == STAYS
        assert [(page.limit, page.count) for page in pages] == [(10, 23)] * 3
        found = attendance(client, number, search_key="者 2", accept_language="en-US")
        assert [stay.display_name for stay in found.data] == [
            f"与会者 {place}" for place in (2, 20, 21, 22)
        ]


def test_the_sdk_reads_control_records(client: Any, corp: str) -> None:
    """Each corp has its own records of a meeting, also where both have the meeting."""
    for number in TOLD[corp]:
        expected = records_of(corp, number)
        page = records(client, number, limit=500)
        assert (as_on_the_wire(page.data), page.count) == (expected, number + 1)
        english = records(client, number, limit=1, accept_language="en-US").data[0]
        assert (english.operate_code, english.operate_result) == ("Mute participant", "Success")


def test_a_meeting_of_which_only_the_list_tells_is_empty_otherwise(client: Any, corp: str) -> None:
    """Nobody is known to have been invited to it, to have come, or to have done anything."""
    (number, *_) = set(MEETINGS[corp]) - set(TOLD[corp])
    answer = show(client, number)
    assert answer.conference_data.subject == f"{corp} 会议 {number}"
    pages = [answer.data, attendance(client, number), records(client, number)]
    assert [(page.data, page.count) for page in pages] == [([], 0)] * 3


def test_no_corp_sees_a_meeting_of_another(client: Any, corp: str) -> None:
    """Each call about a meeting that only others have is answered as if nobody had it, and a
    shared id is each corp's own meeting.
    """
    others = {number for numbers in MEETINGS.values() for number in numbers}
    for number in others - set(MEETINGS[corp]):
        for call in (show, attendance, records):
            assert refusal(call, client, number) == (400, "MMC.111070005")
    assert search(client, query_all=True, limit=500).count == len(MEETINGS[corp])
    for number in set(SHARED) & set(MEETINGS[corp]):
        assert show(client, number).conference_data.subject == f"{corp} 会议 {number}"


def test_the_sdk_reads_why_it_is_refused(ledger: Ledger, north: Any) -> None:
    """A meeting of others, a bad parameter and a wrong password have their codes."""
    with client_with(ledger.service, by_password(ANN)) as client:
        for call in (show, attendance, records):
            assert refusal(call, client, 2) == (403, "MMC.111070002")
    backwards = {"start_date": WINDOW["end_date"], "end_date": WINDOW["start_date"]}
    for parameters in (backwards, {"sort_type": "newest"}, {"search_key": "a" * 129}):
        code = refusal(lambda wrong=parameters: search(north, **wrong))
        assert code == (400, "MMC.111071061")
    assert refusal(lambda: show(north, 0, x_type=3)) == (400, "MMC.111071061")
    with client_with(ledger.service, by_password(ANN, "wrong password")) as client:
        assert refusal(search, client) == (401, "USG.206010000")


def test_the_sdk_validates_its_token(ledger: Ledger) -> None:
    """The SDK's model reads what a token stands for, and a new token if it asks for one."""
    credentials = by_password(ANN)
    with client_with(ledger.service, credentials) as client:
        search(client)
        token = vars(credentials)["_token"]
        told = check(client, token, need_gen_new_token=False)
        new = check(client, token, need_gen_new_token=True)
        assert refusal(search, client) == (401, "USG.000000004")
        vars(credentials)["_token"] = new.access_token
        assert search(client).count == 5
    assert told.access_token == token
    assert new.access_token != token
    for answer in (told, new):
        user = answer.user
        assert (user.user_id, user.uclogin_account) == (ledger.users[ANN], ANN)
        assert (user.company_id, user.admin_type) == ("north", 2)
        assert (
            list(misfits(json.loads(answer.raw_content), "CheckTokenResponse", nullable=True)) == []
        )


def check(client: Any, token: str, *, need_gen_new_token: bool) -> Any:
    """A validation of a token."""
    body = sdk.ValidateTokenReqDTO(token=token, need_gen_new_token=need_gen_new_token)
    return client.check_token(sdk.CheckTokenRequest(body=body))


def test_the_sdk_refreshes_its_token(ledger: Ledger) -> None:
    """The SDK sends its access token and gets a new one, with which it reads on; its old one is
    over, and the refresh token refreshes too.
    """
    credentials = by_app(ledger, "north")
    with client_with(ledger.service, credentials) as client:
        search(client)
        first = client.update_token(sdk.UpdateTokenRequest())
        assert refusal(search, client) == (401, "USG.000000004")
        vars(credentials)["_token"] = first.refresh_token
        second = client.update_token(sdk.UpdateTokenRequest())
        vars(credentials)["_token"] = second.access_token
        assert search(client, query_all=True).count == len(MEETINGS["north"])
    for answer in (first, second):
        raw = json.loads(answer.raw_content)
        assert list(misfits(raw, "UpdateTokenResponse", nullable=True)) == []
        assert answer.valid_period + answer.create_time // 1000 == answer.expire_time


def test_the_sdk_ends_its_token(ledger: Ledger) -> None:
    """After it is deleted a token reads nothing, and can't be deleted again."""
    with client_with(ledger.service, by_password(BOSS)) as client:
        search(client)
        assert client.delete_token(sdk.DeleteTokenRequest()).status_code == 200
        assert refusal(search, client) == (401, "USG.000000004")
        assert refusal(client.delete_token, sdk.DeleteTokenRequest()) == (401, "USG.000000004")


@contextmanager
def raw_client(ledger: Ledger, corp: str) -> Iterator[httpx.Client]:
    """A client that shows bodies as they are."""
    context = trusting(ledger.service.certificate)
    with httpx.Client(base_url=ledger.service.url, verify=context, trust_env=False) as client:
        client.headers["X-Access-Token"] = token_by_login(client, *ledger.apps[corp])
        yield client


def test_every_key_and_type_is_one_of_the_sdks_models(ledger: Ledger, corp: str) -> None:
    """Every page of every call has the keys and the JSON types that the SDK's models have, however
    deep, and no key that the SDK would read nothing of.
    """
    window: JSONObject = {
        "startDate": START,
        "endDate": START + 100 * HOUR,
        "queryAll": "true",
        "limit": 500,
    }
    with raw_client(ledger, corp) as client:
        body = client.get(HISTORY, params=window).json()
        assert list(misfits(body, "SearchHisMeetingsResponse")) == []
        assert len(body["data"]) == len(MEETINGS[corp])
        for number in MEETINGS[corp]:
            for path, model in {
                "/confDetail": "ShowHisMeetingDetailResponse",
                "/confAttendeeRecord": "SearchAttendanceRecordsOfHisMeetingResponse",
                "/confCtlRecord": "SearchCtlRecordsOfHisMeetingResponse",
            }.items():
                body = client.get(HISTORY + path, params={"confUUID": uuid(number), "limit": 500})
                assert body.status_code == 200
                assert list(misfits(body.json(), model)) == []
        token = client.headers["X-Access-Token"]
        asked = {"token": token, "needGenNewToken": False}
        told = client.post(TOKEN + "/validate", json=asked).json()
        assert list(misfits(told, "CheckTokenResponse", nullable=True)) == []
        new = client.put(TOKEN).json()
        assert list(misfits(new, "UpdateTokenResponse", nullable=True)) == []
