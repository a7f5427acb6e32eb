"""A meeting that never was, for trying things on: plausible, and the same for the same seed."""

import random
from collections.abc import Iterator
from typing import Final

from confledger.catalogue.operations import OPERATIONS, Actor, ObjectKind
from confledger.ledger.record import ControlRecord

_OPERATIONS: Final = {operation.code: operation for operation in OPERATIONS}

# What an operator does, and what the media server does about it a moment later.
_REACTIONS: Final = {
    "ROLL_CALL_PARTICIPANT": ("STOP_VOICE_ACTIVATION", "UNMUTE_PARTICIPANT"),
    "HANG_UP_PARTICIPANT": ("CANCEL_BROADCAST_PARTICIPANT",),
    "UNMUTE_ALL": ("UNMUTE_PARTICIPANT",),
    "ADD_PARTICIPANT": ("CALL_PARTICIPANT", "MUTE_PARTICIPANT"),
}

# How often an operator does what.
_ACTIONS: Final = {
    "REQUEST_FLOOR": 20,
    "ROLL_CALL_PARTICIPANT": 15,
    "BROADCAST_PARTICIPANT": 12,
    "ADD_PARTICIPANT": 10,
    "MUTE_PARTICIPANT": 10,
    "CANCEL_REQUEST_FLOOR": 8,
    "HANG_UP_PARTICIPANT": 5,
    "MUTE_ALL": 4,
    "UNMUTE_ALL": 4,
    "SET_LAYOUT": 4,
    "SET_HOST": 2,
    "RELEASE_HOST": 2,
    "LOCK_CONFERENCE": 1,
    "UNLOCK_CONFERENCE": 1,
    "EXTEND_CONFERENCE": 1,
}

_PEOPLE: Final = 50
_FAILURES_PER_THOUSAND: Final = 15


def generated_meeting(*, records: int, start_time_ms: int, seed: int) -> list[ControlRecord]:
    """The control records of a meeting of fifty people.

    Args:
        records: how many.
        start_time_ms: when the first is: UTC, milliseconds.
        seed: the same seed gives the same meeting.
    """
    dice = random.Random(seed)  # noqa: S311 - nothing here is a secret
    story = _story(dice, start_time_ms)
    return [next(story) for _ in range(records)]


def _story(dice: random.Random, time_ms: int) -> Iterator[ControlRecord]:
    people = [f"{dice.getrandbits(128):032x}" for _ in range(_PEOPLE)]
    yield _record("START_VOICE_ACTIVATION", Actor.MCU, time_ms, "", "SUCCESS")
    while True:
        time_ms += dice.randint(400, 20_000)
        (code,) = dice.choices(list(_ACTIONS), list(_ACTIONS.values()))
        person = dice.choice(people)
        number = f"+99111600{dice.randint(0, 99_999):05d}"
        failed = dice.randrange(1000) < _FAILURES_PER_THOUSAND
        result = "FAILED" if failed else "SUCCESS"
        yield _record(code, Actor.PORTAL, time_ms, _object(code, person, number), result)
        if failed:
            continue
        for reaction in _REACTIONS.get(code, ()):
            time_ms += dice.randint(200, 500)
            actor = _OPERATIONS[reaction].actor
            yield _record(reaction, actor, time_ms, _object(reaction, person, number), "SUCCESS")


def _object(code: str, person: str, number: str) -> str:
    objects = {ObjectKind.NONE: "", ObjectKind.PARTICIPANT: person, ObjectKind.NUMBER: number}
    return objects[_OPERATIONS[code].object_kind]


def _record(code: str, actor: Actor, time_ms: int, acted_on: str, result: str) -> ControlRecord:
    return ControlRecord(
        operate_time_ms=time_ms,
        source=actor.source,
        operator=actor.operator,
        operator_basis="stated",
        operation=code,
        object=acted_on,
        result=result,
    )
