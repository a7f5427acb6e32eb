"""One SQLite file: a connection to read with, and another for the one writer."""

import asyncio
import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from confledger.errors import StoreBusy, StoreUnusable
from confledger.storage.migrations import load_migrations
from confledger.storage.queries import load_queries
from confledger.storage.sqlite.errors import errors_translated, translated
from confledger.storage.sqlite.generations import EVERYTHING, Generations
from confledger.storage.sqlite.manners import Manners
from confledger.storage.sqlite.writing import Writer

QUERIES: Final = load_queries("confledger.storage.sqlite")

MIGRATIONS: Final = load_migrations(files("confledger.storage.sqlite") / "migrations")
"""Of which the newest is the version of `schema.sql`."""

_APPLICATION_ID: Final = 0x636F_6E66
"""Marks a file as ours: the letters `conf`."""

_SEARCHERS: Final = 2
_SEARCHES_WAITING_MAX: Final = 64
_SEARCH_SECONDS_MAX: Final = 5.0
"""How long a search may take, its waiting included."""
_SEARCH_STEPS: Final = 20_000
"""How often a search looks at the clock: every so many steps of SQLite's machine."""

_WRITES_WAITING_MAX: Final = 256
_WRITE_SECONDS_MAX: Final = 5.0
"""How long a write may wait before it begins: for those before it, and for other processes."""

Bindings = Mapping[str, Any] | Sequence[Any]
Row = tuple[Any, ...]
Read = Callable[[str, Bindings], list[Row]]
"""Reads all rows of a named query."""
T = TypeVar("T")


class Database:
    """Reads by key on the caller's thread, searches on two others, writes on one.

    A read that finds its rows by a key takes microseconds, less than handing it to
    another thread would. A search may take as long as the store is large, so it must
    not keep the caller's thread from other requests, and has a time limit. Several
    processes may have the same file open: SQLite's write-ahead log lets all of them
    read while one writes, and a writer waits for the others, of this process or
    another, for up to five seconds.

    Args:
        path: the file.
        make: whether a file that is missing is made, with its schema. Who serves a store or fills
            it does so, and then tells all others to look anew. Who only looks at one does not, nor
            who adds what no kept answer depends on.

    Raises:
        StoreUnusable: the file is not a store of this version, or can't be opened.
    """

    def __init__(self, path: Path, *, make: bool = True) -> None:
        with errors_translated(path):
            if not make and not path.exists():
                raise no_store(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            # Who did what in a meeting is nobody's to read but its owner's.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            writer = connect(path)
            # What a savepoint needs to be undone is then in memory, and not in a file.
            writer.pragma("temp_store", "memory")
            _prepare_schema(writer, path)
            self._reader = _connect_to_read(path)
            self._searchers: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
            for _ in range(_SEARCHERS):
                self._searchers.put(_connect_to_read(path))
            self.generations = Generations(path.resolve())
            """What changes with each commit of any process."""
            if make:
                self.generations.change([EVERYTHING])
        self.manners = Manners()
        """What this process knows of what records have in common."""
        self.path = path
        """The file."""
        self._searches_waiting = threading.BoundedSemaphore(_SEARCHES_WAITING_MAX)
        self._searching = ThreadPoolExecutor(
            max_workers=_SEARCHERS, thread_name_prefix="sqlite-search"
        )
        self._writer = Writer(writer, self.generations, path, _WRITES_WAITING_MAX)

    def read(self, query: str, bindings: Bindings) -> list[Row]:
        """All rows of a named query, on this thread."""
        return self.select(QUERIES[query], bindings)

    def select(self, statement: str, bindings: Bindings) -> list[Row]:
        """All rows of a statement, on this thread."""
        try:
            return self._reader.execute(statement, bindings).fetchall()
        except (apsw.Error, OSError) as error:
            ours = translated(error, self.path)
            if ours is error:
                raise
            raise ours from error

    async def search(self, work: Callable[[Read], T]) -> T:
        """Do some reading that may take a while; all that it reads is of one moment.

        Args:
            work: is given what reads the rows of a named query, on the thread that it runs on.

        Raises:
            StoreBusy: it took too long, or too many searches wait already.
        """
        if not self._searches_waiting.acquire(blocking=False):
            raise StoreBusy(f"too much waits for the store {self.path} already")
        give_up = time.monotonic() + _SEARCH_SECONDS_MAX
        try:
            running = asyncio.get_running_loop().run_in_executor(
                self._searching, self._search, work, give_up
            )
        except BaseException:
            self._searches_waiting.release()
            raise
        running.add_done_callback(lambda _: self._searches_waiting.release())
        # A caller who goes away must not free the place of work that still runs.
        return await asyncio.shield(running)

    async def write(self, work: Callable[[apsw.Connection], T], changes: Collection[int]) -> T:
        """Do some work durably, whole or not at all; an exception undoes it.

        It may share its transaction with other writes that wait.

        Args:
            work: is given the connection, on the thread of the writer.
            changes: the places of `Generations` whose answers it may change.

        Raises:
            StoreBusy: too many writes wait already, or another process held the lock too long.
            StoreUnusable: the disk is full, the file damaged, ...
        """
        return await self._writer.write(work, changes, _WRITE_SECONDS_MAX)

    def _search(self, work: Callable[[Read], T], give_up: float) -> T:
        connection = self._searchers.get()

        def read(query: str, bindings: Bindings) -> list[Row]:
            return connection.execute(QUERIES[query], bindings).fetchall()

        def is_over() -> bool:
            return time.monotonic() > give_up

        try:
            if is_over():
                raise StoreBusy(f"the store {self.path} is busy")
            with errors_translated(self.path):
                connection.set_progress_handler(is_over, _SEARCH_STEPS)
                connection.execute("BEGIN")
                try:
                    return work(read)
                except apsw.InterruptError as error:
                    raise StoreBusy(
                        f"a search of the store {self.path} took more than"
                        f" {_SEARCH_SECONDS_MAX:g} seconds"
                    ) from error
                finally:
                    connection.set_progress_handler(None)
                    connection.execute("COMMIT")
        finally:
            self._searchers.put(connection)

    def close(self) -> None:
        """Finish the write and the searches that run, and close the file."""
        self._writer.close()
        self._searching.shutdown(cancel_futures=True)
        for _ in range(_SEARCHERS):
            self._searchers.get().close()
        self._reader.close()
        self.generations.close()


def address_of(path: Path) -> str:
    """A file as it is shown: as the URL of a store."""
    return f"sqlite:///{path.absolute()}"


def no_store(path: Path) -> StoreUnusable:
    """The error of whoever looks for a store where there is none."""
    return StoreUnusable(f"there is no store {path}; `confledger import` or `serve` makes one")


def connect(path: Path) -> apsw.Connection:
    """Open a file, which is made if it is not there.

    Raises:
        StoreUnusable: it is another program's.
    """
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(int(_WRITE_SECONDS_MAX * 1000))
    # Before anything is set: some settings change the file. In this order: another process
    # may just be making the store, which marks it as ours before anything is in it.
    if not (_is_empty(connection) or is_ours(connection)):
        raise StoreUnusable(f"{path} is an SQLite file of another program")
    if connection.pragma("journal_mode", "wal") != "wal":
        raise StoreUnusable(f"the file system of {path} can't hold SQLite's write-ahead log")
    # FULL: with the write-ahead log, anything less may lose the last commits when
    # the power fails, and a record that was acknowledged is never lost.
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", True)  # noqa: FBT003 - the pragma's value
    # Without this a statement that seeks by a bound value may be planned anew each time, for
    # the value might matter; here it never does, and planning takes as long as a page.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def _connect_to_read(path: Path) -> apsw.Connection:
    connection = connect(path)
    connection.pragma("query_only", True)  # noqa: FBT003 - the pragma's value
    return connection


def _prepare_schema(connection: apsw.Connection, path: Path) -> None:
    """Make the tables of a new file; of an old one, check the version."""
    if not is_ours(connection):
        with transaction(connection):
            # Looked at again under the lock: another process may have been faster.
            if _is_empty(connection):
                connection.execute((files(__package__) / "schema.sql").read_text("utf-8"))
                connection.pragma("application_id", _APPLICATION_ID)
                connection.pragma("user_version", MIGRATIONS.newest)
    MIGRATIONS.require_newest(str(path), connection.pragma("user_version"))


def is_ours(connection: apsw.Connection) -> bool:
    """Whether a file is a store already, of whichever version."""
    return bool(connection.pragma("application_id") == _APPLICATION_ID)


def _is_empty(connection: apsw.Connection) -> bool:
    return not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """A transaction that writes, and is rolled back by an exception."""
    # IMMEDIATE takes the write lock now: a transaction that has read first and
    # then finds another writer in its way could not wait for it.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
