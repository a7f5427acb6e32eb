"""Spreads the tables of a store over the nodes of a Citus cluster.

Citus is an extension of PostgreSQL. Nothing else in confledger knows of it, but every statement
keeps to the rules that `README.md` tells.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import asyncpg
import msgspec

from confledger.errors import StoreBusy, StoreUnusable
from confledger.storage.postgresql.address import address_of, not_well_formed
from confledger.storage.postgresql.connections import (
    CONNECT_SECONDS_MAX,
    Connection,
    errors_translated,
)
from confledger.storage.postgresql.database import numbered_queries
from confledger.storage.rows import Row
from confledger.storage.tables import KEYS_SET_ASIDE

SHARD_KEYS: Final = {
    # The first of each kind is made alone, and the others beside it.
    "head": "conference_uuid",
    "record": "conference_uuid",
    "event": "conference_uuid",
    "delivery": "conference_uuid",
    "attendance": "conference_uuid",
    "conference": "corp_id",
    "conference_day": "corp_id",
    "viewer": "corp_id",
    "participant": "corp_id",
    "phrase": "corp_id",
    "archive_source": "corp_id",
    "archived_conference": "corp_id",
}
"""By which column each table that grows is spread. Those of one column lie beside each other."""

WHOLE_EVERYWHERE: Final = (
    "store_info",
    "corp",
    "app",
    "corp_user",
    "login_grant",
    "login_link",
    "failed_login",
)
"""The tables that are small, and which each node has a copy of."""

_TABLES: Final = (*WHOLE_EVERYWHERE, *SHARD_KEYS)
_QUERIES: Final = numbered_queries("distribution.sql")
_LOCK: Final = 0x636F_6E67
"""Under which a store is distributed; another one than that under which a schema is made."""
_LOCK_WAIT_SECONDS_MAX: Final = 30
"""How long to wait for whoever uses a table."""

_SETTINGS: Final = {
    "application_name": "confledger distribute",
    "client_min_messages": "error",
    # Without the limits of time that requests have: a large table takes its minutes.
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": f"{_LOCK_WAIT_SECONDS_MAX}s",
    "statement_timeout": "0",
    "citus.override_table_visibility": "off",
}

Tell = Callable[[str], object]
"""Is told what is done, a sentence for each step."""


@dataclass(frozen=True, slots=True)
class _ForeignKey:
    table: str
    name: str
    definition: str

    @property
    def add(self) -> str:
        return f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.name}" {self.definition}'

    @property
    def drop(self) -> str:
        return f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{self.name}"'


async def require_workers(url: str) -> int:
    """How many workers the coordinator has that a URL names, all of which answer.

    Raises:
        StoreUnusable: it is no Citus, not the coordinator, has none, or one does not answer.
    """
    async with _connected(url) as cluster:
        return await cluster.require_workers()


async def distribute(url: str, shard_count: int, tell: Tell) -> None:
    """Distribute the tables of a store, of which nothing may be left to copy.

    A table is not to be written to while it is distributed; whoever tries waits. What is done
    stays done: when it is broken off, it goes on at the next call, and until then the store
    can't be opened.

    Args:
        url: of the store, on a coordinator that has workers.
        shard_count: over how many shards the tables of one key are spread.
        tell: is told each step; no call where nothing was left to do.

    Raises:
        StoreUnusable: a table is another role's, or distributed in another way, or a node was lost.
    """
    async with _connected(url, "; what is done stays done: run the command again") as cluster:
        await cluster.distribute(shard_count, tell)


@asynccontextmanager
async def _connected(url: str, hint: str = "") -> AsyncIterator["_Cluster"]:
    address = address_of(url)
    try:
        with errors_translated(address):
            try:
                connection = await asyncpg.connect(
                    url, timeout=CONNECT_SECONDS_MAX, server_settings=_SETTINGS
                )
            except ssl.SSLError:
                raise  # some of them are a ValueError, too
            except ValueError:
                # The driver's sentence may repeat a part of the URL.
                raise not_well_formed() from None
            try:
                yield _Cluster(connection, address)
            except BaseException:
                connection.terminate()
                raise
            await connection.close()
    except StoreBusy as error:
        raise StoreUnusable(f"{error}{hint}") from error
    except asyncpg.PostgresError as error:
        reason = " ".join(str(error).split())
        raise StoreUnusable(f"the store {address} can't be distributed: {reason}") from error


@dataclass(frozen=True, slots=True)
class _Cluster:
    connection: Connection
    address: str

    async def require_workers(self) -> int:
        """How many workers there are; at least one, and all of them answer."""
        if not await self._value("has_citus"):
            raise StoreUnusable(
                f"the database {self.address} has no Citus: on every node, set"
                " shared_preload_libraries = 'citus', restart, and run CREATE EXTENSION citus in it"
            )
        if not await self._value("is_coordinator"):
            raise StoreUnusable(
                f"{self.address} is a worker of Citus; name the coordinator for this command"
            )
        workers = await self._rows("workers")
        if not workers:
            raise StoreUnusable(
                f"the coordinator {self.address} has no workers; register each with"
                " SELECT citus_add_node('HOST', 5432), or leave the store as it is: on one"
                " machine it is quicker undistributed"
            )
        for host, port in workers:
            if not await self._value("answers", host=host, port=port):
                raise StoreUnusable(
                    f"the worker {host}:{port} does not answer the coordinator {self.address};"
                    " nothing has been done"
                )
        return len(workers)

    async def distribute(self, shard_count: int, tell: Tell) -> None:
        """Do what is left to do; a kill between any two statements leaves the rest for later."""
        if not await self._value("lock", number=_LOCK):
            raise StoreUnusable(f"the store {self.address} is being distributed by another process")
        done = await self._distributed()
        is_begun = await self._value("remembered", name=KEYS_SET_ASIDE) is not None
        if len(done) == len(_TABLES) and not is_begun:
            return
        if len(done) < len(_TABLES):
            await self._set_aside(tell)
        are_aside = not await self._foreign_keys()
        for table in _TABLES:
            if table not in done:
                tell(await self._distribute_table(table, done, shard_count))
                done.append(table)
            # Not with the keys back: they would have the rows of other tables removed as well.
            if are_aside:
                await self._rows("remove_leftovers", table=table)
        await self._put_back(tell)

    async def _distributed(self) -> list[str]:
        """Which tables are distributed already, as they should be.

        Raises:
            StoreUnusable: one is in another way, or is not ours.
        """
        done = []
        neighbourhoods: dict[str, int] = {}
        for table, is_ours, method, model, key, neighbourhood in await self._rows(
            "tables", tables=_TABLES
        ):
            if not is_ours:
                raise StoreUnusable(
                    f"the table {table} belongs to another role; the store {self.address} is"
                    " distributed by the role that has made it"
                )
            is_reference = (method, model) == ("n", "t")
            if method is None or (method == "n" and not is_reference):
                continue  # the latter is one that Citus knows of and has left where it was
            wanted = SHARD_KEYS.get(table)
            if key != wanted or is_reference == bool(wanted):
                how = f"by {wanted}" if wanted else "as a reference table"
                raise _distributed_otherwise(table, f"not {how}")
            if wanted and neighbourhoods.setdefault(wanted, neighbourhood) != neighbourhood:
                raise _distributed_otherwise(table, "not beside the others of its key")
            done.append(table)
        return done

    async def _set_aside(self, tell: Tell) -> None:
        """Drop the foreign keys, and remember them: Citus distributes no table that has some."""
        remembered = await self._remembered()
        present = [key for key in await self._foreign_keys() if key not in remembered]
        everything = [*remembered, *present]
        async with self.connection.transaction():
            # Some tables may be distributed already, those of a former version of the schema.
            await self.connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
            await self._rows("forget", name=KEYS_SET_ASIDE)
            value = msgspec.json.encode(everything).decode()
            await self._rows("remember", name=KEYS_SET_ASIDE, value=value)
            for key in await self._foreign_keys():
                await self.connection.execute(key.drop)
        tell(f"{len(everything)} foreign keys are set aside")

    async def _distribute_table(self, table: str, done: Sequence[str], shard_count: int) -> str:
        key = SHARD_KEYS.get(table)
        if key is None:
            await self._rows("make_whole_everywhere", table=table)
            return f"{table} is whole on every node"
        for neighbour in done:
            if SHARD_KEYS.get(neighbour) == key:
                await self._rows("spread_beside", table=table, key=key, neighbour=neighbour)
                return f"{table} is spread by {key}, beside {neighbour}"
        await self._rows("spread", table=table, key=key, shard_count=shard_count)
        return f"{table} is spread by {key}, over {shard_count} shards"

    async def _put_back(self, tell: Tell) -> None:
        present = {(key.table, key.name) for key in await self._foreign_keys()}
        for key in await self._remembered():
            if (key.table, key.name) not in present:
                await self.connection.execute(key.add)
                tell(f"the foreign key {key.name} is there again")
        await self._rows("forget", name=KEYS_SET_ASIDE)
        tell("the store can be served")

    async def _foreign_keys(self) -> list[_ForeignKey]:
        return [_ForeignKey(*row) for row in await self._rows("foreign_keys", tables=_TABLES)]

    async def _remembered(self) -> list[_ForeignKey]:
        value = await self._value("remembered", name=KEYS_SET_ASIDE)
        return msgspec.json.decode(value, type=list[_ForeignKey]) if value else []

    async def _value(self, query: str, **bindings: object) -> Any:  # noqa: ANN401 - of any type
        rows = await self._rows(query, **bindings)
        return rows[0][0] if rows else None

    async def _rows(self, query: str, **bindings: object) -> list[Row]:
        statement = _QUERIES[query]
        arguments = statement.arguments(bindings)
        return cast("list[Row]", await self.connection.fetch(statement.text, *arguments))


def _distributed_otherwise(table: str, how: str) -> StoreUnusable:
    return StoreUnusable(
        f"the table {table} is distributed already, and {how}; take that back with"
        f" SELECT undistribute_table('{table}'), and run the command again"
    )
