"""A load of POSTs, each with records that were never there before.

It runs on the load's core, and what it can do at most is measured too, against a server that
only reads and answers.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import Final

import uvloop

from benchmarks.machine import Server, Unusable
from benchmarks.rounds import Load

KEY: Final = "Idempotency-Key"
"""The header by which a POST is known again, where the service knows of one."""

_MARK: Final = b"@@@@@@@@"
_TIME_MS: Final = 1_751_500_000_000
_OPERATIONS: Final = ("MUTE_PARTICIPANT", "UNMUTE_PARTICIPANT", "MUTE_ALL", "UNMUTE_ALL")


@dataclass(frozen=True, slots=True)
class Posts:
    """What is posted: bodies with so many records, all distinct.

    Each client posts to a conference of its own, or all to one.
    """

    records: int
    """In each POST."""
    has_event_ids: bool
    has_key: bool = False
    """Whether each POST has a key, by which it is known again as a whole."""
    prefix: str = "event"
    """Another one makes other records."""
    conference_uuid: str = ""
    """The one for all; empty: each client has one."""

    def template(self) -> bytes:
        """A body, with a mark in each record in place of the number of the POST."""
        lines = (self._record(place) for place in range(self.records))
        return b"[" + b",".join(lines) + b"]"

    def path(self, client: int) -> str:
        """Where those of a client go."""
        conference_uuid = self.conference_uuid or f"{client:032x}"
        return f"/ledger/v1/conferences/{conference_uuid}/records"

    def _record(self, place: int) -> bytes:
        event = f"{self.prefix}-{_MARK.decode()}-{place:05}"
        told = f'"eventId":"{event}"' if self.has_event_ids else f'"operationObject":"{event}"'
        operation = _OPERATIONS[place % len(_OPERATIONS)]
        return (
            f'{{"operateTime":{_TIME_MS + place * 137},"operateSource":"Portal",'
            f'"operator":"Ann Example","operation":"{operation}","result":"SUCCESS",{told}}}'
        ).encode()


def post(
    server: Server,
    token: str,
    posts: Posts,
    *,
    seconds: float | None = None,
    count: int | None = None,
    clients: int = 1,
    pause_seconds: float = 0.0,
) -> Load:
    """Post for some time, or so many times; how many records were taken.

    Raises:
        Unusable: a POST was not answered with 200, or not all of its records were new.
    """
    return uvloop.run(_Poster(server, token, posts, seconds, count, pause_seconds).run(clients))


class _Poster:
    _numbers = 0
    """Never begun anew, so that what was posted in one round is not posted in the next."""

    def __init__(
        self,
        server: Server,
        token: str,
        posts: Posts,
        seconds: float | None,
        count: int | None,
        pause_seconds: float,
    ) -> None:
        self._server, self._posts = server, posts
        self._template = posts.template()
        self._head = (
            f" HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"X-Access-Token: {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self._template)}\r\n"
        )
        self._pause = pause_seconds
        self._taken = f'"accepted":{posts.records}'.encode()
        self._end = time.monotonic() + seconds if seconds is not None else None
        self._left = count
        self._waits_ms: list[float] = []

    async def run(self, clients: int) -> Load:
        started = time.monotonic()
        await asyncio.gather(*(self._client(each) for each in range(clients)))
        seconds = time.monotonic() - started
        waits = sorted(self._waits_ms)
        return Load(
            len(waits) * self._posts.records,
            seconds,
            statistics.median(waits),
            waits[int(len(waits) * 0.99)],
        )

    async def _client(self, client: int) -> None:
        start = f"POST {self._posts.path(client)}{self._head}".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        while self._may_go_on():
            _Poster._numbers += 1
            number = f"{_Poster._numbers:0{len(_MARK)}}".encode()
            body = self._template.replace(_MARK, number)
            began = time.monotonic()
            key = f"{KEY}: {number.decode()}\r\n".encode() if self._posts.has_key else b""
            writer.writelines((start, key, b"\r\n", body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200") or self._taken not in answer:
                raise Unusable(f"{self._server.name} answers {head[:40]!r}: {answer[:300]!r}")
            self._waits_ms.append((time.monotonic() - began) * 1000)
            if self._pause:
                await asyncio.sleep(self._pause)
        writer.close()

    def _may_go_on(self) -> bool:
        if self._left is not None:
            self._left -= 1
            return self._left >= 0
        return self._end is None or time.monotonic() < self._end
