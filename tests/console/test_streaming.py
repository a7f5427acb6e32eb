"""Answers that are sent as they are made."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, nullcontext

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from confledger.console import streaming
from confledger.console.streaming import Stream


@pytest.mark.parametrize(("method", "made"), [("GET", ["a", "b"]), ("HEAD", [])])
async def test_a_question_for_the_head_makes_no_chunk(method: str, made: list[str]) -> None:
    """A file is not written, and no live view is opened, for somebody who takes no body."""
    begun: list[str] = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        for each in ("a", "b"):
            begun.append(each)
            yield each.encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Stream(chunks(), [(b"content-type", b"text/x")], nullcontext())(scope, receive, send)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://ledger.test") as client:
        answer = await client.request(method, "/")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/x")
    assert answer.text == "".join(made)
    assert begun == made


async def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that stays, and reads no more, holds its place only so long; what it has is not
    whole, and does not look so.
    """
    monkeypatch.setattr(streaming, "_SEND_SECONDS_MAX", 0.01)
    sent: list[Message] = []
    held: list[bool] = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        for _ in range(3):
            yield b"a"

    @contextmanager
    def place() -> Iterator[None]:
        held.append(True)
        yield
        held.append(False)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if len(sent) == 2:
            await asyncio.Event().wait()
        sent.append(message)

    scope = {"type": "http", "method": "GET"}
    await asyncio.wait_for(Stream(chunks(), [], place())(scope, receive, send), 20)
    assert held == [True, False]
    assert [message.get("more_body") for message in sent] == [None, True]
