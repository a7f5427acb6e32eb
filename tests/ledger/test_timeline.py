"""The timeline equals what somebody finds who asks the records backwards, moment by moment."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.catalogue.operations import OPERATIONS, Actor
from confledger.generator.meetings import generated_meeting
from confledger.ledger.record import ControlRecord
from confledger.ledger.timeline import (
    MEETING,
    REACTION_MAX_MS,
    Kind,
    State,
    Timeline,
    timeline_of,
)

ON, OFF, UNKNOWN = State.ON, State.OFF, State.UNKNOWN

# The cases of the reference are written one after the other, and not in tables as in the module.
# --- The reference: what does a record say of one state of one person? ------------------

TOLD_ON = {
    Kind.PRESENCE: {"CALL_PARTICIPANT", "JOIN", "ADMIT_WAITING"},
    Kind.MICROPHONE: {"UNMUTE_PARTICIPANT"},
    Kind.HOST: {"SET_HOST"},
    Kind.COHOST: {"SET_COHOST"},
    Kind.BROADCAST: {"BROADCAST_PARTICIPANT"},
    Kind.FLOOR: {"ROLL_CALL_PARTICIPANT"},
    Kind.HAND: {"REQUEST_FLOOR"},
    Kind.HOLD: {"MOVE_TO_WAITING_ROOM"},
    Kind.VIDEO_LOCK: {"LOCK_VIDEO_SOURCE"},
    Kind.LOCAL_RECORDING: {"ALLOW_LOCAL_RECORD"},
}
GONE = {"HANG_UP_PARTICIPANT", "REMOVE_PARTICIPANT", "LEAVE", "MOVE_TO_WAITING_ROOM"}
TOLD_OFF = {
    Kind.PRESENCE: GONE,
    Kind.MICROPHONE: {"MUTE_PARTICIPANT"},
    Kind.HOST: {"RELEASE_HOST"},
    Kind.COHOST: {"RELEASE_COHOST"},
    Kind.BROADCAST: {"CANCEL_BROADCAST_PARTICIPANT"},
    Kind.FLOOR: {"CANCEL_ROLL_CALL"},
    Kind.HAND: {"CANCEL_REQUEST_FLOOR"},
    Kind.VIDEO_LOCK: {"UNLOCK_VIDEO_SOURCE"},
    Kind.LOCAL_RECORDING: {"FORBID_LOCAL_RECORD"},
}
NO_LONGER_KNOWN = {
    ("MUTE_ALL", Kind.MICROPHONE, ON),
    ("UNMUTE_ALL", Kind.MICROPHONE, OFF),
    ("BATCH_RAISE_HANDS", Kind.HAND, OFF),
    ("BATCH_LOWER_HANDS", Kind.HAND, ON),
    ("APPLY_HOST", Kind.HOST, ON),
    ("TRANSFER_HOST", Kind.HOST, ON),
    ("BROADCAST_LAYOUT", Kind.BROADCAST, ON),
    ("ADMIT_ALL_WAITING", Kind.HOLD, ON),
}
MEETING_SWITCHES = {
    Kind.VOICE_ACTIVATION: ("START_VOICE_ACTIVATION", "STOP_VOICE_ACTIVATION"),
    Kind.SELF_UNMUTE: ("ALLOW_SELF_UNMUTE", "FORBID_SELF_UNMUTE"),
    Kind.LAYOUT_BROADCAST: ("BROADCAST_LAYOUT", "CANCEL_BROADCAST_LAYOUT"),
    Kind.HOST_POLLING: ("START_HOST_POLLING", "STOP_HOST_POLLING"),
    Kind.LOCK: ("LOCK_CONFERENCE", "UNLOCK_CONFERENCE"),
    Kind.PAUSE: ("PAUSE_CONFERENCE", "RESUME_CONFERENCE"),
    Kind.RECORDING: ("START_RECORDING", "STOP_RECORDING PAUSE_RECORDING"),
    Kind.LIVE: ("START_LIVE", "STOP_LIVE"),
    Kind.SHARING_LOCK: ("LOCK_SHARING", "UNLOCK_SHARING"),
    Kind.CAMERA_PERMISSION: ("ALLOW_CAMERA_ON", "FORBID_CAMERA_ON"),
    Kind.RENAME_PERMISSION: ("ALLOW_RENAME", "FORBID_RENAME"),
    Kind.WAITING_ROOM: ("ENABLE_WAITING_ROOM", "DISABLE_WAITING_ROOM"),
    Kind.AUDIENCE: ("ALLOW_AUDIENCE", "FORBID_AUDIENCE"),
    Kind.INTERPRETATION: ("START_INTERPRETATION", "STOP_INTERPRETATION"),
}


ONE_AT_A_TIME = {Kind.HOST, Kind.BROADCAST, Kind.FLOOR}


def told(past: Sequence[ControlRecord], who: str, kind: Kind) -> State:  # noqa: PLR0911 - a rule for each line
    """What somebody finds who asks some records, in order of time, from the last on backwards."""
    if not past:
        return UNKNOWN
    *earlier, last = past
    code = last.operation
    before = told(earlier, who, kind)
    if last.result != "SUCCESS" or code is None:
        return before
    if code == "END_CONFERENCE":
        return (OFF if before is not UNKNOWN else UNKNOWN) if kind is Kind.PRESENCE else UNKNOWN
    if kind in MEETING_SWITCHES:
        on, off = MEETING_SWITCHES[kind]
        return ON if code == on else OFF if code in off.split() else before
    if (code, kind, before) in NO_LONGER_KNOWN:
        return UNKNOWN
    if kind is Kind.PRESENCE and code == "ADMIT_ALL_WAITING":
        return UNKNOWN if told(earlier, who, Kind.HOLD) is ON else before
    if last.object == who:
        return told_of_object(earlier, code, who, kind, before)
    if not last.object:
        return told_of_nobody(earlier, code, who, kind, before)
    if kind in ONE_AT_A_TIME:
        return told_of_another(earlier, last, who, kind, before)
    return before


def told_of_object(
    earlier: Sequence[ControlRecord], code: str, who: str, kind: Kind, before: State
) -> State:
    """What a record says of the person that it names."""
    if code in TOLD_ON[kind]:
        return ON
    if code in TOLD_OFF.get(kind, ()):
        return OFF
    if kind is Kind.HOST and code in {"APPLY_HOST", "TRANSFER_HOST"}:
        return UNKNOWN
    if kind is Kind.HOLD and code in TOLD_ON[Kind.PRESENCE] and before is ON:
        return UNKNOWN if is_called_anew(earlier, code, who) else OFF
    is_over = code in GONE or is_called_anew(earlier, code, who)
    return UNKNOWN if is_over and kind is not Kind.PRESENCE else before


def told_of_nobody(  # noqa: PLR0911 - a rule for each line
    earlier: Sequence[ControlRecord], code: str, who: str, kind: Kind, before: State
) -> State:
    """What a record says of anybody if it names nobody, and so may be about each."""
    sets_on, sets_off = code in TOLD_ON[kind], code in TOLD_OFF.get(kind, ())
    if kind is Kind.PRESENCE:
        return UNKNOWN if (sets_on and before is OFF) or (sets_off and before is ON) else before
    if code in GONE or code == "CALL_PARTICIPANT":
        return UNKNOWN
    if kind is Kind.HOLD:
        return UNKNOWN if code in TOLD_ON[Kind.PRESENCE] and before is ON else before
    if kind in ONE_AT_A_TIME and sets_off:
        return OFF if last_to_get(earlier, kind) == who else before
    if kind is Kind.HOST and code in {"APPLY_HOST", "TRANSFER_HOST"}:
        return UNKNOWN
    if kind in ONE_AT_A_TIME and sets_on:
        return UNKNOWN
    return UNKNOWN if (sets_on and before is OFF) or (sets_off and before is ON) else before


def told_of_another(
    earlier: Sequence[ControlRecord], last: ControlRecord, who: str, kind: Kind, before: State
) -> State:
    """What a record on somebody says of another, of what one at most can have."""
    if last.operation in TOLD_ON[kind]:
        return OFF if last_to_get(earlier, kind) == who else before
    its = told(earlier, last.object, kind)
    if last.operation in TOLD_OFF[kind]:
        return UNKNOWN if before is ON and its is not OFF else before
    # Who has the role, and is named, may be giving it to anybody.
    gives = kind is Kind.HOST and last.operation in {"APPLY_HOST", "TRANSFER_HOST"} and its is ON
    return UNKNOWN if gives else before


def last_to_get(past: Sequence[ControlRecord], kind: Kind) -> str | None:
    """Who was the last to get something, by a record that names them."""
    got = [
        record.object
        for record in past
        if record.operation in TOLD_ON[kind] and record.result == "SUCCESS" and record.object
    ]
    return got[-1] if got else None


def is_called_anew(earlier: Sequence[ControlRecord], code: str, who: str) -> bool:
    """Whether a call is to somebody who is present."""
    return code == "CALL_PARTICIPANT" and told(earlier, who, Kind.PRESENCE) is ON


# --- Records that anybody may bring -------------------------------------------------------

CODES = st.sampled_from([operation.code for operation in OPERATIONS])
LASTING = st.sampled_from(
    sorted({*set().union(*TOLD_ON.values()), *set().union(*TOLD_OFF.values())})
)
WHOLE = st.sampled_from([*sorted({code for code, _, _ in NO_LONGER_KNOWN}), "END_CONFERENCE"])
PAIRS = st.sampled_from([*(actor.value for actor in Actor), ("Portal", "Ann"), ("Portal", "b")])


@st.composite
def a_record(draw: st.DrawFn, codes: Sequence[str]) -> ControlRecord:
    """About few people and within few milliseconds, so that all meets all."""
    often = st.sampled_from(codes)
    code = draw(st.one_of(often, often, LASTING, WHOLE, CODES, st.none()))
    source, operator = draw(PAIRS)
    return ControlRecord(
        operate_time_ms=1000 + draw(st.integers(0, 5)),
        source=source,
        operator=operator,
        operator_basis=draw(st.sampled_from(("stated", "system", "unknown"))),
        operation=code,
        operation_text="" if code else "设置会议水印",
        object=draw(st.sampled_from(("a", "a", "b", "b", "+991", ""))),
        result=draw(st.sampled_from((*["SUCCESS"] * 6, "FAILED", None))),
    )


@st.composite
def some_records(draw: st.DrawFn) -> list[ControlRecord]:
    """Mostly of what changes one kind of state, since others seldom meet."""
    kind = draw(st.sampled_from([*TOLD_ON]))
    changing = {code for code, its_kind, _ in NO_LONGER_KNOWN if its_kind is kind}
    codes = sorted(TOLD_ON[kind] | TOLD_OFF.get(kind, set()) | changing)
    return draw(st.lists(a_record(codes), max_size=8))


RECORDS = some_records()


def by_time(records: Sequence[ControlRecord]) -> list[ControlRecord]:
    """In the order of their times; of one millisecond, of arrival."""
    return sorted(records, key=lambda record: record.operate_time_ms)


def states(timeline: Timeline, instant_ms: int) -> dict[tuple[str, Kind], State]:
    """All that is known at a moment, by text; the conference itself is ''."""
    instant = timeline.state_at(instant_ms)
    lanes = [(MEETING, ""), *enumerate(timeline.people)]
    found = {(who, kind): instant.of(lane, kind) for lane, who in lanes for kind in Kind}
    return {key: state for key, state in found.items() if state is not UNKNOWN}


@settings(max_examples=500, deadline=None)
@given(RECORDS)
def test_a_state_is_what_the_records_tell_up_to_then(records: list[ControlRecord]) -> None:
    """Of each person and kind, at each millisecond, the reference finds the same."""
    timeline, ordered = timeline_of(records), by_time(records)
    for instant_ms in {
        999,
        *(record.operate_time_ms + more for record in records for more in (-1, 0, 1)),
    }:
        instant = timeline.state_at(instant_ms)
        past = [record for record in ordered if record.operate_time_ms <= instant_ms]
        for kind in Kind:
            lanes = [(MEETING, "")] if kind in MEETING_SWITCHES else [*enumerate(timeline.people)]
            for lane, who in lanes:
                assert instant.of(lane, kind) is told(past, who, kind), (instant_ms, who, kind)


@given(RECORDS)
def test_spans_do_not_overlap_and_have_their_boundaries_from_records(
    records: list[ControlRecord],
) -> None:
    """Of one person and kind, one span ends before the next begins; none is empty."""
    timeline = timeline_of(records)
    for span in timeline.spans:
        assert records[span.start_seq].operate_time_ms == span.start_ms
        state = ON if span.is_on else OFF
        assert timeline.state_at(span.start_ms).of(span.person, span.kind) is state
        if span.end_ms is not None and span.end_seq is not None:
            assert records[span.end_seq].operate_time_ms == span.end_ms > span.start_ms
            assert timeline.state_at(span.end_ms - 1).of(span.person, span.kind) is state
    for person in range(-1, len(timeline.people)):
        for kind in Kind:
            own = [span for span in timeline.spans if (span.person, span.kind) == (person, kind)]
            for one, next_one in pairwise(own):
                assert one.end_ms is not None
                assert one.end_ms <= next_one.start_ms


@given(RECORDS)
def test_each_record_is_shown(records: list[ControlRecord]) -> None:
    """As the boundary of a span or as a mark; and one that a named person did, on their lane."""
    timeline = timeline_of(records)
    bounds = {
        (seq, span.person) for span in timeline.spans for seq in (span.start_seq, span.end_seq)
    }
    marks = {(mark.seq, mark.person) for mark in timeline.marks}
    assert len(marks) == len(timeline.marks)
    assert not bounds & marks
    shown = bounds | marks
    assert {seq for seq, _ in shown} - {None} == set(range(len(records)))
    for seq, record in enumerate(records):
        if record.operator in {"Ann", "b"} and record.operator_basis == "stated":
            assert (seq, timeline.people.index(record.operator)) in shown


@given(RECORDS, RECORDS)
def test_what_comes_later_changes_nothing_of_before(
    records: list[ControlRecord], more: list[ControlRecord]
) -> None:
    """Until the earliest time of the new records, all states stay what they were."""
    before, after = timeline_of(records), timeline_of([*records, *more])
    earliest_ms = min((record.operate_time_ms for record in more), default=1100)
    for instant_ms in range(999, min(earliest_ms, 1008)):
        assert states(before, instant_ms) == states(after, instant_ms)


@given(RECORDS, RECORDS)
def test_what_failed_or_is_unknown_changes_no_state(
    records: list[ControlRecord], more: list[ControlRecord]
) -> None:
    """Records that failed, say no result, or have no word in the catalogue, are marks only."""
    idle = [record for record in more if record.operation is None or record.result != "SUCCESS"]
    before, after = timeline_of(records), timeline_of([*records, *idle])
    for instant_ms in range(999, 1008):
        assert states(before, instant_ms) == states(after, instant_ms)


@given(RECORDS)
def test_a_reaction_is_a_systems_and_follows_what_succeeded(records: list[ControlRecord]) -> None:
    """Whoever reacts is a system; the cause comes before it, and not long before."""
    for seq, cause_seq in timeline_of(records).reactions:
        record, cause = records[seq], records[cause_seq]
        assert record.operator_basis == "system" or record.operator == record.source
        assert cause.result == "SUCCESS"
        assert (cause.operate_time_ms, cause_seq) < (record.operate_time_ms, seq)


def record(
    time_ms: int, operation: str, object_: str = "", actor: Actor = Actor.PORTAL
) -> ControlRecord:
    """One that succeeded."""
    return ControlRecord(
        operate_time_ms=time_ms,
        source=actor.source,
        operator=actor.operator,
        operator_basis="stated",
        operation=operation,
        object=object_,
        result="SUCCESS",
    )


def test_muting_all_is_tied_to_each_mute_and_known_only_by_these() -> None:
    """Between the two, a microphone that was open is unknown; one that nobody named stays so."""
    timeline = timeline_of(
        [
            record(0, "UNMUTE_PARTICIPANT", "a"),
            record(0, "UNMUTE_PARTICIPANT", "b"),
            record(0, "MUTE_PARTICIPANT", "c"),
            record(10, "MUTE_ALL"),
            record(15, "MUTE_PARTICIPANT", "a", Actor.MCU),
            record(10 + REACTION_MAX_MS, "MUTE_PARTICIPANT", "c", Actor.MCU),
            record(11 + REACTION_MAX_MS, "MUTE_PARTICIPANT", "c", Actor.MCU),
        ]
    )
    assert timeline.reactions == [(4, 3), (5, 3)]
    at = {
        ms: [timeline.state_at(ms).of(lane, Kind.MICROPHONE) for lane in range(3)]
        for ms in (9, 10, 15)
    }
    assert at == {9: [ON, ON, OFF], 10: [UNKNOWN, UNKNOWN, OFF], 15: [OFF, UNKNOWN, OFF]}


def test_a_host_who_is_taken_over_from_is_no_longer_host() -> None:
    """The role ends for the former host at once; the system's late release takes none away."""
    timeline = timeline_of(
        [
            record(0, "SET_HOST", "a"),
            record(10, "SET_HOST", "b"),
            record(12, "RELEASE_HOST", "a", Actor.SYSTEM),
        ]
    )
    for instant_ms in (10, 11, 12, 13):
        hosts = [timeline.state_at(instant_ms).of(lane, Kind.HOST) for lane in (0, 1)]
        assert hosts == [OFF, ON]
    assert timeline.reactions == [(2, 1)]


def test_a_host_role_that_is_transferred_is_known_again_with_the_next_record() -> None:
    """Until then nobody is known to be host; from then on the former one is not."""
    timeline = timeline_of(
        [
            record(0, "SET_HOST", "a"),
            record(10, "TRANSFER_HOST", "b"),
            record(12, "SET_HOST", "b", Actor.SYSTEM),
            record(14, "RELEASE_HOST", "a", Actor.SYSTEM),
        ]
    )
    at = {
        ms: [timeline.state_at(ms).of(lane, Kind.HOST) for lane in (0, 1)] for ms in (9, 10, 12, 14)
    }
    assert at == {9: [ON, UNKNOWN], 10: [UNKNOWN, UNKNOWN], 12: [OFF, ON], 14: [OFF, ON]}


def test_a_release_of_somebody_who_was_not_known_to_be_host_puts_the_host_in_doubt() -> None:
    """They may be the host, spelled otherwise, or one of before: neither is guessed."""
    timeline = timeline_of([record(0, "SET_HOST", "a"), record(10, "RELEASE_HOST", "+991")])
    assert [timeline.state_at(10).of(lane, Kind.HOST) for lane in (0, 1)] == [UNKNOWN, OFF]


def test_a_broadcast_that_is_cancelled_is_off_for_who_was_hung_up_on() -> None:
    """The record names nobody, and so means the last who was broadcast."""
    timeline = timeline_of(
        [
            record(0, "BROADCAST_PARTICIPANT", "a"),
            record(10, "HANG_UP_PARTICIPANT", "a"),
            record(12, "CANCEL_BROADCAST_PARTICIPANT", actor=Actor.MCU),
        ]
    )
    at = [timeline.state_at(ms).of(0, Kind.BROADCAST) for ms in (9, 10, 12)]
    assert at == [ON, UNKNOWN, OFF]


def test_a_reaction_comes_of_the_last_cause_on_the_right_person() -> None:
    """A roll call opens the microphone of who is called, and closes those of others."""
    timeline = timeline_of(
        [
            record(0, "ROLL_CALL_PARTICIPANT", "a"),
            record(1, "ROLL_CALL_PARTICIPANT", "b"),
            record(2, "UNMUTE_PARTICIPANT", "a", Actor.MCU),
            record(3, "MUTE_PARTICIPANT", "b", Actor.MCU),
            record(4, "MUTE_PARTICIPANT", "a", Actor.MCU),
            record(5, "MUTE_PARTICIPANT", "a"),
        ]
    )
    assert timeline.reactions == [(2, 0), (3, 0), (4, 1)]


def test_a_reaction_that_names_nobody_is_tied_to_nobodys_call() -> None:
    """Whether the same person is called and muted, two records without a name do not tell."""
    timeline = timeline_of(
        [
            record(0, "CALL_PARTICIPANT", "", Actor.SYSTEM),
            record(5, "MUTE_PARTICIPANT", "", Actor.MCU),
        ]
    )
    assert timeline.reactions == []


def test_the_end_of_a_meeting_is_when_the_last_record_says_so() -> None:
    """Nobody is present then, all else that was known is unknown; a failed end is none."""
    failed = ControlRecord(
        operate_time_ms=90, operator_basis="unknown", operation="END_CONFERENCE", result="FAILED"
    )
    timeline = timeline_of(
        [
            record(50, "END_CONFERENCE"),
            record(0, "CALL_PARTICIPANT", "a"),
            record(0, "UNMUTE_PARTICIPANT", "a"),
            record(0, "LOCK_CONFERENCE"),
            failed,
        ]
    )
    assert (timeline.first_ms, timeline.end_ms, timeline.last_ms) == (0, 50, 90)
    assert timeline_of([failed]).end_ms is None
    over = timeline.state_at(50)
    assert over.of(0, Kind.PRESENCE) is OFF
    assert over.of(0, Kind.MICROPHONE) is over.of(MEETING, Kind.LOCK) is UNKNOWN


def test_a_new_call_makes_unknown_what_was_known_of_the_stay() -> None:
    """Of who is called while present; and of all, if the record does not say who was called."""
    before = [
        record(0, "CALL_PARTICIPANT", "a"),
        record(0, "UNMUTE_PARTICIPANT", "a"),
        record(0, "MUTE_PARTICIPANT", "b"),
    ]
    of_one = timeline_of([*before, record(10, "CALL_PARTICIPANT", "a")]).state_at(10)
    assert [of_one.of(lane, Kind.MICROPHONE) for lane in (0, 1)] == [UNKNOWN, OFF]
    of_nobody = timeline_of([*before, record(10, "CALL_PARTICIPANT")]).state_at(10)
    assert [of_nobody.of(lane, Kind.MICROPHONE) for lane in (0, 1)] == [UNKNOWN, UNKNOWN]
    assert of_nobody.of(0, Kind.PRESENCE) is ON


def test_a_host_who_is_named_as_transferring_may_give_the_role_to_anybody() -> None:
    """Also to who released it before; if another is named, that one is still not host."""
    before = [
        record(0, "SET_HOST", "a"),
        record(5, "SET_HOST", "b"),
    ]
    by_host = timeline_of([*before, record(10, "TRANSFER_HOST", "b")]).state_at(10)
    assert [by_host.of(lane, Kind.HOST) for lane in (0, 1)] == [UNKNOWN, UNKNOWN]
    to_another = timeline_of([*before, record(10, "TRANSFER_HOST", "c")]).state_at(10)
    assert [to_another.of(lane, Kind.HOST) for lane in range(3)] == [OFF, UNKNOWN, UNKNOWN]


def test_what_failed_causes_nothing() -> None:
    """A mute by the system after a failed mute of all comes of the one that succeeded, if any."""
    failed = ControlRecord(
        operate_time_ms=5, operator_basis="unknown", operation="MUTE_ALL", result="FAILED"
    )
    muted = record(9, "MUTE_PARTICIPANT", "a", Actor.MCU)
    assert timeline_of([failed, muted]).reactions == []
    assert timeline_of([record(0, "MUTE_ALL"), failed, muted]).reactions == [(2, 0)]


def test_who_does_something_about_themselves_and_the_meeting_is_on_their_lane() -> None:
    """The span is the meeting's, and the mark is theirs."""
    lock = ControlRecord(
        operate_time_ms=7,
        operator="b",
        operator_basis="stated",
        operation="LOCK_CONFERENCE",
        object="b",
        result="SUCCESS",
    )
    timeline = timeline_of([lock])
    assert [span.person for span in timeline.spans] == [MEETING]
    assert timeline.marks == [(0, 7, 0)]


def test_a_large_meeting_is_followed_whole() -> None:
    """Of a generated meeting of many people no record is lost, and most reactions are tied."""
    meeting = generated_meeting(records=5_000, seed=7, people=50)
    timeline = timeline_of(meeting.records)
    assert timeline.count == len(meeting.records)
    assert len(timeline.reactions) > 100
    assert len(timeline.people) >= 50
