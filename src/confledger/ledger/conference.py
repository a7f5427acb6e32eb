"""What the ledger knows of a conference beside its records, and asks of storage for that."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """One meeting, held once.

    `details` is for whoever speaks a vendor's language: the ledger keeps it and
    does not look into it.
    """

    conference_uuid: str
    conference_id: str
    """What people dial; used again when the meeting is held again."""
    subject: str
    start_time_ms: int
    """UTC, milliseconds since 1970."""
    end_time_ms: int | None
    """None while it runs."""
    scheduler_name: str
    has_recording: bool
    viewers: frozenset[str]
    """Who may see it beside the administrators: who scheduled it and who was invited,
    each as `person_by_id` or `person_by_account` names them. Walk-ins are not among them.
    For the store to keep: what it gives back has none."""
    details: str
    """JSON."""
    former_viewers: frozenset[str] = frozenset()
    """Who may no longer see it, unless they are among the viewers or the participants.
    For the store to carry out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who was invited, when the conference was scheduled or while it ran."""

    identity: str
    """By which they are known when they are told of again; unique in the conference."""
    place: int
    """Where they stand among the others, unless they stand somewhere already."""
    name: str
    number: str
    is_terminal: bool
    """Whether it is a room or a device, and no person."""
    details: str
    """JSON, as for `Conference`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """A stay of somebody in a conference.

    When they joined, their number and their name tell it from every other stay.
    """

    display_name: str
    call_number: str
    device_type: str
    join_time_ms: int
    left_time_ms: int | None
    """None while they are there."""
    media_type: str
    dept_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """That somebody left, told by a source that does not say when they had joined."""

    display_name: str
    call_number: str
    left_time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceNews:
    """What somebody tells of a conference in one go."""

    conference_uuid: str
    conference: Conference | None = None
    participants: Sequence[Participant] = ()
    is_whole: bool = False
    """Whether these are all participants and viewers, and whoever is not among them
    is no longer one."""
    stays: Sequence[Attendance] = ()
    departures: Sequence[Departure] = ()
    """Each ends the last stay of its name and number that had begun and has no end, unless
    as many as are told of have ended at that very moment already."""


Merge = Callable[[Conference, Conference | None], Conference]
"""Makes of what is told of a conference, and what is known of it, what is to be kept."""


def as_told(told: Conference, _: Conference | None) -> Conference:
    """A `Merge`: what is told takes the place of what was known."""
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantQuery:
    """Which participants are asked for, and in which order."""

    search: str = ""
    """A part of the name or the number, in any case."""
    is_terminal: bool | None = None
    """Only rooms and devices, or only people; None: both."""
    terminals_last: bool = False
    """Whether people come first; else all stand by their places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSearch:
    """Who is looked for in some conferences: whoever fits one of what is given."""

    part: str = ""
    """A part of the name or the number, in any case."""
    identity: str = ""
    """The whole identity of a participant."""
    name: str = ""
    """The whole name."""
    number: str = ""
    """The whole number."""


class Order(Enum):
    """In which order conferences are listed."""

    NEWEST_FIRST = "newest first"
    OLDEST_FIRST = "oldest first"
    RECORDED_FIRST = "recorded first, then the newest"
    RECORDED_LAST = "recorded last, then the oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceQuery:
    """Which ended conferences are asked for."""

    since_ms: int
    until_ms: int
    """They began between the two, ends included."""
    search: str = ""
    """A part of the subject, the scheduler's name or the conference id, in any case."""
    persons: frozenset[str] | None = None
    """Only those that one of these may see as a viewer; None: all of the corp."""
    order: Order = Order.NEWEST_FIRST


Place = tuple[int, str]
"""Where a conference stands among those of its corp: when it began, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestQuery:
    """Which conferences are asked for, those that run among them, the newest first."""

    since_ms: int
    until_ms: int
    """They began between the two, ends included."""
    search: str = ""
    """A part of the subject, the scheduler's name or the conference id, in any case."""
    conference_id: str = ""
    """The whole conference id, of up to 64 characters; in place of a search."""
    persons: frozenset[str] | None = None
    """Only those that one of these may see as a viewer; None: all of the corp."""


@dataclass(frozen=True, slots=True)
class Newest:
    """A step of a list of conferences."""

    conferences: Sequence[Conference]
    """Without their details."""
    next: Place | None
    """Behind which the list goes on; None at its end."""


def person_by_id(user_id: str) -> str:
    """Somebody, by the id of a user."""
    return f"id:{user_id}"


def person_by_account(account: str) -> str:
    """Somebody, by what the corp's own programs call them."""
    return f"account:{account}"


class ConferenceStore(Protocol):
    """Where conferences, their participants and their attendance are kept.

    Every method carries the corp, and raises `StoreBusy` or `StoreUnusable` where
    the store can't do it.
    """

    async def put(
        self, corp_id: str, news: Sequence[ConferenceNews], merge: Merge = as_told
    ) -> None:
        """Write down what is told of conferences, all or nothing, in the order given.

        A conference that nobody has told of comes into being. What is known of
        one goes through `merge`. Viewers, participants and stays are added: one that
        is known gets what is told of it anew, where something is, and none is
        removed unless the news are whole. An end of a stay is never taken back.

        Raises:
            NoSuchCorp: the corp is unknown.
            NobodyThere: of a departure there is no stay to end.
        """

    async def list(
        self, corp_id: str, query: ConferenceQuery, *, offset: int, limit: int
    ) -> tuple[Sequence[Conference], int]:
        """A page of the conferences that a query asks for, and how many there are in all."""

    async def newest(
        self, corp_id: str, query: NewestQuery, *, before: Place | None, limit: int
    ) -> Newest:
        """The first conferences that a query asks for, behind a place.

        No more than a fixed number is looked at, so of a search there may be fewer
        than `limit`, even none, and yet more to come.
        """

    async def untold(self, corp_id: str, *, after: str) -> tuple[dict[str, int | None], str | None]:
        """Conferences of which only records are known, behind an id, and when each began.

        That is the time of the first record. No more than a fixed number of conferences is
        looked at.

        Returns:
            Those found, and behind which id to go on; None at the end.
        """

    async def ended(self, corp_id: str, conference_uuids: Collection[str]) -> frozenset[str]:
        """Those of some conferences that have ended."""

    async def invited_to(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch, *, limit: int
    ) -> Sequence[tuple[str, Participant]]:
        """Participants of some conferences that a search finds, each with the conference's id."""

    async def with_person(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch
    ) -> frozenset[str]:
        """Those of some conferences that a search finds somebody of: invited, there, or,
        by the identity, a viewer.
        """

    async def stays_in(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch, *, limit: int
    ) -> Sequence[tuple[str, Attendance]]:
        """Stays in some conferences that a search finds, each with the conference's id."""

    async def get(self, corp_id: str, conference_uuid: str) -> Conference | None:
        """What is known of a conference; None where only its records are."""

    async def participants(
        self,
        corp_id: str,
        conference_uuid: str,
        query: ParticipantQuery,
        *,
        offset: int,
        limit: int,
    ) -> tuple[Sequence[Participant], int]:
        """A page of those who were invited, and how many the query asks for in all."""

    async def attendance(
        self, corp_id: str, conference_uuid: str, *, search: str, offset: int, limit: int
    ) -> tuple[Sequence[Attendance], int]:
        """A page of the stays whose name or number has a part like `search`, and how many are.

        Who joined first comes first; of those at once, by number, then by name.
        """

    async def may_view(self, corp_id: str, conference_uuid: str, persons: Collection[str]) -> bool:
        """Whether one of some persons may see a conference as a viewer.

        Raises:
            NoSuchConference: this corp has none of that id.
        """

    async def walk(
        self, corp_id: str, *, since_ms: int | None, until_ms: int | None, after: str, limit: int
    ) -> Sequence[str]:
        """The first conferences behind `after`, by id, that began between two moments.

        Both ends are included, and None is no bound. It knows every conference: those
        that run, too, and those of which there are only records, which began with the
        first of them. One of which not even that is known is in no window but the whole.

        Returns:
            At most `limit` ids; fewer only where no more are to come. The last of them
            is the next `after`; the first is ''.
        """
