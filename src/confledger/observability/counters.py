"""What a service counts, in memory that all of its processes share."""

import fcntl
import mmap
import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, count
from pathlib import Path
from typing import Final

BUCKETS_SECONDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""Up to how long the requests of a bucket took; a last bucket has those that took longer."""

_STATUSES: Final = 600

# Where in a row each number is. A status is a place, so that counting one costs nothing.
_REQUESTS: Final = 0
_REFUSED: Final = _REQUESTS + _STATUSES
_BUCKETS: Final = _REFUSED + _STATUSES
_NANOSECONDS: Final = _BUCKETS + len(BUCKETS_SECONDS) + 1
PAGE_CACHE_HITS: Final = _NANOSECONDS + 1
PAGE_CACHE_MISSES: Final = PAGE_CACHE_HITS + 1
RECORDS_ACCEPTED: Final = PAGE_CACHE_MISSES + 1
RECORDS_DUPLICATE: Final = RECORDS_ACCEPTED + 1
_PROCESS_ID: Final = RECORDS_DUPLICATE + 1

_ROW_BYTES: Final = (_PROCESS_ID + 1) * 8


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted by all processes of a service, those that have ended included."""

    numbers: list[int]
    """By `PAGE_CACHE_HITS` and the others."""
    process_ids: list[int]
    """Of the processes that run."""

    def requests(self) -> dict[int, int]:
        """How many were answered, by status; 0 where there was no answer."""
        return self._by_status(_REQUESTS)

    def refused(self) -> dict[int, int]:
        """How many times bytes were refused that were no request of ours, by status."""
        return self._by_status(_REFUSED)

    def buckets(self) -> list[int]:
        """How many requests took at most so many seconds, by `BUCKETS_SECONDS`; at last, all."""
        return list(accumulate(self.numbers[_BUCKETS:_NANOSECONDS]))

    def seconds(self) -> float:
        """How long all requests took together."""
        return self.numbers[_NANOSECONDS] / 1e9

    def _by_status(self, first: int) -> dict[int, int]:
        numbers = enumerate(self.numbers[first : first + _STATUSES])
        return {status: number for status, number in numbers if number}


class Counters:
    """Counts in this process alone, until it is told where the others count.

    Each process has a row of its own, a file, which it locks for as long as it lives. So
    nobody waits for anybody, and to count is to write memory. Whoever comes in place of a
    process that has ended finds its row free, and counts on from there.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._row = -1
        self._numbers = _private_row()

    def open(self, folder: Path) -> None:
        """Count in a folder from now on.

        Args:
            folder: where every process of the service counts.

        Raises:
            OSError: a row can't be made, or mapped.
        """
        self._row = _free_row(folder)
        self._numbers = memoryview(mmap.mmap(self._row, _ROW_BYTES)).cast("Q")
        self._numbers[_PROCESS_ID] = os.getpid()
        self._folder = folder

    def close(self) -> None:
        """Leave the row to another process, and count alone again."""
        if self._folder is not None:
            os.close(self._row)
            self._folder, self._numbers = None, _private_row()

    def add(self, place: int, number: int = 1) -> None:
        """Count something, by `PAGE_CACHE_HITS` and the others."""
        self._numbers[place] += number

    def add_request(self, status: int, seconds: float) -> None:
        """Count a request, by its status and by how long it took."""
        numbers = self._numbers
        numbers[status] += 1
        numbers[_BUCKETS + bisect_left(BUCKETS_SECONDS, seconds)] += 1
        numbers[_NANOSECONDS] += int(seconds * 1e9)

    def add_refused(self, status: int) -> None:
        """Count bytes that were no request of ours."""
        self._numbers[_REFUSED + status] += 1

    def read(self) -> Counts:
        """Sum up what all processes of the service have counted."""
        if self._folder is None:
            return Counts(self._numbers[:_PROCESS_ID].tolist(), [os.getpid()])
        totals, process_ids = [0] * _PROCESS_ID, []
        for path in _row_paths(self._folder):
            if not path.exists():
                break
            numbers, is_taken = _read_row(path)
            *counted, process_id = numbers
            totals = [total + number for total, number in zip(totals, counted, strict=True)]
            if is_taken and process_id:
                process_ids.append(process_id)
        return Counts(totals, process_ids)


def _private_row() -> "memoryview[int]":
    return memoryview(bytearray(_ROW_BYTES)).cast("Q")


def _row_paths(folder: Path) -> Iterator[Path]:
    return (folder / str(number) for number in count())


def _free_row(folder: Path) -> int:
    """The first row that nobody counts in, open and locked."""
    for path in _row_paths(folder):
        row = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if _lock(row, fcntl.LOCK_EX):
            if os.fstat(row).st_size < _ROW_BYTES:
                # Written, so that there is room for it: who writes to mapped memory for
                # which there is none on the disk is killed.
                os.pwrite(row, bytes(_ROW_BYTES), 0)
            return row
        os.close(row)
    raise AssertionError("rows do not end")


def _lock(row: int, kind: int) -> bool:
    """Lock a row, and tell whether that could be done. The system frees it with its process."""
    try:
        fcntl.flock(row, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_row(path: Path) -> tuple[list[int], bool]:
    """What a row has, and whether somebody counts in it."""
    row = os.open(path, os.O_RDWR)
    try:
        # Who wants to count just now passes this row by, and takes or makes another.
        is_taken = not _lock(row, fcntl.LOCK_SH)
        if os.fstat(row).st_size < _ROW_BYTES:  # it was made this moment
            return [0] * (_PROCESS_ID + 1), False
        # Mapped, and not read: so nobody sees half of a number.
        with (
            mmap.mmap(row, _ROW_BYTES) as mapped,
            memoryview(mapped) as plain,
            plain.cast("Q") as numbers,
        ):
            return numbers.tolist(), is_taken
    finally:
        os.close(row)


def resident_bytes(process_id: int) -> int:
    """How much memory a process has; 0 where it has ended, or the system does not tell so."""
    try:
        resident_pages = Path(f"/proc/{process_id}/statm").read_text("ascii").split()[1]
    except OSError:
        return 0
    return int(resident_pages) * mmap.PAGESIZE


counters: Final = Counters()
