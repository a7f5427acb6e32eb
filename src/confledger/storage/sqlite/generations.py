"""What changes when a store changes: numbers in memory that all processes of a machine share.

Whoever keeps an answer remembers the generation that it read *before* it read the
rows. While the generation is the same, nothing was committed since that the answer
could tell of. Reading one costs no system call.
"""

import mmap
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from zlib import crc32

EVERYTHING: Final = 0
"""The place that changes when any answer may have."""

ACCOUNTS: Final = 1
"""The place that changes when a token may stand for something else."""

_FIRST_CONFERENCE: Final = 2
_CONFERENCE_PLACES: Final = 1 << 16
_NUMBER_BYTES: Final = 8


def place_of(conference_uuid: str) -> int:
    """The place that changes with a conference. Others may share it, and then change with it."""
    return _FIRST_CONFERENCE + crc32(conference_uuid.encode()) % _CONFERENCE_PLACES


class Generations:
    """The numbers of one store: half a megabyte in a file beside it.

    A change writes a random number, and does not count up: of two processes that
    count up at once, one may undo what the other did; a number that was never there
    before can't be mistaken for what anybody remembers. A number is written and
    read by one instruction of the machine, so nobody sees half of one.

    A process that dies after its commit and before it has told of it has
    acknowledged nothing. Whoever opens the store next, and not only to look at it, tells
    that everything may have changed.

    Args:
        store: the file of the store, by the one name that all processes know it by.

    Raises:
        OSError: it can't be made, or mapped.
    """

    def __init__(self, store: Path) -> None:
        path = store.with_name(f"{store.name}-generations")
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            size = (_FIRST_CONFERENCE + _CONFERENCE_PLACES) * _NUMBER_BYTES
            # All of it is there from now on: a full disk must not be found out by a write
            # to the memory, which would end the process.
            os.posix_fallocate(file, 0, size)
            self._map = mmap.mmap(file, size)
        finally:
            os.close(file)
        self._numbers = memoryview(self._map).cast("Q")

    def of(self, place: int) -> int:
        """The generation of a place, which is another after the place or everything changed."""
        # Both are random, so that their combination does not repeat itself either.
        return self._numbers[EVERYTHING] ^ self._numbers[place]

    def change(self, places: Iterable[int]) -> None:
        """Tell all processes that these have changed."""
        for place in places:
            self._numbers[place] = secrets.randbits(64)

    def close(self) -> None:
        """Let go of the file."""
        self._numbers.release()
        self._map.close()
