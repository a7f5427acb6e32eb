"""The stores on PostgreSQL, for more than one machine. `README.md` tells how they work."""

from confledger.storage.postgresql.accounts import PostgreSQLAccountStore
from confledger.storage.postgresql.address import address_of
from confledger.storage.postgresql.archive import PostgreSQLArchiveStore
from confledger.storage.postgresql.conferences import PostgreSQLConferenceStore
from confledger.storage.postgresql.database import open_database, open_replica
from confledger.storage.postgresql.distribution import distribute, require_workers
from confledger.storage.postgresql.phrases import PostgreSQLPhraseStore
from confledger.storage.postgresql.records import PostgreSQLRecordStore
from confledger.storage.postgresql.tables import PostgreSQLTables
from confledger.storage.postgresql.tenants import PostgreSQLTenantStore

__all__ = [
    "PostgreSQLAccountStore",
    "PostgreSQLArchiveStore",
    "PostgreSQLConferenceStore",
    "PostgreSQLPhraseStore",
    "PostgreSQLRecordStore",
    "PostgreSQLTables",
    "PostgreSQLTenantStore",
    "address_of",
    "distribute",
    "open_database",
    "open_replica",
    "require_workers",
]
