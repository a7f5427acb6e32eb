"""The record store on SQLite."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import apsw

from confledger.errors import EventConflict, NoSuchConference, NoSuchCorp
from confledger.ledger.record import ControlRecord, Page, Receipt
from confledger.storage.rows import NO_COUNT, page_of, record_of, row_of_record
from confledger.storage.sqlite.database import QUERIES, Database, Row
from confledger.storage.sqlite.generations import place_of


@dataclass(frozen=True, slots=True)
class SQLiteRecordStore:
    """`ledger.store.RecordStore` in one SQLite file."""

    database: Database

    async def append(
        self, corp_id: str, batches: Mapping[str, Sequence[ControlRecord]]
    ) -> dict[str, Receipt]:
        """See `RecordStore.append`."""

        def work(connection: apsw.Connection) -> dict[str, Receipt]:
            if not connection.execute(QUERIES["corp"], {"corp_id": corp_id}).fetchall():
                raise NoSuchCorp(corp_id)
            return {
                conference_uuid: _append(connection, corp_id, conference_uuid, records)
                for conference_uuid, records in batches.items()
            }

        return await self.database.write(work, [place_of(each) for each in batches])

    def generation(self, conference_uuid: str) -> int:
        """See `RecordStore.generation`."""
        return self.database.generations.of(place_of(conference_uuid))

    async def counts(self, corp_id: str, conference_uuids: Collection[str]) -> dict[str, int]:
        """See `RecordStore.counts`."""
        bindings = {"corp_id": corp_id, "uuids": json.dumps(list(conference_uuids))}
        return {row[0]: row[1] for row in self.database.read("counts", bindings)}

    async def page(self, corp_id: str, conference_uuid: str, *, offset: int, limit: int) -> Page:
        """See `RecordStore.page`."""
        rows = self._rows_of_page(corp_id, conference_uuid, offset, limit, None)
        return page_of(rows)

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
        return None if rows[0][0] == known_count else page_of(rows)

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


def _append(
    connection: apsw.Connection,
    corp_id: str,
    conference_uuid: str,
    records: Sequence[ControlRecord],
) -> Receipt:
    key = {"conference_uuid": conference_uuid, "corp_id": corp_id}
    new: dict[str, ControlRecord] = {}
    for position, record in enumerate(records):
        known = new.get(record.event_id) or _known(connection, key, record)
        if known is None:
            new[record.event_id] = record
        elif not record.says_the_same_as(known):
            raise EventConflict(conference_uuid, record.event_id, position)
    if not new:
        heads = connection.execute(QUERIES["record_count"], key).fetchall()
        return Receipt(0, len(records), cast("int", heads[0][0]) if heads else 0)
    # The head's row is what makes `seq` dense: whoever has it locked gives out the
    # next numbers, and gives them back when the transaction fails.
    ((count,),) = connection.execute(QUERIES["grow_head"], {**key, "accepted": len(new)})
    receipt = Receipt(len(new), len(records) - len(new), cast("int", count))
    numbered = list(enumerate(new.values(), receipt.first_seq))
    connection.executemany(
        QUERIES["add_record"],
        ((conference_uuid, corp_id, seq, *row_of_record(record)) for seq, record in numbered),
    )
    connection.executemany(
        QUERIES["add_event"],
        ((conference_uuid, corp_id, record.event_id, seq) for seq, record in numbered),
    )
    return receipt


def _known(
    connection: apsw.Connection, key: Mapping[str, str], record: ControlRecord
) -> ControlRecord | None:
    bindings = {**key, "event_id": record.event_id}
    rows = connection.execute(QUERIES["record_of_event"], bindings).fetchall()
    if rows:
        return record_of(rows[0])
    if record.place is None:
        return None
    rows = connection.execute(QUERIES["record_at"], {**key, "seq": record.place}).fetchall()
    known = record_of(rows[0]) if rows else None
    return known if known is not None and record.is_shown_as(known) else None
