"""What the ledger has acknowledged is there, exactly once, whatever happens to its process."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

import httpx

from acceptance.pushers import (
    Pusher,
    acknowledged_in,
    body_of,
    events_served,
    make_writing_app,
    push_path,
)
from acceptance.service import Service, running, wait_until
from acceptance.vendor import token_by_login
from confledger.storage import open_tables
from confledger.storage.checking import check_store
from confledger.storage.tables import RECORDS

KILLS: Final = int(os.environ.get("PUSH_KILLS", "6"))
SEED: Final = os.environ.get("PUSH_SEED") or secrets.token_hex(4)
PUSHERS: Final = 50
SHARING: Final = 20
"""How many of them push to one conference; each other one has its own."""
BATCHES_MIN: Final = 3
"""How many batches each pusher has acknowledged in the end, at least."""
SECONDS_MAX: Final = 60.0
"""After how long the test gives up on pushers who are not served."""

CONFERENCE: Final = "c" * 32
BEGUN: Final = ["first", "second"]
PLACES: Final = 64
"""How many pushes a process takes at once."""


@asynccontextmanager
async def client_of(service: Service, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that holds a connection for each pusher."""
    limits = httpx.Limits(max_connections=PUSHERS, max_keepalive_connections=PUSHERS)
    async with httpx.AsyncClient(
        base_url=service.url, headers={"X-Access-Token": token}, limits=limits, timeout=30
    ) as client:
        yield client


async def push_until_the_kill(
    service: Service, client: httpx.AsyncClient, pushers: list[Pusher], random: Random
) -> None:
    """Let all push at once, and kill the process in the middle of it."""
    batches = acknowledged_in(pushers) + random.randrange(120)
    is_killed = False

    async def push(pusher: Pusher) -> None:
        try:
            await pusher.push(client)
        except httpx.TransportError:
            if not is_killed:
                raise

    async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
        for pusher in pushers:
            group.create_task(push(pusher))
        while acknowledged_in(pushers) < batches:  # noqa: ASYNC110 - the pushers need not know
            await asyncio.sleep(0.001)
        # So that the moment is not always just after an answer.
        await asyncio.sleep(random.uniform(0, 0.03))
        is_killed = True
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL


async def events_stored(url: str) -> dict[str, list[tuple[int, str]]]:
    """The numbers and events of each conference in a store, which must be sound."""
    async with open_tables(url, make=False) as tables:
        assert [finding async for finding in check_store(tables)] == []
        places = [RECORDS.columns.index(each) for each in ("conference_uuid", "seq", "event_id")]
        rows = await tables.page(RECORDS, None, 1_000_000)
    stored: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        conference_uuid, seq, event_id = (row[place] for place in places)
        stored.setdefault(conference_uuid, []).append((seq, event_id))
    return stored


def assert_exactly_once(pushers: list[Pusher], served: dict[str, list[str]]) -> None:
    """All that was acknowledged is served where it was said to be, each batch in one piece, in
    the order in which it was pushed; and nothing else is.
    """
    for conference_uuid, event_ids in served.items():
        place_of = {event_id: place for place, event_id in enumerate(event_ids)}
        assert len(place_of) == len(event_ids), conference_uuid
        expected = [pusher for pusher in pushers if pusher.conference_uuid == conference_uuid]
        assert len(event_ids) == sum(len(pusher.event_ids()) for pusher in expected)
        for pusher in expected:
            own = set(pusher.event_ids())
            assert [each for each in event_ids if each in own] == pusher.event_ids()
            for batch in pusher.acknowledged:
                first = place_of[batch.event_ids[0]]
                assert event_ids[first : first + len(batch.event_ids)] == batch.event_ids
                assert batch.first_seq in (None, first)


async def test_what_was_acknowledged_survives_kills(
    command: str, tmp_path: Path, store_url: str
) -> None:
    """The process is killed again and again while 50 push, and started anew on the same store; who
    got no answer pushes the same again. In the end every record is there once, without a gap.
    """
    print(f"PUSH_SEED={SEED} PUSH_KILLS={KILLS}")  # noqa: T201 - shown where the test fails
    random = Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    pushers = [
        Pusher(
            f"pusher {number}",
            CONFERENCE if number < SHARING else f"{number:032x}",
            Random(f"{SEED} {number}"),  # noqa: S311 - likewise
        )
        for number in range(PUSHERS)
    ]
    store = store_url or f"sqlite:///{tmp_path}/data/confledger.sqlite3"
    app = make_writing_app(command, tmp_path, "--store", store)
    options = ("--no-tls", "--store", store)
    token = ""
    for _ in range(KILLS):
        with running(command, *options, folder=tmp_path) as service:
            if not token:
                with httpx.Client(base_url=service.url, timeout=30) as client:
                    token = token_by_login(client, *app)
            async with client_of(service, token) as client:
                await push_until_the_kill(service, client, pushers, random)

    with running(command, *options, folder=tmp_path) as service:
        async with client_of(service, token) as client:
            async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
                for pusher in pushers:
                    group.create_task(pusher.push(client, batches=BATCHES_MIN))
            conferences = {pusher.conference_uuid for pusher in pushers}
            served = {each: await events_served(client, each) for each in conferences}

    unanswered = sum(pusher.unanswered for pusher in pushers)
    print(  # noqa: T201 - the figures, for who wants them (pytest -s)
        f"{KILLS} kills, {unanswered} pushes without an answer,"
        f" {sum(len(pusher.event_ids()) for pusher in pushers)} records acknowledged, of which"
        f" {sum(pusher.known_already for pusher in pushers)} as known already;"
        f" {sum(map(len, served.values()))} records served"
    )
    assert unanswered >= KILLS
    assert_exactly_once(pushers, served)
    stored = await events_stored(store)
    assert stored == {each: list(enumerate(events)) for each, events in served.items()}


class BegunPush:
    """A push of two records, of which the first one has come, and which has a place."""

    def __init__(self, service: Service, token: str, conference_uuid: str) -> None:
        lines = [body_of([event_id]).strip(b"[]") + b"\n" for event_id in BEGUN]
        head = (
            f"POST {push_path(conference_uuid)} HTTP/1.1\r\nHost: ledger.test\r\n"
            f"X-Access-Token: {token}\r\nContent-Type: application/x-ndjson\r\n"
            f"Content-Length: {sum(map(len, lines))}\r\nExpect: 100-continue\r\n\r\n"
        )
        self._rest = lines[1]
        self._connection = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        self._connection.sendall(head.encode())
        # The service asks for the body when the push has its place.
        assert self._connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        self._connection.sendall(lines[0])

    def finish(self) -> str:
        """Send the rest, and return the first line of the answer."""
        self._connection.sendall(self._rest)
        with self._connection, self._connection.makefile("rb") as answer:
            return answer.readline().decode().strip()

    def go_away(self) -> None:
        """Send no more."""
        self._connection.close()


async def test_who_goes_away_in_the_middle_leaves_nothing(command: str, tmp_path: Path) -> None:
    """As many clients as there are places for end their connections in the middle of the body:
    nothing of theirs is kept, and all the places are free again.
    """
    app = make_writing_app(command, tmp_path)
    with running(command, "--no-tls", folder=tmp_path) as service:
        with httpx.Client(base_url=service.url, timeout=30) as client:
            token = token_by_login(client, *app)
        async with client_of(service, token) as client:
            begun = [BegunPush(service, token, CONFERENCE) for _ in range(PLACES)]
            refused = await client.post(push_path(CONFERENCE), content=b"[]")
            assert refused.status_code == 503
            for push in begun:
                push.go_away()
            end = f"path={push_path(CONFERENCE)} status=400"
            wait_until(lambda: service.log.count(end) == PLACES, "all are known to be gone")
            assert await events_served(client, CONFERENCE) == []

            begun = [BegunPush(service, token, CONFERENCE) for _ in range(PLACES)]
            answers = [push.finish() for push in begun]
            assert answers == ["HTTP/1.1 200 OK"] * PLACES
            assert await events_served(client, CONFERENCE) == BEGUN
