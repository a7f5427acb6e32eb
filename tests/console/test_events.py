"""A meeting that runs, watched: nothing is lost, whoever writes, and nobody watches too long."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import ASGIApp

from confledger.app import Parts, create_app, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Grant, TokenHashes, User
from confledger.auth.tokens import API_CLIENT_TYPE, hash_token
from confledger.console import events
from confledger.console.events import BATCH_MAX, STREAMS_OF_USER_MAX, Streams
from confledger.ledger.conference import Conference, ConferenceNews, person_by_account
from confledger.ledger.store import RecordStore
from confledger.settings import Settings
from conftest import CONFERENCE, MakeRecord
from console.browsing import API, add_user
from console.listening import Listener, listening

EVENTS = f"{API}/conferences/{CONFERENCE}/events"
HELD = Conference(
    conference_uuid=CONFERENCE,
    conference_id="914583037",
    subject="Planning",
    start_time_ms=1_574_119_913_000,
    end_time_ms=None,
    scheduler_name="Ann",
    has_recording=False,
    viewers=frozenset({person_by_account("bob")}),
    details="{}",
)


async def tell(parts: Parts, **changes: Any) -> None:
    """Tell of the meeting."""
    told = replace(HELD, **changes)
    news = ConferenceNews(conference_uuid=CONFERENCE, conference=told)
    await parts.stores.conferences.put(DEFAULT_CORP_ID, [news])


async def token_of(parts: Parts, user: User) -> str:
    """A session of somebody's."""
    return (await parts.tokens.issue(user, None, API_CLIENT_TYPE)).access_token


@pytest.fixture
def streams() -> Streams:
    """The streams of the application."""
    return Streams()


@pytest.fixture
async def app(parts: Parts, streams: Streams) -> ASGIApp:
    """The application, whose store has one meeting that runs."""
    await tell(parts)
    return create_app(parts, await parts.open_apps(), streams=streams)


@pytest.fixture
async def ann(parts: Parts) -> User:
    """An administrator."""
    return await add_user(parts, "ann", admin_type=AdminType.ADMINISTRATOR)


def objects(listener_events: list[Any]) -> list[str]:
    """The objects of all records that were told, in their order."""
    return [row[6] for event in listener_events for row in event.data["records"]]


async def read_until(listener: Listener, count: int) -> list[Any]:
    """Events up to a count of records."""
    told: list[Any] = []
    while not told or int(told[-1].last_id) < count:
        event = await listener.next()
        assert event is not None
        told.append(event)
    return told


async def test_what_several_writers_push_is_told_once_and_in_order(
    parts: Parts,
    settings: Settings,
    app: ASGIApp,
    ann: User,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three processes' worth of writers push while a reader loses the connection again and again;
    what the reader has in the end is what the ledger has.
    """
    monkeypatch.setattr(events, "BATCH_MAX", 20)
    token, writers, pushes, size = await token_of(parts, ann), 3, 12, 7
    total = writers * pushes * size

    async def write(number: int) -> None:
        # Parts of its own, as another process has.
        async with open_parts(settings) as others:
            for push in range(pushes):
                names = [f"{number}.{push}.{each}" for each in range(size)]
                records = [make_record(object=name, event_id=name) for name in names]
                await others.intake.take(DEFAULT_CORP_ID, {CONFERENCE: records})
                await asyncio.sleep(0.01)

    told: list[Any] = []
    writing = asyncio.gather(*(write(number) for number in range(writers)))
    last, connections = "0", 0
    while int(last) < total:
        connections += 1
        async with listening(app, f"{EVENTS}?after=0", token, last_event_id=last) as listener:
            for _ in range(1 + connections % 3):
                if int(last) < total:
                    event = await listener.next()
                    assert event is not None
                    assert event.name == "records"
                    assert event.data["first"] == int(last)
                    told.append(event)
                    last = event.last_id
    await writing

    page = await parts.stores.records.page(DEFAULT_CORP_ID, CONFERENCE, offset=0, limit=total + 1)
    assert objects(told) == [record.object for record in page.records]
    assert page.count == total
    assert connections > 1


async def test_a_long_meeting_comes_in_batches(
    parts: Parts, app: ASGIApp, ann: User, make_record: MakeRecord
) -> None:
    """No event has more than so many records, and `after` says from where."""
    records = [make_record(event_id=str(number)) for number in range(2 * BATCH_MAX + 1)]
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: records})
    async with listening(app, f"{EVENTS}?after=1", await token_of(parts, ann)) as listener:
        told = await read_until(listener, len(records))
    assert [len(event.data["records"]) for event in told] == [BATCH_MAX, BATCH_MAX]
    assert [event.last_id for event in told] == ["501", "1001"]
    assert listener.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert listener.headers["cache-control"] == "no-store"
    assert listener.headers["x-request-id"]


async def test_the_end_of_the_meeting_ends_the_stream(
    parts: Parts, app: ASGIApp, ann: User, make_record: MakeRecord
) -> None:
    """What was pushed before the end comes before `ended`, and then the stream is over."""
    async with listening(app, EVENTS, await token_of(parts, ann)) as listener:
        await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record(event_id="1")]})
        await tell(parts, end_time_ms=HELD.start_time_ms + 1)
        told = await listener.rest()
    assert [event.name for event in told] == ["records", "ended"]

    async with listening(app, f"{EVENTS}?after=1", await token_of(parts, ann)) as listener:
        assert [event.name for event in await listener.rest()] == ["ended"]


async def test_numbers_are_starred_as_everywhere(
    parts: Parts, app: ASGIApp, ann: User, make_record: MakeRecord
) -> None:
    """A corp that wants its numbers starred gets them so here too."""
    record = make_record(object="+991116005905", event_id="1")
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [record]})
    token = await token_of(parts, ann)
    async with listening(app, EVENTS, token) as listener:
        assert objects([await listener.next()]) == ["**********905"]
    await parts.stores.tenants.change_corp(DEFAULT_CORP_ID, masks_numbers=False)
    async with listening(app, EVENTS, await token_of(parts, ann)) as listener:
        assert objects([await listener.next()]) == ["+991116005905"]


async def test_a_session_that_is_revoked_ends_its_stream(
    parts: Parts, app: ASGIApp, ann: User
) -> None:
    """Signing out ends what the session watches."""
    token = await token_of(parts, ann)
    async with listening(app, EVENTS, token) as listener:
        await listener.answered()
        await parts.tokens.end(token)
        assert [event.name for event in await listener.rest()] == ["expired"]


async def test_a_session_that_expires_ends_its_stream(
    parts: Parts, app: ASGIApp, ann: User
) -> None:
    """At the second at which the session is over the stream says so, and ends."""
    now_s = int(time.time())
    grant = Grant(ann, None, API_CLIENT_TYPE, now_s * 1000, now_s + 2, now_s + 900)
    hashes = TokenHashes(hash_token("short"), hash_token("refresh"))
    await parts.stores.accounts.keep_grant(hashes, grant, grants_max=64)
    async with listening(app, EVENTS, "short") as listener:
        assert [event.name for event in await listener.rest()] == ["expired"]
    assert time.time() >= now_s + 2


async def test_whoever_may_no_longer_see_it_watches_no_longer(
    parts: Parts, app: ASGIApp, make_record: MakeRecord
) -> None:
    """Rights are looked at for each batch, and not only when the stream begins."""
    bob = await add_user(parts, "bob")
    token = await token_of(parts, bob)
    async with listening(app, EVENTS, token) as listener:
        await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record(event_id="1")]})
        assert (await read_until(listener, 1))[0].name == "records"
        await tell(parts, viewers=frozenset(), former_viewers=HELD.viewers)
        await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record(event_id="2")]})
        assert [event.name for event in await listener.rest()] == ["forbidden"]
    async with listening(app, EVENTS, token) as listener:
        assert await listener.rest() == []
    assert listener.status == 403


async def test_whatever_fails_once_ends_no_live_view(
    parts: Parts,
    app: ASGIApp,
    ann: User,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error that nobody thought of while it is looked what is new is told, and looked again."""
    monkeypatch.setattr(events, "_CHECK_SECONDS", 3_600)
    monkeypatch.setattr(events, "_ASK_SECONDS", 0.1)
    store, failed = type(parts.stores.records), asyncio.Event()
    generation = store.generation

    def fail_once(records: RecordStore, conference_uuid: str) -> int | None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError
        return generation(records, conference_uuid)

    monkeypatch.setattr(store, "generation", fail_once)
    async with listening(app, EVENTS, await token_of(parts, ann)) as listener:
        await asyncio.wait_for(failed.wait(), 20)
        await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record(event_id="1")]})
        assert (await read_until(listener, 1))[0].name == "records"


async def test_a_user_has_so_many_streams_and_no_more(
    parts: Parts, app: ASGIApp, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many of a user, whatever the session, or of the process, is refused; one that ends
    makes room.
    """
    token = await token_of(parts, ann)
    async with AsyncExitStack() as opened:
        for _ in range(STREAMS_OF_USER_MAX - 1):
            listener = await opened.enter_async_context(listening(app, EVENTS, token))
            await listener.answered()
        async with listening(app, EVENTS, token) as last:
            await last.answered()
            for other in (token, await token_of(parts, ann)):
                async with listening(app, EVENTS, other) as refused:
                    assert await refused.rest() == []
                assert refused.status == 429
            bobs = await token_of(parts, await add_user(parts, "bob"))
            async with listening(app, EVENTS, bobs) as another:
                await another.answered()
            assert another.status == 200
        async with listening(app, EVENTS, token) as again:
            await again.answered()
            assert again.status == 200
            monkeypatch.setattr(events, "STREAMS_MAX", STREAMS_OF_USER_MAX)
            async with listening(app, EVENTS, bobs) as refused:
                assert await refused.rest() == []
            assert refused.status == 429


async def test_streams_end_when_the_server_stops(
    parts: Parts, app: ASGIApp, ann: User, streams: Streams
) -> None:
    """Whoever stops the server need not wait for those who watch."""
    async with listening(app, EVENTS, await token_of(parts, ann)) as listener:
        await listener.answered()
        streams.stop()
        assert await listener.rest() == []


async def test_a_quiet_stream_shows_that_it_lives(
    parts: Parts, app: ASGIApp, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing happens a comment comes, so that nobody between takes it for dead."""
    monkeypatch.setattr(events, "_HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(events, "_CHECK_SECONDS", 0.05)
    async with listening(app, EVENTS, await token_of(parts, ann)) as listener:
        for _ in range(2):
            await asyncio.wait_for(listener.comment.wait(), 10)
            listener.comment.clear()
    assert listener.events.qsize() == 1, "nothing but the end"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{EVENTS}?after=-1", 400),
        (f"{EVENTS}?lang=de", 400),
        (f"{API}/conferences/{'0' * 32}/events", 400),
        (f"{API}/conferences/x/events", 400),
    ],
)
async def test_a_wrong_question_is_refused(
    parts: Parts, app: ASGIApp, ann: User, path: str, status: int
) -> None:
    """A refusal is no stream."""
    async with listening(app, path, await token_of(parts, ann)) as listener:
        await listener.rest()
    assert listener.status == status


async def test_nobody_watches_without_a_session(app: ASGIApp) -> None:
    """Without a session there is no stream."""
    async with listening(app, EVENTS, "") as listener:
        await listener.rest()
    assert listener.status == 401
