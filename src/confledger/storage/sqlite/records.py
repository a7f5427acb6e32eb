"""The record store on SQLite."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import apsw
import msgspec

from confledger.errors import EventConflict, NoSuchConference, NoSuchCorp
from confledger.ledger.record import (
    PAGE_EVENT_PREFIX,
    ControlRecord,
    OperatorBasis,
    Page,
    Receipt,
)
from confledger.storage.rows import NO_COUNT
from confledger.storage.sqlite import events
from confledger.storage.sqlite.database import QUERIES, Database, Row
from confledger.storage.sqlite.generations import place_of
from confledger.storage.sqlite.manners import Manner, Manners, Meaning, number_of


@dataclass(frozen=True, slots=True)
class SQLiteRecordStore:
    """`ledger.store.RecordStore` in one SQLite file."""

    database: Database

    async def append(
        self, corp_id: str, batches: Mapping[str, Sequence[ControlRecord]]
    ) -> dict[str, Receipt]:
        """See `RecordStore.append`."""
        manners = self.database.manners
        new_manners: dict[Manner, int] = {}

        def work(connection: apsw.Connection) -> dict[str, Receipt]:
            if not connection.execute(QUERIES["corp"], {"corp_id": corp_id}).fetchall():
                raise NoSuchCorp(corp_id)
            return {
                conference_uuid: Appending(
                    connection, corp_id, conference_uuid, manners, new_manners
                ).append(records)
                for conference_uuid, records in batches.items()
            }

        receipts = await self.database.write(work, [place_of(each) for each in batches])
        manners.know(new_manners)
        return receipts

    def generation(self, conference_uuid: str) -> int:
        """See `RecordStore.generation`."""
        return self.database.generations.of(place_of(conference_uuid))

    async def page(self, corp_id: str, conference_uuid: str, *, offset: int, limit: int) -> Page:
        """See `RecordStore.page`."""
        return self._page(self._rows_of_page(corp_id, conference_uuid, offset, limit, None))

    async def page_unless(
        self,
        corp_id: str,
        conference_uuid: str,
        *,
        offset: int,
        limit: int,
        known_count: int | None,
    ) -> Page | None:
        """See `RecordStore.page_unless`."""
        rows = self._rows_of_page(corp_id, conference_uuid, offset, limit, known_count)
        return None if rows[0][0] == known_count else self._page(rows)

    def _page(self, rows: list[Row]) -> Page:
        count, first_seq = rows[0][:2]
        if first_seq is None:
            return Page([], count)
        manners = self.database.manners.meaning(
            {row[3] for row in rows}, self.database.read, are_committed=True
        )
        return Page([record_of(row, 1, manners) for row in rows], count)

    def _rows_of_page(
        self, corp_id: str, conference_uuid: str, offset: int, limit: int, known_count: int | None
    ) -> list[Row]:
        rows = self.database.read(
            "page",
            {
                "corp_id": corp_id,
                "conference_uuid": conference_uuid,
                "offset": offset,
                "limit": limit,
                "known_count": NO_COUNT if known_count is None else known_count,
            },
        )
        if not rows:
            raise NoSuchConference(conference_uuid)
        return rows


def record_of(row: Row, first: int, manners: Meaning) -> ControlRecord:
    """A record, from its columns in the file, which begin at `first` with its seq."""
    seq, time_ms, manner_id, operator, object_, detail, short, received_ms = row[first:]
    source, basis, operation, operation_text, result, result_text = manners[manner_id]
    return ControlRecord(
        operate_time_ms=time_ms,
        source=source,
        operator=operator,
        operator_basis=cast("OperatorBasis", basis),
        operation=operation,
        operation_text=operation_text,
        object=object_,
        result=result,
        result_text=result_text,
        detail=detail,
        event_id=short if type(short) is str else events.lengthened(short, seq),
        received_time_ms=received_ms,
    )


_cells: Final = msgspec.structs.astuple

_ROWS_AT_ONCE: Final = 64
"""A statement for so many rows takes two thirds of the time of so many statements."""

_ADD_ROW: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_ROWS: Final = _ADD_ROW + ", (?, ?, ?, ?, ?, ?, ?, ?, ?)" * (_ROWS_AT_ONCE - 1)


def _add_rows(connection: apsw.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put rows into the table `record`."""
    whole = len(rows) - len(rows) % _ROWS_AT_ONCE
    for first in range(0, whole, _ROWS_AT_ONCE):
        cells: list[Any] = []
        for row in rows[first : first + _ROWS_AT_ONCE]:
            cells += row
        connection.execute(_ADD_ROWS, cells)
    connection.executemany(_ADD_ROW, rows[whole:])


@dataclass(slots=True)
class Appending:
    """The append of some records to one conference, in a transaction."""

    connection: apsw.Connection
    corp_id: str
    conference_uuid: str
    manners: Manners
    new_manners: dict[Manner, int] = field(default_factory=dict)
    """Those that this transaction has looked up or given numbers to."""
    head_id: int = field(default=0, init=False)
    count: int = field(default=0, init=False)

    def append(self, records: Sequence[ControlRecord]) -> Receipt:
        """Put those that are new at the end."""
        key = {"conference_uuid": self.conference_uuid, "corp_id": self.corp_id}
        heads = self._rows("head", key)
        if not heads:
            if not records:
                return Receipt(0, 0, 0)
            heads = self._rows("begin_head", key)
        if not records:
            return Receipt(0, 0, cast("int", heads[0][1]))
        # The head's row is what makes `seq` dense: whoever has it locked gives out the
        # next numbers, and gives them back when the transaction fails.
        ((self.head_id, self.count),) = heads
        new = records if self._are_all_new(records) else self._add_new_events(records)
        self._add_records(self.count, new)
        if new:
            self.count += len(new)
            self.connection.execute(
                QUERIES["grow_head"], {"head_id": self.head_id, "record_count": self.count}
            )
        return Receipt(len(new), len(records) - len(new), self.count)

    def put(self, first_seq: int, records: Sequence[ControlRecord]) -> None:
        """Put records at places that are free, of a conference that counts them already."""
        key = {"conference_uuid": self.conference_uuid, "corp_id": self.corp_id}
        ((self.head_id, self.count),) = self._rows("head", key)
        for seq, record in enumerate(records, first_seq):
            self._add_event(record.event_id, seq)
        self._add_records(first_seq, records)

    def _are_all_new(self, records: Sequence[ControlRecord]) -> bool:
        """Add the events of records if none of them is known, as is most often so; else none.

        It may say that one is known that is not: there may be another event of the same number.
        """
        if self.count and any(record.event_id.startswith(PAGE_EVENT_PREFIX) for record in records):
            return False  # what is at these positions has to be looked at
        numbers = array("q", events.first_numbers([record.event_id for record in records]))
        added = {
            "head_id": self.head_id,
            "event_hashes": apsw.carray(numbers),
            "first_seq": self.count,
        }
        self.connection.execute(QUERIES["add_events"], added)
        if self.connection.changes() == len(records):
            return True
        self.connection.execute(QUERIES["take_back_events"], added)
        return False

    def _add_new_events(self, records: Sequence[ControlRecord]) -> list[ControlRecord]:
        """Those of some records that are new, whose events are added one by one.

        Raises:
            EventConflict: one is known with another content.
        """
        numbers = array("q", {events.first_number(record.event_id) for record in records})
        asked = {"head_id": self.head_id, "event_hashes": apsw.carray(numbers)}
        rows = self._rows("records_of_events", asked)
        known = {row[0]: record for row, record in zip(rows, self._read(rows, 1), strict=True)}
        new: dict[str, ControlRecord] = {}
        for position, record in enumerate(records):
            before = new.get(record.event_id) or self._known(record, known)
            if before is None:
                new[record.event_id] = record
            elif not record.says_the_same_as(before):
                raise EventConflict(self.conference_uuid, record.event_id, position)
        for seq, event_id in enumerate(new, self.count):
            self._add_event(event_id, seq)
        return list(new.values())

    def _known(
        self, record: ControlRecord, known: Mapping[int, ControlRecord]
    ) -> ControlRecord | None:
        """What an event became, of which `known` has those that have first numbers."""
        attempt = 0
        found = known.get(events.first_number(record.event_id))
        while found is not None and found.event_id != record.event_id:
            # Another event has the number, and whoever came second has the next one.
            attempt += 1
            number = array("q", [events.further_number(record.event_id, attempt)])
            asked = {"head_id": self.head_id, "event_hashes": apsw.carray(number)}
            rows = self._rows("records_of_events", asked)
            found = next(iter(self._read(rows, 1)), None)
        if found is not None or record.place is None:
            return found
        at = {"head_id": self.head_id, "seq": record.place}
        rows = self._rows("record_at", at)
        there = next(iter(self._read(rows, 0)), None)
        return there if there is not None and record.is_shown_as(there) else None

    def _add_event(self, event_id: str, seq: int) -> None:
        """Add an event that is not there, by the first of its numbers that no other one has."""
        attempt = 0
        number = events.first_number(event_id)
        while True:
            added = {"head_id": self.head_id, "event_hash": number, "seq": seq}
            self.connection.execute(QUERIES["add_event"], added)
            if self.connection.changes():
                return
            attempt += 1
            number = events.further_number(event_id, attempt)

    def _read(self, rows: Sequence[Row], first: int) -> Iterable[ControlRecord]:
        meaning = self.manners.meaning(
            {row[first + 2] for row in rows}, self._rows, are_committed=False
        )
        return [record_of(row, first, meaning) for row in rows]

    def _rows(self, query: str, bindings: Mapping[str, Any]) -> list[Row]:
        return self.connection.execute(QUERIES[query], bindings).fetchall()

    def _add_records(self, first_seq: int, records: Iterable[ControlRecord]) -> None:
        head_id, ids, new_id, shortened = (
            self.head_id,
            self.manners.ids,
            self._manner_id,
            events.shortened,
        )
        rows = []
        for seq, record in enumerate(records, first_seq):
            # fmt: off
            (time_ms, source, operator, basis, operation, operation_text, object_, result,
             result_text, detail, event_id, received_ms) = _cells(record)
            # fmt: on
            manner = (source, basis, operation, operation_text, result, result_text)
            manner_id = ids.get(manner) or new_id(manner)
            short = event_id if event_id[:4] not in events.STARTS else shortened(event_id, seq)
            rows.append(
                (head_id, seq, time_ms, manner_id, operator, object_, detail, short, received_ms)
            )
        _add_rows(self.connection, rows)

    def _manner_id(self, manner: Manner) -> int:
        number = self.new_manners.get(manner)
        if number is None:
            number = number_of(self.connection, manner)
            self.new_manners[manner] = number
        return number
