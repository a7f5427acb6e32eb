"""Servers of PostgreSQL for a case: those that the tests start, but safe on the disk."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks.machine import on_server_core

_NAME: Final = "benchmark"
_OPTIONS: Final = {"fsync": "on", "shared_buffers": "256MB"}


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database of a server of its own."""

    url: str
    process: int
    """The server's."""
    server: Any
    """As the tests start it: `end`, `start`."""

    def ask(self, statement: str) -> Any:  # noqa: ANN401 - whatever it is
        """The first value that a statement gives, asked in another database of the server."""
        return asyncio.run(_ask(self.server.url, statement))

    def another(self, name: str) -> str:
        """The URL of a further empty database."""
        asyncio.run(_create(self.server.url, name))
        return str(_starter().url_of(self.server, database=name))

    def or_else(self, other: "Database") -> str:
        """The URL by which whichever of the two servers may be written to is found."""
        query = "&target_session_attrs=read-write"
        servers = (self.server, other.server)
        return str(_starter().url_of(*servers, database=_NAME, query=query))


@contextmanager
def postgresql() -> Iterator[Database | str]:
    """An empty database of a server on the server's core, or why there is none."""
    try:
        with on_server_core():
            server = _starter().Server(_OPTIONS)
    except (OSError, RuntimeError) as error:
        yield str(error)
        return
    try:
        asyncio.run(_create(server.url, _NAME))
        yield _database(server)
    finally:
        server.stop()


@contextmanager
def standby_of(primary: Database) -> Iterator[Database]:
    """A streaming standby of it, on the core of the load."""
    server = _starter().Server(_OPTIONS, primary.server)
    try:
        yield _database(server)
    finally:
        server.stop()


def _starter() -> Any:  # noqa: ANN401 - the tests' own module
    folder = str(Path(__file__).parents[1] / "tests")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module("postgresql")


def _database(server: Any) -> Database:  # noqa: ANN401 - as above
    process = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    return Database(str(_starter().url_of(server, database=_NAME)), process, server)


async def _create(url: str, name: str) -> None:
    await _ask(url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")


async def _ask(url: str, statement: str) -> Any:  # noqa: ANN401 - whatever it is
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
