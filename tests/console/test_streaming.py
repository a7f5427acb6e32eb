"""Answers that are sent as they are made."""

from collections.abc import AsyncGenerator
from contextlib import nullcontext

import httpx
import pytest
from starlette.types import Receive, Scope, Send

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
