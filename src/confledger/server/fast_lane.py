"""A short way for the call for which all this exists.

uvicorn answers a request by an ASGI application: a scope, a task, and messages to and
fro, which take longer than a page from the cache. A plain request for control records
is answered here instead, while its last byte is parsed. The call is the same object
that the application has, and its answer the same bytes: only the way is shorter.

A program that asks often says the same headers each time. So headers that came with a plain
request are remembered, and a request that has the same ones, byte for byte, is not even
parsed: what is asked for stands in its first line.

Whatever is unusual takes the ordinary way: another method or path, a body, an
upgrade, HTTP/1.0, characters that a query of ours does not need, a request that
follows on one without an answer, a client that reads too slowly.
"""

import asyncio
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
from confledger.observability.request_log import call_told, request_log
from confledger.wire import control_records
from confledger.wire.control_records import Caller, caller_in, is_plain
from confledger.wire.errors import STOPPING
from confledger.wire.exchange import (
    JSONBytes,
    answer_of_error,
    error_answer,
    given_request_id,
    new_request_id,
)

if TYPE_CHECKING:
    from confledger.app import Service

_PATH: Final = control_records.PATH.encode() + b"?"
_CALL_TOLD: Final = call_told("GET", control_records.PATH)

_UNUSUAL: Final = frozenset((b"content-length", b"transfer-encoding", b"expect"))

_SWEEP_SECONDS: Final = 1.0
"""How often a process looks for connections that are overdue."""

_COPIED_BYTES_MAX: Final = 32_768
"""A body that is longer takes more time to copy behind its head than to write by itself."""

NEVER: Final = float("inf")

_METHOD_AND_PATH: Final = b"GET " + _PATH
_VERSION: Final = b" HTTP/1.1"
_END_OF_HEAD: Final = b"\r\n\r\n"
_HEAD_BYTES_MAX: Final = 2_048
_CALLERS_MAX: Final = 1_000

_callers: Final[dict[bytes, Caller]] = {}
"""By the headers of plain requests as they came, what they say of the caller. That is all that is
remembered, and not what they may. They have tokens in them, and never leave the memory of the
process.
"""


class FastLaneProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the short way."""

    app: "Service"  # and none of uvicorn's wrappers around it

    def __init__(self, *args: Any, **keywords: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **keywords)
        self.deadline = NEVER
        """When the connection ends unless something happens, by the loop's clock."""
        self._is_answered = False
        """Whether the request that is being parsed has its answer already."""
        self._is_between_requests = True
        self._caller: Caller | None = None
        """Who has asked last, if their headers can be remembered."""
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._head = b""
        """The first lines of an answer, with the server's own headers as they are now."""

    def on_message_begin(self) -> None:
        """Expect a head. What uvicorn prepares here waits until it is needed."""
        self.url = b""
        self.headers = []
        self._is_answered = self._is_between_requests = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Answer a plain request for control records, or serve as uvicorn does."""
        call = self.app.hot_call
        query_string = self.url[len(_PATH) :]
        if (
            call is not None
            and self.url.startswith(_PATH)
            and is_plain(query_string)
            and self._is_plain()
        ):
            started = time.perf_counter()
            self._is_answered = True
            caller, request_id = caller_in(self.headers), given_request_id(self.headers)
            # Who gives each request an id of its own never says the same headers again.
            self._caller = None if request_id else caller
            answer = call.kept(caller, query_string)
            self._serve(answer or call.answer(caller, query_string), request_id, started)
        else:
            url, headers = self.url, self.headers
            super().on_message_begin()
            self.url = url
            for name, value in headers:
                super().on_header(name, value)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._is_between_requests = True
        if not self._is_answered:
            super().on_message_complete()

    def answer_remembered(self, data: bytes) -> bool:
        """Answer bytes that are a plain request with known headers; tell whether they are."""
        if not self._is_between_requests or len(data) > _HEAD_BYTES_MAX:
            return False
        first_line, _, headers = data.partition(b"\r\n")
        caller = _callers.get(headers)
        if caller is None:
            return False
        query_string, call = _query_of(first_line), self.app.hot_call
        if query_string is None or call is None:
            return False
        if not self.is_idle() or self.flow.write_paused or self.transport.is_closing():
            return False
        started = time.perf_counter()
        answer = call.kept(caller, query_string)
        # What is kept is plain.
        if answer is None and not is_plain(query_string):
            return False
        self._unset_keepalive_if_required()
        self._serve(answer or call.answer(caller, query_string), None, started)
        return True

    def data_received(self, data: bytes) -> None:
        """Read on, and remember the headers of what was one plain request and nothing else."""
        was_between, self._caller = self._is_between_requests, None
        super().data_received(data)
        if was_between:
            self._remember(data)

    def _remember(self, data: bytes) -> None:
        # After its end no other request has begun.
        if self._caller is None or not self._is_between_requests or len(data) > _HEAD_BYTES_MAX:
            return
        first_line, _, headers = data.partition(b"\r\n")
        query_string = _query_of(first_line)
        if (
            data.find(_END_OF_HEAD) == len(data) - len(_END_OF_HEAD)
            # The first line is one, and none that a lenient parser sees headers in.
            and query_string is not None
            and is_plain(query_string)
        ):
            if len(_callers) >= _CALLERS_MAX:
                del _callers[next(iter(_callers))]
            _callers[headers] = self._caller

    def _is_plain(self) -> bool:
        parser = self.parser
        return (
            self.is_idle()
            and not self.flow.write_paused
            and parser.get_method() == b"GET"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and _UNUSUAL.isdisjoint(names := [name for name, _ in self.headers])
            # Without that header, only HTTP/1.1 keeps a connection.
            and (b"connection" not in names or parser.get_http_version() == "1.1")
        )

    def _serve(
        self,
        answer: JSONBytes | Coroutine[Any, Any, JSONBytes],
        given_id: str | None,
        started: float,
    ) -> None:
        request_id = given_id or new_request_id()
        if not isinstance(answer, JSONBytes):
            if not self.app.answers_at_once:
                self._serve_later(answer, request_id, started)
                return
            answer = _answer_now(answer, request_id)
        self.send(answer, request_id, is_last=False)
        self._log(answer, request_id, started)
        # A clock for each answer costs more than looking at all of them now and then.
        self.deadline = self.loop.time() + self.timeout_keep_alive
        self.server_state.total_requests += 1

    def _serve_later(
        self, answering: Coroutine[Any, Any, JSONBytes], request_id: str, started: float
    ) -> None:
        self.deadline = NEVER
        self.cycle = waiting = _Waiting()  # type: ignore[assignment] # all that uvicorn looks for
        task = self.loop.create_task(self._answer_later(answering, waiting, request_id, started))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

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
        if not (waiting.disconnected or self.transport.is_closing()):
            self.send(answer, request_id, is_last=not waiting.keep_alive)
        self._log(answer, request_id, started)
        self.on_response_complete()

    def _log(self, answer: JSONBytes, request_id: str, started: float) -> None:
        request_log.tell(request_id, answer.status_code, _CALL_TOLD, time.perf_counter() - started)

    def pause_writing(self) -> None:
        """Give a client that does not read so long to read on."""
        super().pause_writing()
        self.deadline = self.loop.time() + self.timeout_keep_alive

    def resume_writing(self) -> None:
        """Go on with a client that reads."""
        super().resume_writing()
        self.deadline = self.loop.time() + self.timeout_keep_alive if self.is_idle() else NEVER

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
        parts = [
            STATUS_LINE[answer.status_code],
            self._head,
            answer.head,
            b"x-request-id: ",
            request_id.encode(),
            b"\r\nconnection: close\r\n\r\n" if is_last else b"\r\n\r\n",
            answer.body,
        ]
        if len(answer.body) < _COPIED_BYTES_MAX:
            self.transport.write(b"".join(parts))
        else:
            self.transport.writelines((b"".join(parts[:-1]), answer.body))
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
                # Who does not read what is written can't hold up the end of it either.
                if connection.transport.is_closing() or connection.flow.write_paused:
                    connection.transport.abort()
                else:
                    connection.transport.close()
        if state.connections:
            loop.call_later(_SWEEP_SECONDS, sweep)
        else:
            _watched.discard(state)

    if state not in _watched:
        _watched.add(state)
        loop.call_later(_SWEEP_SECONDS, sweep)


def _query_of(first_line: bytes) -> bytes | None:
    """What is the query in the first line of a request as it is remembered; None of any other."""
    if first_line.startswith(_METHOD_AND_PATH) and first_line.endswith(_VERSION):
        return first_line[len(_METHOD_AND_PATH) : -len(_VERSION)]
    return None


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
