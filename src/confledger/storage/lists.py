"""How a list of conferences is put together of what an index gives in its order."""

from collections.abc import Collection, Iterator
from typing import Final

from confledger.ledger.conference import Conference, Order

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
