"""The record store on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from confledger.errors import DeliveryConflict, EventConflict, NoSuchConference
from confledger.ledger.record import ControlRecord, Delivery, Manner, Page, Receipt, ShownPage
from confledger.storage.postgresql.database import Database, Session
from confledger.storage.postgresql.missing import corp_missing, require_corp
from confledger.storage.rows import Row, page_asked, page_of, record_of, row_of_record

_EVENTS_ASKED_MAX: Final = 1000
"""How many events are looked for at once."""


@dataclass(frozen=True, slots=True)
class PostgreSQLRecordStore:
    """`ledger.store.RecordStore` in one PostgreSQL database.

    Args:
        database: where the records are.
        replica: a copy, which may be late, to read pages from.
    """

    database: Database
    replica: Database | None = None

    async def append(
        self,
        corp_id: str,
        batches: Mapping[str, Sequence[ControlRecord]],
        delivery: Delivery | None = None,
    ) -> dict[str, Receipt]:
        """See `RecordStore.append`."""

        async def work(session: Session) -> dict[str, Receipt]:
            if not any(batches.values()):
                await require_corp(session, corp_id)  # else a new head refers to it
            # Heads are locked in one order by all, so that nobody waits in a circle.
            receipts = {
                conference_uuid: await _append(session, corp_id, conference_uuid, records, delivery)
                for conference_uuid, records in sorted(batches.items())
            }
            return {conference_uuid: receipts[conference_uuid] for conference_uuid in batches}

        with corp_missing(corp_id):
            return await self.database.write(work)

    def generation(self, conference_uuid: str) -> int | None:  # noqa: ARG002 - the store's signature
        """See `RecordStore.generation`: other machines may write, and tell nobody here."""
        return None

    async def counts(self, corp_id: str, conference_uuids: Collection[str]) -> dict[str, int]:
        """See `RecordStore.counts`."""
        bindings = {"corp_id": corp_id, "uuids": list(conference_uuids)}
        rows = await (self.replica or self.database).read("counts", bindings)
        return {row[0]: row[1] for row in rows}

    async def page(self, corp_id: str, conference_uuid: str, *, offset: int, limit: int) -> Page:
        """See `RecordStore.page`."""
        asked = page_asked(corp_id, conference_uuid, offset, limit)
        return page_of(await self._rows("page", asked))

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
        rows = await self._rows("shown_page", asked)
        count = rows[0][0]
        if count == known_count:
            return None
        if rows[0][1] is None:
            return ShownPage([], {}, count)
        numbers: dict[Manner, int] = {}
        number_of = numbers.setdefault
        shown = [
            (time_ms, number_of(tuple(manner), len(numbers)), operator, object_, detail, count)
            for count, time_ms, operator, object_, detail, *manner in rows
        ]
        return ShownPage(shown, {number: manner for manner, number in numbers.items()}, count)

    async def _rows(self, query: str, asked: Mapping[str, Any]) -> list[Row]:
        rows = await (self.replica or self.database).read(query, asked)
        if not rows and self.replica:
            # It is not unknown because the copy is late.
            rows = await self.database.read(query, asked)
        if not rows:
            raise NoSuchConference(asked["conference_uuid"])
        return rows


async def _append(
    session: Session,
    corp_id: str,
    conference_uuid: str,
    records: Sequence[ControlRecord],
    delivery: Delivery | None,
) -> Receipt:
    key = {"conference_uuid": conference_uuid, "corp_id": corp_id}
    names_all = False
    if delivery:
        names_all = not any(record.event_id for record in records)
        records = delivery.settled(records)
    event_ids = list(dict.fromkeys(record.event_id for record in records))
    if not event_ids:
        heads = await session.rows("record_count", key)
        return Receipt(0, 0, heads[0][0] if heads else 0)
    if delivery and await _is_known(session, key, delivery):
        ((count,),) = await session.rows("record_count", key)
        return Receipt(0, len(records), count)
    # The head's row is what makes `seq` dense: whoever has it locked gives out the next
    # numbers, and gives them back when the transaction fails. Most events are new, so it
    # grows by all of them before it is known which are.
    ((count,),) = await session.rows("grow_head", {**key, "accepted": len(event_ids)})
    known: dict[str, ControlRecord] = {}
    if count > len(event_ids) and not (
        delivery and names_all and await _is_new(session, key, delivery.group)
    ):
        known = await _known(session, key, event_ids)
    if count > len(event_ids):
        known |= await _shown(
            session, key, [each for each in records if each.event_id not in known]
        )
    new: dict[str, ControlRecord] = {}
    for position, record in enumerate(records):
        before = known.get(record.event_id) or new.setdefault(record.event_id, record)
        if not record.says_the_same_as(before):
            raise EventConflict(conference_uuid, record.event_id, position)
    if len(new) < len(event_ids):
        too_many = {**key, "too_many": len(event_ids) - len(new)}
        ((count,),) = await session.rows("shrink_head", too_many)
    receipt = Receipt(len(new), len(records) - len(new), count)
    if new:
        numbered = list(enumerate(new.values(), receipt.first_seq))
        await session.add_rows(
            "add_records",
            [(conference_uuid, corp_id, seq, *row_of_record(record)) for seq, record in numbered],
        )
        await session.add_rows(
            "add_events",
            [(conference_uuid, corp_id, record.event_id, seq) for seq, record in numbered],
        )
    return receipt


async def _is_known(session: Session, key: Mapping[str, str], delivery: Delivery) -> bool:
    """Whether a delivery has been kept; if not it is from now on, and others of its key wait.

    Raises:
        DeliveryConflict: another one of its key has been.
    """
    asked = {**key, "delivery_key": delivery.key}
    if await session.rows("add_delivery", {**asked, "digest": delivery.digest}):
        return False
    ((digest,),) = await session.rows("delivery", asked)
    if digest != delivery.digest:
        raise DeliveryConflict(delivery.key)
    return True


async def _is_new(session: Session, key: Mapping[str, str], group: str) -> bool:
    """Whether no event of a group is known; most often so, and one range of the key to ask."""
    # A semicolon comes behind a colon.
    asked = {**key, "first": f"{group}:", "behind": f"{group};"}
    return not await session.rows("any_event", asked)


async def _shown(
    session: Session, key: Mapping[str, str], records: Sequence[ControlRecord]
) -> dict[str, ControlRecord]:
    """What stands at the places that records name, where a page may show it as them."""
    places = {each.place: each for each in records if each.place is not None}
    shown = {}
    seqs = sorted(places)
    for first in range(0, len(seqs), _EVENTS_ASKED_MAX):
        asked = {**key, "seqs": seqs[first : first + _EVENTS_ASKED_MAX]}
        for seq, *row in await session.rows("records_at", asked):
            record, there = places[seq], record_of(row)
            if record.is_shown_as(there):
                shown[record.event_id] = there
    return shown


async def _known(
    session: Session, key: Mapping[str, str], event_ids: Sequence[str]
) -> dict[str, ControlRecord]:
    known = {}
    for first in range(0, len(event_ids), _EVENTS_ASKED_MAX):
        asked = {**key, "event_ids": event_ids[first : first + _EVENTS_ASKED_MAX]}
        for row in await session.rows("known_events", asked):
            record = record_of(row)
            known[record.event_id] = record
    return known
