"""A server of PostgreSQL for a case: the one that the tests start, on the server's core."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg

from benchmarks.machine import on_server_core

_NAME = "benchmark"


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database."""

    url: str
    process: int
    """The server's."""


@contextmanager
def postgresql() -> Iterator[Database | str]:
    """An empty database of a server of its own, or why there is none."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    starter = importlib.import_module("postgresql").Server
    try:
        with on_server_core():
            server = starter()
    except (OSError, RuntimeError) as error:
        yield str(error)
        return
    try:
        asyncio.run(_create(server.url))
        (folder,) = parse_qs(urlsplit(server.url).query)["host"]
        process = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
        yield Database(urlunsplit(urlsplit(server.url)._replace(path=f"/{_NAME}")), process)
    finally:
        server.stop()


async def _create(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {_NAME} TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await connection.close()
