"""Distributed stores for the tests: on a stand-in for Citus, or on a cluster that is given.

No package brings Citus to a plain machine. So most is tested on an ordinary server with
`citus_stand_in.sql`, and what only Citus can show runs where `CONFLEDGER_TEST_CITUS` names
a coordinator: the URL of a database that has the extension and its workers, whose user may
create databases on every node.
"""

import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from confledger.storage import Stores, distribute_store, open_stores
from postgresql import make_store, new_store_of_its_own

_HANDED_ON: Final = "_TEST_CITUS"
"""What the workers of xdist find it by: conftest takes every variable of our prefix away."""

CITUS_URL: Final = os.environ.get("CONFLEDGER_TEST_CITUS") or os.environ.get(_HANDED_ON, "")
os.environ[_HANDED_ON] = CITUS_URL

STAND_IN: Final = Path(__file__).with_name("citus_stand_in.sql")
_SHARDS: Final = 2

_numbers = itertools.count()


def by_stand_in(url: str) -> str:
    """The URL of a database, whose connections see the stand-in."""
    return f"{url}{'&' if '?' in url else '?'}search_path=public,citus_stand_in"


async def execute(url: str, *statements: str) -> None:
    """Run some statements in a database."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def make_store_by_stand_in(url: str) -> None:
    """Make a store that can be distributed, and is not."""
    await make_store(url)
    await execute(url, STAND_IN.read_text("utf-8"))


async def make_distributed_store(url: str) -> None:
    """Make a store, and distribute it by the stand-in."""
    await make_store_by_stand_in(url)
    await distribute_store(by_stand_in(url), _SHARDS, lambda _: None)


@asynccontextmanager
async def new_stand_in_store() -> AsyncIterator[Stores]:
    """A new, empty store that is distributed by the stand-in: its tables are hash partitions."""
    async with new_store_of_its_own(make_distributed_store) as url:
        stores = await open_stores(url)
        try:
            yield stores
        finally:
            await stores.close()


def citus_url() -> str:
    """The URL of the coordinator that is given; the test is skipped where there is none."""
    if not CITUS_URL:
        pytest.skip("what only Citus can show: CONFLEDGER_TEST_CITUS names no coordinator")
    return CITUS_URL


@asynccontextmanager
async def new_citus_database() -> AsyncIterator[str]:
    """A new database of the cluster that is given, with the same workers; its URL."""
    given = citus_url()
    name = f"confledger_test_{os.getpid()}_{next(_numbers)}"
    url = urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    cluster = await asyncpg.connect(given)
    try:
        nodes = await cluster.fetch("SELECT groupid, nodename, nodeport FROM pg_dist_node")
        workers = [(host, port) for group, host, port in nodes if group]
        await cluster.execute(f"CREATE DATABASE {name}")
        try:
            await _run_on(cluster, workers, f"CREATE DATABASE {name}")
            database = await asyncpg.connect(url)
            try:
                await database.execute("CREATE EXTENSION citus")
                await _run_on(database, workers, "CREATE EXTENSION citus")
                for group, host, port in nodes:
                    if not group:
                        statement = "SELECT citus_set_coordinator_host($1, $2)"
                        await database.execute(statement, host, port)
                for host, port in workers:
                    await database.execute("SELECT citus_add_node($1, $2)", host, port)
            finally:
                await database.close()
            yield url
        finally:
            await cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await _run_on(cluster, workers, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await cluster.close()


async def _run_on(
    connection: "asyncpg.Connection[Any]", workers: Sequence[tuple[str, int]], command: str
) -> None:
    for host, port in workers:
        success, said = await connection.fetchrow(  # type: ignore[misc] # it has one row
            "SELECT success, result FROM"
            " master_run_on_worker(ARRAY[$1]::text[], ARRAY[$2]::int[], ARRAY[$3]::text[], false)",
            host,
            port,
            command,
        )
        assert success, said


@asynccontextmanager
async def new_citus_store() -> AsyncIterator[Stores]:
    """A new, empty store that is distributed over the cluster that is given."""
    async with new_citus_database() as url:
        await make_store(url)
        await distribute_store(url, _SHARDS, lambda _: None)
        stores = await open_stores(url)
        try:
            yield stores
        finally:
            await stores.close()
