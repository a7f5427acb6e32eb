"""What lasted in a conference, and since when: concluded from its control records alone.

`timeline_of` reads the records once, in the order of their times (those of one millisecond in
the order of `seq`). A state of somebody is on, off, or unknown. It is unknown until a
record tells it, and again as soon as a record says that it may have changed without saying of whom.

A lane is a spelling, not a person: two objects or operators are on one lane where their texts are
equal, and nothing here takes a number, a name and an id for the same person.

What is concluded from a record whose result is SUCCESS:

=====================================  =====================================================
operation                              conclusion
=====================================  =====================================================
CALL_PARTICIPANT, JOIN, ADMIT_WAITING  presence of the object on; no longer on hold, if so.
                                       A call to somebody who is present is a new connection:
                                       all else that was known of them is unknown.
HANG_UP_, REMOVE_PARTICIPANT, LEAVE    presence off; all else of the object is unknown
MOVE_TO_WAITING_ROOM                   likewise, and on hold
ADMIT_ALL_WAITING                      hold and presence of all who are on hold: unknown
UNMUTE_, MUTE_PARTICIPANT              microphone on (open), off (closed)
MUTE_ALL                               microphones that are open: unknown
UNMUTE_ALL                             microphones that are closed: unknown
SET_HOST                               host role on; off for who was the last to get it
RELEASE_HOST                           host role off
APPLY_HOST, TRANSFER_HOST              unknown for who has it, and for the object: the record
                                       does not say who has it now. If the object has it, or none
                                       is named, anybody may: unknown for all
SET_, RELEASE_COHOST                   co-host role on, off
BROADCAST_PARTICIPANT                  broadcast on; off for who was the last to get it
CANCEL_BROADCAST_PARTICIPANT           broadcast off for who was the last to get it, or the object
BROADCAST_LAYOUT                       layout broadcast on; broadcast of who was: unknown
ROLL_CALL_PARTICIPANT                  floor on; off for who was the last to get it
CANCEL_ROLL_CALL                       floor off for who was the last to get it, or the object
REQUEST_FLOOR, CANCEL_REQUEST_FLOOR    hand on (raised), off
BATCH_RAISE_HANDS, BATCH_LOWER_HANDS   hands that are lowered, raised: unknown
LOCK_, UNLOCK_VIDEO_SOURCE             lock of the object's video source on, off
ALLOW_, FORBID_LOCAL_RECORD            permission to record locally on, off
END_CONFERENCE                         presence off for all who are present; all else unknown
=====================================  =====================================================

and of the conference itself, on or off: voice activation, permission to unmute oneself, layout
broadcast, host polling, lock, pause, recording (off while paused), live broadcast, lock of sharing,
permissions of cameras and of renaming, waiting room, audience, interpretation.

An operation on a participant that names none, such as a mute of nobody, may be about anybody: it
makes unknown whatever it may have changed. Only the end of an exclusive state (host, broadcast,
floor) tells more then: it is off for who was the last to get it, even if that was unknown since.

The end of an exclusive state for somebody who was not known to have it: if it was off for them
by a record, it is a late word, such as the system's release of a host who was taken over from, and
says nothing of others. If it was unknown, it becomes unknown for who has it: they may be
one person, or not.

Never concluded:

- anything from a record whose result is not SUCCESS, or whose text the catalogue does not know;
- that a state is off because another one has it, except for who was the last to get it by a
  record: any other lane may be the same person, spelled otherwise;
- a microphone from a roll call, a broadcast, a lock or a permission: the records of the media
  server tell it; and none from what people do at their own devices, which leaves no record;
- presence from an invitation (ADD_PARTICIPANT), or from operating;
- a camera, or sharing: the catalogue knows invitations and permissions, not what came of them;
- a setting whose record does not say what was chosen, such as SET_CHAT_PERMISSION;
- an end of anything by the mere passing of time: a span that no record ends has no end.

A reaction is a system's record that follows an action it can come from (`_CAUSES`) within
`REACTION_MAX_MS`: of several the last. No record says so; kind, time and person do.
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from confledger.catalogue.operations import Actor
from confledger.ledger.record import ControlRecord

MEETING: Final = -1
"""The lane of the conference itself."""

REACTION_MAX_MS: Final = 1_000
"""So long after its cause a reaction may come. In the vendor's sample it takes up to half of it."""


class Kind(enum.StrEnum):
    """What can last. The values are names for programs, in the order of the lanes."""

    PRESENCE = "presence"
    MICROPHONE = "microphone"
    HOST = "host"
    COHOST = "cohost"
    BROADCAST = "broadcast"
    FLOOR = "floor"
    HAND = "hand"
    HOLD = "hold"
    """In the waiting room, after having been in the meeting."""
    VIDEO_LOCK = "videoLock"
    LOCAL_RECORDING = "localRecording"
    """Allowed to record with their own client."""

    VOICE_ACTIVATION = "voiceActivation"
    SELF_UNMUTE = "selfUnmute"
    LAYOUT_BROADCAST = "layoutBroadcast"
    HOST_POLLING = "hostPolling"
    LOCK = "lock"
    PAUSE = "pause"
    RECORDING = "recording"
    LIVE = "live"
    SHARING_LOCK = "sharingLock"
    CAMERA_PERMISSION = "cameraPermission"
    RENAME_PERMISSION = "renamePermission"
    WAITING_ROOM = "waitingRoom"
    AUDIENCE = "audience"
    INTERPRETATION = "interpretation"


class State(enum.Enum):
    """What the records say of something that can last."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class Span(NamedTuple):
    """How long a state was on, or off, by the records. Where none covers an instant: unknown."""

    person: int
    """A place in `Timeline.people`, or `MEETING`."""
    kind: Kind
    is_on: bool
    start_ms: int
    """UTC, milliseconds since 1970; the first instant of it."""
    end_ms: int | None
    """The first instant after it; None where no record ends it. A span is never empty."""
    start_seq: int
    end_seq: int | None


class Mark(NamedTuple):
    """A record that is shown as a moment on a lane."""

    person: int
    """As for `Span`."""
    time_ms: int
    seq: int


class Reaction(NamedTuple):
    """That a system's record came of another one."""

    seq: int
    cause_seq: int


@dataclass(frozen=True, slots=True)
class Instant:
    """The states at one moment."""

    _states: Mapping[tuple[int, Kind], bool]

    def of(self, person: int, kind: Kind) -> State:
        """The state of somebody (a place in `Timeline.people`), or of `MEETING`."""
        is_on = self._states.get((person, kind))
        if is_on is None:
            return State.UNKNOWN
        return State.ON if is_on else State.OFF

    def who(self, kind: Kind) -> frozenset[int]:
        """Of whom a state is on, by place in `Timeline.people`."""
        return frozenset(
            person
            for (person, its_kind), is_on in self._states.items()
            if its_kind is kind and is_on
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The picture of a conference."""

    count: int
    """Of how many records it was made."""
    first_ms: int | None
    last_ms: int | None
    """The times of the first and the last record; None where there are none."""
    end_ms: int | None
    """When it was ended, by the last record that says so; None where none does."""
    people: Sequence[str]
    """A lane for each text that names somebody, as object or operator, in order of first time."""
    spans: Sequence[Span]
    """By start. Those of one person and kind do not overlap."""
    marks: Sequence[Mark]
    """By time. Each record that neither begins nor ends a span has one, on the lane of its
    object or of the conference; and each that a named person did has one on that
    person's lane, if it is not on it already."""
    reactions: Sequence[Reaction]
    """By time of the reaction."""

    def state_at(self, instant_ms: int) -> Instant:
        """The states at a moment (UTC, milliseconds since 1970), what happened at it included."""
        return Instant(
            {
                (span.person, span.kind): span.is_on
                for span in self.spans
                if span.start_ms <= instant_ms and (span.end_ms is None or instant_ms < span.end_ms)
            }
        )


# --- What is concluded ------------------------------------------------------------

# What an operation sets, on its object or, for kinds of the meeting, on the meeting.
_SETS: Final[Mapping[str, tuple[Kind, bool]]] = {
    "CALL_PARTICIPANT": (Kind.PRESENCE, True),
    "JOIN": (Kind.PRESENCE, True),
    "ADMIT_WAITING": (Kind.PRESENCE, True),
    "HANG_UP_PARTICIPANT": (Kind.PRESENCE, False),
    "REMOVE_PARTICIPANT": (Kind.PRESENCE, False),
    "LEAVE": (Kind.PRESENCE, False),
    "MOVE_TO_WAITING_ROOM": (Kind.PRESENCE, False),
    "UNMUTE_PARTICIPANT": (Kind.MICROPHONE, True),
    "MUTE_PARTICIPANT": (Kind.MICROPHONE, False),
    "SET_HOST": (Kind.HOST, True),
    "RELEASE_HOST": (Kind.HOST, False),
    "SET_COHOST": (Kind.COHOST, True),
    "RELEASE_COHOST": (Kind.COHOST, False),
    "BROADCAST_PARTICIPANT": (Kind.BROADCAST, True),
    "CANCEL_BROADCAST_PARTICIPANT": (Kind.BROADCAST, False),
    "ROLL_CALL_PARTICIPANT": (Kind.FLOOR, True),
    "CANCEL_ROLL_CALL": (Kind.FLOOR, False),
    "REQUEST_FLOOR": (Kind.HAND, True),
    "CANCEL_REQUEST_FLOOR": (Kind.HAND, False),
    "LOCK_VIDEO_SOURCE": (Kind.VIDEO_LOCK, True),
    "UNLOCK_VIDEO_SOURCE": (Kind.VIDEO_LOCK, False),
    "ALLOW_LOCAL_RECORD": (Kind.LOCAL_RECORDING, True),
    "FORBID_LOCAL_RECORD": (Kind.LOCAL_RECORDING, False),
    "START_VOICE_ACTIVATION": (Kind.VOICE_ACTIVATION, True),
    "STOP_VOICE_ACTIVATION": (Kind.VOICE_ACTIVATION, False),
    "ALLOW_SELF_UNMUTE": (Kind.SELF_UNMUTE, True),
    "FORBID_SELF_UNMUTE": (Kind.SELF_UNMUTE, False),
    "BROADCAST_LAYOUT": (Kind.LAYOUT_BROADCAST, True),
    "CANCEL_BROADCAST_LAYOUT": (Kind.LAYOUT_BROADCAST, False),
    "START_HOST_POLLING": (Kind.HOST_POLLING, True),
    "STOP_HOST_POLLING": (Kind.HOST_POLLING, False),
    "LOCK_CONFERENCE": (Kind.LOCK, True),
    "UNLOCK_CONFERENCE": (Kind.LOCK, False),
    "PAUSE_CONFERENCE": (Kind.PAUSE, True),
    "RESUME_CONFERENCE": (Kind.PAUSE, False),
    "START_RECORDING": (Kind.RECORDING, True),
    "PAUSE_RECORDING": (Kind.RECORDING, False),
    "STOP_RECORDING": (Kind.RECORDING, False),
    "START_LIVE": (Kind.LIVE, True),
    "STOP_LIVE": (Kind.LIVE, False),
    "LOCK_SHARING": (Kind.SHARING_LOCK, True),
    "UNLOCK_SHARING": (Kind.SHARING_LOCK, False),
    "ALLOW_CAMERA_ON": (Kind.CAMERA_PERMISSION, True),
    "FORBID_CAMERA_ON": (Kind.CAMERA_PERMISSION, False),
    "ALLOW_RENAME": (Kind.RENAME_PERMISSION, True),
    "FORBID_RENAME": (Kind.RENAME_PERMISSION, False),
    "ENABLE_WAITING_ROOM": (Kind.WAITING_ROOM, True),
    "DISABLE_WAITING_ROOM": (Kind.WAITING_ROOM, False),
    "ALLOW_AUDIENCE": (Kind.AUDIENCE, True),
    "FORBID_AUDIENCE": (Kind.AUDIENCE, False),
    "START_INTERPRETATION": (Kind.INTERPRETATION, True),
    "STOP_INTERPRETATION": (Kind.INTERPRETATION, False),
}

# What an operation may have changed, of anybody: whoever is in that state is no longer known to be.
_BLURS: Final[Mapping[str, tuple[Kind, bool]]] = {
    "MUTE_ALL": (Kind.MICROPHONE, True),
    "UNMUTE_ALL": (Kind.MICROPHONE, False),
    "BATCH_RAISE_HANDS": (Kind.HAND, False),
    "BATCH_LOWER_HANDS": (Kind.HAND, True),
    "APPLY_HOST": (Kind.HOST, True),
    "TRANSFER_HOST": (Kind.HOST, True),
    "BROADCAST_LAYOUT": (Kind.BROADCAST, True),
}

_KINDS: Final = tuple(Kind)
_MEETING_KINDS: Final = frozenset(_KINDS[_KINDS.index(Kind.VOICE_ACTIVATION) :])
_OF_A_STAY: Final = tuple(
    kind for kind in Kind if kind not in _MEETING_KINDS and kind is not Kind.PRESENCE
)
"""What is known of somebody only while they stay."""
_EXCLUSIVE: Final = frozenset({Kind.HOST, Kind.BROADCAST, Kind.FLOOR})
"""What one at most can have at a time."""


class _Relation(enum.Enum):
    """Whose action a reaction can come from."""

    SAME = "one on the same person"
    OTHER = "one on another person"
    ANY = "any"


_SAME: Final = _Relation.SAME
_OTHER: Final = _Relation.OTHER
_ANY: Final = _Relation.ANY

_CAUSES: Final[Mapping[str, tuple[tuple[str, _Relation], ...]]] = {
    "MUTE_PARTICIPANT": (
        ("CALL_PARTICIPANT", _SAME),
        ("JOIN", _SAME),
        ("ADMIT_WAITING", _SAME),
        ("ROLL_CALL_PARTICIPANT", _OTHER),
        ("CANCEL_ROLL_CALL", _ANY),
        ("MUTE_ALL", _ANY),
    ),
    "UNMUTE_PARTICIPANT": (
        ("CALL_PARTICIPANT", _SAME),
        ("JOIN", _SAME),
        ("ADMIT_WAITING", _SAME),
        ("ROLL_CALL_PARTICIPANT", _SAME),
        ("UNMUTE_ALL", _ANY),
    ),
    "START_VOICE_ACTIVATION": (
        ("CANCEL_ROLL_CALL", _ANY),
        ("HANG_UP_PARTICIPANT", _ANY),
        ("LEAVE", _ANY),
    ),
    "STOP_VOICE_ACTIVATION": (("ROLL_CALL_PARTICIPANT", _ANY),),
    "CANCEL_BROADCAST_PARTICIPANT": (
        ("HANG_UP_PARTICIPANT", _ANY),
        ("LEAVE", _ANY),
        ("MOVE_TO_WAITING_ROOM", _ANY),
        ("BROADCAST_LAYOUT", _ANY),
    ),
    "CANCEL_ROLL_CALL": (
        ("HANG_UP_PARTICIPANT", _ANY),
        ("LEAVE", _ANY),
        ("MOVE_TO_WAITING_ROOM", _ANY),
    ),
    "SET_HOST": (
        ("CALL_PARTICIPANT", _SAME),
        ("JOIN", _SAME),
        ("APPLY_HOST", _SAME),
        ("TRANSFER_HOST", _ANY),
        ("RELEASE_HOST", _OTHER),
    ),
    "RELEASE_HOST": (("SET_HOST", _OTHER), ("APPLY_HOST", _OTHER), ("TRANSFER_HOST", _ANY)),
    "RELEASE_COHOST": (("SET_HOST", _SAME),),
    "REQUEST_FLOOR": (("BATCH_RAISE_HANDS", _ANY),),
    "CANCEL_REQUEST_FLOOR": (("ROLL_CALL_PARTICIPANT", _SAME), ("BATCH_LOWER_HANDS", _ANY)),
    "JOIN": (
        ("CALL_PARTICIPANT", _SAME),
        ("ADMIT_WAITING", _SAME),
        ("ADMIT_ALL_WAITING", _ANY),
    ),
    "ADMIT_WAITING": (("ADMIT_ALL_WAITING", _ANY), ("DISABLE_WAITING_ROOM", _ANY)),
    "LEAVE": (
        ("HANG_UP_PARTICIPANT", _SAME),
        ("REMOVE_PARTICIPANT", _SAME),
        ("MOVE_TO_WAITING_ROOM", _SAME),
        ("END_CONFERENCE", _ANY),
    ),
    "HANG_UP_PARTICIPANT": (("REMOVE_PARTICIPANT", _SAME), ("END_CONFERENCE", _ANY)),
    "STOP_RECORDING": (("END_CONFERENCE", _ANY),),
    "STOP_LIVE": (("END_CONFERENCE", _ANY),),
}
"""What a system's record can be a reaction to. The seconds between an invitation and
its call are too many, and an id and a number too far apart, to tie those two."""

_CAUSING: Final = frozenset(code for causes in _CAUSES.values() for code, _ in causes)

_SYSTEMS: Final = frozenset({Actor.MCU.value, Actor.SYSTEM.value})
_NAMELESS: Final = frozenset(actor.value for actor in Actor)


def timeline_of(records: Sequence[ControlRecord]) -> Timeline:
    """The timeline of a conference, of all its records or the first of them, in order of `seq`."""
    order = sorted(range(len(records)), key=lambda seq: records[seq].operate_time_ms)
    people: dict[str, int] = {}
    states = _States()
    reactions = _Reactions()
    marks: list[Mark] = []
    lanes: list[tuple[int, int, int, int]] = []
    end_ms = None
    for seq in order:
        record = records[seq]
        time_ms, code, object_ = record.operate_time_ms, record.operation, record.object
        person = people.setdefault(object_, len(people)) if object_ else MEETING
        operator = MEETING
        if _names_its_operator(record):
            operator = people.setdefault(record.operator, len(people))
        lanes.append((time_ms, seq, person, operator))
        if code is None:
            continue
        reactions.see(record, seq, person)
        if record.result == "SUCCESS":
            states.change(code, person, time_ms, seq)
            if code == "END_CONFERENCE":
                end_ms = time_ms
    spans = states.all_spans()
    shown = _lanes_by_seq(spans)
    for time_ms, seq, person, operator in lanes:
        shown_on = shown.get(seq)
        if shown_on is None:
            marks.append(Mark(person, time_ms, seq))
            shown_on = {person}
        if operator != MEETING and operator not in shown_on:
            marks.append(Mark(operator, time_ms, seq))
    return Timeline(
        count=len(records),
        first_ms=records[order[0]].operate_time_ms if order else None,
        last_ms=records[order[-1]].operate_time_ms if order else None,
        end_ms=end_ms,
        people=tuple(people),
        spans=spans,
        marks=marks,
        reactions=reactions.found,
    )


def _names_its_operator(record: ControlRecord) -> bool:
    return (
        bool(record.operator)
        and record.operator_basis in ("stated", "inferred")
        and (record.source, record.operator) not in _NAMELESS
    )


def _lanes_by_seq(spans: Sequence[Span]) -> dict[int, set[int]]:
    """On which lanes a span begins or ends with a record."""
    lanes: dict[int, set[int]] = {}
    for span in spans:
        lanes.setdefault(span.start_seq, set()).add(span.person)
        if span.end_seq is not None:
            lanes.setdefault(span.end_seq, set()).add(span.person)
    return lanes


class _States:
    """The states as they are after some records, and the spans that have ended."""

    def __init__(self) -> None:
        # By kind, and by whether it is on: since when, and since which record, by person.
        self._now: dict[Kind, dict[bool, dict[int, tuple[int, int]]]] = {
            kind: {True: {}, False: {}} for kind in Kind
        }
        self._ended: list[Span] = []
        self._last_to_get: dict[Kind, int] = {}
        """Of the exclusive kinds: who was the last to get it, whether or not they still have it."""

    def change(self, code: str, person: int, time_ms: int, seq: int) -> None:
        """Conclude what there is to conclude from a record that succeeded."""
        at = (time_ms, seq)
        if (blurred := _BLURS.get(code)) is not None:
            kind, is_on = blurred
            if kind is Kind.HOST:
                self._doubt_host(person, at)
            else:
                self._forget_all(kind, at, is_on=is_on)
        if (sets := _SETS.get(code)) is not None:
            kind, is_on = sets
            if kind in _MEETING_KINDS:
                self._put(kind, MEETING, at, is_on=is_on)
            else:
                self._set(code, kind, person, at, is_on=is_on)
        elif code == "ADMIT_ALL_WAITING":
            for waiting in self._now[Kind.HOLD][True]:
                self._put(Kind.PRESENCE, waiting, at, is_on=None)
            self._forget_all(Kind.HOLD, at, is_on=True)
        elif code == "END_CONFERENCE":
            self._end(at)

    def all_spans(self) -> list[Span]:
        """Those that have ended and those that have not, by start."""
        spans = self._ended
        for kind, by_state in self._now.items():
            for is_on, by_person in by_state.items():
                spans.extend(
                    Span(person, kind, is_on, start_ms, None, start_seq, None)
                    for person, (start_ms, start_seq) in by_person.items()
                )
        return sorted(spans, key=lambda span: (span.start_ms, span.start_seq, span.person))

    def _end(self, at: tuple[int, int]) -> None:
        for present in tuple(self._now[Kind.PRESENCE][True]):
            self._put(Kind.PRESENCE, present, at, is_on=False)
        for kind in _KINDS:
            if kind is not Kind.PRESENCE:
                self._forget_all(kind, at, is_on=True)
                self._forget_all(kind, at, is_on=False)

    def _doubt_host(self, person: int, at: tuple[int, int]) -> None:
        if person == MEETING or person in self._now[Kind.HOST][True]:
            # Nobody is named, or who gives the role away: anybody may have it now.
            self._forget_all(Kind.HOST, at, is_on=False)
        self._forget_all(Kind.HOST, at, is_on=True)
        self._put(Kind.HOST, person, at, is_on=None)

    def _set(self, code: str, kind: Kind, person: int, at: tuple[int, int], *, is_on: bool) -> None:
        if person == MEETING:
            self._set_of_nobody(code, kind, at, is_on=is_on)
            return
        if kind in _EXCLUSIVE:
            self._set_of_others(kind, person, at, is_on=is_on)
        if kind is Kind.PRESENCE:
            is_new = code == "CALL_PARTICIPANT" and person in self._now[kind][True]
            if is_new or not is_on:
                for other in _OF_A_STAY:
                    self._put(other, person, at, is_on=None)
            if code == "MOVE_TO_WAITING_ROOM":
                self._put(Kind.HOLD, person, at, is_on=True)
            elif is_on and person in self._now[Kind.HOLD][True]:
                self._put(Kind.HOLD, person, at, is_on=False)
        self._put(kind, person, at, is_on=is_on)

    def _set_of_nobody(self, code: str, kind: Kind, at: tuple[int, int], *, is_on: bool) -> None:
        """What a record may say of anybody, which should name somebody and does not."""
        if kind in _EXCLUSIVE and not is_on:
            if (last := self._last_to_get.get(kind)) is not None:
                self._put(kind, last, at, is_on=False)
            return
        self._forget_all(kind, at, is_on=not is_on)
        if kind in _EXCLUSIVE:
            self._forget_all(kind, at, is_on=True)
        if kind is Kind.PRESENCE:
            self._forget_all(Kind.HOLD, at, is_on=True)
            if code == "CALL_PARTICIPANT" or not is_on:
                for other in _OF_A_STAY:
                    self._forget_all(other, at, is_on=True)
                    self._forget_all(other, at, is_on=False)

    def _set_of_others(self, kind: Kind, person: int, at: tuple[int, int], *, is_on: bool) -> None:
        """What it means to others that somebody gets or loses what one at most can have."""
        if is_on:
            last = self._last_to_get.get(kind)
            if last is not None and last != person:
                self._put(kind, last, at, is_on=False)
            self._last_to_get[kind] = person
        elif person not in self._now[kind][False]:
            # It may be who has it, spelled otherwise, or one of before whose end is late.
            self._forget_all(kind, at, is_on=True)

    def _forget_all(self, kind: Kind, at: tuple[int, int], *, is_on: bool) -> None:
        for person in tuple(self._now[kind][is_on]):
            self._put(kind, person, at, is_on=None)

    def _put(self, kind: Kind, person: int, at: tuple[int, int], *, is_on: bool | None) -> None:
        now = self._now[kind]
        if is_on is not None and person in now[is_on]:
            return
        for was_on in (True, False):
            since = now[was_on].pop(person, None)
            if since is not None and since[0] < at[0]:
                self._ended.append(Span(person, kind, was_on, since[0], at[0], since[1], at[1]))
        if is_on is not None:
            now[is_on][person] = at


class _Seen(NamedTuple):
    """An action that something can come of."""

    place: int
    """Among all records, in the order of their times."""
    time_ms: int
    seq: int
    person: int


class _Reactions:
    """Finds of what systems react to what, as records come in the order of their times."""

    def __init__(self) -> None:
        self.found: list[Reaction] = []
        self._places = 0
        self._last: dict[str, _Seen] = {}
        self._last_of_another: dict[str, _Seen] = {}
        """The last on somebody else than the last was on."""
        self._last_on: dict[tuple[str, int], _Seen] = {}

    def see(self, record: ControlRecord, seq: int, person: int) -> None:
        """Take the next record, on a person or `MEETING`."""
        code, time_ms = record.operation, record.operate_time_ms
        if code is None:
            return
        is_systems = (
            record.operator_basis == "system" or (record.source, record.operator) in _SYSTEMS
        )
        if is_systems and code in _CAUSES:
            causes = [cause for cause in self._causes(code, person) if cause is not None]
            cause = max(causes, default=None)
            if cause is not None and time_ms - cause.time_ms <= REACTION_MAX_MS:
                self.found.append(Reaction(seq, cause.seq))
        self._places += 1
        if code in _CAUSING and record.result == "SUCCESS":
            seen = _Seen(self._places, time_ms, seq, person)
            last = self._last.get(code)
            if last is not None and last.person != person:
                self._last_of_another[code] = last
            self._last[code] = self._last_on[code, person] = seen

    def _causes(self, code: str, person: int) -> Iterator[_Seen | None]:
        for cause_code, relation in _CAUSES[code]:
            if relation is _SAME:
                # Of nobody in particular it can't be told whether they are the same.
                yield self._last_on.get((cause_code, person)) if person != MEETING else None
            elif relation is _OTHER:
                last = self._last.get(cause_code)
                is_other = last is not None and last.person != person
                yield last if is_other else self._last_of_another.get(cause_code)
            else:
                yield self._last.get(cause_code)
