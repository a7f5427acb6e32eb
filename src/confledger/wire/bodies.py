"""The bodies of requests: read in time, unpacked, and never larger than they may be."""

import asyncio
import sys
import zlib
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


class _Gzip:
    """Gzip, of one or several members (RFC 1952)."""

    def __init__(self, bytes_max: int) -> None:
        self.content = bytearray()
        self._bytes_max = bytes_max
        self._member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def take(self, packed: bytes) -> None:
        try:
            while packed:
                if self._member.eof:
                    self._member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
                # One byte more than fits tells that there is more.
                room = self._bytes_max + 1 - len(self.content)
                self.content += self._member.decompress(packed, room)
                if len(self.content) > self._bytes_max:
                    raise BodyTooLarge(self._bytes_max)
                packed = self._member.unused_data
        except zlib.error as error:
            raise InvalidRecord("the body", "must be gzip, as Content-Encoding says") from error

    def end(self) -> None:
        if not self._member.eof:
            raise InvalidRecord("the body", "must be whole: its gzip data ends too early")


class _Zstd:
    """Zstandard, of one or several frames (RFC 8878)."""

    def __init__(self, bytes_max: int) -> None:
        self.content = bytearray()
        self._bytes_max = bytes_max
        self._frame = self._new_frame()

    @staticmethod
    def _new_frame() -> zstd.ZstdDecompressor:
        window = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG_MAX}
        return zstd.ZstdDecompressor(options=window)

    def take(self, packed: bytes) -> None:
        try:
            while packed:
                if self._frame.eof:
                    self._frame = self._new_frame()
                room = self._bytes_max + 1 - len(self.content)
                self.content += self._frame.decompress(packed, room)
                if len(self.content) > self._bytes_max:
                    raise BodyTooLarge(self._bytes_max)
                packed = self._frame.unused_data
        except zstd.ZstdError as error:
            raise InvalidRecord("the body", "must be zstd, as Content-Encoding says") from error

    def end(self) -> None:
        if not self._frame.eof:
            raise InvalidRecord("the body", "must be whole: its zstd data ends too early")


_UNPACKERS: Final[dict[str, type[_Plain | _Gzip | _Zstd]]] = {
    "identity": _Plain,
    "gzip": _Gzip,
    "zstd": _Zstd,
}
