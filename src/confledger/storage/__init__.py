"""Where things are kept; one folder for each engine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confledger.auth.accounts import AccountStore
from confledger.auth.tenants import TenantStore
from confledger.errors import SettingError
from confledger.ledger.archive import ArchiveStore
from confledger.ledger.conference import ConferenceStore
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.store import RecordStore
from confledger.storage import sqlite
from confledger.storage.copying import require_copied, require_whole
from confledger.storage.migrations import Migrated, StoreVersion, Tell
from confledger.storage.sqlite import migrating as sqlite_migrating
from confledger.storage.tables import Tables

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_FORMS: Final = (
    "the store (--store, CONFLEDGER_STORE) must be sqlite:///PATH, a file,"
    " or postgresql://USER@HOST/DATABASE"
)


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one URL, open and ready."""

    records: RecordStore
    conferences: ConferenceStore
    phrases: PhraseStore
    archive: ArchiveStore
    accounts: AccountStore
    tenants: TenantStore
    tables: Tables
    read_records: RecordStore
    """The same records, for answers that may be late: out of a replica, if there is one."""
    read_conferences: ConferenceStore
    """The same conferences, likewise."""
    read_at_once: bool
    """Whether it is a file of this machine: reads by a key need no other thread and no server, and
    a process has one writer."""
    _close: Callable[[], Awaitable[None]]

    async def close(self) -> None:
        """Finish what is being written, and close."""
        await self._close()


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///PATH` URL; four slashes make an absolute path.

    Raises:
        SettingError: it is another kind of URL.
    """
    # The URL itself is not repeated: another engine's may hold a password.
    path = url.removeprefix(_SQLITE)
    if path == url or not path or path == ":memory:":
        raise SettingError(_FORMS)
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise SettingError(f"{_FORMS}: {error}") from error


def check_url(url: str) -> None:
    """Check that a URL names an engine of ours.

    Raises:
        SettingError: it does not, or is not well-formed.
    """
    if url.startswith(_POSTGRESQL):
        from confledger.storage import postgresql  # noqa: PLC0415 - large, for these alone

        postgresql.address_of(url)
    else:
        sqlite_path(url)


def secret_key_path(url: str, data_folder: Path) -> Path:
    """Where the secret key of a store is, if no other place is set.

    Beside the store, if that is a file; else in the data folder.
    """
    if url.startswith(_POSTGRESQL):
        return data_folder / "confledger.key"
    path = sqlite_path(url)
    return path.with_name(path.name + ".key")


async def open_stores(url: str, *, make: bool = True, read_url: str = "") -> Stores:
    """Open the stores of a URL. Only here is an engine chosen.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`.
        make: whether a store that is not there is made.
        read_url: `postgresql://...` of a copy that may be late; empty: there is none.

    Raises:
        SettingError: a URL names no engine of ours, or the store is none that has copies.
        StoreUnusable: the store can't be opened, is of another version, or is not there,
            or is a copy that is not whole.
    """
    opened = await _open(url, make=make, read_url=read_url)
    try:
        await require_whole(opened.tables)
    except BaseException:
        await opened.close()
        raise
    return opened


@asynccontextmanager
async def open_tables(url: str, *, make: bool) -> AsyncIterator[Tables]:
    """Open the tables of a store, be it a copy that is not whole; as `open_stores`."""
    opened = await _open(url, make=make)
    try:
        yield opened.tables
    finally:
        await opened.close()


async def version_of(url: str) -> StoreVersion:
    """The version of a store, also of one that can't be opened for its version.

    Raises:
        SettingError: the URL names no engine of ours.
        StoreError: there is no store, or it can't be looked at.
    """
    if url.startswith(_POSTGRESQL):
        from confledger.storage.postgresql import migrating  # noqa: PLC0415 - likewise

        return await migrating.version_of(url)
    return sqlite_migrating.version_of(sqlite_path(url))


async def migrate_store(url: str, tell: Tell) -> Migrated:
    """Bring a store to this program's version, step by step; never back.

    Args:
        url: as of `open_stores`.
        tell: is told each step that is done, and what is waited for.

    Raises:
        SettingError: the URL names no engine of ours.
        StoreError: the store can't be brought there, or a step failed; the version of the
            store says which steps are done.
    """
    if url.startswith(_POSTGRESQL):
        from confledger.storage.postgresql import migrating  # noqa: PLC0415 - likewise

        return await migrating.migrate(url, tell)
    return sqlite_migrating.migrate(sqlite_path(url), tell)


async def distribute_store(url: str, shard_count: int, tell: Callable[[str], object]) -> int:
    """Distribute a store over the workers of a Citus cluster; an empty database becomes one.

    Returns:
        how many workers there are.

    Raises:
        SettingError: the store is not on PostgreSQL.
        StoreUnusable: it can't be opened, is a copy that is not whole, or can't be distributed.
    """
    check_url(url)
    if not url.startswith(_POSTGRESQL):
        raise SettingError(
            "only a store on PostgreSQL (--store, CONFLEDGER_STORE) with the extension Citus can be"
            " distributed; `confledger store copy` brings one of SQLite there"
        )
    from confledger.storage import postgresql  # noqa: PLC0415 - likewise

    # Before a store is made, which should not be in a place that can't be distributed.
    workers = await postgresql.require_workers(url)
    async with open_tables(url, make=True) as tables:
        await require_copied(tables)
    await postgresql.distribute(url, shard_count, tell)
    return workers


async def _open(url: str, *, make: bool, read_url: str = "") -> Stores:
    if read_url and not (url.startswith(_POSTGRESQL) and read_url.startswith(_POSTGRESQL)):
        raise SettingError(
            "a replica (--store-read, CONFLEDGER_STORE_READ) must be postgresql://USER@HOST/DATABASE,"
            " and so must the store (--store)"
        )
    if url.startswith(_POSTGRESQL):
        from confledger.storage import postgresql  # noqa: PLC0415 - likewise

        shared = await postgresql.open_database(url, make=make)
        try:
            replica = await postgresql.open_replica(read_url) if read_url else None
        except BaseException:
            await shared.close()
            raise

        async def close_all() -> None:
            await shared.close()
            if replica:
                await replica.close()

        return Stores(
            postgresql.PostgreSQLRecordStore(shared),
            postgresql.PostgreSQLConferenceStore(shared),
            postgresql.PostgreSQLPhraseStore(shared),
            postgresql.PostgreSQLArchiveStore(shared),
            postgresql.PostgreSQLAccountStore(shared),
            postgresql.PostgreSQLTenantStore(shared),
            postgresql.PostgreSQLTables(shared),
            postgresql.PostgreSQLRecordStore(shared, replica),
            postgresql.PostgreSQLConferenceStore(shared, replica),
            read_at_once=False,
            _close=close_all,
        )
    file = sqlite.Database(sqlite_path(url), make=make)

    async def close() -> None:
        file.close()

    records, conferences = sqlite.SQLiteRecordStore(file), sqlite.SQLiteConferenceStore(file)
    return Stores(
        records,
        conferences,
        sqlite.SQLitePhraseStore(file),
        sqlite.SQLiteArchiveStore(file),
        sqlite.SQLiteAccountStore(file),
        sqlite.SQLiteTenantStore(file),
        sqlite.SQLiteTables(file),
        records,
        conferences,
        read_at_once=True,
        _close=close,
    )
