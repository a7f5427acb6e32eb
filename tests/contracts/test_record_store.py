"""What every record store has to do: `ledger.store.RecordStore`, on each engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import DeliveryConflict, EventConflict, NoSuchConference, NoSuchCorp
from confledger.ledger.conference import ConferenceNews
from confledger.ledger.record import ControlRecord, Delivery, Receipt, ShownPage
from confledger.storage import Stores
from conftest import MakeRecord
from engines import ENGINES, OpenEngine

CORP = DEFAULT_CORP_ID
A, B = "a" * 32, "b" * 32


@pytest.fixture(params=ENGINES)
def opener(request: pytest.FixtureRequest) -> OpenEngine:
    """Each engine in turn."""
    return ENGINES[request.param]


@pytest.fixture
async def stores(opener: OpenEngine) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with opener() as opened:
        yield opened


async def test_records_come_back_as_they_were_appended(
    stores: Stores, make_record: MakeRecord
) -> None:
    """A page gives every field of every record back, in the order of arrival."""
    records = [
        make_record(event_id="1", received_time_ms=5, detail="详情"),
        make_record(event_id="2", operation=None, operation_text="挥手", operator_basis="inferred"),
        make_record(event_id="3", operate_time_ms=1, result=None, result_text="好的", object=""),
        make_record(event_id="4", result=None, operator="", operator_basis="unknown", source=""),
    ]

    receipts = await stores.records.append(CORP, {A: records})
    page = await stores.records.page(CORP, A, offset=0, limit=20)

    assert page.records == records
    assert page.count == 4
    receipt = receipts[A]
    assert (receipt.accepted, receipt.duplicates, receipt.first_seq, receipt.count) == (4, 0, 0, 4)


async def test_a_repeated_event_is_kept_once(stores: Stores, make_record: MakeRecord) -> None:
    """A source that delivers twice, in one batch or in two, does not make two records."""
    first, second = make_record(event_id="1"), make_record(event_id="2")

    await stores.records.append(CORP, {A: [first, first]})
    receipts = await stores.records.append(CORP, {A: [first, second, second]})

    page = await stores.records.page(CORP, A, offset=0, limit=20)
    assert page.records == [first, second]
    assert (receipts[A].accepted, receipts[A].duplicates, receipts[A].first_seq) == (1, 2, 1)


async def test_when_a_delivery_was_received_does_not_make_it_another(
    stores: Stores, make_record: MakeRecord
) -> None:
    """The same event received later is a duplicate, and the first time stays."""
    await stores.records.append(CORP, {A: [make_record(event_id="1", received_time_ms=1)]})
    await stores.records.append(CORP, {A: [make_record(event_id="1", received_time_ms=2)]})

    page = await stores.records.page(CORP, A, offset=0, limit=20)
    assert [record.received_time_ms for record in page.records] == [1]


@pytest.mark.parametrize(
    "other",
    [
        {"operate_time_ms": 2},
        {"source": "MCU"},
        {"operator": "Ann"},
        {"operator_basis": "inferred"},
        {"operation": "MUTE_ALL"},
        {"operation": None, "operation_text": "挥手"},
        {"object": ""},
        {"result": "FAILED"},
        {"result": None},
        {"detail": "more"},
    ],
    ids=str,
)
async def test_an_event_id_with_another_content_is_refused_and_nothing_is_kept(
    stores: Stores, make_record: MakeRecord, other: dict[str, Any]
) -> None:
    """An event id with another content is an error, and its batch leaves no trace."""
    await stores.records.append(CORP, {A: [make_record(event_id="1")]})

    with pytest.raises(EventConflict) as caught:
        await stores.records.append(
            CORP,
            {
                B: [make_record(event_id="1")],
                A: [make_record(event_id="2"), make_record(event_id="1", **other)],
            },
        )

    assert caught.value.event_id == "1"
    assert (await stores.records.page(CORP, A, offset=0, limit=20)).count == 1
    with pytest.raises(NoSuchConference):
        await stores.records.page(CORP, B, offset=0, limit=20)


async def test_a_position_in_a_page_identifies_whatever_the_language(
    stores: Stores, make_record: MakeRecord
) -> None:
    """A record of a served page is known again in other words and with its number starred."""
    clear = make_record(event_id="page:0", object="+991116005905")
    starred = make_record(
        event_id="page:0", operation=None, operation_text="Mute", object="**********905"
    )

    await stores.records.append(CORP, {A: [clear]})
    receipts = await stores.records.append(CORP, {A: [starred]})

    assert receipts[A].duplicates == 1
    with pytest.raises(EventConflict):
        await stores.records.append(
            CORP, {A: [make_record(event_id="page:0", object="**********906")]}
        )


async def test_a_delivery_is_kept_once(stores: Stores, make_record: MakeRecord) -> None:
    """The same key with the same digest adds nothing, whatever came in between; another key does,
    and so does the same one in another conference.
    """
    batch = [make_record(event_id=f"key:0000000000aa:{place}") for place in range(3)]
    other = [make_record(event_id=f"key:0000000000bb:{place}") for place in range(3)]
    delivery = Delivery("a", b"digest")

    receipts = [await stores.records.append(CORP, {A: batch}, delivery)]
    receipts.append(await stores.records.append(CORP, {A: other}, Delivery("b", b"digest")))
    receipts.append(await stores.records.append(CORP, {A: batch}, delivery))
    elsewhere = await stores.records.append(CORP, {B: batch}, delivery)

    assert [each[A] for each in receipts] == [Receipt(3, 0, 3), Receipt(3, 0, 6), Receipt(0, 3, 6)]
    assert elsewhere == {B: Receipt(3, 0, 3)}
    page = await stores.records.page(CORP, A, offset=0, limit=20)
    assert page.records == batch + other


async def test_a_delivery_names_its_records(stores: Stores, make_record: MakeRecord) -> None:
    """Those without an id get one by their place, and all the time at which it came; by those ids
    they are known when they are brought without the key.
    """
    delivery = Delivery("a", b"digest", received_time_ms=5)
    for conference, batch in (
        (A, [make_record(), make_record(), make_record(detail="x")]),
        (B, [make_record(), make_record(event_id="own"), make_record()]),
    ):
        await stores.records.append(CORP, {conference: batch}, delivery)
        records = (await stores.records.page(CORP, conference, offset=0, limit=9)).records

        assert records == delivery.settled(batch)
        assert [record.received_time_ms for record in records] == [5] * 3
        assert records[2].event_id == delivery.group + ":2"
        again = await stores.records.append(CORP, {conference: records})
        assert again[conference] == Receipt(0, 3, 3)


async def test_a_key_with_another_digest_is_refused(
    stores: Stores, make_record: MakeRecord
) -> None:
    """Nothing of it is kept; and a delivery that was refused for its events leaves its key free."""
    first = [make_record(event_id="1")]
    await stores.records.append(CORP, {A: first}, Delivery("a", b"digest"))

    with pytest.raises(DeliveryConflict, match="a"):
        await stores.records.append(CORP, {A: [make_record()]}, Delivery("a", b"other"))
    with pytest.raises(EventConflict):
        await stores.records.append(
            CORP, {A: [make_record(event_id="1", detail="other")]}, Delivery("b", b"digest")
        )
    receipts = await stores.records.append(
        CORP, {A: [make_record(event_id="2")]}, Delivery("b", b"right")
    )

    assert receipts[A] == Receipt(1, 0, 2)


async def test_one_key_at_once_is_kept_once(stores: Stores, make_record: MakeRecord) -> None:
    """Of many deliveries of one key at the same time one is kept, and all are told the truth."""
    batch = [make_record(event_id=f"key:0000000000aa:{place}") for place in range(5)]
    receipts = await asyncio.gather(
        *(stores.records.append(CORP, {A: batch}, Delivery("a", b"digest")) for _ in range(12))
    )
    assert sorted(each[A].accepted for each in receipts) == [0] * 11 + [5]
    assert (await stores.records.page(CORP, A, offset=0, limit=20)).records == batch


async def test_what_a_key_brought_is_known_by_its_ids(
    stores: Stores, make_record: MakeRecord
) -> None:
    """Brought again one by one, or in parts, by the ids that they have, they are duplicates; and
    where those came first, the delivery adds what is missing.
    """
    batch = [make_record(event_id=f"key:0000000000aa:{place}") for place in range(6)]
    await stores.records.append(CORP, {A: batch}, Delivery("a", b"digest"))
    for part in (batch[2:4], batch[5:], batch[:1], batch):
        receipts = await stores.records.append(CORP, {A: part})
        assert receipts[A] == Receipt(0, len(part), 6)

    await stores.records.append(CORP, {B: batch[2:4]})
    receipts = await stores.records.append(CORP, {B: batch}, Delivery("a", b"digest"))
    assert receipts[B] == Receipt(4, 2, 6)
    page = await stores.records.page(CORP, B, offset=0, limit=20)
    assert page.records == [*batch[2:4], *batch[:2], *batch[4:]]
    assert (await stores.records.append(CORP, {B: batch}))[B] == Receipt(0, 6, 6)


async def test_conferences_have_event_ids_of_their_own(
    stores: Stores, make_record: MakeRecord
) -> None:
    """The same event id in two conferences is two events."""
    record = make_record(event_id="1")

    receipts = await stores.records.append(CORP, {A: [record], B: [record]})

    assert receipts[A].accepted == receipts[B].accepted == 1


async def test_a_corp_is_a_wall(stores: Stores, make_record: MakeRecord) -> None:
    """The same conference id in two corps is two conferences that know nothing of each other."""
    await stores.tenants.add_corp("other", "Other")
    ours, theirs = make_record(event_id="1"), make_record(event_id="1", operate_time_ms=1)
    await stores.records.append(CORP, {A: [ours]})

    with pytest.raises(NoSuchConference):
        await stores.records.page("other", A, offset=0, limit=20)
    receipts = await stores.records.append("other", {A: [theirs]})

    assert receipts[A].first_seq == 0
    assert (await stores.records.page(CORP, A, offset=0, limit=20)).records == [ours]
    assert (await stores.records.page("other", A, offset=0, limit=20)).records == [theirs]


async def test_an_unknown_corp_gets_nothing_kept(stores: Stores, make_record: MakeRecord) -> None:
    """Records for a corp that the store does not have are refused."""
    with pytest.raises(NoSuchCorp):
        await stores.records.append("nobody", {A: [make_record(event_id="1")]})
    with pytest.raises(NoSuchConference):
        await stores.records.page("nobody", A, offset=0, limit=20)


async def test_no_records_make_no_conference(stores: Stores) -> None:
    """An empty batch is accepted, and leaves no conference behind."""
    receipts = await stores.records.append(CORP, {A: []})

    assert (receipts[A].accepted, receipts[A].count) == (0, 0)
    with pytest.raises(NoSuchConference):
        await stores.records.page(CORP, A, offset=0, limit=20)


@pytest.mark.parametrize("offset", [3, 4, 1_000_000, 2**31 - 1])
async def test_a_page_past_the_end_is_empty_and_counts(
    stores: Stores, make_record: MakeRecord, offset: int
) -> None:
    """An offset past the end gives no record, and the true count."""
    await stores.records.append(CORP, {A: [make_record(event_id=str(i)) for i in range(3)]})

    page = await stores.records.page(CORP, A, offset=offset, limit=500)

    assert (page.records, page.count) == ([], 3)


async def test_concurrent_appends_leave_no_gap(stores: Stores, make_record: MakeRecord) -> None:
    """Many appends at once to one conference: every record once, every receipt another range."""
    batches = [[make_record(event_id=f"{i}-{j}") for j in range(5)] for i in range(20)]

    receipts = await asyncio.gather(*(stores.records.append(CORP, {A: batch}) for batch in batches))

    page = await stores.records.page(CORP, A, offset=0, limit=500)
    assert page.count == len(page.records) == 100
    for receipt, batch in zip(receipts, batches, strict=True):
        first = receipt[A].first_seq
        assert page.records[first : first + 5] == batch


class Interleavings(RuleBasedStateMachine):
    """Appends and reads in any order, held against a list for each conference."""

    batches = Bundle("batches")
    open_engine: OpenEngine

    @initialize()
    def open(self) -> None:
        """Begin with an empty store."""
        self.model: dict[str, list[ControlRecord]] = {}
        self.seen: dict[tuple[str, int, int], list[ControlRecord]] = {}
        self.loop = asyncio.new_event_loop()
        self.opened = self.open_engine()
        self.stores = self.loop.run_until_complete(self.opened.__aenter__())

    def teardown(self) -> None:
        """Close it."""
        if hasattr(self, "opened"):
            self.loop.run_until_complete(self.opened.__aexit__(None, None, None))
            self.loop.close()

    @rule(
        target=batches,
        conference=st.sampled_from([A, B]),
        ids=st.lists(st.integers(0, 60), max_size=12),
    )
    def append(self, conference: str, ids: list[int]) -> tuple[str, list[int]]:
        """Append some records, of which some may be there already."""
        self._append(conference, ids)
        return conference, ids

    @rule(batch=batches)
    def append_again(self, batch: tuple[str, list[int]]) -> None:
        """Repeat an append; it adds nothing."""
        conference, ids = batch
        before = len(self.model.get(conference, []))
        self._append(conference, ids)
        assert len(self.model.get(conference, [])) == before

    def _append(self, conference: str, ids: list[int]) -> None:
        records = [
            ControlRecord(
                operate_time_ms=number,
                operator_basis="unknown",
                operation="MUTE_ALL",
                event_id=str(number),
            )
            for number in ids
        ]
        known = self.model.get(conference, [])
        new = [record for record in dict.fromkeys(records) if record not in known]
        receipt = self.loop.run_until_complete(
            self.stores.records.append(CORP, {conference: records})
        )[conference]
        assert receipt.accepted == len(new)
        assert receipt.duplicates == len(records) - len(new)
        assert receipt.first_seq == len(known)
        assert receipt.count == len(known) + len(new)
        if known or new:
            self.model[conference] = known + new

    @rule(
        conference=st.sampled_from([A, B]),
        offset=st.integers(0, 70),
        limit=st.integers(1, 20),
    )
    def read(self, conference: str, offset: int, limit: int) -> None:
        """Any page is that slice of the list, the count is exact, and a full page never changes."""
        expected = self.model.get(conference)
        if expected is None:
            with pytest.raises(NoSuchConference):
                self._page(conference, offset, limit)
            return
        records, count = self._page(conference, offset, limit)
        assert count == len(expected)
        assert records == expected[offset : offset + limit]
        if len(records) == limit:
            assert self.seen.setdefault((conference, offset, limit), records) == records

    @invariant()
    def pages_join(self) -> None:
        """All pages one after the other are the whole, without a gap."""
        for conference, expected in getattr(self, "model", {}).items():
            joined: list[ControlRecord] = []
            while len(joined) < len(expected):
                records, _ = self._page(conference, len(joined), 7)
                assert records
                joined += records
            assert joined == expected

    def _page(self, conference: str, offset: int, limit: int) -> tuple[list[ControlRecord], int]:
        page = self.loop.run_until_complete(
            self.stores.records.page(CORP, conference, offset=offset, limit=limit)
        )
        return page.records, page.count


def test_any_interleaving_gives_dense_stable_exact_pages(opener: OpenEngine) -> None:
    """Whatever the order of appends and reads: dense `seq`, stable pages, exact counts."""

    class OnThisEngine(Interleavings):
        open_engine = staticmethod(opener)

    run_state_machine_as_test(
        OnThisEngine, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )


@pytest.mark.parametrize("engine_name", ENGINES)
@given(cuts=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 12)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_overlapping_deliveries_add_up_to_the_meeting(
    engine_name: str, cuts: list[tuple[int, int]]
) -> None:
    """However a meeting is delivered in overlapping parts, each record is there exactly once."""
    meeting = [
        ControlRecord(
            operate_time_ms=number,
            operator_basis="unknown",
            operation="MUTE_ALL",
            event_id=str(number),
        )
        for number in range(30)
    ]

    async def deliver() -> list[ControlRecord]:
        async with ENGINES[engine_name]() as stores:
            for first, length in [*cuts, (0, 30)]:
                await stores.records.append(CORP, {A: meeting[first : first + length]})
            return (await stores.records.page(CORP, A, offset=0, limit=100)).records

    delivered = asyncio.run(deliver())
    assert sorted(delivered, key=lambda record: record.operate_time_ms) == meeting


async def test_a_page_of_what_is_here_is_known_by_its_places(
    stores: Stores, make_record: MakeRecord
) -> None:
    """Records that a page shows, and that came by other ids, are not kept again; others are."""
    pushed = [
        make_record(event_id=f"e{n}", operate_time_ms=n, object="+991116005905") for n in range(3)
    ]
    await stores.records.append(CORP, {A: pushed})
    shown = [
        make_record(event_id=f"page:{n}", operate_time_ms=n, object="**********905", operation=None)
        for n in range(3)
    ]
    behind = make_record(event_id="page:3", operate_time_ms=3)
    other = make_record(event_id="page:1", operate_time_ms=9)

    receipts = await stores.records.append(CORP, {A: [*shown, behind]})
    assert (receipts[A].accepted, receipts[A].duplicates) == (1, 3)
    receipts = await stores.records.append(CORP, {A: [*shown, behind]})
    assert (receipts[A].accepted, receipts[A].duplicates) == (0, 4)
    receipts = await stores.records.append(CORP, {A: [other]})
    assert (receipts[A].accepted, receipts[A].count) == (1, 5)


@pytest.mark.parametrize("event_id", ["page:", "page:x", "page:-1", "page:٣", "page:" + "9" * 99])
async def test_an_id_that_looks_like_a_place_is_an_id(
    stores: Stores, make_record: MakeRecord, event_id: str
) -> None:
    """What stands behind the prefix and is no place of a meeting is kept like any id."""
    record = make_record(event_id=event_id)

    for accepted in (1, 0):
        receipts = await stores.records.append(CORP, {A: [record]})
        assert receipts[A].accepted == accepted


# --- What kept pages are held against -----------------------------------------


async def test_what_is_shown_of_a_page_is_what_its_records_say(
    stores: Stores, make_record: MakeRecord
) -> None:
    """Each has its own words; what several have in common is there once, and nothing else is."""
    records = [
        make_record(operation="MUTE_ALL", detail="told"),
        make_record(operation=None, operation_text="waved", result=None, result_text="seen"),
        make_record(operation="MUTE_ALL", operator="", object=""),
        make_record(operation=None, operation_text="left", result=None),
    ]
    numbered = [msgspec.structs.replace(each, event_id=str(n)) for n, each in enumerate(records)]
    await stores.records.append(CORP, {A: numbered})

    shown = await stores.records.shown_page(CORP, A, offset=0, limit=3)

    assert shown is not None
    assert [
        (time_ms, shown.manners[number], operator, object_, detail, count)
        for time_ms, number, operator, object_, detail, count in shown.rows
    ] == [
        (each.operate_time_ms, each.manner, each.operator, each.object, each.detail, 4)
        for each in records[:3]
    ]
    assert len(shown.manners) == 2
    assert shown.unknown_texts == {"waved", "seen"}
    assert shown.count == 4


async def test_a_page_is_not_read_again_while_its_count_is_known(
    stores: Stores, make_record: MakeRecord
) -> None:
    """With the right count known there is nothing to tell; with another one, or none, the page."""
    await stores.records.append(CORP, {A: [make_record(event_id=str(each)) for each in range(3)]})
    page = await stores.records.shown_page(CORP, A, offset=1, limit=2)

    async def unless(known_count: int | None, **where: int) -> ShownPage | None:
        place = {"offset": 1, "limit": 2} | where
        return await stores.records.shown_page(CORP, A, known_count=known_count, **place)

    assert await unless(3) is None
    assert await unless(3, offset=9) is None
    assert page is not None
    assert len(page.rows) == 2
    assert [await unless(known) for known in (None, 0, 2, 4)] == [page] * 4
    assert await unless(2, offset=9) == ShownPage([], {}, 3)
    with pytest.raises(NoSuchConference):
        await stores.records.shown_page(CORP, B, offset=0, limit=1, known_count=0)


async def test_a_generation_ends_with_whatever_may_be_told_otherwise(
    stores: Stores, make_record: MakeRecord
) -> None:
    """A store that tells generations tells another one after records, viewers or a phrase came,
    also where all of it was known: whoever brought it again is told that it is there. A store
    that tells none is asked for the count instead.
    """
    tells = stores.records.generation(A) is not None
    assert tells == (stores.tables.engine == "SQLite")
    records = [make_record(event_id="1")]
    news = ConferenceNews(conference_uuid=A)
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: stores.records.append(CORP, {A: records}),
        lambda: stores.records.append(CORP, {A: records}),
        lambda: stores.conferences.put(CORP, [news]),
        lambda: stores.phrases.learn(CORP, [{"zh-CN": "挥手", "en-US": "Wave"}]),
    ]
    for change in changes:
        before = stores.records.generation(A)
        assert stores.records.generation(A) == before
        await change()
        assert (stores.records.generation(A) != before) == tells


async def test_no_read_ends_a_generation(stores: Stores, make_record: MakeRecord) -> None:
    """Reading changes nothing, or nothing could ever be kept."""
    await stores.records.append(CORP, {A: [make_record(event_id="1")]})
    before = stores.records.generation(A)
    await stores.records.page(CORP, A, offset=0, limit=1)
    await stores.accounts.corp(CORP)
    assert stores.records.generation(A) == before
