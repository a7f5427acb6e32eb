"""The record store on SQLite."""

import json
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, cast

import apsw
import msgspec

from confledger.errors import DeliveryConflict, EventConflict, NoSuchConference, NoSuchCorp
from confledger.ledger.record import (
    KEY_EVENT_PREFIX,
    PAGE_EVENT_PREFIX,
    ControlRecord,
    Delivery,
    Manner,
    Page,
    Receipt,
    ShownPage,
)
from confledger.storage.rows import page_asked
from confledger.storage.sqlite import events
from confledger.storage.sqlite.database import QUERIES, Database, Row
from confledger.storage.sqlite.generations import place_of
from confledger.storage.sqlite.manners import Manners, Meaning, number_of


@dataclass(frozen=True, slots=True)
class SQLiteRecordStore:
    """`ledger.store.RecordStore` in one SQLite file."""

    database: Database

    async def append(
        self,
        corp_id: str,
        batches: Mapping[str, Sequence[ControlRecord]],
        delivery: Delivery | None = None,
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
                ).append(records, delivery)
                for conference_uuid, records in batches.items()
            }

        receipts = await self.database.write(work, [place_of(each) for each in batches])
        manners.know(new_manners)
        return receipts

    def generation(self, conference_uuid: str) -> int:
        """See `RecordStore.generation`."""
        return self.database.generations.of(place_of(conference_uuid))

    async def counts(self, corp_id: str, conference_uuids: Collection[str]) -> dict[str, int]:
        """See `RecordStore.counts`."""
        bindings = {"corp_id": corp_id, "uuids": json.dumps(list(conference_uuids))}
        return {row[0]: row[1] for row in self.database.read("counts", bindings)}

    async def page(self, corp_id: str, conference_uuid: str, *, offset: int, limit: int) -> Page:
        """See `RecordStore.page`."""
        rows = self._rows("page", page_asked(corp_id, conference_uuid, offset, limit))
        count, first_seq = rows[0][:2]
        if first_seq is None:
            return Page([], count)
        meaning = self._meaning({row[3] for row in rows})
        return Page([record_of(row, 1, meaning) for row in rows], count)

    async def shown_page(
        self,
        corp_id: str,
        conference_uuid: str,
        *,
        offset: int,
        limit: int,
        known_count: int | None = None,
    ) -> ShownPage | None:
        """See `RecordStore.shown_page`."""
        asked = page_asked(corp_id, conference_uuid, offset, limit, known_count)
        rows = self._rows("shown_page", asked)
        count = rows[0][5]
        if count == known_count:
            return None
        if rows[0][0] is None:
            return ShownPage([], {}, count)
        numbers = {row[1] for row in rows}
        meaning = self._meaning(numbers)
        return ShownPage(rows, {number: meaning[number] for number in numbers}, count)

    def _rows(self, query: str, asked: dict[str, Any]) -> list[Any]:
        rows = self.database.read(query, asked)
        if not rows:
            raise NoSuchConference(asked["conference_uuid"])
        return rows

    def _meaning(self, numbers: set[int]) -> Meaning:
        return self.database.manners.meaning(numbers, self.database.read, are_committed=True)


def record_of(row: Row, first: int, manners: Meaning) -> ControlRecord:
    """A record, from its columns in the file, which begin at `first` with its seq."""
    seq, time_ms, manner_id, operator, object_, detail, short, received_ms = row[first:]
    source, basis, operation, operation_text, result, result_text = manners[manner_id]
    return ControlRecord(
        operate_time_ms=time_ms,
        source=source,
        operator=operator,
        operator_basis=basis,
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

_CELLS: Final = 7
"""Of each row, but for its key."""

_CELLS_AT_ONCE: Final = _CELLS * _ROWS_AT_ONCE


_COLUMNS: Final = (
    "head_id, seq, operate_time_ms, manner_id, operator, object, detail, event_id, received_time_ms"
)


def _adding(rows: int) -> str:
    """The statement that adds rows which follow one another."""
    values = ", ".join(
        f"(?1, ?2 + {row}, {', '.join(f'?{3 + row * _CELLS + cell}' for cell in range(_CELLS))})"
        for row in range(rows)
    )
    # By name, for a newer version may have added a column beside a process that goes on.
    return f"INSERT INTO record ({_COLUMNS}) VALUES {values}"  # noqa: S608 - names and numbers of ours


_ADD_ROW: Final = _adding(1)
_ADD_ROWS: Final = _adding(_ROWS_AT_ONCE)


@dataclass(slots=True)
class EventIndex:
    """Which record each event of a conference became.

    An event has a row under a number made of its id, or, if other events have those, under
    further ones. Those of a group, as `events.member_of` tells, share the row of their group,
    which tells where its first one is or would be; one that is not where that leads has a
    row of its own. Without a row of the group none of it is known. No row is ever
    believed: whatever it leads to is held against the id.
    """

    rows: Callable[[str, Mapping[str, Any]], list[Row]]
    """Does a named query."""
    head_id: int

    def find(self, event_id: str) -> int | None:
        """The seq of the record that an event became; None where it is not known."""
        if member := events.member_of(event_id):
            group, place = member
            first = self._led_to(events.first_number(group))
            if first is None:
                return None
            if self._is_at(event_id, first + place):
                return first + place
        attempt, number = 0, events.first_number(event_id)
        while (seq := self._led_to(number)) is not None:
            if self._is_at(event_id, seq):
                return seq
            attempt += 1
            number = events.further_number(event_id, attempt)
        return None

    def add(self, event_id: str, seq: int) -> None:
        """Add an event that is not known, of the record that will be at `seq`."""
        if member := events.member_of(event_id):
            group, place = member
            number = events.first_number(group)
            if self.put(number, seq - place) or self._led_to(number) == seq - place:
                return
        attempt, number = 0, events.first_number(event_id)
        while not self.put(number, seq):
            attempt += 1
            number = events.further_number(event_id, attempt)

    def put(self, number: int, seq: int) -> bool:
        """Make a number lead to a seq, unless it leads to one already."""
        added = {"head_id": self.head_id, "event_hash": number, "seq": seq}
        return bool(self.rows("add_event", added))

    def _led_to(self, number: int) -> int | None:
        rows = self.rows("event", {"head_id": self.head_id, "event_hash": number})
        return cast("int", rows[0][0]) if rows else None

    def _is_at(self, event_id: str, seq: int) -> bool:
        rows = self.rows("event_id_at", {"head_id": self.head_id, "seq": seq})
        return bool(rows) and events.lengthened(rows[0][0], seq) == event_id


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
    """How many records there are before the append."""

    def append(self, records: Sequence[ControlRecord], delivery: Delivery | None) -> Receipt:
        """Put those that are new at the end."""
        key = {"conference_uuid": self.conference_uuid, "corp_id": self.corp_id}
        heads = self._rows("head", key)
        if not records:
            return Receipt(0, 0, heads[0][1] if heads else 0)
        # The head's row is what makes `seq` dense: whoever has it locked gives out the
        # next numbers, and gives them back when the transaction fails.
        ((self.head_id, self.count),) = heads or self._rows("begin_head", key)
        if delivery and self._is_known(key, delivery):
            return Receipt(0, len(records), self.count)
        new: Sequence[ControlRecord] = records
        if delivery and (shorts := self._shorts_of_places(records, delivery)):
            self._add_records(self.count, records, shorts, delivery.received_time_ms)
        else:
            if delivery:
                new = records = delivery.settled(records)
            if not self._are_all_new(records):
                new = self._add_new_events(records)
            ids = [record.event_id for record in new]
            self._add_records(self.count, new, map(events.shortened, ids, count(self.count)))
        grown = self.count + len(new)
        self._rows("grow_head", {"head_id": self.head_id, "record_count": grown})
        return Receipt(len(new), len(records) - len(new), grown)

    def put(self, first_seq: int, records: Sequence[ControlRecord]) -> None:
        """Put records at places that are free, of a conference that counts them already."""
        key = {"conference_uuid": self.conference_uuid, "corp_id": self.corp_id}
        ((self.head_id, _),) = self._rows("head", key)
        index = EventIndex(self._rows, self.head_id)
        shorts = []
        for seq, record in enumerate(records, first_seq):
            index.add(record.event_id, seq)
            shorts.append(events.shortened(record.event_id, seq))
        self._add_records(first_seq, records, shorts)

    def _is_known(self, key: Mapping[str, str], delivery: Delivery) -> bool:
        """Whether a delivery has been kept; if not, it is from now on.

        Raises:
            DeliveryConflict: another one of its key has been.
        """
        asked = {**key, "delivery_key": delivery.key}
        rows = self._rows("delivery", asked)
        if not rows:
            self._rows("add_delivery", {**asked, "digest": delivery.digest})
        elif rows[0][0] != delivery.digest:
            raise DeliveryConflict(delivery.key)
        return bool(rows)

    def _shorts_of_places(
        self, records: Sequence[ControlRecord], delivery: Delivery
    ) -> Iterable[events.Short]:
        """Where no record of a delivery has an id and none of its places is known: make all
        known, by the one row of their group, and give their short ids; else nothing.
        """
        if len(records) > events.PLACES or any(record.event_id for record in records):
            return ()
        index = EventIndex(self._rows, self.head_id)
        if not index.put(events.first_number(delivery.group), self.count):
            return ()
        first = cast("int", events.shortened(f"{delivery.group}:0", self.count))
        return range(first, first - len(records), -1)

    def _are_all_new(self, records: Sequence[ControlRecord]) -> bool:
        """Add the events of records if none of them is known, as is most often so; else none.

        It may say that one is known that is not: there may be another event of the same number.
        """
        ids = [record.event_id for record in records]
        if any(event_id.startswith((PAGE_EVENT_PREFIX, KEY_EVENT_PREFIX)) for event_id in ids):
            return False  # what is at these positions has to be looked at, or at their groups
        added = {
            "head_id": self.head_id,
            "event_hashes": apsw.carray(array("q", map(events.first_number, ids))),
            "first_seq": self.count,
        }
        self._rows("add_events", added)
        if self.connection.changes() == len(records):
            return True
        self._rows("take_back_events", added)
        return False

    def _add_new_events(self, records: Sequence[ControlRecord]) -> list[ControlRecord]:
        """Those of some records that are new, whose events are added one by one.

        Raises:
            EventConflict: one is known with another content.
        """
        index = EventIndex(self._rows, self.head_id)
        new: dict[str, ControlRecord] = {}
        for position, record in enumerate(records):
            before = new.get(record.event_id) or self._known(record, index)
            if before is None:
                new[record.event_id] = record
            elif not record.says_the_same_as(before):
                raise EventConflict(self.conference_uuid, record.event_id, position)
        for seq, event_id in enumerate(new, self.count):
            index.add(event_id, seq)
        return list(new.values())

    def _known(self, record: ControlRecord, index: EventIndex) -> ControlRecord | None:
        """What an event became, or what stands at the position that it names and shows it."""
        seq = index.find(record.event_id)
        if seq is not None:
            return self._record_at(seq)
        if record.place is None or record.place >= self.count:
            return None
        there = self._record_at(record.place)
        return there if record.is_shown_as(there) else None

    def _record_at(self, seq: int) -> ControlRecord:
        (row,) = self._rows("record_at", {"head_id": self.head_id, "seq": seq})
        meaning = self.manners.meaning({row[2]}, self._rows, are_committed=False)
        return record_of(row, 0, meaning)

    def _rows(self, query: str, bindings: Mapping[str, Any]) -> list[Row]:
        return self.connection.execute(QUERIES[query], bindings).fetchall()

    def _add_records(
        self,
        first_seq: int,
        records: Iterable[ControlRecord],
        shorts: Iterable[events.Short],
        received_time_ms: int | None = None,
    ) -> None:
        ids, new_id = self.manners.ids, self._manner_id
        cells: list[Any] = []
        for record, short in zip(records, shorts, strict=False):
            # fmt: off
            (time_ms, source, operator, basis, operation, operation_text, object_, result,
             result_text, detail, _, received_ms) = _cells(record)
            # fmt: on
            manner = (source, basis, operation, operation_text, result, result_text)
            manner_id = ids.get(manner) or new_id(manner)
            cells += (
                *(time_ms, manner_id, operator, object_, detail, short),
                received_ms if received_time_ms is None else received_time_ms,
            )
        self._add_cells(first_seq, cells)

    def _add_cells(self, first_seq: int, cells: list[Any]) -> None:
        """Put rows into the table `record`, given one after the other without their keys."""
        execute, head_id = self.connection.execute, self.head_id
        last = len(cells) - len(cells) % _CELLS_AT_ONCE
        for first in range(0, last, _CELLS_AT_ONCE):
            seq = first_seq + first // _CELLS
            execute(_ADD_ROWS, [head_id, seq, *cells[first : first + _CELLS_AT_ONCE]])
        for first in range(last, len(cells), _CELLS):
            seq = first_seq + first // _CELLS
            execute(_ADD_ROW, [head_id, seq, *cells[first : first + _CELLS]])

    def _manner_id(self, manner: Manner) -> int:
        number = self.new_manners.get(manner)
        if number is None:
            number = number_of(self.connection, manner)
            self.new_manners[manner] = number
        return number
