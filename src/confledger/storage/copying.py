"""A whole store, row by row, in another one."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from confledger.errors import StoreUnusable
from confledger.storage.rows import Row
from confledger.storage.tables import (
    COPIED_FROM,
    CORPS,
    FIRST_CORP,
    RECORDS,
    SECRET_KEY_ID,
    TABLES,
    Table,
    Tables,
)

_ROWS_OF_PAGE: Final = 2_000

Tell = Callable[[str, Table, int], object]
"""Is told what is done (`copied` or `compared`), with a table, and how many of its rows more."""


async def copy_store(source: Tables, target: Tables, tell: Tell) -> dict[str, int]:
    """Copy all that a store keeps for good; each row is the same in both.

    It goes through the tables in the order of their keys, so what the target has
    last says where a copy that was broken off goes on. At the end both are read
    once more and compared, row by row; only then can the target be opened as a store.

    Returns:
        how many rows each table has.

    Raises:
        StoreUnusable: the target holds something else, or the source is a copy that is
            not whole, or the two differ at the end.
    """
    await _begin(source, target)
    for table in TABLES:
        reached = await target.last_key(table)
        if table is RECORDS and reached is not None:
            conference_uuid, corp_id, seq = reached
            before = await source.record_count((conference_uuid, corp_id))
            tell("copied", table, before + seq + 1)
        async for rows in _pages(source, table, reached):
            await target.add(table, rows)
            tell("copied", table, len(rows))
    counts = {table.name: await _compare(source, target, table, tell) for table in TABLES}
    await target.end_copy(await source.fact(SECRET_KEY_ID))
    return counts


async def _begin(source: Tables, target: Tables) -> None:
    if source.address == target.address:
        raise StoreUnusable(f"{source.address} can't be copied to itself")
    await require_whole(source)
    origin = await target.fact(COPIED_FROM)
    if origin == source.address:
        return
    if origin is not None:
        raise StoreUnusable(
            f"the store {target.address} holds a part of {origin}; copy to one that is empty"
        )
    for table in TABLES:
        if await target.page(table, None, 2) != ([FIRST_CORP] if table is CORPS else []):
            raise StoreUnusable(
                f"the store {target.address} is not empty; copy to one that holds nothing"
            )
    await target.begin_copy(source.address)


async def require_whole(store: Tables) -> None:
    """Refuse a store that is a copy which was broken off.

    Raises:
        StoreUnusable: it is one.
    """
    origin = await store.fact(COPIED_FROM)
    if origin is not None:
        raise not_whole(store.address, origin)


def not_whole(address: str, origin: str) -> StoreUnusable:
    """The error of a store that is a copy, and of where from, which was broken off."""
    return StoreUnusable(
        f"the store {address} is a copy of {origin} that is not whole;"
        " run `confledger store copy` again"
    )


async def _pages(store: Tables, table: Table, after: Row | None) -> AsyncIterator[list[Row]]:
    while rows := await store.page(table, after, _ROWS_OF_PAGE):
        yield rows
        after = table.key_of(rows[-1])


async def _compare(source: Tables, target: Tables, table: Table, tell: Tell) -> int:
    count = 0
    after: Row | None = None
    while True:
        rows = await source.page(table, after, _ROWS_OF_PAGE)
        if rows != await target.page(table, after, _ROWS_OF_PAGE):
            raise StoreUnusable(
                f"the copy differs from {source.address}, in {table.name}: one of the two was"
                " written to in between; stop what serves them, and copy to an empty store"
            )
        if not rows:
            return count
        count += len(rows)
        tell("compared", table, len(rows))
        after = table.key_of(rows[-1])
