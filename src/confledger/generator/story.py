"""What happens in a meeting, one thing after the other, each possible when it happens.

Whatever changes the state of the meeting is a step, except that people may leave
without one, as in the vendor's sample; so a reader of steps and stays can check the story.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from confledger.catalogue.operations import OPERATIONS, Actor, ObjectKind
from confledger.generator.dice import Dice
from confledger.generator.people import Person

REACTION_LEAST_MS: Final = 200
REACTION_MOST_MS: Final = 500
"""So long after its cause comes what the media server does about it."""

UNKNOWN_OPERATIONS: Final = {
    True: ("开启实时字幕", "关闭实时字幕", "设置会议水印", "导出与会方名单"),
    False: ("Start live captions", "Stop live captions", "Set watermark", "Export the roster"),
}
"""Things that the catalogue has no word for, in Chinese or not."""

_TIMED_OUT: Final = {True: "超时", False: "Timed out"}
_REASONS: Final = {
    True: ("", "与会方无应答", "网络不可达", "权限不足"),
    False: ("", "The participant does not answer", "The network is unreachable", "Not permitted"),
}

_KINDS: Final = {operation.code: operation.object_kind for operation in OPERATIONS}

# How often who is in control does what.
_WEIGHTS: Final = {
    "REQUEST_FLOOR": 20,
    "CANCEL_REQUEST_FLOOR": 10,
    "UNMUTE_PARTICIPANT": 16,
    "MUTE_PARTICIPANT": 16,
    "ROLL_CALL_PARTICIPANT": 10,
    "CANCEL_ROLL_CALL": 4,
    "BROADCAST_PARTICIPANT": 10,
    "CANCEL_BROADCAST_PARTICIPANT": 4,
    "ADD_PARTICIPANT": 6,
    "REMOVE_PARTICIPANT": 3,
    "HANG_UP_PARTICIPANT": 3,
    "HOST_VIEW_SITE": 3,
    "SET_LAYOUT": 4,
    "BROADCAST_LAYOUT": 1,
    "CANCEL_BROADCAST_LAYOUT": 1,
    "MUTE_ALL": 1,
    "UNMUTE_ALL": 1,
    "BATCH_LOWER_HANDS": 1,
    "FORBID_SELF_UNMUTE": 1,
    "ALLOW_SELF_UNMUTE": 1,
    "SET_HOST": 3,
    "RELEASE_HOST": 1,
    "SET_COHOST": 1,
    "RELEASE_COHOST": 1,
    "LOCK_CONFERENCE": 1,
    "UNLOCK_CONFERENCE": 2,
    "LOCK_SHARING": 1,
    "UNLOCK_SHARING": 1,
    "START_RECORDING": 2,
    "PAUSE_RECORDING": 1,
    "STOP_RECORDING": 1,
    "EXTEND_CONFERENCE": 1,
}
_DECK: Final = tuple(code for code, weight in _WEIGHTS.items() for _ in range(weight))

# What is on from its first operation to its second.
_SWITCHES: Final = {
    "BROADCAST_LAYOUT": "CANCEL_BROADCAST_LAYOUT",
    "FORBID_SELF_UNMUTE": "ALLOW_SELF_UNMUTE",
    "LOCK_CONFERENCE": "UNLOCK_CONFERENCE",
    "LOCK_SHARING": "UNLOCK_SHARING",
}
_SWITCHED_ON_BY: Final = {off: on for on, off in _SWITCHES.items()}

_TRIES: Final = 6
_FAILURES_PER_THOUSAND: Final = 27
"""Of what is tried by people. Reactions do not fail, so it is fewer of all."""
_TIMEOUTS_PER_THOUSAND: Final = 150
"""Of the failures."""
_UNKNOWN_PER_THOUSAND: Final = 8
_LEAVES_PER_THOUSAND: Final = 25
_ARRIVALS_PER_THOUSAND: Final = 130
_ANSWERS_PER_THOUSAND: Final = 600
_RETURNS_PER_THOUSAND: Final = 600
_STAY_AT_LEAST: Final = 2
"""People; a meeting of fewer is over."""
_EXTENSIONS_MAX: Final = 4
_END_TOLD_PER_THOUSAND: Final = 800
_END_TOLD_FROM: Final = 4
"""A meeting of fewer records ends untold."""
_LEAST_GAP_MS: Final = 150
_OPENING_GAP_MS: Final = 6_000
_PARTING_MS: Final = 1_500


@dataclass(slots=True, eq=False)
class Seat:
    """Somebody who is in the meeting, or may come to be."""

    person: Person
    is_invited: bool
    """When the meeting was scheduled."""
    is_listed: bool = False
    """Whether the meeting knows of them now."""
    listed_ms: int = 0
    """When it first did, from its beginning; invited people are known from then."""
    was_added: bool = False
    is_present: bool = False
    is_muted: bool = False
    has_hand_up: bool = False
    is_cohost: bool = False
    joined_ms: int = 0


class Step(NamedTuple):
    """One record to be."""

    time_ms: int
    """From the beginning of the meeting."""
    actor: Actor
    operation: str | None
    operation_text: str
    seat: Seat | None
    """What it is done to."""
    result: str | None
    result_text: str
    detail: str


class Stay(NamedTuple):
    """Somebody's time in the meeting, from its beginning."""

    seat: Seat
    joined_ms: int
    left_ms: int


@dataclass(slots=True)
class Story:
    """A meeting that is told by `tell`, in exactly so many steps."""

    dice: Dice
    records: int
    """How many steps, at least 1."""
    mean_gap_ms: int
    seats: Sequence[Seat]
    """Everybody, first of them who scheduled it."""
    coming: list[Seat]
    """Who will come by themselves, the last of them next."""
    outside: list[Seat]
    """Who may be added while it runs."""
    mutes_on_entry: bool
    in_chinese: bool

    steps: list[Step] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    end_ms: int = 0
    was_recorded: bool = False

    host: Seat | None = None
    present: list[Seat] = field(default_factory=list)
    ringing: list[Seat] = field(default_factory=list)
    """Who was added and has not answered yet."""
    broadcast: Seat | None = None
    roll_called: Seat | None = None
    is_voice_activated: bool = False
    switched_on: set[str] = field(default_factory=set)
    recording: str = "STOP_RECORDING"
    """The last operation on it."""
    extensions: int = 0
    _now_ms: int = 0
    _closing: int = 0
    """How many steps the end needs."""

    def tell(self) -> None:
        """Fill `steps`, in the order of their times, and `stays`."""
        tells_end = self.dice.in_thousand(_END_TOLD_PER_THOUSAND)
        self._closing = int(tells_end and self.records >= _END_TOLD_FROM)
        self._open()
        while self.room() > 0:
            self._turn()
        self._close()

    def _open(self) -> None:
        self._now_ms = self.dice.between(200, 900)
        if self.records > 1:
            self._do("START_VOICE_ACTIVATION", None, Actor.MCU, can_fail=False)
        self._now_ms += self.dice.between(500, 5_000)
        host = self.seats[0]
        self._do("CALL_PARTICIPANT", host, Actor.SYSTEM, can_fail=False)
        if self.room() > 0:
            self._now_ms += self.dice.between(20, 400)
            self._do("SET_HOST", host, Actor.SYSTEM, can_fail=False)
        # Most people come at the beginning, as long as something can still happen after that.
        for _ in range(len(self.coming) * 2 // 3):
            if self.room() * 2 < self.records:
                break
            self._wait(min(self.mean_gap_ms, _OPENING_GAP_MS))
            self._arrive()

    def _turn(self) -> None:
        self._wait(self.mean_gap_ms)
        dice = self.dice
        if self.ringing and dice.in_thousand(_ANSWERS_PER_THOUSAND) and self._arrive():
            return
        chance = dice.below(1000)
        if chance < _UNKNOWN_PER_THOUSAND:
            self._say(None, None, Actor.PORTAL, text=dice.pick(UNKNOWN_OPERATIONS[self.in_chinese]))
            return
        chance -= _UNKNOWN_PER_THOUSAND
        if chance < _LEAVES_PER_THOUSAND:
            self._somebody_leaves()
            return
        if chance < _LEAVES_PER_THOUSAND + _ARRIVALS_PER_THOUSAND and self._arrive():
            return
        for _ in range(_TRIES):
            code = dice.pick(_DECK)
            is_possible, seat = self._target(code)
            actor = Actor.SYSTEM if code == "SET_HOST" else Actor.PORTAL
            if is_possible and self._do(code, seat, actor):
                return
        self._do("SET_LAYOUT", None, Actor.PORTAL)

    def _close(self) -> None:
        self._wait(self.mean_gap_ms)
        if self._closing:
            by_itself = self.dice.in_thousand(250)
            actor = Actor.SYSTEM if by_itself else Actor.PORTAL
            self._say("END_CONFERENCE", None, actor)
        for seat in tuple(self.present):
            self._end_stay(seat, self._now_ms + self.dice.below(_PARTING_MS))
        self.end_ms = self._now_ms + _PARTING_MS

    def _wait(self, mean_ms: int) -> None:
        """Let time pass: often little, sometimes up to four times the mean."""
        dice = self.dice
        self._now_ms += _LEAST_GAP_MS + (mean_ms * 4 * dice.bits(16) * dice.bits(16) >> 32)

    def room(self) -> int:
        """How many steps may come before the end."""
        return self.records - self._closing - len(self.steps)

    # --- What is possible -----------------------------------------------------

    def _target(self, code: str) -> tuple[bool, Seat | None]:
        """Whether an operation is possible now, and on whom."""
        if code in _SWITCHES:
            return code not in self.switched_on, None
        if (switch := _SWITCHED_ON_BY.get(code)) is not None:
            return switch in self.switched_on, None
        if code == "ADD_PARTICIPANT":
            return bool(self.outside), self.dice.pick(self.outside) if self.outside else None
        if code == "REMOVE_PARTICIPANT":
            seat = self._some(self.seats, lambda _, seat: seat.is_listed and not seat.is_present)
            return seat is not None, seat
        if (seat_rule := _SEAT_RULES.get(code)) is not None:
            seat = self._some(self.present, seat_rule)
            return seat is not None, seat
        rule = _RULES.get(code)
        return rule is None or rule(self), None

    def _some(self, seats: Sequence[Seat], rule: Callable[["Story", Seat], bool]) -> Seat | None:
        """One of some seats that a rule lets pass, if a few looks find any."""
        for _ in range(_TRIES if seats else 0):
            seat = self.dice.pick(seats)
            if rule(self, seat):
                return seat
        return None

    # --- What is done ---------------------------------------------------------

    def _do(self, code: str, seat: Seat | None, actor: Actor, *, can_fail: bool = True) -> bool:
        """Do something, with what the media server does about it; False: there is no room left."""
        reactions = _reactions(self, code, seat)
        if self.room() <= len(reactions):
            return False
        if can_fail and self.dice.in_thousand(_FAILURES_PER_THOUSAND):
            self._fail(code, seat, actor)
            return True
        self._say(code, seat, actor)
        self._apply(code, seat)
        if reactions:
            started_ms = self._now_ms
            delays = sorted(
                self.dice.between(REACTION_LEAST_MS, REACTION_MOST_MS) for _ in reactions
            )
            for delay_ms, (reaction, reacted_on) in zip(delays, reactions, strict=True):
                self._now_ms = started_ms + delay_ms
                self._say(reaction, reacted_on, Actor.MCU)
                self._apply(reaction, reacted_on)
        return True

    def _fail(self, code: str, seat: Seat | None, actor: Actor) -> None:
        has_timed_out = self.dice.in_thousand(_TIMEOUTS_PER_THOUSAND)
        self._say(
            code,
            seat,
            actor,
            result=None if has_timed_out else "FAILED",
            result_text=_TIMED_OUT[self.in_chinese] if has_timed_out else "",
            detail=self.dice.pick(_REASONS[self.in_chinese]),
        )

    def _say(  # noqa: PLR0913 - what a record says
        self,
        code: str | None,
        seat: Seat | None,
        actor: Actor,
        *,
        text: str = "",
        result: str | None = "SUCCESS",
        result_text: str = "",
        detail: str = "",
    ) -> None:
        # Of some operations the vendor names nobody, though they are about somebody.
        named = seat if code is not None and _KINDS[code] is not ObjectKind.NONE else None
        self.steps.append(Step(self._now_ms, actor, code, text, named, result, result_text, detail))

    def _apply(self, code: str, seat: Seat | None) -> None:
        """Change the state as an operation that succeeded does."""
        if seat is not None:
            _SEAT_EFFECTS.get(code, _nothing_more)(self, seat)
        elif code in _SWITCHES:
            self.switched_on.add(code)
        elif code in _SWITCHED_ON_BY:
            self.switched_on.remove(_SWITCHED_ON_BY[code])
        elif code.endswith("_RECORDING"):
            self.recording = code
            self.was_recorded = True
        elif (effect := _EFFECTS.get(code)) is not None:
            effect(self)

    # --- Coming and going -----------------------------------------------------

    def _arrive(self) -> bool:
        """Somebody comes in; False: nobody is about to, or can."""
        if self.ringing:
            seat = self.ringing.pop()
        elif self.coming and "LOCK_CONFERENCE" not in self.switched_on:
            seat = self.coming.pop()
        else:
            return False
        # Who was called may not answer; who comes by themselves does come.
        return self._do("CALL_PARTICIPANT", seat, Actor.SYSTEM, can_fail=seat.was_added)

    def _somebody_leaves(self) -> None:
        seat = self._some(
            self.present,
            lambda story, seat: seat not in (story.host, story.broadcast, story.roll_called),
        )
        if seat is not None and len(self.present) > _STAY_AT_LEAST:
            self.leave(seat)

    def join(self, seat: Seat) -> None:
        """Somebody is in."""
        self.know(seat)
        seat.is_present, seat.joined_ms = True, self._now_ms
        self.present.append(seat)

    def leave(self, seat: Seat) -> None:
        """Somebody is out, perhaps to come again."""
        self._end_stay(seat, self._now_ms)
        if self.dice.in_thousand(_RETURNS_PER_THOUSAND):
            self.coming.insert(0, seat)

    def know(self, seat: Seat) -> None:
        """The meeting knows of somebody."""
        if not seat.is_listed:
            seat.is_listed = True
            seat.listed_ms = seat.listed_ms or self._now_ms

    def add(self, seat: Seat) -> None:
        """Somebody is asked in."""
        self.know(seat)
        seat.was_added = True
        self.outside.remove(seat)
        self.ringing.append(seat)

    def remove(self, seat: Seat) -> None:
        """The meeting knows no longer of somebody, who does not come unless added again."""
        seat.is_listed = False
        for waiting in (self.coming, self.ringing):
            if seat in waiting:
                waiting.remove(seat)
        self.outside.append(seat)

    def hang_up(self, seat: Seat) -> None:
        """Somebody is put out. That they are still broadcast ends by itself, a moment later."""
        self.leave(seat)
        if seat is self.roll_called:
            self.roll_called = None

    def _end_stay(self, seat: Seat, left_ms: int) -> None:
        self.stays.append(Stay(seat, seat.joined_ms, left_ms))
        self.present.remove(seat)
        seat.is_present = seat.is_muted = seat.has_hand_up = seat.is_cohost = False


# --- What the media server does about something, told before that is done -------

_Reactions = list[tuple[str, Seat | None]]


def _reactions(story: Story, code: str, seat: Seat | None) -> _Reactions:
    if seat is not None:
        of_seat = _SEAT_REACTIONS.get(code)
        return of_seat(story, seat) if of_seat is not None else []
    of_all = _REACTIONS.get(code)
    return of_all(story) if of_all is not None else []


def _when(happens: bool, code: str, seat: Seat | None = None) -> _Reactions:  # noqa: FBT001 - as one reads it
    return [(code, seat)] if happens else []


def _mutings(story: Story, spared: Seat | None = None) -> _Reactions:
    """All are muted who are not yet, but the host and one more."""
    return [
        ("MUTE_PARTICIPANT", seat)
        for seat in story.present
        if not (seat.is_muted or seat is spared or seat is story.host)
    ]


def _after_call(story: Story, seat: Seat) -> _Reactions:
    # Only where there is room: the last ones of a short meeting come in unmuted.
    mutes = story.mutes_on_entry and seat is not story.seats[0] and story.room() > 1
    return _when(mutes, "MUTE_PARTICIPANT", seat)


def _after_roll_call(story: Story, seat: Seat) -> _Reactions:
    return [
        *_when(story.is_voice_activated, "STOP_VOICE_ACTIVATION"),
        *_mutings(story, seat),
        *_when(seat.is_muted, "UNMUTE_PARTICIPANT", seat),
    ]


def _after_hanging_up(story: Story, seat: Seat) -> _Reactions:
    return [
        *_when(seat is story.broadcast, "CANCEL_BROADCAST_PARTICIPANT"),
        *_when(seat is story.roll_called, "START_VOICE_ACTIVATION"),
    ]


def _after_the_roll_call_ends(story: Story) -> _Reactions:
    speaker = story.roll_called
    mutes = speaker is not None and not speaker.is_muted
    return [
        *_when(mutes, "MUTE_PARTICIPANT", speaker),
        ("START_VOICE_ACTIVATION", None),
    ]


def _unmutings(story: Story) -> _Reactions:
    return [("UNMUTE_PARTICIPANT", seat) for seat in story.present if seat.is_muted]


_SEAT_REACTIONS: Final[Mapping[str, Callable[[Story, Seat], _Reactions]]] = {
    "CALL_PARTICIPANT": _after_call,
    "ROLL_CALL_PARTICIPANT": _after_roll_call,
    "HANG_UP_PARTICIPANT": _after_hanging_up,
}

_REACTIONS: Final[Mapping[str, Callable[[Story], _Reactions]]] = {
    "CANCEL_ROLL_CALL": _after_the_roll_call_ends,
    "MUTE_ALL": _mutings,
    "UNMUTE_ALL": _unmutings,
}


# --- What an operation changes, and when it is possible -------------------------


def _nothing_more(story: Story, seat: Seat) -> None:
    """Such as looking at somebody: it changes nothing that another operation depends on."""


def _set(name: str, *, value: bool) -> Callable[[Story, Seat], None]:
    def effect(_: Story, seat: Seat) -> None:
        setattr(seat, name, value)

    return effect


def _point(name: str) -> Callable[[Story, Seat], None]:
    def effect(story: Story, seat: Seat) -> None:
        setattr(story, name, seat)

    return effect


def _release_host(story: Story, _: Seat) -> None:
    story.host = None


def _set_host(story: Story, seat: Seat) -> None:
    story.host, seat.is_cohost = seat, False


def _start_voice_activation(story: Story) -> None:
    story.is_voice_activated = True


def _stop_voice_activation(story: Story) -> None:
    story.is_voice_activated = False


def _cancel_broadcast(story: Story) -> None:
    story.broadcast = None


def _cancel_roll_call(story: Story) -> None:
    story.roll_called = None


def _extend(story: Story) -> None:
    story.extensions += 1


def _lower_hands(story: Story) -> None:
    for seat in story.present:
        seat.has_hand_up = False


_SEAT_EFFECTS: Final[Mapping[str, Callable[[Story, Seat], None]]] = {
    "CALL_PARTICIPANT": Story.join,
    "ADD_PARTICIPANT": Story.add,
    "REMOVE_PARTICIPANT": Story.remove,
    "HANG_UP_PARTICIPANT": Story.hang_up,
    "MUTE_PARTICIPANT": _set("is_muted", value=True),
    "UNMUTE_PARTICIPANT": _set("is_muted", value=False),
    "REQUEST_FLOOR": _set("has_hand_up", value=True),
    "CANCEL_REQUEST_FLOOR": _set("has_hand_up", value=False),
    "SET_COHOST": _set("is_cohost", value=True),
    "RELEASE_COHOST": _set("is_cohost", value=False),
    "BROADCAST_PARTICIPANT": _point("broadcast"),
    "ROLL_CALL_PARTICIPANT": _point("roll_called"),
    "SET_HOST": _set_host,
    "RELEASE_HOST": _release_host,
}

_EFFECTS: Final[Mapping[str, Callable[[Story], None]]] = {
    "START_VOICE_ACTIVATION": _start_voice_activation,
    "STOP_VOICE_ACTIVATION": _stop_voice_activation,
    "CANCEL_BROADCAST_PARTICIPANT": _cancel_broadcast,
    "CANCEL_ROLL_CALL": _cancel_roll_call,
    "EXTEND_CONFERENCE": _extend,
    "BATCH_LOWER_HANDS": _lower_hands,
}

_SEAT_RULES: Final[Mapping[str, Callable[[Story, Seat], bool]]] = {
    "MUTE_PARTICIPANT": lambda _, seat: not seat.is_muted,
    "UNMUTE_PARTICIPANT": lambda _, seat: seat.is_muted,
    "REQUEST_FLOOR": lambda story, seat: not seat.has_hand_up and seat is not story.host,
    "CANCEL_REQUEST_FLOOR": lambda _, seat: seat.has_hand_up,
    "ROLL_CALL_PARTICIPANT": lambda story, seat: seat not in (story.host, story.roll_called),
    "BROADCAST_PARTICIPANT": lambda story, seat: seat is not story.broadcast,
    "HANG_UP_PARTICIPANT": lambda story, seat: (
        seat is not story.host and len(story.present) > _STAY_AT_LEAST
    ),
    "HOST_VIEW_SITE": lambda story, seat: story.host is not None and seat is not story.host,
    "SET_HOST": lambda story, seat: story.host is None and not seat.person.is_room,
    "RELEASE_HOST": lambda story, seat: seat is story.host,
    "SET_COHOST": lambda story, seat: not seat.is_cohost and seat is not story.host,
    "RELEASE_COHOST": lambda _, seat: seat.is_cohost,
}

_RULES: Final[Mapping[str, Callable[[Story], bool]]] = {
    "CANCEL_ROLL_CALL": lambda story: story.roll_called is not None,
    "CANCEL_BROADCAST_PARTICIPANT": lambda story: story.broadcast is not None,
    "MUTE_ALL": lambda story: any(not seat.is_muted for seat in story.present),
    "UNMUTE_ALL": lambda story: any(seat.is_muted for seat in story.present),
    "BATCH_LOWER_HANDS": lambda story: any(seat.has_hand_up for seat in story.present),
    "START_RECORDING": lambda story: story.recording != "START_RECORDING",
    "PAUSE_RECORDING": lambda story: story.recording == "START_RECORDING",
    "STOP_RECORDING": lambda story: story.recording != "STOP_RECORDING",
    "EXTEND_CONFERENCE": lambda story: story.extensions < _EXTENSIONS_MAX,
}
