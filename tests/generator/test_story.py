"""What is told of a generated meeting is possible: a second, simpler account of the rules."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from confledger.catalogue.operations import OPERATIONS, Actor, ObjectKind
from confledger.catalogue.words import load_catalogue
from confledger.generator.meetings import (
    GeneratedMeeting,
    generated_meeting,
    generated_meetings,
)
from confledger.ledger.record import ControlRecord

CATALOGUE = load_catalogue()
BY_CODE = {operation.code: operation for operation in OPERATIONS}

CAUSES = {
    "MUTE_PARTICIPANT": {
        "CALL_PARTICIPANT",
        "ROLL_CALL_PARTICIPANT",
        "CANCEL_ROLL_CALL",
        "MUTE_ALL",
    },
    "UNMUTE_PARTICIPANT": {"ROLL_CALL_PARTICIPANT", "UNMUTE_ALL"},
    "START_VOICE_ACTIVATION": {"CANCEL_ROLL_CALL", "HANG_UP_PARTICIPANT"},
    "STOP_VOICE_ACTIVATION": {"ROLL_CALL_PARTICIPANT"},
    "CANCEL_BROADCAST_PARTICIPANT": {"HANG_UP_PARTICIPANT"},
}
"""What the media server does, and about what."""

OPPOSITES = {
    "UNLOCK_CONFERENCE": "LOCK_CONFERENCE",
    "UNLOCK_SHARING": "LOCK_SHARING",
    "ALLOW_SELF_UNMUTE": "FORBID_SELF_UNMUTE",
    "CANCEL_BROADCAST_LAYOUT": "BROADCAST_LAYOUT",
    "STOP_VOICE_ACTIVATION": "START_VOICE_ACTIVATION",
}

ON_SOMEBODY_PRESENT = {
    operation.code for operation in OPERATIONS if operation.object_kind is ObjectKind.PARTICIPANT
} - {"CALL_PARTICIPANT"}


def ordinal(record: ControlRecord) -> int:
    """Which thing of its meeting it tells."""
    return int(record.event_id.removeprefix("event-"))


def as_it_happened(meeting: GeneratedMeeting) -> list[ControlRecord]:
    """The records by when they happened."""
    return sorted(meeting.records, key=ordinal)


@dataclass
class Checker:
    """Follows a meeting, and asserts that each thing is possible.

    Who left without a record is not told; so somebody may be called again.
    """

    muted: set[str] = field(default_factory=set)
    hands: set[str] = field(default_factory=set)
    cohosts: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    on: set[str] = field(default_factory=set)
    host: str | None = None
    broadcast: str | None = None
    roll_called: str | None = None
    recording: str = "STOP_RECORDING"

    def follow(self, code: str, who: str) -> None:  # noqa: C901, PLR0912, PLR0915 - a rule for each operation
        """Assert that something is possible, and take it as done."""
        if code in ON_SOMEBODY_PRESENT:
            assert who in self.called
        assert code not in self.on
        match code:
            case "CALL_PARTICIPANT" | "HANG_UP_PARTICIPANT":
                for names in (self.muted, self.hands, self.cohosts, self.called):
                    names.discard(who)
                if code == "CALL_PARTICIPANT":
                    self.called.add(who)
                else:
                    assert who != self.host
                    self.roll_called = None if self.roll_called == who else self.roll_called
            case "MUTE_PARTICIPANT":
                assert who not in self.muted
                self.muted.add(who)
            case "UNMUTE_PARTICIPANT":
                self.muted.remove(who)
            case "REQUEST_FLOOR":
                assert who not in self.hands
                self.hands.add(who)
            case "CANCEL_REQUEST_FLOOR":
                self.hands.remove(who)
            case "BATCH_LOWER_HANDS":
                assert self.hands
                self.hands.clear()
            case "SET_COHOST":
                assert who not in self.cohosts | {self.host}
                self.cohosts.add(who)
            case "RELEASE_COHOST":
                self.cohosts.remove(who)
            case "SET_HOST":
                assert self.host is None
                self.host = who
                self.cohosts.discard(who)
            case "RELEASE_HOST":
                assert self.host == who
                self.host = None
            case "BROADCAST_PARTICIPANT":
                assert self.broadcast != who
                self.broadcast = who
            case "CANCEL_BROADCAST_PARTICIPANT":
                assert self.broadcast is not None
                self.broadcast = None
            case "ROLL_CALL_PARTICIPANT":
                assert who not in (self.host, self.roll_called)
                self.roll_called = who
            case "CANCEL_ROLL_CALL":
                assert self.roll_called is not None
                self.roll_called = None
            case "START_RECORDING" | "STOP_RECORDING" | "PAUSE_RECORDING":
                assert self.recording != code
                assert code != "PAUSE_RECORDING" or self.recording == "START_RECORDING"
                self.recording = code
            case _ if code in OPPOSITES:
                self.on.remove(OPPOSITES[code])
            case _ if code in OPPOSITES.values():
                self.on.add(code)


meetings = st.builds(
    generated_meeting, records=st.integers(1, 600), seed=st.integers(0, 10**6), index=st.just(0)
)


@settings(max_examples=60, deadline=None)
@given(meetings)
@example(generated_meeting(records=1, seed=1))
@example(generated_meeting(records=20_000, seed=1))
def test_each_thing_is_possible_when_it_happens(meeting: GeneratedMeeting) -> None:
    """Nobody who isn't muted is unmuted, nobody asks twice for the floor, and so on; what
    failed changes nothing.
    """
    checker = Checker()
    for record in as_it_happened(meeting):
        if record.operation is not None and record.result == "SUCCESS":
            checker.follow(record.operation, record.object)


@settings(max_examples=60, deadline=None)
@given(meetings)
@example(generated_meeting(records=20_000, seed=1))
def test_the_media_server_reacts_within_half_a_second(meeting: GeneratedMeeting) -> None:
    """Each of its records but the first follows something that explains it by 200 to 500 ms."""
    cause: ControlRecord | None = None
    for record in as_it_happened(meeting):
        if record.source != Actor.MCU.source:
            cause = record
        elif ordinal(record) > 1:
            assert cause is not None
            assert record.operation is not None
            assert cause.operation in CAUSES[record.operation]
            assert cause.result == record.result == "SUCCESS"
            assert 200 <= record.operate_time_ms - cause.operate_time_ms <= 500


@settings(max_examples=60, deadline=None)
@given(meetings)
def test_everything_lies_within_the_meeting(meeting: GeneratedMeeting) -> None:
    """So do the records and the stays; a stay ends after it begins, and nobody is there twice."""
    start_ms, end_ms = meeting.conference.start_time_ms, meeting.conference.end_time_ms
    assert end_ms is not None
    assert all(start_ms < record.operate_time_ms <= end_ms for record in meeting.records)
    last_left: dict[tuple[str, str], int] = {}
    assert meeting.stays
    for stay in meeting.stays:
        assert stay.left_time_ms is not None
        assert start_ms <= stay.join_time_ms <= stay.left_time_ms <= end_ms
        who = (stay.call_number, stay.display_name)
        assert last_left.get(who, 0) <= stay.join_time_ms
        last_left[who] = stay.left_time_ms


@settings(max_examples=60, deadline=None)
@given(meetings)
def test_a_stay_begins_when_somebody_is_called(meeting: GeneratedMeeting) -> None:
    """There are as many stays as calls that succeeded, and each begins with one."""
    calls = Counter(
        record.operate_time_ms
        for record in meeting.records
        if record.operation == "CALL_PARTICIPANT" and record.result == "SUCCESS"
    )
    assert Counter(stay.join_time_ms for stay in meeting.stays) == calls


@settings(max_examples=60, deadline=None)
@given(meetings)
def test_records_are_as_the_catalogue_says(meeting: GeneratedMeeting) -> None:
    """A record names what its operation acts on; its event id is its own; who operated is
    stated of people only.
    """
    assert len({record.event_id for record in meeting.records}) == len(meeting.records)
    ids = set()
    for record in meeting.records:
        assert (record.operation is None) == bool(record.operation_text)
        assert (record.result is None) == bool(record.result_text)
        assert (record.operator_basis == "stated") == (record.source == Actor.PORTAL.source)
        kind = BY_CODE[record.operation].object_kind if record.operation else ObjectKind.NONE
        assert bool(record.object) == (kind is not ObjectKind.NONE)
        assert record.object.startswith("+99111600") == (kind is ObjectKind.NUMBER)
        if kind is ObjectKind.PARTICIPANT:
            ids.add(record.object)
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_some_things_are_unusual() -> None:
    """Of all records about 1.5 % failed and 1 % came late; some say what the catalogue does not
    know.
    """
    made = generated_meetings(meetings=100, records=20_000, seed=1)
    meetings_records = [meeting.records for meeting in made]
    records = [record for one in meetings_records for record in one]

    failed = sum(record.result != "SUCCESS" for record in records)
    assert 200 <= failed <= 400
    late = sum(
        later.operate_time_ms < earlier.operate_time_ms for earlier, later in pairwise(records)
    )
    assert 100 <= late <= 300
    unknown = {record.operation_text for record in records} - {""}
    assert unknown
    assert all(CATALOGUE.operation_of(text) is None for text in unknown)
    unknown_results = {record.result_text for record in records} - {""}
    assert unknown_results
    assert all(CATALOGUE.result_of(text) is None for text in unknown_results)


def test_people_come_and_go() -> None:
    """In a meeting of some length somebody leaves and is there again later."""
    stays = generated_meeting(records=2_000, seed=1, people=50).stays

    assert max(Counter(stay.call_number for stay in stays).values()) > 1
    assert len({stay.call_number for stay in stays}) > 20
