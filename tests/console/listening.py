"""A listener to a meeting's events, on the ASGI application itself: httpx waits for the end."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

from confledger.console.sessions import COOKIE

SECONDS_MAX = 20.0


@dataclass
class Event:
    """What one event told."""

    name: str
    last_id: str
    data: Any


@dataclass
class Listener:
    """A stream that is open."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    is_whole: bool = False
    """Whether the answer came to its proper end."""
    on_body: Callable[[], Awaitable[object]] | None = None
    """Is done with each piece of the body, before the next is taken."""
    events: "asyncio.Queue[Event | None]" = field(default_factory=asyncio.Queue)
    """None is the end."""
    comment: asyncio.Event = field(default_factory=asyncio.Event)
    has_answer: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def answered(self) -> None:
        """Wait until the answer has begun."""
        await asyncio.wait_for(self.has_answer.wait(), SECONDS_MAX)

    async def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(SECONDS_MAX):
            return await self.events.get()

    async def rest(self) -> list[Event]:
        """What comes up to the end of the stream."""
        told = []
        while event := await self.next():
            told.append(event)
        return told

    async def receive(self) -> Message:
        """As the server: an empty body, and then that the client is gone."""
        if not self.started.is_set():
            self.started.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what the application says."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.has_answer.set()
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self.is_whole = not message.get("more_body", False)
        if self.on_body is not None:
            await self.on_body()
        self.text += message.get("body", b"").decode()
        *whole, self.text = self.text.split("\n\n")
        for block in whole:
            if block.startswith(":"):
                self.comment.set()
            fields = dict(line.partition(": ")[::2] for line in block.splitlines())
            if "event" in fields:
                event = Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                self.events.put_nowait(event)


@asynccontextmanager
async def listening(app: ASGIApp, path: str, token: str, **headers: str) -> AsyncIterator[Listener]:
    """Listen at a path, until the block ends."""
    path, _, query = path.partition("?")
    listener = Listener()
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (b"host", b"ledger.test"),
            (b"cookie", f"{COOKIE}={token}".encode()),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
        "http_version": "1.1",
        "scheme": "https",
        "client": ("127.0.0.1", 1),
        "server": ("ledger.test", 443),
    }

    async def run() -> None:
        try:
            await app(scope, listener.receive, listener.send)
        finally:
            listener.events.put_nowait(None)

    running = asyncio.create_task(run())
    try:
        yield listener
    finally:
        listener.gone.set()
        await asyncio.wait_for(running, SECONDS_MAX)
