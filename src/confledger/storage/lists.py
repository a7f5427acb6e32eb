"""How a list of conferences is put together of what an index gives in its order."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from confledger.ledger.conference import Conference, Newest, NewestQuery, Order, PersonSearch, Place
from confledger.storage.rows import Row, conference_of

DAY_MS: Final = 24 * 60 * 60 * 1000

WALK_ROWS: Final = 1000
"""How many conferences a step of a walk looks at."""


def direction_of(order: Order) -> str:
    """Whether a list goes up or down the start times."""
    return "up" if order in (Order.OLDEST_FIRST, Order.RECORDED_LAST) else "down"


def goes_by_recording(order: Order) -> bool:
    """Whether a list is in two parts, with and without a recording."""
    return order in (Order.RECORDED_FIRST, Order.RECORDED_LAST)


def parts_of_page(
    order: Order, recorded: int, unrecorded: int, *, offset: int, limit: int
) -> Iterator[tuple[bool, int, int]]:
    """What of either part a page has, the parts one behind the other.

    Yields:
        Whether the part has recordings, and the offset and the limit in it.
    """
    parts = [(True, recorded), (False, unrecorded)]
    for has_recording, count in parts if order is Order.RECORDED_FIRST else reversed(parts):
        taken = max(0, min(limit, count - offset))
        if taken:
            yield has_recording, offset, taken
        limit -= taken
        offset = max(0, offset - count)


def parts_of_window(since_ms: int, until_ms: int) -> tuple[range, list[tuple[int, int]]]:
    """The whole days of a window, and what is left of it at both ends.

    How many conferences a day has is a sum that is kept, so only the ends need
    be counted one by one.

    Returns:
        Days since 1970, and the ends as windows of their own, ends included.
    """
    days = range(-(-since_ms // DAY_MS), (until_ms + 1) // DAY_MS)
    if not days:
        return days, [(since_ms, until_ms)]
    ends = ((since_ms, days.start * DAY_MS - 1), (days.stop * DAY_MS, until_ms))
    return days, [(start, end) for start, end in ends if start <= end]


def day_of(conference: Conference) -> tuple[bool, int] | None:
    """Under which recording and day a conference is counted; None while it runs."""
    if conference.end_time_ms is None:
        return None
    return conference.has_recording, conference.start_time_ms // DAY_MS


def two_persons(persons: Collection[str]) -> dict[str, str]:
    """The persons as the two that the queries take: somebody's id, and their account."""
    first, second, *others = [*persons, "", ""]
    if any(others):
        raise ValueError("a user is at most two persons")
    return {"person_1": first, "person_2": second}


def is_between(time_ms: int | None, since_ms: int | None, until_ms: int | None) -> bool:
    """Whether a moment lies in a window; one that is not known lies only in the whole of time."""
    if time_ms is None:
        return since_ms is None and until_ms is None
    return (since_ms is None or since_ms <= time_ms) and (until_ms is None or time_ms <= until_ms)


# --- The newest first, in steps -----------------------------------------------

LOOKED_AT_MAX: Final = 20_000
"""How many conferences a step of a search looks at."""

UNTOLD_ROWS: Final = 5_000
"""How many conferences a step looks at that is for those of which only records are known."""


class Range(NamedTuple):
    """From which place down to which other one is read; neither is known to be there."""

    before: Place
    floor: Place

    def bindings(self) -> dict[str, Any]:
        """As the queries take it."""
        return {
            "before_ms": self.before[0],
            "before_uuid": self.before[1],
            "floor_ms": self.floor[0],
            "floor_uuid": self.floor[1],
        }


def range_of(query: NewestQuery, before: Place | None) -> Range:
    """The whole of what is left of a list."""
    end = (query.until_ms + 1, "")
    return Range(min(before, end) if before else end, (query.since_ms, ""))


def bindings_of_newest(corp_id: str, query: NewestQuery, limit: int) -> dict[str, Any]:
    """What all queries of a step take, but for its range."""
    return {
        "corp_id": corp_id,
        "search": query.search.casefold(),
        "conference_id": query.conference_id,
        "all_of_corp": query.persons is None,
        **two_persons(query.persons or ()),
        # One more tells whether there is one.
        "limit": limit + 1,
        "looked_at_max": LOOKED_AT_MAX,
        # Without a search each of one's own is one of the list.
        "own_max": LOOKED_AT_MAX if query.search else limit + 1,
    }


def floors_of(query: NewestQuery) -> list[str]:
    """The queries that tell how far down a step may go; none where each row that is read counts."""
    if query.conference_id:
        return [] if query.persons is None else ["floor_of_id"]
    if query.persons is not None:
        return ["floor_of_own", "floor_of_running"]
    return ["floor_of_ended", "floor_of_running"] if query.search else []


def lists_of(query: NewestQuery) -> list[str]:
    """The queries that give the conferences of a step."""
    if query.conference_id:
        return ["newest_of_id"]
    return ["newest_ended" if query.persons is None else "newest_own", "newest_running"]


def newest_of(rows: Sequence[Row], floor: Place | None, limit: int) -> Newest:
    """A step of a list.

    Args:
        rows: of each query at most one more than `limit`.
        floor: how far down they were looked for; None: to the end.
        limit: how many there may be.
    """
    found = [conference_of(row) for row in rows]
    found.sort(key=place_of_conference, reverse=True)
    if len(found) > limit:
        return Newest(found[:limit], place_of_conference(found[limit - 1]))
    return Newest(found, floor)


def place_of_conference(conference: Conference) -> Place:
    """Where a conference stands."""
    return conference.start_time_ms, conference.conference_uuid


def untold_of(
    walked: Sequence[Row], told: Sequence[Row]
) -> tuple[dict[str, int | None], str | None]:
    """Of some conferences, those that nobody has told of; and behind which to go on."""
    known = {row[0] for row in told}
    untold = {row[0]: row[1] for row in walked if row[0] not in known}
    return untold, walked[-1][0] if len(walked) == UNTOLD_ROWS else None


WITH_PERSON: Final = ("with_invited", "with_viewer", "with_stays")
"""The queries that tell in which conferences somebody is."""


def bindings_of_person(search: PersonSearch) -> dict[str, str]:
    """Who is looked for, as the queries take it."""
    return {**asdict(search), "part": search.part.casefold()}
