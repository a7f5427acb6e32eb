"""How a store in SQLite comes from one version of the schema to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from confledger.storage.copying import not_whole
from confledger.storage.migrations import Migrated, Migration, StoreVersion, Tell, failed
from confledger.storage.sqlite import database
from confledger.storage.sqlite.errors import errors_translated
from confledger.storage.tables import COPIED_FROM

_LOCK_SECONDS_MAX: Final = 600.0
"""How long a step waits for other writers, of which another migration is the slowest."""


def version_of(path: Path) -> StoreVersion:
    """The version of a store, whichever it is.

    Raises:
        StoreUnusable: there is no store, or the file is another program's.
    """
    with _opened(path) as connection:
        return StoreVersion(
            "SQLite",
            database.address_of(path),
            connection.pragma("user_version"),
            database.MIGRATIONS.newest,
        )


def migrate(path: Path, tell: Tell) -> Migrated:
    """Bring a store to this program's version, each step in a transaction of its own.

    Raises:
        StoreUnusable: it can't be brought there, or a step failed, which is then not done.
        StoreBusy: other processes held the lock too long.
    """
    done: list[Migration] = []
    with _opened(path) as connection:
        connection.set_busy_timeout(int(_LOCK_SECONDS_MAX * 1000))
        # A step that makes a table anew must not remove what refers to its rows, so it is
        # checked at the end of each step that everything referred to is there.
        connection.pragma("foreign_keys", False)  # noqa: FBT003 - the pragma's value
        while True:
            with database.transaction(connection):
                # Looked at under the lock: another process may have been faster.
                version = connection.pragma("user_version")
                steps = database.MIGRATIONS.after(str(path), version)
                _require_whole(connection, path)
                if not steps:
                    break
                _run(connection, path, steps[0])
            done.append(steps[0])
            tell(f"{steps[0].name} is done")
    return Migrated(
        database.address_of(path), version - len(done), version, tuple(step.name for step in done)
    )


def _run(connection: apsw.Connection, path: Path, step: Migration) -> None:
    try:
        connection.execute(step.text).fetchall()
        strays = connection.execute("PRAGMA foreign_key_check").fetchall()
    except apsw.Error as error:
        raise failed(step, str(path), error) from error
    if strays:
        raise failed(step, str(path), f"a row of {strays[0][0]} belongs to one that is not there")
    connection.pragma("user_version", step.version)


def _require_whole(connection: apsw.Connection, path: Path) -> None:
    statement = "SELECT value FROM store_info WHERE name = ?"
    for (origin,) in connection.execute(statement, (COPIED_FROM,)).fetchall():
        raise not_whole(str(path), str(origin))


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    with errors_translated(path):
        if not path.exists():
            raise database.no_store(path)
        connection = database.connect(path)
        try:
            if not database.is_ours(connection):
                raise database.no_store(path)
            yield connection
        finally:
            connection.close()
