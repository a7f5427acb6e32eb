"""Answers that are sent as they are made: live events, and files."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, aclosing, suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_LAST_WORD_SECONDS_MAX: Final = 1.0
_SEND_SECONDS_MAX: Final = 60.0
"""How long a client may take nothing: it holds a place that others wait for."""


class Unfinished(Exception):
    """The chunks end before they are whole, and must not look whole."""


class Stream(Response):
    """Sends chunks until there are no more, the client goes, or the server stops.

    A client that reads slowly holds up the making of the chunks, and nothing else; one that takes
    nothing for a minute is given up.

    Args:
        chunks: are made while they are sent, and no longer; they may raise `Unfinished`.
        headers: of the answer.
        place: is held meanwhile; what it raises is answered in place of the chunks.
        stopping: is set when the server stops; None: the chunks end soon enough by themselves.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        headers: Sequence[tuple[bytes, bytes]],
        place: AbstractContextManager[None],
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._chunks = chunks
        self.raw_headers = [*headers]
        self._place = place
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send (ASGI)."""
        if scope["method"] == "HEAD":
            # No chunk is made for whoever asks only what there would be.
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        with self._place:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            sending = asyncio.ensure_future(self._send(send))
            ends = {sending, asyncio.ensure_future(_until_gone(receive))}
            if self._stopping is not None:
                ends.add(asyncio.ensure_future(_until_set(self._stopping)))
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in ends:
                    each.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
            if not sending.cancelled() and (error := sending.exception()):
                if isinstance(error, Unfinished):
                    return
                raise error
            if sending.cancelled() and self._stopping is None:
                return  # a file that is not whole must not look so
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORD_SECONDS_MAX):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                try:
                    async with asyncio.timeout(_SEND_SECONDS_MAX):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                except TimeoutError:
                    raise Unfinished from None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_set(event: asyncio.Event) -> None:
    await event.wait()
