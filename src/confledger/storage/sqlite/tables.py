"""The tables of a store in SQLite."""

from dataclasses import dataclass
from typing import cast

import apsw

from confledger.errors import StoreUnusable
from confledger.storage.rows import Row
from confledger.storage.sqlite.database import Database, address_of
from confledger.storage.sqlite.generations import EVERYTHING
from confledger.storage.tables import COPIED_FROM, FIRST_CORP, SECRET_KEY_ID, Table

_DAMAGES_MAX = 100


@dataclass(frozen=True, slots=True)
class SQLiteTables:
    """`storage.tables.Tables` in one SQLite file."""

    database: Database

    @property
    def engine(self) -> str:
        """See `Tables.engine`."""
        return "SQLite"

    @property
    def address(self) -> str:
        """See `Tables.address`."""
        return address_of(self.database.path)

    async def page(self, table: Table, after: Row | None, limit: int) -> list[Row]:
        """See `Tables.page`."""
        key = ", ".join(table.key)
        places = ", ".join("?" * len(table.key))
        behind = f"WHERE ({key}) > ({places})" if after is not None else ""
        return cast(
            "list[Row]",
            self.database.select(
                f"SELECT {', '.join(table.columns)} FROM {table.name} {behind}"  # noqa: S608 - our own names
                f" ORDER BY {key} LIMIT ?",
                (*(after or ()), limit),
            ),
        )

    async def find(self, table: Table, key: Row) -> Row | None:
        """See `Tables.find`."""
        rows = self.database.select(
            f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608 - our own names
            f" WHERE {' AND '.join(f'{column} = ?' for column in table.key)}",
            tuple(key),
        )
        return rows[0] if rows else None

    async def count(self, table: Table) -> int:
        """See `Tables.count`."""
        ((count,),) = self.database.select(f"SELECT count(*) FROM {table.name}", ())  # noqa: S608 - our own names
        return cast("int", count)

    async def record_count(self, before: Row | None) -> int:
        """See `Tables.record_count`."""
        condition = "WHERE (conference_uuid, corp_id) < (?, ?)" if before is not None else ""
        statement = f"SELECT COALESCE(sum(record_count), 0) FROM head {condition}"  # noqa: S608 - our own names
        ((count,),) = self.database.select(statement, tuple(before or ()))
        return cast("int", count)

    async def last_key(self, table: Table) -> Row | None:
        """See `Tables.last_key`."""
        backwards = ", ".join(f"{column} DESC" for column in table.key)
        rows = self.database.select(
            f"SELECT {', '.join(table.key)} FROM {table.name} ORDER BY {backwards} LIMIT 1",  # noqa: S608 - our own names
            (),
        )
        return rows[0] if rows else None

    async def add(self, table: Table, rows: list[Row]) -> None:
        """See `Tables.add`."""
        statement = _insertion(table)

        def work(connection: apsw.Connection) -> None:
            try:
                connection.executemany(statement, [tuple(row) for row in rows])
            except apsw.ConstraintError as error:
                raise StoreUnusable(
                    f"the store {self.address} does not take a row of {table.name}: {error}"
                ) from error

        await self.database.write(work, [EVERYTHING])

    async def fact(self, name: str) -> str | None:
        """See `Tables.fact`."""
        rows = self.database.select("SELECT value FROM store_info WHERE name = ?", (name,))
        return cast("str", rows[0][0]) if rows else None

    async def begin_copy(self, source: str) -> None:
        """See `Tables.begin_copy`."""

        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM corp WHERE corp_id = ?", FIRST_CORP[:1])
            connection.execute(_FACT, (COPIED_FROM, source))

        await self.database.write(work, [EVERYTHING])

    async def end_copy(self, secret_key_id: str | None) -> None:
        """See `Tables.end_copy`."""

        def work(connection: apsw.Connection) -> None:
            connection.execute(
                "DELETE FROM store_info WHERE name IN (?, ?)", (COPIED_FROM, SECRET_KEY_ID)
            )
            if secret_key_id is not None:
                connection.execute(_FACT, (SECRET_KEY_ID, secret_key_id))

        await self.database.write(work, [EVERYTHING])

    async def size_bytes(self) -> int:
        """See `Tables.size_bytes`."""
        ((size,),) = self.database.select(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", ()
        )
        return cast("int", size)

    async def damages(self) -> list[str]:
        """See `Tables.damages`."""
        found = self.database.select(f"PRAGMA integrity_check({_DAMAGES_MAX})", ())
        strays = self.database.select('SELECT DISTINCT "table" FROM pragma_foreign_key_check', ())
        return [f"SQLite says: {said}" for (said,) in found if said != "ok"] + [
            f"SQLite says: a row of {name} belongs to one that is not there" for (name,) in strays
        ]


_FACT = "INSERT INTO store_info (name, value) VALUES (?, ?)"


def _insertion(table: Table) -> str:
    places = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})"  # noqa: S608 - our own names
