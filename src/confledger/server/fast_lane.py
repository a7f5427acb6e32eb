"""A short way for the call for which all this exists.

uvicorn answers a request by an ASGI application: a scope, a task, and messages to and
fro, which take longer than a page from the cache. A plain request for control records
is answered here instead, while its last byte is parsed. The call is the same object
that the application has, and its answer the same bytes: only the way is shorter.

Whatever is unusual takes the ordinary way: another method or path, a body, an
upgrade, HTTP/1.0, a header twice, characters that a query of ours does not need, a request that
follows on one without an answer, a client that reads too slowly.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from confledger.errors import ConfledgerError
from confledger.observability.logging import logger
from confledger.observability.request_log import request_log
from confledger.wire import control_records
from confledger.wire.errors import STOPPING
from confledger.wire.exchange import (
    REQUEST_ID,
    JSONBytes,
    answer_of_error,
    error_answer,
    request_id_from,
)

if TYPE_CHECKING:
    from confledger.app import Service

_PLAIN_TARGET: Final = re.compile(
    re.escape(control_records.PATH.encode()) + rb"\?([A-Za-z0-9_.~=&%+-]*)"
)
_OF_A_BODY: Final = frozenset((b"content-length", b"transfer-encoding", b"expect"))

_SWEEP_SECONDS: Final = 1.0
"""How often a process looks for connections that are overdue."""

NEVER: Final = float("inf")


class FastLaneProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the short way."""

    def __init__(self, *args: Any, **keywords: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **keywords)
        self.deadline = NEVER
        """When the connection ends unless something happens, by the loop's clock."""
        self._is_answered = False
        """Whether the request that is being parsed has its answer already."""
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._head = b""
        """The first lines of an answer, with the server's own headers as they are now."""

    def on_message_begin(self) -> None:
        """Expect a head. What uvicorn prepares here waits until it is needed."""
        self.url = b""
        self.headers = []
        self._is_answered = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Answer a plain request for control records, or serve as uvicorn does."""
        service: Service = self.app  # and none of uvicorn's wrappers around it
        call = service.hot_call
        if (
            call is not None
            and (plain := _PLAIN_TARGET.fullmatch(self.url))
            and (headers := self._plain_headers()) is not None
        ):
            self._is_answered = True
            token = headers.get(b"x-access-token")
            answering = call.answer(
                None if token is None else token.decode("latin-1"),
                headers.get(b"accept-language", b""),
                plain[1],
            )
            request_id = request_id_from(headers.get(REQUEST_ID, b""))
            started = time.perf_counter()
            if service.answers_at_once:
                self._tell(_answer_now(answering, request_id), request_id, started)
                # A clock for each answer costs more than looking at all of them now and then.
                self.deadline = self.loop.time() + self.timeout_keep_alive
                self.server_state.total_requests += 1
            else:
                self.cycle = waiting = _Waiting()  # type: ignore[assignment] # all that uvicorn looks for
                answering_later = self._answer_later(answering, waiting, request_id, started)
                task = self.loop.create_task(answering_later)
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        else:
            url, received = self.url, self.headers
            super().on_message_begin()
            self.url = url
            for name, value in received:
                super().on_header(name, value)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        if not self._is_answered:
            super().on_message_complete()

    def _plain_headers(self) -> dict[bytes, bytes] | None:
        """The headers of a plain request; None where it is another."""
        parser, headers = self.parser, dict(self.headers)
        is_plain = (
            len(headers) == len(self.headers)
            and _OF_A_BODY.isdisjoint(headers)
            and self.is_idle()
            and not self.flow.write_paused
            and parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
        )
        return headers if is_plain else None

    async def _answer_later(
        self,
        answering: Awaitable[JSONBytes],
        waiting: "_Waiting",
        request_id: str,
        started: float,
    ) -> None:
        try:
            answer = await answering
        except asyncio.CancelledError:
            self._end(error_answer(STOPPING), waiting, request_id, started)  # the server stops
            raise
        except Exception as error:  # noqa: BLE001 - the last resort, as in `exchange.Exchange`
            answer = _answer_of_error(error, request_id)
        self._end(answer, waiting, request_id, started)

    def _end(self, answer: JSONBytes, waiting: "_Waiting", request_id: str, started: float) -> None:
        waiting.response_started = waiting.response_complete = True
        if not waiting.disconnected:
            self._tell(answer, request_id, started, is_last=not waiting.keep_alive)
        self.on_response_complete()

    def _tell(
        self, answer: JSONBytes, request_id: str, started: float, *, is_last: bool = False
    ) -> None:
        self.send(answer, request_id, is_last=is_last)
        request_log.tell(
            request_id,
            answer.status_code,
            method="GET",
            path=control_records.PATH,
            seconds=time.perf_counter() - started,
        )

    def is_idle(self) -> bool:
        """Whether every request has its answer."""
        # uvicorn's annotation leaves out that there is none at first.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def send(self, answer: JSONBytes, request_id: str, *, is_last: bool) -> None:
        """Write an answer, as the application's would be; after the last one the connection ends.

        Args:
            answer: it is not changed, for it may be sent again.
            request_id: goes with it.
            is_last: whether the connection ends with it.
        """
        headers = self.server_state.default_headers
        if headers is not self._default_headers:  # uvicorn makes new ones each second
            self._default_headers = headers
            self._head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(
            b"%s%s%sx-request-id: %s\r\n%s\r\n%s"
            % (
                STATUS_LINE[answer.status_code],
                self._head,
                answer.head,
                request_id.encode(),
                b"connection: close\r\n" if is_last else b"",
                answer.body,
            )
        )
        if is_last:
            self.transport.close()


class _Waiting:
    """In place of uvicorn's cycle of a request: a request on the short way that has no answer yet.

    It has what uvicorn and we look for while the connection waits.
    """

    def __init__(self) -> None:
        self.response_started = self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.more_body = False
        self.message_event = _NOBODY_LISTENS


_NOBODY_LISTENS: Final = asyncio.Event()


_watched: Final = WeakSet[ServerState]()
"""The servers whose connections are looked at."""


def end_overdue_connections(state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
    """See to it that connections end after their time, for as long as there are any."""

    def sweep() -> None:
        now = loop.time()
        for connection in list(state.connections):
            if isinstance(connection, FastLaneProtocol) and connection.deadline < now:
                connection.transport.close()
        if state.connections:
            loop.call_later(_SWEEP_SECONDS, sweep)
        else:
            _watched.discard(state)

    if state not in _watched:
        _watched.add(state)
        loop.call_later(_SWEEP_SECONDS, sweep)


def _answer_now(call: Coroutine[Any, Any, JSONBytes], request_id: str) -> JSONBytes:
    """What a call answers that waits for nothing."""
    try:
        call.send(None)
    except StopIteration as end:
        answer: JSONBytes = end.value
        return answer
    except Exception as error:  # noqa: BLE001 - the last resort, as in `exchange.Exchange`
        return _answer_of_error(error, request_id)
    call.close()
    raise RuntimeError("the call waits for something")


def _answer_of_error(error: Exception, request_id: str) -> JSONBytes:
    if not isinstance(error, ConfledgerError):
        logger.error("unexpected error", exc_info=error, extra={"request_id": request_id})
    return answer_of_error(error)
