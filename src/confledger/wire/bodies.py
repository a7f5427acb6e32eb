"""The bodies of requests: read in time, unpacked, and never larger than they may be."""

import asyncio
import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import msgspec
from starlette.requests import Request

from confledger.errors import BodyTooLarge, BodyTooSlow, InvalidField, InvalidRecord, UnknownMedia
from confledger.wire.problems import JSON_PROBLEMS, field_and_rule

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY_BYTES_MAX: Final = 64 * 1024
"""No call of the vendor's needs more."""

_BODY_SECONDS_MAX: Final = 10.0

_ZSTD_WINDOW_LOG_MAX: Final = 23
"""How much unpacking may remember: 8 MiB, which RFC 9659 lets every client rely on."""

_PARTS_MAX: Final = 1_000
"""How many members of gzip, or frames of zstd, a body may have; each takes a while to begin."""

T = TypeVar("T")


async def read_json(request: Request, shape: type[T], error: type[InvalidField]) -> T:
    """The body of a request as a struct.

    Raises:
        InvalidField: (as the class given) it is not JSON of that shape.
        BodyTooLarge, BodyTooSlow: it goes beyond a limit.
    """
    body = await _read(request, _Plain(BODY_BYTES_MAX), BODY_BYTES_MAX, _BODY_SECONDS_MAX)
    try:
        return msgspec.json.decode(body, type=shape)
    except JSON_PROBLEMS as problem:
        field, rule = field_and_rule(problem)
        raise error(field or "the body", rule) from problem


async def read_packed(request: Request, *, bytes_max: int, seconds_max: float) -> bytearray:
    """The body of a request, unpacked while it comes in.

    Args:
        request: its `Content-Encoding` may be `gzip` or `zstd`.
        bytes_max: how large the body may be, packed and unpacked.
        seconds_max: how long all of it may take.

    Raises:
        UnknownMedia: it is packed in another way.
        InvalidRecord: it is not what its encoding says.
        BodyTooLarge, BodyTooSlow: it goes beyond a limit.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding not in _UNPACKERS:
        raise UnknownMedia("Content-Encoding", tuple(_UNPACKERS))
    return await _read(request, _UNPACKERS[encoding](bytes_max), bytes_max, seconds_max)


class _Unpacker(Protocol):
    """Collects what a body unpacks to."""

    content: bytearray

    def take(self, packed: bytes) -> None:
        """Unpack some more."""

    def end(self) -> None:
        """Say that there is no more."""


async def _read(
    request: Request, unpacker: _Unpacker, bytes_max: int, seconds_max: float
) -> bytearray:
    received = 0
    try:
        async with asyncio.timeout(seconds_max):
            async for chunk in request.stream():
                received += len(chunk)
                if received > bytes_max:
                    raise BodyTooLarge(bytes_max)
                unpacker.take(chunk)
    except TimeoutError:
        raise BodyTooSlow(seconds_max) from None
    unpacker.end()
    return unpacker.content


class _Plain:
    def __init__(self, _: int) -> None:
        self.content = bytearray()

    def take(self, packed: bytes) -> None:
        self.content += packed

    def end(self) -> None:
        """It ends wherever it likes."""


class _Part(Protocol):
    """Unpacks a member or a frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, packed: bytes, bytes_max: int, /) -> bytes: ...


class _Packed:
    """Gzip, of one or several members (RFC 1952), or zstd, of one or several frames (RFC 8878)."""

    def __init__(
        self, bytes_max: int, name: str, new_part: Callable[[], _Part], error: type[Exception]
    ) -> None:
        self.content = bytearray()
        self._bytes_max = bytes_max
        self._name = name
        self._new_part = new_part
        self._error = error
        self._part = new_part()
        self._parts = 1

    def take(self, packed: bytes) -> None:
        try:
            while packed:
                if self._part.eof:
                    self._part = self._new_part()
                    self._parts += 1
                    if self._parts > _PARTS_MAX:
                        rule = f"must not have more than {_PARTS_MAX} {self._name} parts"
                        raise InvalidRecord("the body", rule)
                # One byte more than fits tells that there is more.
                room = self._bytes_max + 1 - len(self.content)
                self.content += self._part.decompress(packed, room)
                if len(self.content) > self._bytes_max:
                    raise BodyTooLarge(self._bytes_max)
                packed = self._part.unused_data
        except self._error as error:
            rule = f"must be {self._name}, as Content-Encoding says"
            raise InvalidRecord("the body", rule) from error

    def end(self) -> None:
        if not self._part.eof:
            rule = f"must be whole: its {self._name} data ends too early"
            raise InvalidRecord("the body", rule)


def _gzip(bytes_max: int) -> _Packed:
    def member() -> _Part:
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    return _Packed(bytes_max, "gzip", member, zlib.error)


def _zstd(bytes_max: int) -> _Packed:
    window = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG_MAX}

    def frame() -> _Part:
        return zstd.ZstdDecompressor(options=window)

    return _Packed(bytes_max, "zstd", frame, zstd.ZstdError)


_UNPACKERS: Final[dict[str, Callable[[int], _Unpacker]]] = {
    "identity": _Plain,
    "gzip": _gzip,
    "zstd": _zstd,
}
