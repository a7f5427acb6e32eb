"""The tables of a store in SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, cast

import apsw

from confledger.errors import StoreUnusable
from confledger.storage.rows import Row, record_of
from confledger.storage.sqlite.database import Database, address_of
from confledger.storage.sqlite.generations import EVERYTHING
from confledger.storage.sqlite.records import Appending, EventIndex
from confledger.storage.tables import COPIED_FROM, FIRST_CORP, RECORDS, SECRET_KEY_ID, Table

_DAMAGES_MAX: Final = 100
_EVENT_ID: Final = RECORDS.columns.index("event_id")


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
        if table is RECORDS:
            return self._records(after, limit)
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

    def _records(self, after: Row | None, limit: int) -> list[Row]:
        conference_uuid, corp_id, seq = after or ("", "", -1)
        return cast(
            "list[Row]",
            self.database.select(
                f"SELECT {', '.join(RECORDS.columns)} FROM readable_record"  # noqa: S608 - our own names
                " WHERE (conference_uuid, corp_id) >= (:conference_uuid, :corp_id)"
                # A condition for each conference, so that each is begun where it has to be.
                " AND seq > CASE WHEN conference_uuid = :conference_uuid AND corp_id = :corp_id"
                " THEN :seq ELSE -1 END"
                " ORDER BY conference_uuid, corp_id, seq LIMIT :limit",
                {
                    "conference_uuid": conference_uuid,
                    "corp_id": corp_id,
                    "seq": seq,
                    "limit": limit,
                },
            ),
        )

    async def find(self, table: Table, key: Row) -> Row | None:
        """See `Tables.find`."""
        rows = self.database.select(
            f"SELECT {', '.join(table.columns)} FROM {_source(table)}"  # noqa: S608 - our own names
            f" WHERE {' AND '.join(f'{column} = ?' for column in table.key)}",
            tuple(key),
        )
        return rows[0] if rows else None

    async def count(self, table: Table) -> int:
        """See `Tables.count`."""
        ((count,),) = self.database.select(f"SELECT count(*) FROM {table.name}", ())  # noqa: S608 - our own names
        return cast("int", count)

    async def events(self, after: Row | None, limit: int) -> list[Row]:
        """See `Tables.events`."""
        rows = await self.page(RECORDS, after, limit)
        return [
            (*row[:3], event_id if index.find(event_id) == row[2] else "", row[2])
            for (conference_uuid, corp_id), of_one in groupby(rows, lambda row: tuple(row[:2]))
            for index in [self._index(conference_uuid, corp_id)]
            for row in of_one
            for event_id in [row[_EVENT_ID]]
        ]

    def _index(self, conference_uuid: str, corp_id: str) -> EventIndex:
        key = {"conference_uuid": conference_uuid, "corp_id": corp_id}
        ((head_id, _),) = self.database.read("head", key)
        return EventIndex(self.database.read, head_id)

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
            f"SELECT {', '.join(table.key)} FROM {_source(table)} ORDER BY {backwards} LIMIT 1",  # noqa: S608 - our own names
            (),
        )
        return rows[0] if rows else None

    async def add(self, table: Table, rows: list[Row]) -> None:
        """See `Tables.add`."""

        def work(connection: apsw.Connection) -> None:
            try:
                if table is RECORDS:
                    self._add_records(connection, rows)
                else:
                    connection.executemany(_insertion(table), [tuple(row) for row in rows])
            except apsw.ConstraintError as error:
                raise StoreUnusable(
                    f"the store {self.address} does not take a row of {table.name}: {error}"
                ) from error

        await self.database.write(work, [EVERYTHING])

    def _add_records(self, connection: apsw.Connection, rows: Sequence[Row]) -> None:
        """Records, for which there are heads already, which count them."""
        # Runs without a gap; a store with gaps is copied as it is.
        for (conference_uuid, corp_id, _), run in groupby(
            enumerate(rows), lambda numbered: (*numbered[1][:2], numbered[1][2] - numbered[0])
        ):
            of_one = [row for _, row in run]
            Appending(connection, corp_id, conference_uuid, self.database.manners).put(
                of_one[0][2], [record_of(row[3:]) for row in of_one]
            )

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
        ownerless = self.database.select(
            'SELECT DISTINCT "table" FROM pragma_foreign_key_check', ()
        )
        lost = self.database.select(
            "SELECT name, count(*) FROM ("
            " SELECT 'record' AS name, head_id FROM record UNION ALL"
            " SELECT 'event' AS name, head_id FROM event UNION ALL"
            " SELECT 'delivery' AS name, head_id"
            " FROM delivery LEFT JOIN head USING (conference_uuid, corp_id)"
            ") WHERE head_id IS NULL OR head_id NOT IN (SELECT head_id FROM head)"
            " GROUP BY name ORDER BY name",
            (),
        )
        without_manner = self.database.select(
            "SELECT count(*) FROM record WHERE manner_id NOT IN (SELECT manner_id FROM manner)"
            " HAVING count(*) > 0",
            (),
        )
        strays = self.database.select(
            "SELECT count(*) FROM event WHERE seq >= 0 AND NOT EXISTS ("
            " SELECT 1 FROM record WHERE record.head_id = event.head_id AND record.seq = event.seq)"
            " HAVING count(*) > 0",
            (),
        )
        return [
            *(f"SQLite says: {said}" for (said,) in found if said != "ok"),
            *(
                f"SQLite says: a row of {name} belongs to one that is not there"
                for (name,) in ownerless
            ),
            *(f"{count} rows of {name} belong to no conference" for name, count in lost),
            *(f"{count} rows of event lead to no record" for (count,) in strays),
            *(f"{count} rows of record have no manner" for (count,) in without_manner),
        ]


def _source(table: Table) -> str:
    return "readable_record" if table is RECORDS else table.name


_FACT = "INSERT INTO store_info (name, value) VALUES (?, ?)"


def _insertion(table: Table) -> str:
    places = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})"  # noqa: S608 - our own names
