"""A pull: what it brings is the source, whatever happens on the way, or it says what is missing."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from archive.hostile import Asked, Hostile, JSONObject, Reply, Trick, served
from archive.test_hostile import ATTENDANCE, CONTROL, DETAIL, LIST, LOGIN, changed, page_in
from confledger.app import Parts, create_app
from confledger.archive.pace import Limits
from confledger.archive.pull import Archive, PullReport
from confledger.archive.remote import RemoteLedger
from confledger.archive.transport import Remote
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import NoSuchCorp, RemoteError, RemoteRefused, RemoteUnreachable
from confledger.generator.meetings import GeneratedMeeting, generated_meeting
from confledger.generator.putting import put_meetings
from confledger.ledger.archive import ArchivedConference
from confledger.ledger.conference import ConferenceNews
from confledger.ledger.record import ControlRecord
from confledger.wire.control_records import PATH as RECORDS_PATH
from confledger.wire.history import ATTENDANCE_PATH, DETAIL_PATH
from confledger.wire.history import PATH as LIST_PATH
from conftest import client_of, new_parts, token_of

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
START: Final = 1_750_000_020_000
SINCE, UNTIL = START - HOUR, START + 9 * DAY
STARTS: Final = (0, HOUR, HOUR + 20_000, 8 * DAY)
"""Of the source's meetings: two in one minute, one in another week."""
SIZES: Final = (14, 3, 1, 6)
LANGUAGES: Final = ("zh-CN", "en-US")
PAGE: Final = 100

LIMITS: Final = Limits(page_items=3, attempts_max=3, requests_per_second=1e6, readings_max=3)
WIDE: Final = replace(LIMITS, page_items=500)

UNKNOWN: Final = (
    {"zh-CN": "举白旗", "en-US": "Raise a white flag"},
    {"zh-CN": "不置可否", "en-US": "Neither yes nor no"},
    {"zh-CN": "传真机", "en-US": "Fax machine"},
)
"""What the catalogue does not know: an operation, a result, a device."""

STEPS: Final = {"sqlite": 1, "postgresql": 3}
"""How far the places are from each other at which a pull is broken off, one after the other."""

Told = dict[str, dict[tuple[str, str], Any]]
"""By conference: everything that a ledger tells of it."""


# --- The two ledgers ----------------------------------------------------------


def source_meetings() -> list[GeneratedMeeting]:
    """What the source holds: four meetings, one of them with words of its own."""
    meetings = []
    for index, (size, start) in enumerate(zip(SIZES, STARTS, strict=True)):
        made = generated_meeting(records=size, seed=7, index=index, people=5)
        conference = replace(
            made.conference, start_time_ms=START + start, end_time_ms=START + start + HOUR
        )
        meetings.append(replace(made, conference=conference))
    operation, result, device = (words["zh-CN"] for words in UNKNOWN)
    odd = ControlRecord(
        operate_time_ms=START,
        operator_basis="unknown",
        operation_text=operation,
        result_text=result,
    )
    stays = [
        replace(stay, device_type=device) if place % 2 else stay
        for place, stay in enumerate(meetings[0].stays)
    ]
    meetings[0] = replace(meetings[0], records=[*meetings[0].records, odd], stays=stays)
    return meetings


MEETINGS: Final = source_meetings()
UUIDS: Final = [meeting.conference.conference_uuid for meeting in MEETINGS]


@dataclass(slots=True)
class Source:
    """A confledger with four meetings, and the remote that stands before it."""

    parts: Parts
    hostile: Hostile
    remote: Remote
    truth: Told
    """What it tells."""


@dataclass(slots=True)
class Pulled:
    """What came of a pull."""

    report: PullReport | None = None
    error: RemoteError | None = None

    @property
    def problems(self) -> set[str]:
        """Which conferences it names."""
        return set(self.report.problems) if self.report else set()


@asynccontextmanager
async def opened_source() -> AsyncIterator[Source]:
    """The source, listening."""
    async with new_parts("sqlite") as parts, AsyncExitStack() as stack:
        await put_meetings(parts.intake, parts.stores.conferences, DEFAULT_CORP_ID, MEETINGS)
        await parts.stores.phrases.learn(DEFAULT_CORP_ID, UNKNOWN)
        apps = await parts.open_apps()
        app, app_key = await apps.create("archive", DEFAULT_CORP_ID, frozenset({"read"}))
        hostile = Hostile(create_app(parts, apps))
        url = await stack.enter_async_context(served(hostile))
        yield Source(parts, hostile, Remote(url, app.app_id, app_key), await told_by(parts))


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    """The source, listening."""
    async with opened_source() as opened:
        yield opened


async def told_by(parts: Parts) -> Told:
    """All that a ledger tells over the wire, in both languages, page by page."""
    headers = {"X-Access-Token": await token_of(parts)}
    found: Told = {}
    async with client_of(parts) as client:

        async def pages(path: str, language: str, **query: object) -> list[JSONObject]:
            got: list[JSONObject] = []
            while not got or len(got) * PAGE < page_in(got[-1])["count"]:
                answer = await client.get(
                    path,
                    params={**query, "offset": len(got) * PAGE, "limit": PAGE},  # type: ignore[dict-item]
                    headers={**headers, "Accept-Language": language},
                )
                assert answer.status_code == 200, answer.text
                got.append(answer.json())
            return got

        window = {"startDate": 0, "endDate": 2**42, "queryAll": "true"}
        for language in LANGUAGES:
            for page in await pages(LIST_PATH, language, sortType="ASC_StartTIME", **window):
                for place, info in enumerate(page["data"]):
                    found.setdefault(info["confUUID"], {})["list", language] = info
                    assert place == 0 or info["startTime"] >= page["data"][place - 1]["startTime"]
            for conference_uuid, told in found.items():
                for path in (DETAIL_PATH, ATTENDANCE_PATH, RECORDS_PATH):
                    told[path, language] = await pages(path, language, confUUID=conference_uuid)
    return found


async def pull(
    parts: Parts,
    source: Source,
    *,
    limits: Limits = LIMITS,
    since_ms: int = SINCE,
    until_ms: int = UNTIL,
    dying: "Dying | None" = None,
) -> Pulled:
    """Pull the source into a ledger; an error that it may end with is told."""
    among = dying.among if dying else lambda store: store

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    async with RemoteLedger(source.remote, limits, sleep=at_once) as remote:
        archive = Archive(
            remote,
            source.remote.url,
            among(parts.intake),
            among(parts.stores.conferences),
            among(parts.stores.phrases),
            among(parts.stores.archive),
            parts.catalogue,
        )
        pulled = Pulled()
        try:
            pulled.report = await archive.pull(DEFAULT_CORP_ID, since_ms, until_ms, lambda _: None)
        except RemoteError as error:
            pulled.error = error
        return pulled


async def check_no_silent_gap(parts: Parts, source: Source, pulled: Pulled) -> None:
    """Each conference is as at the source, or named; or the pull ended with an error."""
    (known,) = await parts.stores.archive.sources(DEFAULT_CORP_ID)
    assert known.ended_time_ms is not None
    found, count = await parts.stores.archive.problems(DEFAULT_CORP_ID, source.remote.url, limit=99)
    assert count == len(found)
    named = {each.conference_uuid for each in found}
    if pulled.error is not None:
        assert known.problem == str(pulled.error)
        return
    assert (known.problem, known.reached_ms) == ("", UNTIL + 1)
    assert named == pulled.problems
    ours = await told_by(parts)
    for conference_uuid in source.truth.keys() - named:
        assert ours[conference_uuid] == source.truth[conference_uuid]


async def check_a_clean_pull_mends(parts: Parts, source: Source) -> None:
    """Whatever was before, a pull without tricks makes the two equal."""
    source.hostile.trick = lambda _: None
    pulled = await pull(parts, source)
    assert pulled.error is None
    assert pulled.problems == set()
    assert await told_by(parts) == source.truth
    problems = await parts.stores.archive.problems(DEFAULT_CORP_ID, source.remote.url, limit=9)
    assert problems == ([], 0)


# --- The truth ----------------------------------------------------------------


@pytest.mark.parametrize("limits", [LIMITS, WIDE, replace(LIMITS, page_items=1)], ids=str)
async def test_a_pull_is_the_source(parts: Parts, source: Source, limits: Limits) -> None:
    """List, detail, attendance and records of every meeting, in both languages, on all pages."""
    pulled = await pull(parts, source, limits=limits)

    assert pulled.report
    assert pulled.report.problems == {}
    assert (pulled.report.conferences, pulled.report.changed) == (4, 4)
    assert pulled.report.records == sum(SIZES) + 1
    assert source.truth.keys() == set(UUIDS)
    assert await told_by(parts) == source.truth


async def test_unknown_texts_come_with_their_words(parts: Parts, source: Source) -> None:
    """An operation, a result and a device that the catalogue lacks are served in both languages."""
    await pull(parts, source)

    told = (await told_by(parts))[UUIDS[0]]
    for language in LANGUAGES:
        operation, result, device = (words[language] for words in UNKNOWN)
        odd = told[RECORDS_PATH, language][0]["data"][-1]
        assert (odd["operateCode"], odd["operateResult"]) == (operation, result)
        devices = {stay["deviceType"] for stay in told[ATTENDANCE_PATH, language][0]["data"]}
        assert device in devices


async def test_what_has_not_grown_costs_one_request(parts: Parts, source: Source) -> None:
    """The second pull asks for the list, and for what is behind each meeting's records."""
    await pull(parts, source)
    source.hostile.asked.clear()

    pulled = await pull(parts, source)

    assert pulled.report
    assert (pulled.report.changed, pulled.report.records) == (0, 0)
    times = {path: source.hostile.times(path) for path in (DETAIL, ATTENDANCE, CONTROL)}
    assert times == {DETAIL: 0, ATTENDANCE: 0, CONTROL: len(UUIDS)}


async def test_what_has_grown_is_completed(parts: Parts, source: Source) -> None:
    """Records, stays and people that came later are here after the next pull."""
    await pull(parts, source)
    late = generated_meeting(records=9, seed=8, people=7)
    records = [structs.replace(each, event_id=f"late-{each.event_id}") for each in late.records]
    people = [replace(person, place=50 + person.place) for person in late.participants]
    grown = replace(MEETINGS[1], records=records, participants=people, stays=late.stays)
    await put_meetings(
        source.parts.intake, source.parts.stores.conferences, DEFAULT_CORP_ID, [grown]
    )
    source.hostile.asked.clear()

    pulled = await pull(parts, source, limits=WIDE)

    assert pulled.report
    assert (pulled.report.changed, pulled.report.records) == (1, 9)
    assert source.hostile.times(DETAIL) == 1
    assert await told_by(parts) == await told_by(source.parts)


async def test_a_recording_made_since_is_taken(parts: Parts, source: Source) -> None:
    """What the list says anew of a meeting without new records costs no further request."""
    await pull(parts, source)
    told = replace(MEETINGS[2].conference, has_recording=not MEETINGS[2].conference.has_recording)
    await source.parts.stores.conferences.put(
        DEFAULT_CORP_ID, [ConferenceNews(conference_uuid=UUIDS[2], conference=told)]
    )
    source.hostile.asked.clear()

    pulled = await pull(parts, source)

    assert pulled.report
    assert (pulled.report.changed, source.hostile.times(DETAIL)) == (1, 0)
    assert await told_by(parts) == await told_by(source.parts) != source.truth


@pytest.mark.parametrize("call", [DETAIL, CONTROL])
async def test_one_meeting_without_an_answer_keeps_no_other(
    parts: Parts, source: Source, call: str
) -> None:
    """A meeting about which the source always fails has a problem; the others are here."""
    source.hostile.trick = lambda asked: (
        Reply(500) if (asked.path, asked.conference_uuid) == (call, UUIDS[1]) else None
    )

    pulled = await pull(parts, source)

    assert pulled.error is None
    assert pulled.problems == {UUIDS[1]}
    told = await told_by(parts)
    assert {uuid: told[uuid] for uuid in UUIDS if uuid != UUIDS[1]} == {
        uuid: source.truth[uuid] for uuid in UUIDS if uuid != UUIDS[1]
    }
    source.hostile.trick = lambda _: None
    await pull(parts, source)
    assert await told_by(parts) == source.truth


async def test_two_pulls_at_once_are_one(parts: Parts, source: Source) -> None:
    """Side by side they bring what one alone would, each record once and in its order."""
    pulled = await asyncio.gather(*(pull(parts, source) for _ in range(3)))

    assert [each.problems for each in pulled] == [set()] * 3
    assert sum(each.report.records for each in pulled if each.report) == sum(SIZES) + 1
    assert await told_by(parts) == source.truth


async def test_a_corp_that_is_unknown_asks_nothing(parts: Parts, source: Source) -> None:
    """It is told before the source is asked."""
    remote = RemoteLedger(source.remote, LIMITS)
    stores = parts.stores
    archive = Archive(
        remote,
        source.remote.url,
        parts.intake,
        stores.conferences,
        stores.phrases,
        stores.archive,
        parts.catalogue,
    )
    async with remote:
        with pytest.raises(NoSuchCorp):
            await archive.pull("nobody", SINCE, UNTIL, lambda _: None)
    assert source.hostile.asked == []


# --- Killed -------------------------------------------------------------------


class Killed(BaseException):
    """Nothing runs after it."""


@dataclass(slots=True)
class Dying:
    """Lets so many calls of the stores be done, and after them none: as a kill between two."""

    left: int

    def among(self, store: Any) -> Any:
        """A store whose calls count."""
        return _Counted(self, store)


@dataclass(slots=True)
class _Counted:
    dying: Dying
    store: Any

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.store, name)

        @functools.wraps(call)
        async def counted(*arguments: Any, **keywords: Any) -> Any:
            if self.dying.left == 0:
                raise Killed
            self.dying.left -= 1
            done = await call(*arguments, **keywords)
            if self.dying.left == 0:
                raise Killed
            return done

        return counted


async def test_a_pull_killed_after_any_write_is_finished_by_the_next(
    engine: str, source: Source
) -> None:
    """After each call of the stores in turn, until one pull comes to its end."""
    calls, is_whole = 0, False
    while not is_whole:
        calls += STEPS[engine]
        async with new_parts(engine) as parts:
            dying = Dying(calls)
            try:
                await pull(parts, source, dying=dying)
                is_whole = True
            except (Killed, BaseExceptionGroup):
                assert dying.left == 0
            again = await pull(parts, source)
            assert (again.error, again.problems) == (None, set())
            assert await told_by(parts) == source.truth
    assert calls > 40


async def test_a_pull_stopped_at_any_request_is_finished_by_the_next(
    engine: str, source: Source
) -> None:
    """At each request in turn, until one pull is through before it would be stopped."""
    stop_at, is_whole = 0, False
    while not is_whole:
        async with new_parts(engine) as parts:
            running = asyncio.create_task(pull(parts, source))
            source.hostile.asked.clear()
            source.hostile.trick = functools.partial(_cancel, running, source, stop_at)
            try:
                await running
                is_whole = True
            except asyncio.CancelledError:
                (known,) = await parts.stores.archive.sources(DEFAULT_CORP_ID)
                assert known.problem == "it was stopped"
            source.hostile.trick = lambda _: None
            again = await pull(parts, source)
            assert (again.error, again.problems) == (None, set())
            assert await told_by(parts) == source.truth
        stop_at += STEPS[engine]
    assert stop_at > 40


def _cancel(running: "asyncio.Task[Pulled]", source: Source, at: int, _: Asked) -> Trick:
    if len(source.hostile.asked) == at + 1:
        running.cancel()
    return None


# --- A hostile source ---------------------------------------------------------


def _twice(answer: JSONObject) -> None:
    page = page_in(answer)
    page["data"] = page["data"][:1] * len(page["data"])


def _without_first(answer: JSONObject) -> None:
    del page_in(answer)["data"][:1]


def _without_last(answer: JSONObject) -> None:
    del page_in(answer)["data"][-1:]


def _shorter(answer: JSONObject) -> None:
    page_in(answer)["count"] -= 1


def _longer(answer: JSONObject) -> None:
    page_in(answer)["count"] += 2


def _length_of_page(answer: JSONObject) -> None:
    page_in(answer)["count"] = page_in(answer)["offset"] + len(page_in(answer)["data"])


def _other_type(place: int) -> Callable[[JSONObject], None]:
    def change(answer: JSONObject) -> None:
        page = page_in(answer)
        things = [page, *page["data"], answer.get("conferenceData", page)]
        thing = things[place % len(things)]
        name = list(thing)[place % len(thing)]
        thing[name] = 5 if isinstance(thing[name], str) else "x"

    return change


def _on_pages(change: Callable[[JSONObject], None]) -> Callable[[JSONObject], None]:
    """A change of a page; what is no page, such as a login, stays."""
    return lambda answer: change(answer) if "data" in answer else None


REPLIES: Final = {
    "429": Reply(429, headers={"Retry-After": "7"}),
    "500": Reply(500),
    "cut": Reply(body=b'{"data": []}' * 20, is_cut=True),
    "hang": Reply(hangs=True),
    "expired": Reply(401),
    "forbidden": Reply(403, b'{"error_code": "MMC.111070005", "error_msg": "no"}'),
    "gone": Reply(404),
    "moved": Reply(302, headers={"Location": "/"}),
    "no JSON": Reply(body=b"<html>"),
    "empty": Reply(body=b"{}"),
}
CHANGES: Final = {
    "the first again and again": _twice,
    "without the first": _without_first,
    "without the last": _without_last,
    "no data": changed(data=[]),
    "one fewer": _shorter,
    "two more": _longer,
    "no count": changed(count=0),
    "another place": changed(offset=1),
    **{f"other type {place}": _other_type(place) for place in range(6)},
}
TRICKS: Final[dict[str, Trick]] = {
    **REPLIES,
    **{name: _on_pages(change) for name, change in CHANGES.items()},  # type: ignore[arg-type]
}
PATIENCE: Final = replace(LIMITS, request_seconds_max=0.3)
"""For those who hang."""


@pytest.mark.parametrize("trick", ["429", "500", "cut", "hang", "expired"])
async def test_what_passes_is_not_noticed(engine: str, source: Source, trick: str) -> None:
    """Each call in turn fails once, in the middle of everything, and the pull is the source."""

    def once(call: str, left: list[Trick], asked: Asked) -> Trick:
        return left.pop() if asked.path == call and left else None

    # A login that is refused is no token that ends.
    calls = [LIST, DETAIL, ATTENDANCE, CONTROL, *([LOGIN] if trick != "expired" else [])]
    for call in calls:
        left = [TRICKS[trick]]
        source.hostile.trick = functools.partial(once, call, left)
        async with new_parts(engine) as parts:
            pulled = await pull(parts, source, limits=PATIENCE)
            assert left == []
            assert (pulled.error, pulled.problems) == (None, set())
            assert await told_by(parts) == source.truth


@pytest.mark.parametrize("call", [LIST, DETAIL, ATTENDANCE, CONTROL])
async def test_what_lasts_is_named(engine: str, source: Source, call: str) -> None:
    """Every answer to a call is bad: no gap is silent, and a clean pull mends all of it.

    Of records only the Chinese ones are: what both languages say is the source's word.
    """

    def lasting(trick: Trick, asked: Asked) -> Trick:
        is_meant = asked.path == call and (call, asked.language) != (CONTROL, "en-US")
        return trick if is_meant else None

    for name, trick in TRICKS.items():
        source.hostile.trick = functools.partial(lasting, trick)
        limits = replace(PATIENCE, attempts_max=1 if name == "hang" else 3)
        async with new_parts(engine) as parts:
            pulled = await pull(parts, source, limits=limits)
            await check_no_silent_gap(parts, source, pulled)
            await check_a_clean_pull_mends(parts, source)


def _planned(source: Source, plan: dict[int, str], asked: Asked) -> Trick:
    trick = TRICKS.get(plan.get(len(source.hostile.asked), ""))
    # Records of which both languages tell the same lie are believed: nothing contradicts them.
    is_second = asked.path == CONTROL and asked.language == "en-US"
    return trick if isinstance(trick, Reply) or not is_second else None


@given(
    plans=st.lists(
        st.dictionaries(st.integers(0, 60), st.sampled_from(sorted(set(TRICKS) - {"hang"}))),
        min_size=1,
        max_size=3,
    )
)
@example(plans=[dict.fromkeys(range(60), "without the first")])
@example(plans=[dict.fromkeys(range(0, 60, 7), "one fewer")])
@settings(max_examples=20, deadline=None)
def test_no_plan_of_tricks_leaves_a_silent_gap(engine: str, plans: list[dict[int, str]]) -> None:
    """Several pulls, and at any of their requests any trick; then one that mends."""

    async def check() -> None:
        async with opened_source() as source, new_parts(engine) as parts:
            for plan in plans:
                source.hostile.asked.clear()
                source.hostile.trick = functools.partial(_planned, source, plan)
                pulled = await pull(parts, source)
                await check_no_silent_gap(parts, source, pulled)
            await check_a_clean_pull_mends(parts, source)

    anyio.run(check)


@pytest.mark.parametrize("call", [DETAIL, ATTENDANCE, CONTROL, LIST])
async def test_a_count_that_is_only_the_pages_is_found_out(
    parts: Parts, source: Source, call: str
) -> None:
    """A remote that calls count what its full page has, always and in both languages."""
    source.hostile.trick = lambda asked: _on_pages(_length_of_page) if asked.path == call else None

    pulled = await pull(parts, source)

    await check_no_silent_gap(parts, source, pulled)
    await check_a_clean_pull_mends(parts, source)


async def test_another_content_at_a_place_that_is_here_is_a_problem(
    engine: str, source: Source
) -> None:
    """Killed between records and what is known of them, the next pull takes them anew: the same."""
    source.hostile.trick = lambda asked: (
        _later if asked.path == CONTROL and asked.offset == 0 else None
    )
    async with new_parts(engine) as parts:
        state = ArchivedConference(
            conference_uuid=UUIDS[0],
            start_time_ms=START,
            record_count=0,
            is_whole=False,
            problem="",
            checked_time_ms=1,
        )
        source_url = source.remote.url
        await pull(parts, source)
        source.hostile.trick = lambda _: None
        await parts.stores.archive.put_conference(DEFAULT_CORP_ID, source_url, state)

        pulled = await pull(parts, source)

        assert pulled.report
        assert "already has a record of the event 'page:0'" in pulled.report.problems[UUIDS[0]]
        await check_no_silent_gap(parts, source, pulled)
        # Nothing that is kept is changed, so it stays a problem, and is told each time.
        assert (await pull(parts, source)).problems == {UUIDS[0]}


def _later(answer: JSONObject) -> None:
    for record in answer["data"] if answer["count"] == SIZES[0] + 1 else ():
        record["operateTime"] += 1


async def test_a_key_that_is_withdrawn_ends_the_pull(parts: Parts, source: Source) -> None:
    """In the middle, with the token ended and no new one to be had."""
    begun: list[Asked] = []

    def trick(asked: Asked) -> Trick:
        if asked.path == CONTROL and asked.offset == 3:
            begun.append(asked)
        return Reply(401) if begun else None

    source.hostile.trick = trick

    pulled = await pull(parts, source)

    assert isinstance(pulled.error, RemoteRefused)
    await check_no_silent_gap(parts, source, pulled)
    await check_a_clean_pull_mends(parts, source)


async def test_a_remote_that_falls_silent_ends_the_pull(parts: Parts, source: Source) -> None:
    """What was taken stays, and the sentence says what came last."""
    source.hostile.trick = lambda asked: Reply(503) if asked.path == DETAIL else None

    pulled = await pull(parts, source)

    assert isinstance(pulled.error, RemoteUnreachable)
    assert "status 503, after 3 attempts" in str(pulled.error)
    await check_no_silent_gap(parts, source, pulled)
    await check_a_clean_pull_mends(parts, source)


async def test_a_bad_week_keeps_no_other_from_being_taken(parts: Parts, source: Source) -> None:
    """Of a list that can't be trusted the error comes at the end; nothing counts as reached."""

    def trick(asked: Asked) -> Trick:
        if asked.path != LIST:
            return None
        return lambda answer: [
            info.update(startTime="soon") for info in answer["data"] if info["confUUID"] in first
        ]

    first = set(UUIDS[:3])
    source.hostile.trick = trick

    pulled = await pull(parts, source)

    assert "startTime must be a time in UTC" in str(pulled.error)
    (known,) = await parts.stores.archive.sources(DEFAULT_CORP_ID)
    assert known.reached_ms == known.since_ms
    assert (await told_by(parts)).keys() == {UUIDS[3]}
    await check_a_clean_pull_mends(parts, source)


async def test_a_problem_is_looked_at_again_by_every_pull(parts: Parts, source: Source) -> None:
    """Also by one that asks for later meetings only, as `archive run` does."""
    source.hostile.trick = lambda asked: Reply(404) if asked.path == DETAIL else None
    assert (await pull(parts, source)).problems == set(UUIDS)
    source.hostile.trick = lambda _: None

    pulled = await pull(parts, source, since_ms=START + 20 * DAY, until_ms=START + 21 * DAY)

    assert pulled.report
    assert (pulled.report.changed, pulled.problems) == (4, set())
    assert await told_by(parts) == source.truth
