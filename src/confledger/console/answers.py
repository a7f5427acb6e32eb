"""What every answer to the console's pages has in common: headers, errors, packed bodies."""

import asyncio
import gzip
import re
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from confledger.console.sentences import sentence_of
from confledger.errors import StoreError
from confledger.observability.logging import logger
from confledger.wire.errors import MALFORMED, NO_SUCH_CALL, WRONG_METHOD, ErrorBody, wire_error_of
from confledger.wire.exchange import error_answer
from confledger.wire.reading import language_of

_PACKED_FROM_BYTES: Final = 1_400
"""A body that fits one packet is sent as it is."""

_PACKED_IN_THREAD_FROM_BYTES: Final = 64 * 1024

_NEVER: Final = re.compile(r"q\s*=\s*0(\.0*)?")

_QUICK: Final = 1
"""The level of gzip: three quarters of what the best would save, in a fifth of its time."""

SAFE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What goes with whatever the console answers."""

_HEADERS: Final = (
    (b"content-type", b"application/json;charset=UTF-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    *SAFE_HEADERS,
)


class ConsoleJSON(Response):
    """An answer to a page: the bytes of a JSON document, which nobody may keep."""

    def __init__(self, body: bytes, status_code: int = 200, *, is_packed: bool = False) -> None:
        self.status_code = status_code
        self.background = None
        self.body = body
        self.raw_headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        if is_packed:
            self.raw_headers.append((b"content-encoding", b"gzip"))


def answer(content: object, status_code: int = 200) -> ConsoleJSON:
    """A small answer, made of structs."""
    return ConsoleJSON(msgspec.json.encode(content), status_code)


async def packed_answer(request: Request, body: bytes) -> ConsoleJSON:
    """A large one, packed if the browser can unpack it. It must not hold a secret:
    the length of what is packed tells of it.
    """
    if len(body) < _PACKED_FROM_BYTES or not takes_gzip(request):
        return ConsoleJSON(body)
    if len(body) < _PACKED_IN_THREAD_FROM_BYTES:
        packed = gzip.compress(body, _QUICK, mtime=0)
    else:
        packed = await asyncio.to_thread(gzip.compress, body, _QUICK, mtime=0)
    return ConsoleJSON(packed, is_packed=True)


def takes_gzip(request: Request) -> bool:
    """Whether whoever asks can unpack gzip."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() == "gzip":
            return not _NEVER.fullmatch(quality.strip())
    return False


async def answer_error(request: Request, error: Exception) -> Response:
    """The answer to a request that failed, in the reader's language."""
    language = language_of(request.scope["headers"])
    if isinstance(error, HTTPException):
        is_wrong_method = error.status_code == WRONG_METHOD.status
        wire_error = WRONG_METHOD if is_wrong_method else NO_SUCH_CALL
    elif isinstance(error, ClientDisconnect):
        wire_error = MALFORMED  # nobody reads it; the access log tells it
    else:
        wire_error = wire_error_of(error)
    if isinstance(error, StoreError):
        logger.error("the store failed", extra={"reason": str(error)})
    body = ErrorBody(wire_error.code, sentence_of(error, language))
    told = ConsoleJSON(msgspec.json.encode(body), wire_error.status)
    # When to ask again, or to end the connection, is said as the API says it.
    as_api = error_answer(wire_error, error).headers
    for name in ("retry-after", "connection"):
        if name in as_api:
            told.headers[name] = as_api[name]
    if isinstance(error, HTTPException):
        told.headers.update(error.headers or {})
    return told
