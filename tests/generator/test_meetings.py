"""Generated meetings: the same for the same seed, of exactly the size asked for."""

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.generator.meetings import (
    UNTIL_MS,
    GeneratedMeeting,
    generated_meeting,
    generated_meetings,
)
from confledger.generator.people import pool_of
from confledger.wire.conference_json import detailed, listed, participant_json

GOLDEN_DIGEST = "753be44698160e95901399a155a1717cf53bfbcb0f52947ec9d434705bfd53f0"
"""Of the small ledger below. Data that people refer to by its seed must not change by accident."""

SERVED = (
    "conferenceID",
    "subject",
    "accessNumber",
    "userUUID",
    "scheduserName",
    "mediaTypes",
    "vmrFlag",
    "recordType",
    "isHasRecordFile",
    "partAttendeeInfo",
    "terminlCount",
    "normalCount",
    "language",
    "deptName",
)
"""What each conference of a list has, among others."""

DAY_MS = 24 * 60 * 60 * 1000
CHINA_MS = 8 * 60 * 60 * 1000


def digest(meetings: Iterable[GeneratedMeeting]) -> str:
    """Of all that meetings say."""
    hashed = hashlib.sha256()
    for meeting in meetings:
        told = asdict(meeting)
        told["conference"]["viewers"] = sorted(meeting.conference.viewers)
        del told["conference"]["former_viewers"]
        hashed.update(msgspec.json.encode(told))
    return hashed.hexdigest()


def small_ledger() -> Iterable[GeneratedMeeting]:
    """What the digest above is of."""
    return generated_meetings(meetings=20, records=1_500, seed=7)


def test_a_seed_gives_what_it_always_gave() -> None:
    """A small ledger is, to the last character, what it was when this was written."""
    assert digest(small_ledger()) == GOLDEN_DIGEST


def test_another_process_gives_the_same() -> None:
    """Nothing depends on the process, such as how it hashes."""
    program = "import generator.test_meetings as own; print(own.digest(own.small_ledger()))"
    told = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONHASHSEED": "5"},
    )
    assert told.stdout.strip() == digest(small_ledger())


def test_another_seed_gives_other_meetings() -> None:
    """No meeting of one seed is one of another."""
    ids = [
        {m.conference.conference_uuid for m in generated_meetings(meetings=9, records=90, seed=s)}
        for s in (1, 2)
    ]
    assert not ids[0] & ids[1]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(0, 400), st.integers(0, 2**70))
def test_the_sum_is_exact(meetings: int, more: int, seed: int) -> None:
    """There are as many meetings and records as asked for, and no meeting is without a record."""
    made = list(generated_meetings(meetings=meetings, records=meetings + more, seed=seed))

    assert len(made) == meetings
    assert sum(len(meeting.records) for meeting in made) == meetings + more
    assert all(meeting.records for meeting in made)
    assert len({meeting.conference.conference_uuid for meeting in made}) == meetings


def test_most_meetings_are_small_and_few_are_large() -> None:
    """Half of the meetings have far less than their share, and one has far more."""
    sizes = sorted(
        len(meeting.records) for meeting in generated_meetings(meetings=200, records=10_000, seed=1)
    )
    assert sizes[100] < 25
    assert sizes[-1] > 500


@pytest.mark.parametrize(("meetings", "records"), [(0, 0), (0, 5), (-1, 5), (5, 4)])
def test_fewer_records_than_meetings_are_refused(meetings: int, records: int) -> None:
    """At once, and not when the first meeting is asked for."""
    with pytest.raises(ValueError, match="a record for each meeting"):
        generated_meetings(meetings=meetings, records=records, seed=1)


@pytest.mark.parametrize(("records", "people"), [(0, None), (5, 0), (5, 201)])
def test_a_meeting_of_nothing_or_of_too_many_is_refused(records: int, people: int | None) -> None:
    """A meeting has a record, and 1 to 200 people."""
    with pytest.raises(ValueError, match="a meeting must have"):
        generated_meeting(records=records, seed=1, people=people)


def test_one_meeting_of_many_can_be_had_alone() -> None:
    """Its size and its index give the same meeting, however many there are around it."""
    for index, meeting in enumerate(generated_meetings(meetings=6, records=60, seed=3)):
        size = len(meeting.records)
        assert generated_meeting(records=size, seed=3, index=index) == meeting


def test_meetings_are_in_working_hours_of_the_twelve_months_before() -> None:
    """Each begins on a weekday, from half past eight to six in China, and all end in time."""
    spread = set()
    for meeting in generated_meetings(meetings=400, records=4_000, seed=1):
        start_ms, end_ms = meeting.conference.start_time_ms, meeting.conference.end_time_ms
        assert end_ms is not None
        assert UNTIL_MS - 365 * DAY_MS <= start_ms < end_ms <= UNTIL_MS
        day, time_ms = divmod(start_ms + CHINA_MS, DAY_MS)
        assert (day + 3) % 7 < 5
        assert 8.5 <= time_ms / 3_600_000 <= 18.1
        spread.add(day // 31)
    assert len(spread) >= 11


def test_a_meeting_of_days_ends_in_time_too() -> None:
    """One that lasts longer than what is left begins some weeks earlier."""
    meeting = generated_meeting(records=300_000, seed=1)
    end_ms = meeting.conference.end_time_ms
    assert end_ms is not None
    assert end_ms - meeting.conference.start_time_ms > DAY_MS
    assert end_ms <= UNTIL_MS


def test_meetings_overlap() -> None:
    """With many in a year, some run at the same time."""
    runs = sorted(
        (m.conference.start_time_ms, m.conference.end_time_ms or 0)
        for m in generated_meetings(meetings=400, records=4_000, seed=1)
    )
    assert any(later[0] < earlier[1] for earlier, later in pairwise(runs))


def test_the_wire_serves_a_complete_conference() -> None:
    """What a list and a detail say is there, and agrees with what the ledger knows itself."""
    for meeting in generated_meetings(meetings=30, records=900, seed=1):
        conference = meeting.conference
        as_told = listed(conference, is_administrator=True, user_id="")
        detail = detailed(conference, is_administrator=True, user_id="")
        assert msgspec.json.decode(conference.details)["startTime"] == as_told.startTime
        assert msgspec.json.decode(conference.details)["endTime"] == as_told.endTime
        assert as_told.confUUID == conference.conference_uuid
        assert as_told.conferenceState == "Destroyed"
        assert detail.passwordEntry is not None
        assert [entry.conferenceRole for entry in detail.passwordEntry] == ["chair", "general"]
        for key in SERVED:
            assert getattr(as_told, key) is not None, key
        assert (as_told.recordType == 2) == conference.has_recording
        assert f"id:{as_told.userUUID}" in conference.viewers
        first = participant_json(meeting.participants[0])
        assert (first.userUUID, first.role) == (as_told.userUUID, 1)


def test_the_same_people_meet_again() -> None:
    """Whoever schedules or is invited belongs to the corp's people, whatever the seed."""
    known = {person.user_id for person in pool_of(DEFAULT_CORP_ID).people}
    numbers = {person.number for person in pool_of(DEFAULT_CORP_ID).people}
    for seed in (1, 2):
        for meeting in generated_meetings(meetings=10, records=300, seed=seed):
            told = [participant_json(each) for each in meeting.participants]
            assert {each.userUUID for each in told if each.userUUID} <= known
    assert len(known) == len(numbers) == 400


def test_another_corp_has_people_of_its_own() -> None:
    """In another corp the same things are done, by and to other people."""
    one, other = (generated_meeting(records=50, seed=1, corp_id=corp) for corp in ("a", "b"))
    assert not one.conference.viewers & other.conference.viewers

    def without_objects(meeting: GeneratedMeeting) -> list[object]:
        return [structs.replace(record, object="") for record in meeting.records]

    assert without_objects(one) == without_objects(other)
