"""A remote that misbehaves: each reading ends with the whole truth, or with a named error."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import pytest

from archive.hostile import Asked, Hostile, JSONObject, Reply, Trick, served
from confledger.app import Parts, create_app
from confledger.archive.pace import Limits
from confledger.archive.remote import RemoteLedger
from confledger.archive.transport import Remote
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import (
    RemoteError,
    RemoteRefused,
    RemoteUnreachable,
    RemoteUntrustworthy,
)
from confledger.ledger.conference import Attendance, Conference, ConferenceNews, Participant
from conftest import MakeRecord

START: Final = 1_750_000_020_000
HOUR: Final = 3_600_000
MEETINGS: Final = [f"{number:032x}" for number in range(7)]
MEETING: Final = MEETINGS[0]
RECORDS, PEOPLE, STAYS = 8, 7, 7

LIST, DETAIL, ATTENDANCE, CONTROL = "history", "confDetail", "confAttendeeRecord", "confCtlRecord"
LOGIN: Final = "appauth"

LIMITS: Final = Limits(page_items=3, attempts_max=3, requests_per_second=1e6, readings_max=3)


@dataclass(slots=True)
class Setting:
    """A remote, the way to it, and what is waited for on the way."""

    hostile: Hostile
    remote: Remote
    parts: Parts
    limits: Limits = LIMITS
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Wait no time, but let others run."""
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def open(self) -> RemoteLedger:
        """The remote, as the archive reads it."""
        return RemoteLedger(self.remote, self.limits, sleep=self.sleep)


def held(number: int, **fields: Any) -> Conference:
    """A meeting; each began an hour after the one before it."""
    start = START + number * HOUR
    return Conference(
        conference_uuid=f"{number:032x}",
        conference_id="984010551",
        subject="Planning",
        start_time_ms=start,
        end_time_ms=start + HOUR // 2,
        scheduler_name="Ann",
        has_recording=False,
        viewers=frozenset(),
        details="{}",
        **fields,
    )


def news_of(conference: Conference) -> ConferenceNews:
    """That a conference was held."""
    return ConferenceNews(conference_uuid=conference.conference_uuid, conference=conference)


@pytest.fixture
async def setting(parts: Parts, make_record: MakeRecord) -> AsyncIterator[Setting]:
    """A remote with seven meetings, of one of which everything is known."""
    stores = parts.stores
    people = [
        Participant(
            identity=f"name:P{n}",
            place=n,
            name=f"P{n}",
            number="",
            is_terminal=False,
            details=f'{{"name":"P{n}"}}',
        )
        for n in range(PEOPLE)
    ]
    stays = [
        Attendance(
            display_name=f"S{n}",
            call_number="",
            device_type="",
            join_time_ms=START + n,
            left_time_ms=None,
            media_type="",
            dept_name="",
        )
        for n in range(STAYS)
    ]
    known = ConferenceNews(conference_uuid=MEETING, participants=people, stays=stays)
    news = [*(news_of(held(number)) for number in range(7)), known]
    await stores.conferences.put(DEFAULT_CORP_ID, news)
    records = [make_record(operate_time_ms=START + n) for n in range(RECORDS)]
    await parts.intake.take(DEFAULT_CORP_ID, {MEETING: records})
    apps = await parts.open_apps()
    app, app_key = await apps.create("archive", DEFAULT_CORP_ID, frozenset({"read"}))
    hostile = Hostile(create_app(parts, apps))
    async with served(hostile) as url:
        yield Setting(hostile, Remote(url, app.app_id, app_key), parts)


async def read_list(remote: RemoteLedger) -> list[str | None]:
    """The ids of all meetings."""
    pages = remote.conferences(START, START + 10 * HOUR)
    return [info.confUUID async for page in pages for info in page]


async def read_people(remote: RemoteLedger) -> list[str | None]:
    """The names of those who were invited."""
    return [each.name for each in (await remote.detail(MEETING)).participants]


async def read_stays(remote: RemoteLedger) -> list[str | None]:
    """The names of those who attended."""
    return [stay.displayName for stay in await remote.attendance(MEETING, "en-US")]


async def read_records(remote: RemoteLedger) -> list[int]:
    """The times of all records, which a page's place must fit."""
    times: list[int] = []
    async for page in remote.records(MEETING):
        assert page.offset == len(times)
        times.extend(chinese.operateTime for chinese, _ in page.records)
    return times


Read = Callable[[RemoteLedger], Awaitable[object]]
TRUTH: Final[dict[str, tuple[Read, object]]] = {
    LIST: (read_list, MEETINGS),
    DETAIL: (read_people, [f"P{n}" for n in range(PEOPLE)]),
    ATTENDANCE: (read_stays, [f"S{n}" for n in range(STAYS)]),
    CONTROL: (read_records, [START + n for n in range(RECORDS)]),
}
CALLS: Final = list(TRUTH)


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> str:
    """Each call."""
    name: str = request.param
    return name


async def check_truth(setting: Setting, call: str) -> None:
    """What is read is the truth."""
    read, truth = TRUTH[call]
    async with setting.open() as remote:
        assert await read(remote) == truth


async def error_of(setting: Setting, call: str, kind: type[RemoteError]) -> str:
    """The sentence of the error that reading ends with."""
    read, _ = TRUTH[call]
    async with setting.open() as remote:
        with pytest.raises(kind) as raised:
            await read(remote)
    return str(raised.value)


def page_in(answer: JSONObject) -> JSONObject:
    """The page of an answer; that of a detail is a level deeper."""
    inner = answer["data"]
    return inner if isinstance(inner, dict) else answer


def changed(**fields: object) -> Callable[[JSONObject], object]:
    """Changes some keys of a page."""
    return lambda answer: page_in(answer).update(fields)


def at(call: str, offset: int, trick: Trick, *, times: int = 10**6) -> Callable[[Asked], Trick]:
    """A trick at an offset of a call, as often as is said."""

    def choose(asked: Asked) -> Trick:
        is_meant = (asked.path, asked.offset) == (call, offset) and asked.again < times
        return trick if is_meant else None

    return choose


async def test_the_truth_is_read_whole(setting: Setting, call: str) -> None:
    """A remote that does as it should is read to its end, over several pages."""
    await check_truth(setting, call)
    assert setting.hostile.times(call) >= 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(429, headers={"Retry-After": "7"}),
        Reply(500),
        Reply(502),
        Reply(503),
        Reply(504),
        Reply(body=b'{"data": []}' * 20, is_cut=True),
        Reply(hangs=True),
    ],
    ids=["429", "500", "502", "503", "504", "cut", "hang"],
)
@pytest.mark.parametrize("where", [LOGIN, CONTROL])
async def test_what_may_pass_is_tried_again(setting: Setting, where: str, reply: Reply) -> None:
    """A failure of the moment, at the login or in the middle, leaves no gap; a lasting one ends."""
    if reply.hangs:
        setting.limits = replace(LIMITS, request_seconds_max=0.5)
    offset = 3 if where == CONTROL else 0
    setting.hostile.trick = at(where, offset, reply, times=1)
    await check_truth(setting, CONTROL)
    assert setting.slept

    setting.hostile.trick = at(where, offset, reply)
    before = setting.hostile.times(where)
    assert "after 3 attempts" in await error_of(setting, CONTROL, RemoteUnreachable)
    assert setting.hostile.times(where) - before >= 3


@pytest.mark.parametrize("asked_for", ["7", "date", "99999999999999999999"])
async def test_a_remote_may_ask_to_wait(setting: Setting, asked_for: str) -> None:
    """Retry-After is honoured as seconds and as a date, and up to a cap."""
    setting.limits = replace(LIMITS, backoff_seconds=1e-9, retry_after_seconds_max=50.0)
    moment = datetime.now(UTC) + timedelta(seconds=3600)
    header = format_datetime(moment, usegmt=True) if asked_for == "date" else asked_for
    reply = Reply(429, headers={"Retry-After": header})
    setting.hostile.trick = at(CONTROL, 0, reply, times=1)
    await check_truth(setting, CONTROL)
    # What the clock has done since the answer is taken off, but no test waits for it.
    most = 7 if asked_for == "7" else 50
    assert most / 2 < max(setting.slept) <= most


@pytest.mark.parametrize("header", ["", "soon", "-5", "Mon, 99 Foo 2031 25:61:61 GMT"])
def test_a_retry_after_that_says_nothing_is_no_wait(header: str) -> None:
    """A header that is neither seconds nor a date is passed over."""
    assert LIMITS.retry_after(header) == 0


@pytest.mark.parametrize("status", [400, 403, 404, 412, 501])
async def test_a_refusal_is_final(setting: Setting, call: str, status: int) -> None:
    """Other errors are told with their code and message, fit for a terminal, after one attempt."""
    body = json.dumps({"error_code": "MMC.1", "error_msg": "NO\x1b[2J"}).encode()
    setting.hostile.trick = at(call, 0, Reply(status, body))
    told = await error_of(setting, call, RemoteRefused)
    assert f"{status} MMC.1 NO?[2J" in told
    assert setting.hostile.times(call) == 1


async def test_a_refusal_that_is_no_json_is_told_by_its_status(setting: Setting) -> None:
    """The page of some gateway is a refusal too."""
    setting.hostile.trick = at(CONTROL, 0, Reply(404, b"<html>"))
    assert (await error_of(setting, CONTROL, RemoteRefused)).endswith("confCtlRecord: 404")


async def test_a_token_that_ends_is_replaced(setting: Setting, call: str) -> None:
    """A token that ends in the middle is nobody's business."""
    ended: set[str] = set()

    def choose(asked: Asked) -> Trick:
        if asked.path == call and asked.offset == 3 and not ended:
            ended.add(asked.token)
        return Reply(401) if asked.token in ended else None

    setting.hostile.trick = choose
    await check_truth(setting, call)
    assert setting.hostile.times(LOGIN) == 2


async def test_a_token_that_always_ends_is_a_refusal(setting: Setting) -> None:
    """Whoever logs in and still may not is refused, after one new login."""
    setting.hostile.trick = at(CONTROL, 0, Reply(401))
    await error_of(setting, CONTROL, RemoteRefused)
    assert setting.hostile.times(LOGIN) == 2


async def test_calls_share_a_login(setting: Setting) -> None:
    """Calls side by side log in once, and once more when the token has ended."""
    async with setting.open() as remote:
        await asyncio.gather(*(read(remote) for read, _ in TRUTH.values()))
        assert setting.hostile.times(LOGIN) == 1
        (ended,) = {asked.token for asked in setting.hostile.asked} - {""}
        setting.hostile.trick = lambda asked: Reply(401) if asked.token == ended else None
        found = await asyncio.gather(*(read(remote) for read, _ in TRUTH.values()))
        assert found == [truth for _, truth in TRUTH.values()]
        assert setting.hostile.times(LOGIN) == 2


async def test_no_more_requests_at_once_than_the_limit(setting: Setting) -> None:
    """Calls side by side keep to the bound, and reach it."""
    running, most = 0, 0
    true = setting.hostile._true.handle_async_request  # noqa: SLF001

    async def counted(request: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)  # so that others come meanwhile, if they may
        running -= 1
        return await true(request)

    setting.hostile._true.handle_async_request = counted  # type: ignore[method-assign]  # noqa: SLF001
    setting.limits = replace(LIMITS, parallel_max=2)
    async with setting.open() as remote:
        await asyncio.gather(*(read_people(remote) for _ in range(6)))
    assert most == 2


async def test_the_pace_is_kept(setting: Setting) -> None:
    """Requests wait for their turn: the more of them, the longer the last one."""
    setting.limits = replace(LIMITS, requests_per_second=0.001)
    await check_truth(setting, CONTROL)
    assert len(setting.slept) == len(setting.hostile.asked) - 1
    assert max(setting.slept) > 1000 * (len(setting.slept) - 1)


@pytest.mark.parametrize(
    ("trick", "told"),
    [
        (changed(count="7"), "count must be an integer, not a string"),
        (changed(count=-1), "count must be an integer"),
        (changed(offset=0), "offset must be 3, as asked, not 0"),
        (changed(limit=4), "limit must be from 1 to 3"),
        (changed(limit=0), "limit must be from 1 to 3"),
        (changed(data=[]), "data is empty at 3"),
        (changed(data=None), "data must be an array, not null"),
        (lambda answer: page_in(answer).pop("count"), "count is missing"),
        (lambda answer: page_in(answer)["data"].append(page_in(answer)["data"][0]), "4 items"),
        (Reply(body=b"[" * 100_000), "must be an object, not an array"),
        (Reply(body=b"\xff"), "the body is not valid"),
        (Reply(body=b""), "the body is not valid JSON: it ends too early"),
        (Reply(body=b"x" * 100_001), "the body is larger than 100000 bytes"),
        (
            Reply(body=gzip.compress(bytes(10**8)), headers={"Content-Encoding": "gzip"}),
            "the body is larger than 100000 bytes",
        ),
        (
            Reply(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}),
            "the body is not packed as it says",
        ),
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), "redirects are not followed"),
        (Reply(204), "the status 204"),
    ],
)
async def test_an_answer_that_cannot_be_is_refused(
    setting: Setting, call: str, trick: Trick, told: str
) -> None:
    """In the middle of any list, what contradicts itself or the request is named."""
    setting.limits = replace(LIMITS, body_bytes_max=100_000)
    setting.hostile.trick = at(call, 3, trick)
    assert told in await error_of(setting, call, RemoteUntrustworthy)


@pytest.mark.parametrize("count", [2, 4])
async def test_a_count_that_shrinks_is_refused(setting: Setting, call: str, count: int) -> None:
    """Nothing goes away from a meeting; a list of meetings may lose some, and then has to rest."""
    setting.hostile.trick = at(call, 3, changed(count=count))
    told = f"is {count}: nothing goes away"
    if call == LIST:
        told = "has items behind the count" if count == 2 else "goes beyond the count of 4"
    assert told in await error_of(setting, call, RemoteUntrustworthy)


async def test_a_list_that_has_lost_a_meeting_is_read_again(setting: Setting) -> None:
    """What moved to the front of the place where we are is not missed."""

    def choose(asked: Asked) -> Trick:
        # From the second page on one is gone, and all others stand one place before.
        if asked.path != LIST or (asked.offset == 0 and not asked.again):
            return None
        return lambda answer: answer.update(
            data=[info(n) for n in range(1, 7)][asked.offset :][:3], count=6
        )

    def info(number: int) -> JSONObject:
        begins = datetime.fromtimestamp((START + number * HOUR) / 1000, UTC)
        return {"confUUID": MEETINGS[number], "startTime": f"{begins:%Y-%m-%d %H:%M}"}

    setting.hostile.trick = choose
    async with setting.open() as remote:
        assert sorted(map(str, await read_list(remote))) == MEETINGS


@pytest.mark.parametrize("page_items", [3, 2])
async def test_the_same_page_twice_is_refused(setting: Setting, call: str, page_items: int) -> None:
    """A remote that goes on from the beginning, whatever is asked, is found out."""
    setting.limits = replace(LIMITS, page_items=page_items)
    first: list[list[JSONObject]] = []

    def repeat(answer: JSONObject) -> None:
        page = page_in(answer)
        first.append(page["data"])
        page["data"] = first[0][: len(page["data"])]

    setting.hostile.trick = lambda asked: repeat if asked.path == call else None
    told = await error_of(setting, call, RemoteUntrustworthy)
    assert "is that of the page before" in told or "changed each" in told


async def test_shorter_pages_than_asked_are_taken(setting: Setting, call: str) -> None:
    """A remote that gives one at a time is read as well as any other."""

    def shorten(answer: JSONObject) -> None:
        page = page_in(answer)
        page["data"] = page["data"][:1]
        page["limit"] = 1

    setting.hostile.trick = lambda asked: shorten if asked.path == call else None
    await check_truth(setting, call)


async def test_a_list_without_end_is_refused(setting: Setting, call: str) -> None:
    """However long a remote says that a list is, reading it ends."""
    setting.limits = replace(LIMITS, pages_max=2)
    assert "more than 2 pages" in await error_of(setting, call, RemoteUntrustworthy)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("startTime", "2031-01-01 00:00", "data[1].startTime is after the window"),
        ("endTime", "2001-01-01 00:00", "is before the window"),
        ("startTime", "soon", "data[1].startTime must be a time in UTC"),
        ("confUUID", "x", "data[1].confUUID must be 32 hexadecimal digits"),
        ("subject", "x" * 5000, "data[1].subject must be a string of at most 4096 characters"),
    ],
)
async def test_a_meeting_that_cannot_be_in_the_list_is_refused(
    setting: Setting, key: str, value: str, told: str
) -> None:
    """Each meeting has an id and touches the window."""
    start = {"startTime": "2001-01-01 00:00"} if "before" in told else {}
    setting.hostile.trick = at(
        LIST, 3, lambda answer: answer["data"][1].update({key: value} | start)
    )
    assert told in await error_of(setting, LIST, RemoteUntrustworthy)


async def test_a_list_that_grows_in_the_middle_is_read_again(setting: Setting) -> None:
    """A meeting that comes to stand among those already read is not missed, none comes twice."""
    late = replace(held(1), conference_uuid="f" * 32)
    conferences = setting.parts.stores.conferences
    await conferences.put(DEFAULT_CORP_ID, [news_of(replace(late, end_time_ms=None))])
    async with setting.open() as remote:
        found = []
        async for page in remote.conferences(START, START + 10 * HOUR):
            found += [info.confUUID for info in page]
            await conferences.put(DEFAULT_CORP_ID, [news_of(late)])
    assert sorted(map(str, found)) == sorted([*MEETINGS, "f" * 32])


async def test_records_that_come_meanwhile_are_read(
    setting: Setting, make_record: MakeRecord
) -> None:
    """A meeting that runs is read to the end that it has when it is reached."""
    new = [make_record(operate_time_ms=START + RECORDS + n) for n in range(3)]
    times: list[int] = []
    async with setting.open() as remote:
        async for page in remote.records(MEETING):
            times += [record.operateTime for record, _ in page.records]
            if new:
                await setting.parts.intake.take(DEFAULT_CORP_ID, {MEETING: [new.pop(0)]})
    assert times == [START + n for n in range(RECORDS + 3)]


@pytest.mark.parametrize("offset", [3, RECORDS - 1, RECORDS])
async def test_records_are_read_from_a_place_on(setting: Setting, offset: int) -> None:
    """Reading goes on where an earlier one ended, also at the very end."""
    async with setting.open() as remote:
        times = [
            record.operateTime
            async for page in remote.records(MEETING, offset=offset)
            for record, _ in page.records
        ]
    assert times == [START + n for n in range(offset, RECORDS)]


async def test_a_meeting_that_has_lost_records_is_refused(setting: Setting) -> None:
    """Going on behind the end means that something went away."""
    async with setting.open() as remote:
        with pytest.raises(RemoteUntrustworthy, match="count was 9 and is 8"):
            _ = [page async for page in remote.records(MEETING, offset=RECORDS + 1)]


async def test_the_last_page_once_more_is_the_end(setting: Setting) -> None:
    """A remote that answers an offset behind its end with its last page has nothing new."""
    last = changed(offset=RECORDS - 1, data=[{"operateTime": START}])
    setting.hostile.trick = at(CONTROL, RECORDS, last)
    async with setting.open() as remote:
        assert [page async for page in remote.records(MEETING, offset=RECORDS)] == []


@pytest.mark.parametrize("key", ["operateTime", "operateSource", "operationObject"])
async def test_the_languages_have_to_agree(setting: Setting, key: str) -> None:
    """Two languages that tell of different records are read again, and refused if it lasts."""

    def differ(asked: Asked, times: int) -> Trick:
        if asked.language != "en-US" or asked.offset != 3 or asked.again >= times:
            return None
        return lambda answer: answer["data"][1].update({key: 1 if key == "operateTime" else "?"})

    setting.hostile.trick = lambda asked: differ(asked, 2)
    await check_truth(setting, CONTROL)
    setting.hostile.asked.clear()
    setting.hostile.trick = lambda asked: differ(asked, 10)
    assert "changed each of the 3" in await error_of(setting, CONTROL, RemoteUntrustworthy)


async def test_the_languages_are_paired(setting: Setting) -> None:
    """Each record comes in Chinese and in English."""
    async with setting.open() as remote:
        pages = [page async for page in remote.records(MEETING)]
    words = {(one.operateCode, other.operateCode) for page in pages for one, other in page.records}
    assert words == {("关闭与会方麦克风", "Mute participant")}
    assert [page.count for page in pages] == [RECORDS] * 3


async def test_the_detail_of_another_meeting_is_refused(setting: Setting) -> None:
    """A detail that names a meeting names the one that was asked for."""
    setting.hostile.trick = at(
        DETAIL, 0, lambda answer: answer["conferenceData"].update(confUUID=MEETINGS[1])
    )
    assert f"must be {MEETING}" in await error_of(setting, DETAIL, RemoteUntrustworthy)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", "令牌", "x" * 5000, None])
async def test_a_token_that_no_header_can_hold_is_refused(
    setting: Setting, token: str | None
) -> None:
    """A login whose token is none is found out before it is sent anywhere."""
    setting.hostile.trick = at(LOGIN, 0, lambda answer: answer.update(accessToken=token))
    assert "accessToken" in await error_of(setting, CONTROL, RemoteUntrustworthy)


async def test_secrets_are_not_told(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    """Neither key nor token is in what is logged at the lowest level, or in an error."""
    caplog.set_level(logging.DEBUG)
    setting.hostile.trick = at(CONTROL, 3, Reply(500))
    told = await error_of(setting, CONTROL, RemoteUnreachable) + repr(setting.remote)
    (token,) = {asked.token for asked in setting.hostile.asked} - {""}
    assert caplog.text
    for secret in (token, setting.remote.app_key):
        assert secret not in caplog.text + told
