"""Answers that took long to make, kept packed: the last ones, up to a number of bytes."""

import gzip
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

KEPT_BYTES_MAX: Final = 32 * 1024**2

_QUICK: Final = 1


class Kept:
    """Bodies by what they are about, of one state of it each: with that, they never change."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._packed: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()

    def get(self, key: Hashable, state: Hashable) -> bytes | None:
        """A body, packed by gzip."""
        of_state, packed = self._packed.get(key, (None, None))
        if packed is None or of_state != state:
            return None
        self._packed.move_to_end(key)
        return packed

    def keep(self, key: Hashable, state: Hashable, packed: bytes) -> None:
        """Keep a body in place of that of another state, and forget those that were not asked
        for of late.
        """
        if key in self._packed:
            _, before = self._packed.pop(key)
            self._bytes -= len(before)
        if len(packed) > self._bytes_max:
            return
        self._packed[key] = state, packed
        self._bytes += len(packed)
        while self._bytes > self._bytes_max:
            _, (_, oldest) = self._packed.popitem(last=False)
            self._bytes -= len(oldest)


def packed_body(body: bytes) -> bytes:
    """A body as it is kept."""
    return gzip.compress(body, _QUICK, mtime=0)
