"""Where uvicorn's HTTP protocol is not enough for us."""

import asyncio
from typing import Any, Final

from confledger.observability.request_log import request_log
from confledger.server.fast_lane import NEVER, FastLaneProtocol, end_overdue_connections
from confledger.wire.errors import CONNECTIONS_EXCEEDED, HEAD_TOO_LARGE, MALFORMED, WireError
from confledger.wire.exchange import error_answer, new_request_id

CONNECTIONS_MAX: Final = 1_000
"""How many connections a process holds; with its files, it stays below the usual limit of 1,024."""

HEAD_BYTES_MAX: Final = 32 * 1024
"""The longest request line and headers, together, that are served."""

_HEAD_SECONDS_MAX: Final = 10.0
"""How long a client may take to send them, from the connection or the first byte on."""


class LedgerProtocol(FastLaneProtocol):
    """uvicorn's protocol, with JSON for what is no request at all, and limits.

    uvicorn answers malformed bytes in plain text, reads a head of any length,
    however slowly it comes, and holds any number of connections.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **keywords)
        self._head_is_complete = False
        self._chunk_bytes = 0
        """How much has come at once just now."""
        self._head_chunk_bytes = 0
        """How much had come at once when the present head began."""
        self._unparsed_bytes = 0
        """How much has come since, or since a part of the body: the parser collects a
        header until that is complete, however long it is."""
        self._trailer_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Expect a first head, if there is room for one more connection."""
        super().connection_made(transport)
        end_overdue_connections(self.server_state, self.loop)
        if len(self.connections) > CONNECTIONS_MAX:
            self._refuse(CONNECTIONS_EXCEEDED)
        else:
            self._expect_head()

    def shutdown(self) -> None:
        """End an idle connection at once: over TLS, a client could hold up its proper end.

        A live stream is never idle, so all of them are told.
        """
        self.app.streams.stop()
        if self.is_idle() and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Read on, within the limits of a head."""
        if not self._unparsed_bytes and self.answer_remembered(data):
            return
        self._chunk_bytes = len(data)
        self._unparsed_bytes += self._chunk_bytes
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unparsed_bytes > HEAD_BYTES_MAX:
            self._refuse(HEAD_TOO_LARGE)
        elif self.deadline == NEVER and self.timeout_keep_alive_task is None and self.is_idle():
            # uvicorn has stopped its own clock for idle connections at these bytes. If
            # they began nothing, ours has to run.
            self._expect_head()

    def on_message_begin(self) -> None:
        """Expect the rest of a head whose first bytes have come."""
        super().on_message_begin()
        self._head_chunk_bytes = self._chunk_bytes
        self._unparsed_bytes = self._trailer_bytes = 0
        self._head_is_complete = False
        self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a complete header. One behind a body has a limit too, and is passed over.

        uvicorn would take it for a header of the request, which a proxy before us
        has not seen as one.
        """
        if not self._head_is_complete:
            self.headers.append((name.lower(), value))
            return
        self._unparsed_bytes = 0
        self._trailer_bytes += len(name) + len(value)
        if self._trailer_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refuse(HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Stop the clock, and serve, if the head is not too large."""
        # Almost always all of it has come at once, and can't be.
        may_be_large = self._head_chunk_bytes + self._unparsed_bytes > HEAD_BYTES_MAX
        self._unparsed_bytes = 0
        self._head_is_complete = True
        self.deadline = NEVER
        if self.transport.is_closing():
            return
        if may_be_large and self._head_bytes() > HEAD_BYTES_MAX:
            self._refuse(HEAD_TOO_LARGE)
        else:
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

    def _expect_head(self) -> None:
        self.deadline = self.loop.time() + _HEAD_SECONDS_MAX

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, wire_error: WireError) -> None:
        """Answer what is no request of ours, and close."""
        self.deadline = NEVER
        if not self.is_idle():
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
        request_log.tell_refused(request_id, wire_error.status)
        self.send(error_answer(wire_error), request_id, is_last=True)
