"""Where things are kept; one folder for each engine."""

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
from confledger.storage.sqlite.accounts import SQLiteAccountStore
from confledger.storage.sqlite.archive import SQLiteArchiveStore
from confledger.storage.sqlite.conferences import SQLiteConferenceStore
from confledger.storage.sqlite.database import Database
from confledger.storage.sqlite.phrases import SQLitePhraseStore
from confledger.storage.sqlite.records import SQLiteRecordStore
from confledger.storage.sqlite.tenants import SQLiteTenantStore

_SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one URL, open and ready."""

    records: RecordStore
    conferences: ConferenceStore
    phrases: PhraseStore
    archive: ArchiveStore
    accounts: AccountStore
    tenants: TenantStore
    _database: Database

    def close(self) -> None:
        """Finish what is being written, and close."""
        self._database.close()


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///PATH` URL; four slashes make an absolute path.

    Raises:
        SettingError: it is another kind of URL.
    """
    # The URL itself is not repeated: another engine's may hold a password.
    path = url.removeprefix(_SQLITE)
    if path == url or not path or path == ":memory:":
        raise SettingError("the store (--store, CONFLEDGER_STORE) must be sqlite:///PATH, a file")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise SettingError(
            f"the store (--store, CONFLEDGER_STORE) must be sqlite:///PATH: {error}"
        ) from error


def secret_key_path(url: str) -> Path:
    """Where the secret key of a store is, if no other place is set: beside its file."""
    path = sqlite_path(url)
    return path.with_name(path.name + ".key")


def open_stores(url: str, *, make: bool = True) -> Stores:
    """Open the stores of a URL. Only here is an engine chosen.

    Args:
        url: `sqlite:///PATH`.
        make: whether a store that is not there is made.

    Raises:
        SettingError: the URL names no engine of ours.
        StoreUnusable: the store can't be opened, is of another version, or is not there.
    """
    path = sqlite_path(url)
    database = Database(path, make=make)
    return Stores(
        SQLiteRecordStore(database),
        SQLiteConferenceStore(database),
        SQLitePhraseStore(database),
        SQLiteArchiveStore(database),
        SQLiteAccountStore(database),
        SQLiteTenantStore(database),
        database,
    )
