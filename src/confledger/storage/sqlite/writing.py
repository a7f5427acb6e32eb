"""The one writer of a process: writes that wait while one commits are committed together."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import apsw

from confledger.errors import StoreBusy
from confledger.storage.sqlite.errors import translated
from confledger.storage.sqlite.generations import Generations

_TOGETHER_MAX: Final = 64
"""How many writes one transaction has at most."""
_TOGETHER_SECONDS_MAX: Final = 0.05
"""A transaction that has taken longer gets no further write: those in it want to be told."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Write:
    """A piece of work, and what became of it."""

    work: Callable[[apsw.Connection], Any]
    changes: Collection[int]
    give_up: float
    """When it is no longer worth beginning, by the monotonic clock."""
    caller: asyncio.Future[Any]
    has_begun: bool = False
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Does pieces of work on a thread of its own, as many in a transaction as wait.

    Each is whole or not at all: one that raises is rolled back alone, and those beside
    it stand. Each caller is told after the commit; if that fails, all are told so.

    Args:
        connection: to write with; nobody else uses it.
        generations: what changes with each commit.
        path: the file, to name it in errors.
        waiting_max: how many writes may wait.
    """

    def __init__(
        self, connection: apsw.Connection, generations: Generations, path: Path, waiting_max: int
    ) -> None:
        self._connection = connection
        self._generations = generations
        self._path = path
        self._places = threading.BoundedSemaphore(waiting_max)
        self._lock = threading.Lock()
        self._waiting: deque[_Write] = deque()
        self._runs = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")

    async def write(
        self, work: Callable[[apsw.Connection], T], changes: Collection[int], seconds_max: float
    ) -> T:
        """Do some work durably; see `Database.write`.

        A caller who goes away does not undo it.
        """
        if not self._places.acquire(blocking=False):
            raise StoreBusy(f"too much waits for the store {self._path} already")
        caller = asyncio.get_running_loop().create_future()
        try:
            with self._lock:
                if not self._runs:
                    self._thread.submit(self._run)
                    self._runs = True
                self._waiting.append(_Write(work, changes, time.monotonic() + seconds_max, caller))
        except BaseException:
            self._places.release()
            raise
        return cast("T", await caller)

    def close(self) -> None:
        """Finish the transaction that runs, and let those who wait go away."""
        with self._lock:
            left = list(self._waiting)
            self._waiting.clear()
        for write in left:
            write.error = asyncio.CancelledError()
        self._tell(left)
        self._thread.shutdown()
        self._connection.close()

    def _run(self) -> None:
        while (first := self._next(or_stop=True)) is not None:
            self._transact(first)

    def _next(self, *, or_stop: bool = False) -> _Write | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if or_stop:
                self._runs = False
            return None

    def _transact(self, first: _Write) -> None:
        together: list[_Write] = []
        try:
            self._do_together(first, together)
        except BaseException as error:  # noqa: BLE001 - the callers are told
            # What a write was refused for may be what another one had done, which is undone.
            for write in together:
                if write.has_begun:
                    write.error = translated(error, self._path)
        finally:
            try:
                # After the commit, and before anybody is told of it. A transaction that
                # seems to have failed may have been committed all the same.
                for write in together:
                    self._generations.change(write.changes)
            finally:
                self._tell(together)

    def _do_together(self, first: _Write, together: list[_Write]) -> None:
        """Do a write and those that wait behind it; an error that is raised is that of all."""
        together.append(first)
        if not self._may_begin(first):
            return
        connection = self._connection
        # IMMEDIATE takes the write lock now: a transaction that has read first and
        # then finds another writer in its way could not wait for it.
        connection.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        try:
            # The first needs no savepoint, which would cost it a copy of each page that it
            # changes: where it fails, there is nothing else yet to be kept.
            first.result = first.work(connection)
            while len(together) < _TOGETHER_MAX:
                if time.monotonic() - began > _TOGETHER_SECONDS_MAX:
                    break
                write = self._next()
                if write is None:
                    break
                together.append(write)
                if self._may_begin(write):
                    self._do_alone(write)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _may_begin(self, write: _Write) -> bool:
        seconds_left = write.give_up - time.monotonic()
        if seconds_left <= 0:
            write.error = StoreBusy(f"the store {self._path} is busy")
            return False
        self._connection.set_busy_timeout(int(seconds_left * 1000) + 1)
        write.has_begun = True
        return True

    def _do_alone(self, write: _Write) -> None:
        """Do a write so that its error leaves the others as they are."""
        connection = self._connection
        connection.execute("SAVEPOINT alone")
        try:
            write.result = write.work(connection)
        except BaseException as error:
            # Some errors, such as of a full disk, have ended the whole transaction.
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO alone")
            write.error = translated(error, self._path)
        connection.execute("RELEASE alone")

    def _tell(self, together: list[_Write]) -> None:
        """Tell the callers, in the order of their writes, each on the loop where it waits."""
        by_loop: dict[asyncio.AbstractEventLoop, list[_Write]] = {}
        for write in together:
            by_loop.setdefault(write.caller.get_loop(), []).append(write)
        for loop, writes in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle, writes, self._places)
            except RuntimeError:  # the loop is closed, and nobody waits
                self._places.release(len(writes))


def _settle(writes: list[_Write], places: threading.BoundedSemaphore) -> None:
    places.release(len(writes))
    for write in writes:
        if write.caller.done():
            continue
        if isinstance(write.error, asyncio.CancelledError):
            write.caller.cancel()
        elif write.error is not None:
            write.caller.set_exception(write.error)
        else:
            write.caller.set_result(write.result)
