"""A meeting that still runs, as server-sent events: each batch of new records, until it ends.

    retry: 2000
    id: 25                       how many records whoever reads has then
    event: records
    data: {"count":25,"first":23,"records":[...]}

Then `ended` when the meeting ends, `expired` when the session does, or `forbidden` when whoever
reads may no longer see it. A browser that lost its connection asks with the last id, and gets what
came after it: nothing is lost, nothing twice.

Any process may take a record, so each looks for itself what is new, in one place for all of its
streams. What is looked at costs nothing on SQLite; on PostgreSQL it is two small queries a second
for all meetings of a corp together.
"""

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import AccountStore, Principal
from confledger.auth.visibility import Visibility
from confledger.catalogue.language import Language
from confledger.console.answers import SAFE_HEADERS
from confledger.console.finding import Ledger
from confledger.console.meetings import begin, language_asked
from confledger.console.records_json import records_json
from confledger.console.sessions import Readers
from confledger.console.streaming import Stream
from confledger.errors import (
    ConfledgerError,
    NotAuthenticated,
    StoreError,
    TooManyStreams,
)
from confledger.ledger.conference import ConferenceStore
from confledger.ledger.store import RecordStore
from confledger.observability.logging import logger
from confledger.wire.query import INTEGER_MAX, Query
from confledger.wire.reading import query_string_of
from confledger.wire.record_json import words_for

STREAMS_MAX: Final = 200
"""How many streams a process has."""
STREAMS_OF_USER_MAX: Final = 6
"""How many of them one user may have: a browser opens no more connections at once."""

BATCH_MAX: Final = 500
"""How many records an event has at most."""

_LOOK_SECONDS: Final = 0.2
"""How often is looked whether something is new, where that costs nothing."""
_ASK_SECONDS: Final = 1.0
"""How often the store is asked for it, where it has to be."""
_CHECK_SECONDS: Final = 5.0
"""How often each stream looks whether its session goes on, if nothing else happens."""
_HEARTBEAT_SECONDS: Final = 15.0

_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    # Else a proxy may hold an event back until there are many.
    (b"x-accel-buffering", b"no"),
    *SAFE_HEADERS,
)
_BEGIN: Final = b"retry: 2000\n\n"
_HEARTBEAT: Final = b":\n\n"

_Key = tuple[str, str]
"""A corp's conference."""


class Watch:
    """Wakes the streams of this process when something happens to their meetings."""

    def __init__(
        self, records: RecordStore, conferences: ConferenceStore, accounts: AccountStore
    ) -> None:
        self._records = records
        self._conferences = conferences
        self._accounts = accounts
        self._watching: defaultdict[_Key, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[_Key, object] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def on(self, key: _Key) -> Iterator[asyncio.Event]:
        """An event that is set whenever a conference may have changed since it was cleared."""
        event = asyncio.Event()
        self._watching[key].add(event)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look())
        try:
            yield event
        finally:
            self._watching[key].discard(event)
            if not self._watching[key]:
                del self._watching[key]
                self._seen.pop(key, None)
            if not self._watching and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look(self) -> None:
        accounts: int | None = None
        while True:
            try:
                is_free = all(self._generation(key) is not None for key in self._watching)
                await asyncio.sleep(_LOOK_SECONDS if is_free else _ASK_SECONDS)
                if is_free:
                    self._wake({key: self._generation(key) for key in self._watching})
                    if accounts != (accounts := self._accounts.generation()):
                        for event in itertools.chain(*self._watching.values()):
                            event.set()  # a session may have ended
                else:
                    self._wake(await self._ask())
            except StoreError as error:
                logger.error("the store failed", extra={"reason": str(error)})
            except Exception:  # noqa: BLE001 - the last resort of all live views
                # Whatever it is: without this task all live views would stand still.
                logger.exception("unexpected error")
                await asyncio.sleep(_ASK_SECONDS)

    def _generation(self, key: _Key) -> int | None:
        return self._records.generation(key[1])

    async def _ask(self) -> Mapping[_Key, object]:
        by_corp: defaultdict[str, list[str]] = defaultdict(list)
        for corp_id, conference_uuid in list(self._watching):
            by_corp[corp_id].append(conference_uuid)
        told: dict[_Key, object] = {}
        for corp_id, uuids in by_corp.items():
            counts = await self._records.counts(corp_id, uuids)
            ended = await self._conferences.ended(corp_id, uuids)
            told |= {(corp_id, each): (counts.get(each), each in ended) for each in uuids}
        return told

    def _wake(self, told: Mapping[_Key, object]) -> None:
        for key, what in told.items():
            # What was never looked at before is new, too.
            if key in self._watching and (key not in self._seen or self._seen[key] != what):
                self._seen[key] = what
                for event in self._watching[key]:
                    event.set()


class Streams:
    """The streams of a process, within their limits; all of them end when it stops."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._of_user: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def place(self, principal: Principal) -> Iterator[None]:
        """Hold a place.

        Raises:
            TooManyStreams: there is none.
        """
        user = principal.corp_id, principal.user_id
        if self._of_user.total() >= STREAMS_MAX or self._of_user[user] >= STREAMS_OF_USER_MAX:
            raise TooManyStreams
        self._of_user[user] += 1
        try:
            yield
        finally:
            self._of_user[user] -= 1
            # What is zero takes room, too.
            self._of_user += Counter()

    def stop(self) -> None:
        """End all of them; the server waits for no stream."""
        self.stopping.set()


@dataclass(frozen=True, slots=True)
class EventCalls:
    """Streams what happens in a meeting."""

    readers: Readers
    visibility: Visibility
    ledger: Ledger
    watch: Watch
    streams: Streams

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        principal, conference_uuid = await begin(request, self.readers, self.visibility)
        query = Query.parse(query_string_of(request), "after", "lang")
        count = query.integer("after", default=0)
        last = request.headers.get("last-event-id", "")
        if last.isascii() and last.isdecimal() and int(last[:11]) <= INTEGER_MAX:
            count = int(last[:11])
        watcher = _Watcher(
            self, request, principal, conference_uuid, language_asked(request, query), count
        )
        return Stream(
            watcher.chunks(), _HEADERS, self.streams.place(principal), self.streams.stopping
        )


@dataclass(slots=True)
class _Watcher:
    calls: EventCalls
    request: Request
    principal: Principal
    conference_uuid: str
    language: Language
    count: int

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        yield _BEGIN
        sent = time.monotonic()
        calls, corp_id = self.calls, self.principal.corp_id
        with calls.watch.on((corp_id, self.conference_uuid)) as changed:
            while True:
                # Before anything is read: what comes meanwhile is looked at again.
                changed.clear()
                try:
                    await self._check()
                    # Looked at before the records: what was pushed before the end is not lost.
                    ended = await calls.ledger.conferences.ended(corp_id, [self.conference_uuid])
                    async for batch in self._batches():
                        yield batch
                        sent = time.monotonic()
                except NotAuthenticated:
                    yield b"event: expired\ndata: {}\n\n"
                    return
                except StoreError as error:
                    logger.error("the store failed", extra={"reason": str(error)})
                    return  # the browser asks again in a moment, from where it is
                except ConfledgerError:
                    # It is no longer theirs to see.
                    yield b"event: forbidden\ndata: {}\n\n"
                    return
                if ended:
                    yield b"event: ended\ndata: {}\n\n"
                    return
                if time.monotonic() - sent >= _HEARTBEAT_SECONDS:
                    yield _HEARTBEAT
                    sent = time.monotonic()
                seconds_left = self.principal.expire_time_ms / 1000 - time.time()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, min(seconds_left, _CHECK_SECONDS))):
                        await changed.wait()

    async def _check(self) -> None:
        """Look whether the session goes on, and may see the meeting.

        Raises:
            NotAuthenticated, NotPermitted, NoSuchConference: no more.
        """
        self.principal = await self.calls.readers.of(self.request)
        await self.calls.visibility.require(self.principal, self.conference_uuid)

    async def _batches(self) -> AsyncIterator[bytes]:
        ledger, corp_id = self.calls.ledger, self.principal.corp_id
        while True:
            page = await ledger.records.page(
                corp_id, self.conference_uuid, offset=self.count, limit=BATCH_MAX
            )
            if not page.records:
                return
            # After they are read: who lost the right before one was made does not get it.
            await self._check()
            words = await words_for(
                page.records, corp_id, self.language, ledger.catalogue, ledger.phrases
            )
            body = records_json(
                page.records,
                count=page.count,
                first=self.count,
                words=words,
                masks_numbers=self.principal.masks_numbers,
            )
            self.count += len(page.records)
            yield b"id: %d\nevent: records\ndata: %b\n\n" % (self.count, body)
