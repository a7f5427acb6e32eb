"""The engines on which every contract suite runs. A new one is a line in `ENGINES`."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from citus import CITUS_URL, new_citus_store, new_stand_in_store
from confledger.storage import Stores, open_stores
from postgresql import new_postgresql_store

OpenEngine = Callable[[], AbstractAsyncContextManager[Stores]]


@asynccontextmanager
async def new_sqlite_store() -> AsyncIterator[Stores]:
    """A new, empty store in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        stores = await open_stores(f"sqlite:///{Path(folder) / 'store.sqlite3'}")
        try:
            yield stores
        finally:
            await stores.close()


ENGINES: dict[str, OpenEngine] = {
    "sqlite": new_sqlite_store,
    "postgresql": new_postgresql_store,
    "partitions": new_stand_in_store,
}
if CITUS_URL:
    ENGINES["citus"] = new_citus_store
