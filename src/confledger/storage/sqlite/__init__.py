"""The stores on SQLite, the embedded default. `README.md` tells how they work."""

from confledger.storage.sqlite.accounts import SQLiteAccountStore
from confledger.storage.sqlite.archive import SQLiteArchiveStore
from confledger.storage.sqlite.conferences import SQLiteConferenceStore
from confledger.storage.sqlite.database import Database
from confledger.storage.sqlite.phrases import SQLitePhraseStore
from confledger.storage.sqlite.records import SQLiteRecordStore
from confledger.storage.sqlite.tables import SQLiteTables
from confledger.storage.sqlite.tenants import SQLiteTenantStore

__all__ = [
    "Database",
    "SQLiteAccountStore",
    "SQLiteArchiveStore",
    "SQLiteConferenceStore",
    "SQLitePhraseStore",
    "SQLiteRecordStore",
    "SQLiteTables",
    "SQLiteTenantStore",
]
