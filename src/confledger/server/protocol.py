"""Where uvicorn's HTTP protocol is not enough for us."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from confledger.wire.errors import HEAD_TOO_LARGE, MALFORMED, WireError
from confledger.wire.exchange import error_answer, new_request_id

HEAD_BYTES_MAX: Final = 32 * 1024
"""The longest request line and headers, together, that are read."""

_HEAD_SECONDS_MAX: Final = 10.0
"""How long a client may take to send them, from the connection or the first byte on."""


class LedgerProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with JSON for what is no request at all, and limits for heads.

    uvicorn answers malformed bytes in plain text, and reads a head of any length,
    however slowly it comes.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **keywords)
        self._head_bytes: int | None = 0
        """How much of a head has come; None while there is no head to wait for."""
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Expect a first head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, within the limit of a head."""
        # Counted before the parser sees the bytes: while a head is incomplete, all
        # that has come is head.
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self._refuse(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Expect the rest of a head whose first bytes have come."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Stop the clock, and serve."""
        self._head_is_there()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request."""
        del msg  # uvicorn's sentence; ours has the shape of all our errors
        self._refuse(MALFORMED)

    def _expect_head(self) -> None:
        self._head_is_there()
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(_HEAD_SECONDS_MAX, self.transport.close)

    def _head_is_there(self) -> None:
        self._head_bytes = None
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, wire_error: WireError) -> None:
        self._head_is_there()
        answer = error_answer(wire_error)
        headers = [
            *self.server_state.default_headers,
            *answer.raw_headers,
            (b"x-request-id", new_request_id().encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[wire_error.status] + lines + b"\r\n" + bytes(answer.body))
        self.transport.close()
