"""Appends to SQLite in any order, held against an obvious model; and the numbers of events."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.errors import DeliveryConflict, EventConflict
from confledger.ledger.record import ControlRecord, Delivery, Receipt
from confledger.storage import open_stores
from confledger.storage.checking import check_store
from confledger.storage.sqlite import events

CORP = "default"
CONFERENCES = ("a" * 32, "b" * 32)


@pytest.fixture
def colliding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events have so few numbers that many have the same, at first and also later."""
    monkeypatch.setattr(events, "first_number", lambda event_id: crc32(event_id.encode()) % 3)
    monkeypatch.setattr(
        events,
        "further_number",
        lambda event_id, attempt: -1 - attempt * 2 - crc32(event_id.encode(), 1) % 2,
    )


@dataclass
class Model:
    """What a store has to do, one record after the other."""

    records: dict[str, list[ControlRecord]] = field(default_factory=dict)
    digests: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def append(
        self, conference_uuid: str, batch: list[ControlRecord], delivery: Delivery | None
    ) -> Receipt | type[Exception]:
        """The receipt, or which error there is."""
        known = self.records.get(conference_uuid, [])
        key = (conference_uuid, delivery.key if delivery else "")
        if delivery and batch and key in self.digests:
            if self.digests[key] != delivery.digest:
                return DeliveryConflict
            return Receipt(0, len(batch), len(known))
        if delivery:
            batch = delivery.settled(batch)
        new: list[ControlRecord] = []
        for record in batch:
            before = self._before(record, known, new)
            if before is None:
                new.append(record)
            elif not record.says_the_same_as(before):
                return EventConflict
        if delivery and batch:
            self.digests[key] = delivery.digest
        if known or new:
            self.records[conference_uuid] = known + new
        return Receipt(len(new), len(batch) - len(new), len(known) + len(new))

    @staticmethod
    def _before(
        record: ControlRecord, known: list[ControlRecord], new: list[ControlRecord]
    ) -> ControlRecord | None:
        for each in known + new:
            if each.event_id == record.event_id:
                return each
        if record.place is not None and record.place < len(known):
            there = known[record.place]
            return there if record.is_shown_as(there) else None
        return None


IDS = st.one_of(
    st.integers(0, 12).map("event-{:03}".format),
    st.integers(0, 12).map("page:{}".format),
    st.integers(0, 12).map("key:0123456789ab:{}".format),
    st.integers(0, 90).map((Delivery("x", b"").group + ":{}").format),
    st.integers(0, 4).map("content:{:032x}".format),
    st.sampled_from(["é", "page:01", "page:" + "9" * 40, "key:", "key:0123456789ab:16384"]),
)
RECORDS = st.builds(
    ControlRecord,
    operate_time_ms=st.integers(0, 1),
    operator_basis=st.just("unknown"),
    operation=st.just("MUTE_ALL"),
    source=st.sampled_from(["", "Portal"]),
    event_id=IDS,
)
RUNS = st.builds(
    lambda first, count: [
        ControlRecord(
            operate_time_ms=0,
            operator_basis="unknown",
            operation="MUTE_ALL",
            event_id=f"key:0123456789ab:{place}",
        )
        for place in range(first, first + count)
    ],
    st.integers(0, 9),
    st.integers(1, 6),
)
"""As a delivery brings them, and as an import of an export does."""
DELIVERIES = st.none() | st.builds(
    Delivery, key=st.sampled_from("xy"), digest=st.sampled_from([b"1", b"2"])
)
WITHOUT_IDS = st.lists(
    st.builds(
        ControlRecord,
        operate_time_ms=st.integers(0, 1),
        operator_basis=st.just("unknown"),
        operation=st.just("MUTE_ALL"),
    ),
    min_size=1,
    max_size=80,
)
BATCH = st.lists(RECORDS, max_size=8) | RUNS
WITH_KEYS = st.builds(
    Delivery,
    key=st.sampled_from("xyz"),
    digest=st.sampled_from([b"1", b"1", b"2"]),
    received_time_ms=st.integers(0, 1),
)
BATCHES = st.lists(
    st.tuples(st.sampled_from(CONFERENCES), BATCH, DELIVERIES)
    | st.tuples(st.sampled_from(CONFERENCES), WITHOUT_IDS, WITH_KEYS)
)
Batch = tuple[str, list[ControlRecord], Delivery | None]
STEPS = st.lists(BATCHES, max_size=6)
"""Batches that come at once; after each, the store is closed and opened."""


@pytest.mark.usefixtures("colliding")
def test_any_appends_do_what_the_model_does() -> None:
    """With repeats, conflicts, positions, keys, colliding numbers, many at once, and restarts: each
    receipt, each page and each refusal is the model's, numbers are dense, and all fits together.
    """

    @given(steps=STEPS)
    @settings(max_examples=150, deadline=None)
    def law(steps: list[list[Batch]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_run(f"sqlite:///{Path(folder) / 'store.sqlite3'}", steps))

    law()


async def _run(url: str, steps: list[list[Batch]]) -> None:
    model = Model()
    for batches in steps:
        stores = await open_stores(url)
        answers = await asyncio.gather(
            *(
                stores.records.append(CORP, {conference: batch}, delivery)
                for conference, batch, delivery in batches
            ),
            return_exceptions=True,
        )
        for (conference, batch, delivery), answer in zip(batches, answers, strict=True):
            expected = model.append(conference, batch, delivery)
            if isinstance(expected, Receipt):
                assert answer == {conference: expected}
            else:
                assert type(answer) is expected
        for conference, records in model.records.items():
            page = await stores.records.page(CORP, conference, offset=0, limit=500)
            assert (page.records, page.count) == (records, len(records))
        assert [each async for each in check_store(stores.tables)] == []
        await stores.close()


@given(event_id=st.one_of(IDS, st.text(min_size=1)), seq=st.integers(0, 20))
def test_a_short_id_is_the_id(event_id: str, seq: int) -> None:
    """Whatever an id is, its short form gives it back."""
    assert events.lengthened(events.shortened(event_id, seq), seq) == event_id


@pytest.mark.parametrize(
    ("event_id", "short"),
    [
        ("page:7", None),
        ("page:8", 8),
        ("page:08", "page:08"),
        ("content:" + "0f" * 16, b"\x0f" * 16),
        ("content:" + "0F" * 16, "content:" + "0F" * 16),
        ("key:000000000001:2", -1 - (1 << 14 | 2)),
        ("key:ffffffffffff:16383", -(1 << 62)),
        ("key:ffffffffffff:16384", "key:ffffffffffff:16384"),
        ("other", "other"),
    ],
)
def test_ids_of_ours_are_short(event_id: str, short: events.Short) -> None:
    """A position, a digest and a place in a batch are numbers or bytes at seq 7."""
    assert events.shortened(event_id, 7) == short


@given(event_id=st.text(max_size=300), attempt=st.integers(1, 5))
def test_numbers_of_events_fit_and_never_meet(event_id: str, attempt: int) -> None:
    """A first number is from 0 on and has 48 bits; a further one is negative and has 64."""
    assert 0 <= events.first_number(event_id) < 1 << 48
    assert -(1 << 63) <= events.further_number(event_id, attempt) < 0


def test_what_is_counted_up_is_side_by_side() -> None:
    """Ids that a source counts up have numbers in the same order, with nothing far between."""
    numbers = [events.first_number(f"event-{number:06}") for number in range(7000, 8000)]
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] < 1 << 24
