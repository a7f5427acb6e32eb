"""Whether what a store holds fits together."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from confledger.storage.lists import DAY_MS
from confledger.storage.rows import Row
from confledger.storage.tables import (
    CONFERENCES,
    DAYS,
    HEADS,
    RECORDS,
    VIEWERS,
    Table,
    Tables,
)

_ROWS_OF_PAGE: Final = 2_000
_DIGEST_BYTES: Final = 8

Key = tuple[str, str]


@dataclass(slots=True)
class _Group:
    """The records, or the events, of one conference, as much as fits into a few figures."""

    key: Key
    count: int = 0
    is_dense: bool = True
    digest: int = 0
    """The sum of a hash of each number and event id, which their order does not change."""

    def add(self, seq: int, event_id: str) -> None:
        """Count one more."""
        self.is_dense = self.is_dense and seq == self.count
        self.count += 1
        hashed = blake2b(f"{seq} {event_id}".encode(), digest_size=_DIGEST_BYTES).digest()
        self.digest = (self.digest + int.from_bytes(hashed)) % (1 << 8 * _DIGEST_BYTES)


async def check_store(store: Tables) -> AsyncGenerator[str]:
    """Look through a store for what does not fit together, a sentence for each finding.

    It takes little memory, however large the store is. What is written meanwhile
    may be found where nothing is wrong.
    """
    for sentence in await store.damages():
        yield sentence
    async for sentence in _check_records(store):
        yield sentence
    async for sentence in _check_days(store):
        yield sentence
    async for sentence in _check_viewers(store):
        yield sentence


async def _check_records(store: Tables) -> AsyncIterator[str]:
    """Heads, records and events side by side, for all three are in the order of conferences."""
    heads, records, events = _heads(store), _records(store), _events(store)
    head, record, event = (
        await anext(heads, None),
        await anext(records, None),
        await anext(events, None),
    )
    while head or record or event:
        present = [group.key for group in (head, record, event) if group]
        key = min(present)
        name = f"conference {key[0]} of the corp {key[1]}"
        of_records = record if record and record.key == key else _Group(key)
        of_events = event if event and event.key == key else _Group(key)
        if head and head.key == key:
            count = head.count
        else:
            count = of_records.count
            yield f"{name} has records or events, and no head"
        if not of_records.is_dense:
            yield f"{name} has a gap in the numbers of its records"
        if of_records.count != count:
            yield f"{name} has {of_records.count} records, and its head says {count}"
        if (of_events.count, of_events.digest) != (of_records.count, of_records.digest):
            yield f"{name} has events that are not those of its records"
        if head and head.key == key:
            head = await anext(heads, None)
        if record is of_records:
            record = await anext(records, None)
        if event is of_events:
            event = await anext(events, None)


async def _heads(store: Tables) -> AsyncIterator[_Group]:
    async for conference_uuid, corp_id, record_count in _rows(store, HEADS):
        yield _Group((conference_uuid, corp_id), record_count)


async def _records(store: Tables) -> AsyncIterator[_Group]:
    seq, event_id = RECORDS.columns.index("seq"), RECORDS.columns.index("event_id")
    rows = ((row[0], row[1], row[seq], row[event_id]) async for row in _rows(store, RECORDS))
    async for group in _groups(rows):
        yield group


async def _events(store: Tables) -> AsyncIterator[_Group]:
    async def rows() -> AsyncIterator[Row]:
        after: Row | None = None
        while page := await store.events(after, _ROWS_OF_PAGE):
            for conference_uuid, corp_id, _, event_id, seq in page:
                yield conference_uuid, corp_id, seq, event_id
            after = page[-1][:3]

    async for group in _groups(rows()):
        yield group


async def _groups(rows: AsyncIterator[Row]) -> AsyncIterator[_Group]:
    group: _Group | None = None
    async for conference_uuid, corp_id, seq, event_id in rows:
        key = (conference_uuid, corp_id)
        if group is None or group.key != key:
            if group:
                yield group
            group = _Group(key)
        group.add(seq, event_id)
    if group:
        yield group


async def _check_days(store: Tables) -> AsyncIterator[str]:
    """The counts of days, which are few."""
    corp_id, recording, start, end = map(
        CONFERENCES.columns.index, ("corp_id", "has_recording", "start_time_ms", "end_time_ms")
    )
    counted: Counter[tuple[str, bool, int]] = Counter()
    async for row in _rows(store, CONFERENCES):
        if row[end] is not None:
            counted[row[corp_id], bool(row[recording]), row[start] // DAY_MS] += 1
    async for corp, has_recording, day, count in _rows(store, DAYS):
        found = counted.pop((corp, bool(has_recording), day), 0)
        if found != count:
            yield _day_sentence(corp, has_recording=has_recording, day=day, found=found, told=count)
    for (corp, has_recording, day), found in counted.items():
        yield _day_sentence(corp, has_recording=has_recording, day=day, found=found, told=0)


def _day_sentence(corp_id: str, *, has_recording: bool, day: int, found: int, told: int) -> str:
    kind = "with" if has_recording else "without"
    return (
        f"of the corp {corp_id}, {found} conferences {kind} a recording that have ended began"
        f" on day {day} since 1970, and the count of the day says {told}"
    )


async def _check_viewers(store: Tables) -> AsyncIterator[str]:
    recording, start, end = map(
        CONFERENCES.columns.index, ("has_recording", "start_time_ms", "end_time_ms")
    )
    known: dict[Key, Row | None] = {}
    async for corp_id, person, conference_uuid, told_start, told_recording in _rows(store, VIEWERS):
        key = (corp_id, conference_uuid)
        if key not in known:
            if len(known) >= _ROWS_OF_PAGE:
                known.clear()
            known[key] = await store.find(CONFERENCES, key)
        conference = known[key]
        name = f"conference {conference_uuid} of the corp {corp_id}"
        if conference is None:
            yield f"{name} is not there, and {person} may see it"
            continue
        has_ended = conference[end] is not None
        dates = (conference[start], conference[recording]) if has_ended else (None, None)
        if dates != (told_start, told_recording):
            yield f"{name} has another start or recording in the list of {person}"


async def _rows(store: Tables, table: Table) -> AsyncIterator[Row]:
    after: Row | None = None
    while rows := await store.page(table, after, _ROWS_OF_PAGE):
        for row in rows:
            yield row
        after = table.key_of(rows[-1])
