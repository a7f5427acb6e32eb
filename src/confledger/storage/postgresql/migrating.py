"""How a store in PostgreSQL comes from one version of the schema to the next."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from confledger.errors import StoreBusy
from confledger.storage.copying import not_whole
from confledger.storage.migrations import Migrated, Migration, StoreVersion, Tell, failed
from confledger.storage.postgresql import database
from confledger.storage.postgresql.address import address_of, not_well_formed
from confledger.storage.postgresql.connections import (
    CONNECT_SECONDS_MAX,
    Connection,
    errors_translated,
)
from confledger.storage.tables import COPIED_FROM

_LOCK: Final = 0x636F_6E6D
"""Under which one process migrates: the letters `conm`. Another than a store is opened under."""

_LOCK_SECONDS_MAX: Final = 0.5
"""How long a step waits for the lock of a table; whoever needs the table waits behind it.

Less than PostgreSQL's `deadlock_timeout` of a second: if a step and a service wait for each
other, it is the step that gives up.
"""

_PAUSES_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long it then lets the others go on, before it tries again."""

_LOOK_SECONDS: Final = 0.5
"""How often it is looked whether another migration has ended."""

_OUTSIDE: Final = "-- outside a transaction\n"
"""How a file begins whose one statement can't be in a transaction."""

_INDEX: Final = re.compile(
    r"^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\w+)", re.MULTILINE
)

_NO_TIME_LIMITS: Final = """
SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN (
    'statement_timeout', 'transaction_timeout',
    'idle_in_transaction_session_timeout', 'idle_session_timeout'
)
"""


async def version_of(url: str) -> StoreVersion:
    """The version of a store, whichever it is.

    Raises:
        StoreUnusable: there is no store, or the database is another program's.
        StoreBusy: the server does not answer.
    """
    address = address_of(url)
    async with _connected(url, address) as connection:
        version = await database.read_version(connection, address)
        return StoreVersion("PostgreSQL", address, version, database.MIGRATIONS.newest)


async def migrate(url: str, tell: Tell) -> Migrated:
    """Bring a store to this program's version, each step in a transaction of its own.

    Raises:
        StoreUnusable: it can't be brought there, or a step failed, which is then not done.
        StoreBusy: a lock was not to be had, or the server does not answer.
    """
    address = address_of(url)
    async with _connected(url, address) as connection:
        await _wait_for_others(connection, tell)
        version = await database.read_version(connection, address)
        steps = database.MIGRATIONS.after(address, version)
        statement = "SELECT value FROM store_info WHERE name = $1"
        origin = await connection.fetchval(statement, COPIED_FROM)
        if origin is not None:
            raise not_whole(address, origin)
        for step in steps:
            await _try(connection, address, step, tell)
            tell(f"{step.name} is done")
    return Migrated(
        address, version, database.MIGRATIONS.newest, tuple(step.name for step in steps)
    )


async def _wait_for_others(connection: Connection, tell: Tell) -> None:
    has_told = False
    # Not by one statement that waits: an index that is made concurrently would wait for its end.
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        if not has_told:
            tell("the store is being migrated already; waiting for that to end")
            has_told = True
        await asyncio.sleep(_LOOK_SECONDS)


async def _try(connection: Connection, address: str, step: Migration, tell: Tell) -> None:
    for pause in (*_PAUSES_SECONDS, None):
        try:
            await _run(connection, step)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if pause is None:
                raise StoreBusy(
                    f"the migration {step.name} of the store {address} did not get a lock, so the"
                    f" store keeps the schema version {step.version - 1}: something else, such as"
                    " a backup or a long query, uses what it changes; try again later"
                ) from error
            tell(f"{step.name} waits for a lock, and tries again in {pause:g} seconds")
            await asyncio.sleep(pause)
        except asyncpg.PostgresError as error:
            if connection.is_closed():
                raise
            raise failed(step, address, error) from error
        else:
            return


async def _run(connection: Connection, step: Migration) -> None:
    text = step.text
    is_outside = text.startswith(_OUTSIDE)
    if is_outside:
        await _run_outside(connection, text)
    async with connection.transaction():
        if not is_outside:
            await connection.execute(text)
        await connection.execute(
            "UPDATE store_info SET value = $1 WHERE name = 'schema_version'", str(step.version)
        )


async def _run_outside(connection: Connection, text: str) -> None:
    # It waits for every transaction that runs, and keeps nobody waiting.
    await connection.execute("SET lock_timeout = 0")
    for name in _INDEX.findall(text):
        # Broken off, it leaves an index that is never used, and is not made when it is there.
        if await connection.fetchval(
            "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid", name
        ):
            await connection.execute(f"DROP INDEX CONCURRENTLY {name}")
    await connection.execute(text)
    await connection.execute(f"SET lock_timeout = {int(_LOCK_SECONDS_MAX * 1000)}")


@asynccontextmanager
async def _connected(url: str, address: str) -> AsyncIterator[Connection]:
    """A connection to a store, whose statements may take as long as they need."""
    with errors_translated(address):
        try:
            connection = await asyncpg.connect(
                url,
                timeout=CONNECT_SECONDS_MAX,
                server_settings={
                    "application_name": "confledger store migrate",
                    "client_min_messages": "error",
                    "lock_timeout": str(int(_LOCK_SECONDS_MAX * 1000)),
                    "synchronous_commit": "on",
                },
            )
        except ssl.SSLError:
            raise  # some of them are a ValueError, too
        except ValueError:
            # The driver's sentence may repeat a part of the URL.
            raise not_well_formed() from None
        try:
            await connection.execute(_NO_TIME_LIMITS)
            if not await database.is_made(connection, address):
                raise database.no_store(address)
            yield connection
            await connection.close(timeout=CONNECT_SECONDS_MAX)
        finally:
            connection.terminate()
