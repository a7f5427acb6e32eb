"""What the intake settles about records."""

import time

import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.ledger.intake import conference_uuid_from
from confledger.ledger.record import ControlRecord
from conftest import CONFERENCE, MakeRecord


async def kept(parts: Parts) -> list[ControlRecord]:
    """All that the test's conference has."""
    page = await parts.stores.records.page(DEFAULT_CORP_ID, CONFERENCE, offset=0, limit=100)
    return page.records


async def test_records_without_an_event_id_are_known_again(
    parts: Parts, make_record: MakeRecord
) -> None:
    """The same records brought twice are kept once, though their source has no ids."""
    batch = [make_record(), make_record(operate_time_ms=2)]

    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: batch})
    receipts = await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: batch})

    assert receipts[CONFERENCE].duplicates == 2
    assert len(await kept(parts)) == 2


async def test_equal_records_of_one_batch_are_two_events(
    parts: Parts, make_record: MakeRecord
) -> None:
    """What a source tells twice in one breath happened twice, and stays two when told again."""
    batch = [make_record(), make_record(), make_record()]

    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: batch[:2]})
    receipts = await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: batch})

    assert (receipts[CONFERENCE].accepted, receipts[CONFERENCE].duplicates) == (1, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"operate_time_ms": 2},
        {"source": "MCU"},
        {"operator": "Ann"},
        {"operator_basis": "inferred"},
        {"operation": "MUTE_ALL"},
        {"object": ""},
        {"result": "FAILED"},
        {"result": None},
        {"detail": "more"},
    ],
    ids=str,
)
async def test_whatever_differs_makes_another_event(
    parts: Parts, make_record: MakeRecord, fields: dict[str, object]
) -> None:
    """Two records without ids that differ in any field are two events."""
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record()]})
    receipts = await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record(**fields)]})

    assert receipts[CONFERENCE].accepted == 1


async def test_a_record_tells_when_it_was_received(parts: Parts, make_record: MakeRecord) -> None:
    """The ledger's own clock says when a record came in, whatever the source's clock says."""
    before = time.time_ns() // 1_000_000
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record(operate_time_ms=7)]})
    after = time.time_ns() // 1_000_000

    (record,) = await kept(parts)
    assert before <= record.received_time_ms <= after
    assert record.operate_time_ms == 7


@pytest.mark.parametrize(
    ("text", "conference_uuid"),
    [
        ("9a0fa6d10a5b11eaae5e191763c22c0e", "9a0fa6d10a5b11eaae5e191763c22c0e"),
        ("9A0FA6D10A5B11EAAE5E191763C22C0E", "9a0fa6d10a5b11eaae5e191763c22c0e"),
        ("9a0fa6d1-0a5b-11ea-ae5e-191763c22c0e", None),
        ("9a0fa6d10a5b11eaae5e191763c22c0", None),
        ("9a0fa6d10a5b11eaae5e191763c22c0e0", None),
        ("9a0fa6d10a5b11eaae5e191763c22c0g", None),
        ("9a0fa6d10a5b11eaae5e191763c22c0e\n", None),
        (" 9a0fa6d10a5b11eaae5e191763c22c0e", None),
        ("٩" * 32, None),
        ("", None),
    ],
)
def test_a_conference_id_is_32_hexadecimal_digits(text: str, conference_uuid: str | None) -> None:
    """Case is folded; hyphens, other lengths, spaces and foreign digits are refused."""
    assert conference_uuid_from(text) == conference_uuid
