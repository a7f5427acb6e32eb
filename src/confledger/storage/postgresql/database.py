"""One PostgreSQL database: connections for reads by key, for searches and for writes."""

import asyncio
import functools
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, TypeVar, cast

import asyncpg

from confledger.errors import InvalidRecord, StoreBusy, StoreUnusable
from confledger.storage.migrations import load_migrations
from confledger.storage.postgresql.address import address_of, not_well_formed
from confledger.storage.postgresql.connections import (
    CONNECT_SECONDS_MAX,
    Connection,
    Connections,
    errors_translated,
)
from confledger.storage.queries import load_queries
from confledger.storage.rows import Bindings, Row

MIGRATIONS: Final = load_migrations(files("confledger.storage.postgresql") / "migrations")
"""Of which the newest is the version of `schema.sql`."""

_LOCK: Final = 0x636F_6E66
"""Under which a schema is made: the letters `conf`."""

_READERS: Final = 3
_READS_WAITING_MAX: Final = 256
_READ_SECONDS_MAX: Final = 5.0

_SEARCHERS: Final = 2
_SEARCHES_WAITING_MAX: Final = 64
_SEARCH_SECONDS_MAX: Final = 5.0
"""How long a search may take, its waiting included."""

_WRITERS: Final = 3
_WRITES_WAITING_MAX: Final = 256
_WRITE_WAIT_SECONDS_MAX: Final = 5.0
"""How long a write may wait before it begins, and in it for a lock."""
_WRITE_SECONDS_MAX: Final = 30.0
"""How long one statement of a write may take."""

_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_READ_ONE_MOMENT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_BEGIN_SECONDS_MAX: Final = 5.0

_GRACE_SECONDS: Final = 2.0
"""How much longer than the server we wait for it to give up."""

_OF_CITUS: Final = {
    # Else the driver's look-up of a type takes a second on a node with many shards.
    "citus.override_table_visibility": "off",
    # One connection to each worker, and not one for each shard that a search looks into.
    "citus.max_adaptive_executor_pool_size": "1",
    # So that who has read many shards may write a table that is whole on every node.
    "citus.multi_shard_modify_mode": "sequential",
}
"""A server without Citus takes these as names that mean nothing to it."""

_STATEMENTS_HELD: Final = 256
"""How many prepared statements a connection holds: all of ours, with every number of rows."""

_ROWS_OF_VALUES_MAX: Final = 50
"""Up to so many rows are one INSERT; more are quicker by COPY."""

_ROWS_OF_COPY_MAX: Final = 10_000
"""So many rows one COPY takes well within its time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with `$1`, `$2`, ..., and the names of what goes there."""

    text: str
    names: tuple[str, ...]

    def arguments(self, bindings: Bindings) -> list[Any]:
        """What a mapping has for the names."""
        return [bindings[name] for name in self.names]


def _numbered(statement: str) -> Query:
    lines = [line for line in statement.splitlines() if not line.startswith("--")]
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    # Two colons are a cast.
    text = re.sub(r"(?<!:):([a-z]\w*)", number, "\n".join(lines))
    return Query(text, tuple(names))


def numbered_queries(file: str) -> dict[str, Query]:
    """The statements of a file of this package, by name."""
    statements = load_queries("confledger.storage.postgresql", file)
    return {name: _numbered(statement) for name, statement in statements.items()}


QUERIES: Final = numbered_queries("queries.sql")


@dataclass(frozen=True, slots=True)
class Session:
    """What a piece of work reads and writes with, all of it in one transaction."""

    connection: Connection

    async def rows(self, query: str, bindings: Bindings) -> list[Row]:
        """All rows of a named query."""
        return await _rows(self.connection, query, bindings)

    async def run_many(self, query: str, bindings: Iterable[Bindings]) -> None:
        """Run a named query once for each of some bindings."""
        statement = QUERIES[query]
        rows = [statement.arguments(each) for each in bindings]
        if rows:
            await self.connection.executemany(statement.text, rows)

    async def add_rows(self, query: str, rows: Sequence[Row]) -> None:
        """Add rows to the table and columns that a named query tells.

        A few are one INSERT, many one COPY.
        """
        if len(rows) <= _ROWS_OF_VALUES_MAX:
            cells = [cell for row in rows for cell in row]
            await self.connection.execute(_insertion(query, len(rows), len(rows[0])), *cells)
            return
        table, columns = _table_and_columns(query)
        for first in range(0, len(rows), _ROWS_OF_COPY_MAX):
            chunk = rows[first : first + _ROWS_OF_COPY_MAX]
            await self.connection.copy_records_to_table(table, records=chunk, columns=columns)


@functools.cache
def _insertion(query: str, rows: int, columns: int) -> str:
    places = (f"${number}" for number in range(1, rows * columns + 1))
    values = ", ".join(f"({', '.join(row)})" for row in zip(*[places] * columns, strict=True))
    return f"{QUERIES[query].text} {values}"


@functools.cache
def _table_and_columns(query: str) -> tuple[str, list[str]]:
    match = re.fullmatch(r"INSERT INTO (\w+) \(([^)]*)\) VALUES", QUERIES[query].text)
    if match is None:
        raise ValueError(f"{query} does not end where its rows begin")
    return match[1], re.findall(r"\w+", match[2])


async def _rows(connection: Connection, query: str, bindings: Bindings) -> list[Row]:
    statement = QUERIES[query]
    # A driver's record is a sequence in all but its declared type.
    return cast("list[Row]", await connection.fetch(statement.text, *statement.arguments(bindings)))


@asynccontextmanager
async def _transaction(connection: Connection, begin: str) -> AsyncIterator[None]:
    # A server that does not even answer this is not given the time of a long statement.
    await connection.execute(begin, timeout=_BEGIN_SECONDS_MAX)
    try:
        yield
    except TimeoutError:
        raise  # a server that says nothing is not asked to roll back; the connection is closed
    except Exception:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")


class Database:
    """Reads, searches and writes, each over connections of their own.

    So neither a long search nor a write that waits for a lock keeps a read by key
    waiting. Nothing takes longer than a fixed time, whatever the server does: the
    server ends a statement after its time, and if it says nothing at all, we do.
    """

    def __init__(self, url: str, address: str) -> None:
        self._url = url
        self.address = address
        """Where it is, without a password."""
        self.account_changes = 0
        """How often this process has changed what a token stands for."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._readers = Connections(
            functools.partial(self._connect, _READ_SECONDS_MAX),
            address,
            size=_READERS,
            waiting_max=_READS_WAITING_MAX,
            wait_seconds_max=_READ_SECONDS_MAX,
        )
        self._searchers = Connections(
            functools.partial(self._connect, _SEARCH_SECONDS_MAX),
            address,
            size=_SEARCHERS,
            waiting_max=_SEARCHES_WAITING_MAX,
            wait_seconds_max=_SEARCH_SECONDS_MAX,
        )
        self._writers = Connections(
            functools.partial(self._connect, _WRITE_SECONDS_MAX),
            address,
            size=_WRITERS,
            waiting_max=_WRITES_WAITING_MAX,
            wait_seconds_max=_WRITE_WAIT_SECONDS_MAX,
        )

    async def read(self, query: str, bindings: Bindings) -> list[Row]:
        """All rows of a named query that finds them by a key.

        Where a text of the bindings has U+0000, there is none: PostgreSQL keeps no such text.
        """
        try:
            async with self._readers.lease() as connection:
                return await _rows(connection, query, bindings)
        except InvalidRecord:
            return []

    async def search(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Do some reading that may take a while; all that it reads is of one moment.

        Raises:
            StoreBusy: it took too long, or too many searches wait already.
        """
        try:
            async with (
                asyncio.timeout(_SEARCH_SECONDS_MAX),
                self._searchers.lease() as connection,
                _transaction(connection, _READ_ONE_MOMENT),
            ):
                return await work(Session(connection))
        except TimeoutError as error:
            raise StoreBusy(
                f"a search of the store {self.address} took more than"
                f" {_SEARCH_SECONDS_MAX:g} seconds"
            ) from error

    async def write(
        self, work: Callable[[Session], Awaitable[T]], *, changes_accounts: bool = False
    ) -> T:
        """Do some work in one durable transaction, which an exception rolls back.

        Args:
            work: reads and writes.
            changes_accounts: whether a token may stand for something else afterwards.

        Raises:
            StoreBusy: too many writes wait already, or a lock was not to be had.
            StoreUnusable: the disk is full, the server damaged, ...
            InvalidRecord: a text is one that PostgreSQL can't keep.
        """
        # A caller who goes away must not leave the outcome of work unknown.
        task = asyncio.ensure_future(self._transact(work, changes_accounts=changes_accounts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _transact(
        self, work: Callable[[Session], Awaitable[T]], *, changes_accounts: bool
    ) -> T:
        try:
            async with self._writers.lease() as connection, _transaction(connection, _WRITE):
                return await work(Session(connection))
        finally:
            # A transaction that seems to have failed may have been committed all the same.
            self.account_changes += changes_accounts

    async def _connect(self, seconds_max: float) -> Connection:
        """Open a connection whose statements take no longer than so."""
        milliseconds = str(int(seconds_max * 1000))
        with errors_translated(self.address):
            try:
                return await asyncpg.connect(
                    self._url,
                    timeout=CONNECT_SECONDS_MAX,
                    command_timeout=seconds_max + _GRACE_SECONDS,
                    statement_cache_size=_STATEMENTS_HELD,
                    max_cached_statement_lifetime=0,
                    server_settings={
                        "application_name": "confledger",
                        "client_min_messages": "error",
                        "idle_in_transaction_session_timeout": milliseconds,
                        "jit": "off",
                        "lock_timeout": str(int(_WRITE_WAIT_SECONDS_MAX * 1000)),
                        "statement_timeout": milliseconds,
                        "synchronous_commit": "on",
                        **_OF_CITUS,
                    },
                )
            except ssl.SSLError:
                raise  # some of them are a ValueError, too
            except ValueError:
                # The driver's sentence may repeat a part of the URL.
                raise not_well_formed() from None

    async def prepare(self, *, make: bool) -> None:
        """See to it that the schema is there, and ours.

        Raises:
            StoreUnusable: it is another, or none and none is to be made.
        """

        async def work(session: Session) -> None:
            # Two processes that open a new store at once make one schema.
            await session.connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            if not await is_made(session.connection, self.address):
                if not make:
                    raise no_store(self.address)
                await self._make_schema(session.connection)
            version = await read_version(session.connection, self.address)
            MIGRATIONS.require_newest(self.address, version)

        await self.write(work)

    async def require_schema(self) -> None:
        """See to it that the schema is there, and ours, where nothing can be written.

        Raises:
            StoreUnusable: there is none, or another.
        """

        async def work(session: Session) -> object:
            if not await session.connection.fetchval("SELECT to_regclass('store_info')"):
                return "none"
            return await session.connection.fetchval(
                "SELECT value FROM store_info WHERE name = 'schema_version'"
            )

        version = await self.search(work)
        if version != str(MIGRATIONS.newest):
            raise StoreUnusable(
                f"the replica {self.address} (--store-read) has the schema version {version}, and"
                f" this confledger works with version {MIGRATIONS.newest}; it has to be a copy of"
                " the store that --store names"
            )

    async def _make_schema(self, connection: Connection) -> None:
        await connection.execute((files(__package__) / "schema.sql").read_text("utf-8"))
        await connection.execute(
            "INSERT INTO store_info (name, value) VALUES ('schema_version', $1)",
            str(MIGRATIONS.newest),
        )

    async def close(self) -> None:
        """Finish what is being written, and close every connection."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connections in (self._readers, self._searchers, self._writers):
            await connections.close()


async def is_made(connection: Connection, address: str) -> bool:
    """Whether a database is a store already, of whichever version, or empty.

    Raises:
        StoreUnusable: it is neither.
    """
    if await connection.fetchval("SELECT to_regclass('store_info')"):
        return True
    if await connection.fetchval(
        # What belongs to an extension is no program's: Citus has a view there.
        "SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass"
        " AND objid = pg_class.oid AND deptype = 'e') LIMIT 1"
    ):
        raise _of_another_program(address)
    return False


async def read_version(connection: Connection, address: str) -> int:
    """The version of a store.

    Raises:
        StoreUnusable: it tells none, so it is none of ours.
    """
    statement = "SELECT value FROM store_info WHERE name = 'schema_version'"
    try:
        return int(await connection.fetchval(statement))
    except (asyncpg.UndefinedColumnError, TypeError, ValueError) as error:
        raise _of_another_program(address) from error


def no_store(address: str) -> StoreUnusable:
    """The error of whoever looks for a store where there is none."""
    return StoreUnusable(
        f"there is no store in {address}; `confledger import` or `serve` makes one"
    )


def _of_another_program(address: str) -> StoreUnusable:
    return StoreUnusable(f"the database {address} is another program's")


async def open_database(url: str, *, make: bool = True) -> Database:
    """Open the database of a URL.

    Args:
        url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, as libpq reads it.
        make: whether the schema of an empty database is made.

    Raises:
        SettingError: the URL is not well-formed.
        StoreUnusable: the database can't be reached, or holds something else.
    """
    database = Database(url, address_of(url))
    await _close_unless(database, database.prepare(make=make))
    return database


async def open_replica(url: str) -> Database:
    """Open a database that is only read: a copy of a store, which may be late.

    Raises:
        SettingError: the URL is not well-formed.
        StoreUnusable: the database can't be reached, or holds no store of this version.
    """
    database = Database(url, address_of(url))
    await _close_unless(database, database.require_schema())
    return database


async def _close_unless(database: Database, is_ours: Awaitable[None]) -> None:
    try:
        await is_ours
    except BaseException as error:
        await database.close()
        if isinstance(error, StoreBusy):
            # Whoever starts something is told that they have to look after it.
            raise StoreUnusable(str(error)) from error
        raise
