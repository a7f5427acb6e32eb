"""The tables of a store in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import asyncpg

from confledger.errors import StoreUnusable
from confledger.storage.postgresql.database import Database, Session
from confledger.storage.rows import Row
from confledger.storage.tables import COPIED_FROM, FIRST_CORP, RECORDS, SECRET_KEY_ID, Table

_EVENT: Final = ("conference_uuid", "corp_id", "event_id", "seq")

_BOOLEANS: Final = ("is_", "has_", "masks_")
"""How the names of the columns begin that are boolean here, and integers in SQLite."""


@dataclass(frozen=True, slots=True)
class PostgreSQLTables:
    """`storage.tables.Tables` in one PostgreSQL database."""

    database: Database

    @property
    def engine(self) -> str:
        """See `Tables.engine`."""
        return "PostgreSQL"

    @property
    def address(self) -> str:
        """See `Tables.address`."""
        return self.database.address

    async def page(self, table: Table, after: Row | None, limit: int) -> list[Row]:
        """See `Tables.page`."""
        key = ", ".join(table.key)
        places = ", ".join(f"${number}" for number in range(2, len(table.key) + 2))
        behind = f"WHERE ({key}) > ({places})" if after is not None else ""
        bindings = _cells(table.key, after) if after is not None else ()
        return await self._select(
            f"SELECT {', '.join(table.columns)} FROM {_name(table)} {behind}"  # noqa: S608 - our own names
            f" ORDER BY {key} LIMIT $1",
            limit,
            *bindings,
        )

    async def find(self, table: Table, key: Row) -> Row | None:
        """See `Tables.find`."""
        places = (f"{column} = ${place}" for place, column in enumerate(table.key, start=1))
        rows = await self._select(
            f"SELECT {', '.join(table.columns)} FROM {_name(table)}"  # noqa: S608 - our own names
            f" WHERE {' AND '.join(places)}",
            *_cells(table.key, key),
        )
        return rows[0] if rows else None

    async def count(self, table: Table) -> int:
        """See `Tables.count`."""
        ((count,),) = await self._select(f"SELECT count(*) FROM {_name(table)}")  # noqa: S608 - our own names
        return cast("int", count)

    async def events(self, after: Row | None, limit: int) -> list[Row]:
        """See `Tables.events`."""
        behind = "WHERE (conference_uuid, corp_id, event_id) > ($2, $3, $4)" if after else ""
        return await self._select(
            f"SELECT conference_uuid, corp_id, event_id, event_id, seq FROM event {behind}"  # noqa: S608 - our own words
            " ORDER BY conference_uuid, corp_id, event_id LIMIT $1",
            limit,
            *(after or ()),
        )

    async def record_count(self, before: Row | None) -> int:
        """See `Tables.record_count`."""
        condition = "WHERE (conference_uuid, corp_id) < ($1, $2)" if before is not None else ""
        statement = f"SELECT COALESCE(sum(record_count), 0)::bigint FROM head {condition}"  # noqa: S608 - our own names
        ((count,),) = await self._select(statement, *(before or ()))
        return cast("int", count)

    async def last_key(self, table: Table) -> Row | None:
        """See `Tables.last_key`."""
        backwards = ", ".join(f"{column} DESC" for column in table.key)
        rows = await self._select(
            f"SELECT {', '.join(table.key)} FROM {_name(table)} ORDER BY {backwards} LIMIT 1"  # noqa: S608 - our own names
        )
        return rows[0] if rows else None

    async def add(self, table: Table, rows: list[Row]) -> None:
        """See `Tables.add`."""
        cells = [_cells(table.columns, row) for row in rows]

        async def work(session: Session) -> None:
            await session.connection.copy_records_to_table(
                _name(table), records=cells, columns=table.columns
            )
            if table is RECORDS:
                places = [RECORDS.columns.index(column) for column in _EVENT]
                await session.connection.copy_records_to_table(
                    "event",
                    records=[[row[place] for place in places] for row in cells],
                    columns=_EVENT,
                )

        try:
            await self.database.write(work)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise StoreUnusable(
                f"the store {self.address} does not take a row of {table.name}: {error}"
            ) from error

    async def fact(self, name: str) -> str | None:
        """See `Tables.fact`."""

        async def work(session: Session) -> str | None:
            statement = "SELECT value FROM store_info WHERE name = $1"
            return cast("str | None", await session.connection.fetchval(statement, name))

        # Whoever opens a store has a connection to write with already, and no other.
        return await self.database.write(work)

    async def begin_copy(self, source: str) -> None:
        """See `Tables.begin_copy`."""

        async def work(session: Session) -> None:
            await session.connection.execute("DELETE FROM corp WHERE corp_id = $1", FIRST_CORP[0])
            await session.connection.execute(_FACT, COPIED_FROM, source)

        await self.database.write(work)

    async def end_copy(self, secret_key_id: str | None) -> None:
        """See `Tables.end_copy`."""

        async def work(session: Session) -> None:
            await session.connection.execute(
                "DELETE FROM store_info WHERE name IN ($1, $2)", COPIED_FROM, SECRET_KEY_ID
            )
            if secret_key_id is not None:
                await session.connection.execute(_FACT, SECRET_KEY_ID, secret_key_id)

        await self.database.write(work)

    async def size_bytes(self) -> int:
        """See `Tables.size_bytes`."""
        ((size,),) = await self._select("SELECT pg_database_size(current_database())")
        return cast("int", size)

    async def damages(self) -> list[str]:
        """See `Tables.damages`: a server looks after its own files."""
        return []

    async def _select(self, statement: str, *bindings: object) -> list[Row]:
        async def work(session: Session) -> list[Row]:
            rows = await session.connection.fetch(statement, *bindings)
            return [tuple(row) for row in rows]

        return await self.database.search(work)


_FACT: Final = "INSERT INTO store_info (name, value) VALUES ($1, $2)"


def _name(table: Table) -> str:
    # `user` is a word of the language here.
    return "corp_user" if table.name == "user" else table.name


def _cells(columns: Sequence[str], row: Row) -> tuple[Any, ...]:
    return tuple(
        bool(cell) if cell is not None and column.startswith(_BOOLEANS) else cell
        for column, cell in zip(columns, row, strict=True)
    )
