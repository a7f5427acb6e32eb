"""One SQLite file: a connection to read with, and another for the one writer."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from confledger.errors import StoreBusy, StoreUnusable
from confledger.storage.queries import load_queries

QUERIES: Final = load_queries("confledger.storage.sqlite")

SCHEMA_VERSION: Final = 5

_APPLICATION_ID: Final = 0x636F_6E66
"""Marks a file as ours: the letters `conf`."""

_WRITES_WAITING_MAX: Final = 256
_WRITE_SECONDS_MAX: Final = 5.0
"""How long a write may wait before it begins: for those before it, and for other processes."""

Bindings = Mapping[str, Any] | Sequence[Any]
Row = tuple[Any, ...]
T = TypeVar("T")


class Database:
    """Reads at once, on the caller's thread; writes one after the other, on a thread of its own.

    A read that finds its rows by a key takes microseconds, less than handing it to
    another thread would. Several processes may have the same file open: SQLite's
    write-ahead log lets all of them read while one writes, and a writer waits for
    the others, of this process or another, for up to five seconds.

    Args:
        path: the file.
        make: whether a file that is missing is made, with its schema.

    Raises:
        StoreUnusable: the file is not a store of this version, or can't be opened.
    """

    def __init__(self, path: Path, *, make: bool = True) -> None:
        self._writes_waiting = threading.BoundedSemaphore(_WRITES_WAITING_MAX)
        with _errors_translated(path):
            if not make and not path.exists():
                raise StoreUnusable(
                    f"there is no store {path}; `confledger import` or `serve` makes one"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            # Who did what in a meeting is nobody's to read but its owner's.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._writer = _connect(path)
            _prepare_schema(self._writer, path)
            self._reader = _connect(path)
            self._reader.pragma("query_only", True)  # noqa: FBT003 - the pragma's value
        self._path = path
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-writer")

    def read(self, query: str, bindings: Bindings) -> list[Row]:
        """All rows of a named query, on this thread."""
        with _errors_translated(self._path):
            return self._reader.execute(QUERIES[query], bindings).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several reads see one moment. Nothing may be awaited within."""
        with _errors_translated(self._path):
            self._reader.execute("BEGIN")
            try:
                yield
            finally:
                self._reader.execute("COMMIT")

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do some work in one durable transaction, which an exception rolls back.

        Raises:
            StoreBusy: too many writes wait already, or another process held the lock too long.
            StoreUnusable: the disk is full, the file damaged, ...
        """
        if not self._writes_waiting.acquire(blocking=False):
            raise StoreBusy(f"{_WRITES_WAITING_MAX} writes are waiting already")
        give_up = time.monotonic() + _WRITE_SECONDS_MAX
        try:
            running = asyncio.get_running_loop().run_in_executor(
                self._writing, self._transact, work, give_up
            )
        except BaseException:
            self._writes_waiting.release()
            raise
        running.add_done_callback(lambda _: self._writes_waiting.release())
        # A caller who goes away must not free the place of a write that still runs.
        return await asyncio.shield(running)

    def _transact(self, work: Callable[[apsw.Connection], T], give_up: float) -> T:
        seconds_left = give_up - time.monotonic()
        if seconds_left <= 0:
            raise StoreBusy(f"the store {self._path} is busy")
        with _errors_translated(self._path):
            self._writer.set_busy_timeout(int(seconds_left * 1000) + 1)
            with _transaction(self._writer):
                return work(self._writer)

    def close(self) -> None:
        """Finish the write that runs, and close the file."""
        self._writing.shutdown(cancel_futures=True)
        self._reader.close()
        self._writer.close()


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(int(_WRITE_SECONDS_MAX * 1000))
    # Before anything is set: some settings change the file.
    if not (_is_ours(connection) or _is_empty(connection)):
        raise StoreUnusable(f"{path} is an SQLite file of another program")
    if connection.pragma("journal_mode", "wal") != "wal":
        raise StoreUnusable(f"the file system of {path} can't hold SQLite's write-ahead log")
    # FULL: with the write-ahead log, anything less may lose the last commits when
    # the power fails, and a record that was acknowledged is never lost.
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", True)  # noqa: FBT003 - the pragma's value
    return connection


def _prepare_schema(connection: apsw.Connection, path: Path) -> None:
    """Make the tables of a new file; of an old one, check the version."""
    if not _is_ours(connection):
        with _transaction(connection):
            # Looked at again under the lock: another process may have been faster.
            if _is_empty(connection):
                connection.execute((files(__package__) / "schema.sql").read_text("utf-8"))
                connection.pragma("application_id", _APPLICATION_ID)
                connection.pragma("user_version", SCHEMA_VERSION)
    version = connection.pragma("user_version")
    if version != SCHEMA_VERSION:
        raise StoreUnusable(
            f"the store {path} has the schema version {version},"
            f" and this confledger works with version {SCHEMA_VERSION}"
        )


def _is_ours(connection: apsw.Connection) -> bool:
    return bool(connection.pragma("application_id") == _APPLICATION_ID)


def _is_empty(connection: apsw.Connection) -> bool:
    return not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
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


@contextmanager
def _errors_translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours, with the cause kept."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreBusy(f"the store {path} is busy") from error
    except (
        apsw.CantOpenError,
        apsw.CorruptError,
        apsw.FullError,
        apsw.InterruptError,
        apsw.IOError,
        apsw.NoMemError,
        apsw.NotADBError,
        apsw.PermissionsError,
        apsw.ProtocolError,
        apsw.ReadOnlyError,
        OSError,
    ) as error:
        raise StoreUnusable(f"the store {path} can't be used: {error}") from error
