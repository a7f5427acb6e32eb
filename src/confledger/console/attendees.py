"""Who was in a meeting: those who were invited, and those who were there, put together."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from confledger.ledger.conference import (
    Attendance,
    ConferenceStore,
    Participant,
    ParticipantQuery,
)
from confledger.ledger.masking import mask_numbers
from confledger.wire.conference_json import participant_json

PARTICIPANTS_MAX: Final = 2_000
STAYS_MAX: Final = 5_000
"""How many of a meeting are looked at; the counts that are told are whole."""

NUMBER: Final = "number:"
NAME: Final = "name:"

_IDENTITY_BYTES_MAX: Final = 1_024


@dataclass(slots=True)
class Attendee:
    """Somebody of a meeting."""

    identity: str
    """As `ledger.conference.Participant.identity`; of somebody who walked in, by their number,
    or else by their name."""
    name: str
    number: str
    account: str = ""
    user_id: str = ""
    is_host: bool | None = None
    """None where nobody says."""
    stays: list[tuple[int, int | None]] = field(default_factory=list)
    """From when to when they were there: UTC, milliseconds; None: they have not left."""

    def texts(self) -> Iterator[str]:
        """By which texts records may name them."""
        yield from filter(None, (self.name, self.number, self.account, self.user_id))


@dataclass(frozen=True, slots=True)
class Attendees:
    """Those of one meeting."""

    people: list[Attendee]
    count: int
    """How many there are: more than these, where more were invited than are looked at."""

    def told(self) -> int:
        """Another number, as good as surely, where anything else is told of them."""
        return hash(
            tuple(
                (each.identity, each.name, each.number, each.account, each.user_id, *each.stays)
                for each in self.people
            )
        )


async def read_attendees(
    conferences: ConferenceStore, corp_id: str, conference_uuid: str
) -> Attendees:
    """Those of a meeting: first who was invited, by place, then who walked in, as they came."""
    participants, in_all = await conferences.participants(
        corp_id, conference_uuid, ParticipantQuery(), offset=0, limit=PARTICIPANTS_MAX
    )
    stays, _ = await conferences.attendance(
        corp_id, conference_uuid, search="", offset=0, limit=STAYS_MAX
    )
    people = joined(participants, stays)
    return Attendees(people, len(people) + max(0, in_all - len(participants)))


def joined(participants: Sequence[Participant], stays: Sequence[Attendance]) -> list[Attendee]:
    """Put invitations and stays together: by number, or else by a name that nobody shares."""
    people = [invited(each) for each in participants]
    by_number: dict[str, Attendee] = {}
    by_name: dict[str, Attendee | None] = {}
    for each in people:
        if each.number:
            by_number.setdefault(each.number, each)
        if each.name:
            by_name[each.name] = None if each.name in by_name else each
    for stay in stays:
        known = by_number.get(stay.call_number) if stay.call_number else None
        if known is None and (namesake := by_name.get(stay.display_name)):
            is_same = "" in (namesake.number, stay.call_number)
            known = namesake if is_same or namesake.number == stay.call_number else None
        if known is None:
            known = Attendee(identity_of_stay(stay), stay.display_name, stay.call_number)
            people.append(known)
            if known.number:
                by_number[known.number] = known
            elif known.name:
                by_name.setdefault(known.name, known)
        known.stays.append((stay.join_time_ms, stay.left_time_ms))
    return people


def invited(participant: Participant) -> Attendee:
    """Somebody who was invited."""
    told = participant_json(participant)
    return Attendee(
        identity=participant.identity,
        name=participant.name,
        number=participant.number,
        account=told.accountId or "",
        user_id=told.userUUID or "",
        is_host=None if told.role is None else told.role == 1,
    )


def identity_of_stay(stay: Attendance) -> str:
    """Somebody who was there, as far as a stay tells."""
    return NUMBER + stay.call_number if stay.call_number else NAME + stay.display_name


# --- How a person is named in an address --------------------------------------


def key_of(attendee: Attendee, *, masks_numbers: bool) -> str | None:
    """What a page knows somebody by; None where that would tell a number that is starred."""
    identity = attendee.identity
    if masks_numbers and identity != mask_numbers(identity):
        if not identity.startswith(NUMBER) or not attendee.name:
            return None
        identity = NAME + attendee.name
        if identity != mask_numbers(identity):
            return None
    return encoded_key(identity)


def encoded_key(identity: str) -> str:
    """An identity as a part of a path."""
    return base64.urlsafe_b64encode(identity.encode()).decode().rstrip("=")


def identity_in(key: str) -> str | None:
    """The identity of a key; None where it is none."""
    if len(key) > _IDENTITY_BYTES_MAX or not key.isascii():
        return None
    try:
        padded = key + "=" * (-len(key) % 4)
        identity = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    kind, colon, rest = identity.partition(":")
    return identity if colon and rest and kind in ("id", "account", "number", "name") else None
