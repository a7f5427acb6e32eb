"""Where uvicorn's HTTP protocol is not enough for us."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from confledger.observability.logging import access_logger
from confledger.wire.errors import CONNECTIONS_EXCEEDED, HEAD_TOO_LARGE, MALFORMED, WireError
from confledger.wire.exchange import error_answer, new_request_id

CONNECTIONS_MAX: Final = 1_000
"""How many connections a process holds; with its files, it stays below the usual limit of 1,024."""

HEAD_BYTES_MAX: Final = 32 * 1024
"""The longest request line and headers, together, that are served."""

_HEAD_SECONDS_MAX: Final = 10.0
"""How long a client may take to send them, from the connection or the first byte on."""


class LedgerProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with JSON for what is no request at all, and limits.

    uvicorn answers malformed bytes in plain text, reads a head of any length,
    however slowly it comes, and holds any number of connections.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **keywords)
        self._head_timer: asyncio.TimerHandle | None = None
        """Runs while a head is expected and not complete."""
        self._head_bytes = 0
        """How much of the present request's head, and of what trails its body, is parsed."""
        self._head_is_complete = False
        self._unparsed_bytes = 0
        """How much has come since the parser last told of anything: it collects a header
        until that is complete, however long it is."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Expect a first head, if there is room for one more connection."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            self._refuse(CONNECTIONS_EXCEEDED)
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End an idle connection at once: over TLS, a client could hold up its proper end."""
        if self._is_idle() and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Read on, within the limits of a head."""
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unparsed_bytes > HEAD_BYTES_MAX:
            self._refuse(HEAD_TOO_LARGE)
        elif (
            # uvicorn has stopped its own clock for idle connections at these bytes. If
            # they began nothing, ours has to run.
            self._is_idle() and self._head_timer is None and self.timeout_keep_alive_task is None
        ):
            self._expect_head()

    def on_message_begin(self) -> None:
        """Expect the rest of a head whose first bytes have come."""
        super().on_message_begin()
        self._head_bytes = self._unparsed_bytes = 0
        self._head_is_complete = False
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        """Count what is parsed of the request line."""
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a complete header. One behind a body counts too, and is passed over.

        uvicorn would take it for a header of the request, which a proxy before us
        has not seen as one.
        """
        if not self._head_is_complete:
            super().on_header(name, value)
        self._count_head(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Stop the clock, and serve."""
        self._unparsed_bytes = 0
        self._head_is_complete = True
        self._stop_head_timer()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, unless the head was refused."""
        self._unparsed_bytes = 0
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body, unless the head was refused."""
        self._unparsed_bytes = 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request."""
        del msg  # uvicorn's sentence; ours has the shape of all our errors
        self._refuse(MALFORMED)

    def _is_idle(self) -> bool:
        # uvicorn's annotation leaves out that there is none at first.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._stop_head_timer()
        self._head_timer = self.loop.call_later(_HEAD_SECONDS_MAX, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _count_head(self, size: int) -> None:
        self._unparsed_bytes = 0
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refuse(HEAD_TOO_LARGE)

    def _refuse(self, wire_error: WireError) -> None:
        """Answer what is no request of ours, and close."""
        self._stop_head_timer()
        if not self._is_idle():
            if self.cycle.response_started or not self.cycle.more_body:
                # Good requests came before it on this connection, and this would be
                # taken for their answer. They are finished, and the connection ends.
                self.cycle.keep_alive = False
                self.flow.pause_reading()
                return
            # It is the present request that went wrong, in its body: whoever waits for
            # the rest is told that the client is gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        request_id = new_request_id()
        access_logger.info("refused", extra={"request_id": request_id, "status": wire_error.status})
        answer = error_answer(wire_error)
        headers = [
            *self.server_state.default_headers,
            *answer.raw_headers,
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[wire_error.status] + lines + b"\r\n" + bytes(answer.body))
        self.transport.close()
