"""A remote on a real socket whose answers are a confledger's, but where a test wants worse."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    path: str
    """The last part of it, such as `confDetail`."""
    offset: int
    language: str
    token: str
    again: int
    """How many requests of this path, place and language came before."""
    conference_uuid: str = ""
    """Which meeting it is about; empty where it is about none."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that no ledger gives."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    """Whether nothing is said at all."""
    is_cut: bool = False
    """Whether the connection ends in the middle of the body."""


Trick = Reply | Callable[[JSONObject], object] | None
"""An answer, a change made to the true one in place, or none."""


class Hostile:
    """The application: does what `trick` says of a request, and keeps what was asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._true = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.asked: list[Asked] = []
        self.trick: Callable[[Asked], Trick] = lambda _: None

    def times(self, path: str) -> int:
        """How many requests came for a call."""
        return sum(asked.path == path for asked in self.asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode())
        said = (
            scope["path"].rpartition("/")[2],
            int(query.get("offset", ["0"])[0]),
            headers.get("accept-language", ""),
        )
        again = sum((each.path, each.offset, each.language) == said for each in self.asked)
        about = query.get("confUUID", [""])[0]
        asked = Asked(*said, headers.get("x-access-token", ""), again, about)
        self.asked.append(asked)
        trick = self.trick(asked)
        if isinstance(trick, Reply):
            await _send(trick, receive, send)
            return
        url = f"http://ledger.test{scope['path']}?{scope['query_string'].decode()}"
        body = (await receive())["body"]
        request = httpx.Request(scope["method"], url, headers=headers, content=body)
        answer = await self._true.handle_async_request(request)
        content = await answer.aread()
        if trick is not None:
            page = json.loads(content)
            trick(page)
            content = json.dumps(page).encode()
        await _send(Reply(answer.status_code, content), receive, send)


async def _send(reply: Reply, receive: Receive, send: Send) -> None:
    if reply.hangs:
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.is_cut:
        # uvicorn closes the connection of an answer that its application leaves half done.
        half = reply.body[: len(reply.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        return
    await send({"type": "http.response.body", "body": reply.body})


_OPEN_SECONDS_MAX: Final = 1
"""How long a request that hangs may keep the server from stopping."""


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free port; the URL."""
    # The protocol is named so that asyncio sends small answers at once.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=_OPEN_SECONDS_MAX,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve(sockets=[listener]))  # noqa: SLF001 - without taking over signals
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
