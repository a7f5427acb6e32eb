"""The engines on which every contract suite runs. A new one is a line in `ENGINES`."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from confledger.storage import Stores, open_stores

OpenEngine = Callable[[], AbstractContextManager[Stores]]


@contextmanager
def new_sqlite_store() -> Iterator[Stores]:
    """A new, empty store in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        stores = open_stores(f"sqlite:///{Path(folder) / 'store.sqlite3'}")
        try:
            yield stores
        finally:
            stores.close()


ENGINES: dict[str, OpenEngine] = {"sqlite": new_sqlite_store}
