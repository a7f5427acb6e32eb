"""What every call of the wire API has in common: headers, errors, limits, the access log."""

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from confledger.errors import BodyTooLarge, BodyTooSlow, StoreError
from confledger.observability.logging import logger
from confledger.observability.request_log import call_told, request_log
from confledger.wire.bodies import BODY_BYTES_MAX
from confledger.wire.errors import (
    MALFORMED,
    NO_SUCH_CALL,
    RETRY_AFTER_SECONDS,
    STOPPING,
    UNEXPECTED,
    WRONG_METHOD,
    WireError,
    error_body,
    wire_error_of,
)

PUSH_PREFIX: Final = "/ledger/v1/"
"""Where our own calls are, which take larger bodies than the vendor's."""

PUSH_BYTES_MAX: Final = 8 * 1024**2
"""The longest body of a push, packed and unpacked."""

_REQUEST_ID: Final = re.compile(rb"[0-9A-Za-z_.-]{1,64}")

_WHO: Final = re.compile("(?<=^/console/people/)[^/]+|(?<=^/console/api/people/)[^/]+")
"""Whom a page of the console is about: nobody who reads the log needs to know."""

# The vendor's sample answers with these, letter for letter.
_HEADERS: Final = (
    (b"content-type", b"application/json;charset=UTF-8"),
    (b"expires", b"0"),
    (b"pragma", b"No-cache"),
    (b"cache-control", b"no-cache"),
    # Not in that sample, but in that of the login.
    (b"x-content-type-options", b"nosniff"),
)


_REQUEST_ID_START: Final = secrets.token_hex(8)
"""Another one in each process, so that no two ever give the same id."""

_request_numbers: Final = itertools.count()


def new_request_id() -> str:
    """An id for a request that came without one: 32 hexadecimal digits, as the vendor's."""
    return f"{_REQUEST_ID_START}{next(_request_numbers):016x}"


def given_request_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The id that a request's headers give it, if it is a plain one."""
    for name, value in headers:
        if name == b"x-request-id":
            return value.decode() if _REQUEST_ID.fullmatch(value) else None
    return None


class JSONBytes(Response):
    """An answer whose body is ready: the bytes of a JSON document."""

    def __init__(self, body: bytes, status_code: int = 200) -> None:
        self.status_code = status_code
        self.background = None
        self.body = body
        self.raw_headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]

    @cached_property
    def head(self) -> bytes:
        """The headers as they are sent."""
        return b"".join(map(b"%s: %s\r\n".__mod__, self.raw_headers))


def error_answer(wire_error: WireError, error: Exception | None = None) -> JSONBytes:
    """The answer to a request that failed."""
    answer = JSONBytes(error_body(wire_error, error), wire_error.status)
    if wire_error.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        answer.headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, (BodyTooLarge, BodyTooSlow)):
        # The rest of the body may still be on its way; nobody will read it.
        answer.headers["connection"] = "close"
    return answer


async def answer_error(_: Request, error: Exception) -> Response:
    """As `answer_of_error`, for Starlette."""
    return answer_of_error(error)


def answer_of_error(error: Exception) -> JSONBytes:
    """The answer to whatever a call raised, Starlette's word on paths and methods included."""
    if isinstance(error, HTTPException):
        is_wrong_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        answer = error_answer(WRONG_METHOD if is_wrong_method else NO_SUCH_CALL)
        answer.headers.update(error.headers or {})
        return answer
    if isinstance(error, ClientDisconnect):
        return error_answer(MALFORMED)  # nobody reads it; the access log tells it
    if isinstance(error, StoreError):
        logger.error("the store failed", extra={"reason": str(error)})
    return error_answer(wire_error_of(error), error)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Middleware around every call: request id, size of the body, access log, the last resort."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = given_request_id(scope["headers"]) or new_request_id()
        status = 0
        took: float | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status, took
            if message["type"] == "http.response.start":
                status = message["status"]
                if _is_stream(message):
                    # How long somebody watches says nothing of how fast the answer was.
                    took = time.perf_counter() - started
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            length = headers.get("content-length", "0")
            is_push = scope["path"].startswith(PUSH_PREFIX)
            bytes_max = PUSH_BYTES_MAX if is_push else BODY_BYTES_MAX
            if length.isdecimal() and int(length) > bytes_max:
                error = BodyTooLarge(bytes_max)
                await error_answer(wire_error_of(error), error)(scope, receive, send_with_id)
            else:
                await self.app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            # The server stops, and this took too long for it.
            if not status:
                await error_answer(STOPPING)(scope, receive, send_with_id)
            raise
        except Exception:  # noqa: BLE001 - the last resort: logged, and answered if it still can be
            logger.exception("unexpected error", extra={"request_id": request_id})
            if not status:
                await error_answer(UNEXPECTED)(scope, receive, send_with_id)
        finally:
            request_log.tell(
                request_id,
                status,
                call_told(scope["method"], _WHO.sub("*", scope["path"])),
                time.perf_counter() - started if took is None else took,
            )


def _is_stream(start: Message) -> bool:
    types = (value for name, value in start["headers"] if name == b"content-type")
    return any(value.startswith(b"text/event-stream") for value in types)
