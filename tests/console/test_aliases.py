"""Whom the ids of connections mean: only where the moments leave no doubt."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from confledger.console.aliases import TOLERANCE_MS, names_by_text, people_by_text
from confledger.console.attendees import Attendee
from confledger.ledger.record import ControlRecord

START = 1_574_119_913_000


def presence(text: str, *spans: tuple[int, int | None]) -> list[ControlRecord]:
    """Records that say when a connection was there."""
    records = []
    for begin, end in spans:
        moments = [("CALL_PARTICIPANT", begin), ("HANG_UP_PARTICIPANT", end)]
        records += [
            ControlRecord(
                operate_time_ms=START + at,
                operator_basis="system",
                operation=operation,
                object=text,
                result="SUCCESS",
            )
            for operation, at in moments
            if at is not None
        ]
    return records


def person(name: str, *stays: tuple[int, int | None]) -> Attendee:
    """Somebody who was there."""
    told = [(START + begin, None if end is None else START + end) for begin, end in stays]
    return Attendee(f"name:{name}", name, "", stays=told)


def named(records: Sequence[ControlRecord], *people: Attendee) -> dict[str, str]:
    """Who is meant by which text, but for their own names."""
    return dict(names_by_text(sorted(records, key=lambda each: each.operate_time_ms), people))


def test_an_id_that_comes_and_goes_with_a_stay_is_who_stayed() -> None:
    """Two sources tell one moment a little differently, at each end of each stay."""
    records = presence("x1", (0, 10_000), (20_000, 30_000))
    assert named(records, person("Ann", (8, 10_200), (19_800, 30_250))) == {"x1": "Ann"}


def test_who_reconnects_may_have_several_ids() -> None:
    """Each stay has its own, and all of them are one person's."""
    records = presence("x1", (0, 10_000)) + presence("x2", (20_000, 30_000))
    ann = person("Ann", (0, 10_000), (20_000, 30_000))
    assert named(records, ann) == {"x1": "Ann", "x2": "Ann"}


def test_in_doubt_nobody_is_meant() -> None:
    """Two who come and go at once, an end that differs, or two ids for one stay: no name."""
    records = presence("x1", (0, 10_000))
    assert named(records, person("Ann", (0, 10_000)), person("Bob", (9, 10_001))) == {}
    assert named(records, person("Ann", (0, 9_000))) == {}
    assert named(records, person("Ann", (TOLERANCE_MS + 1, 10_000))) == {}
    twice = records + presence("x2", (5, 10_005))
    assert named(twice, person("Ann", (0, 10_000))) == {}
    longer = presence("x1", (0, 10_000), (20_000, 30_000))
    assert named(longer, person("Ann", (0, 10_000))) == {}
    both = named(longer, person("Ann", (0, 10_000)), person("Bob", (20_000, 30_000)))
    assert both == {}


def test_a_text_that_two_have_means_neither() -> None:
    """Two of one name are two people; their numbers still tell them apart."""
    ann, other = Attendee("number:1", "Ann", "1"), Attendee("number:2", "Ann", "2")
    meant = people_by_text([], [ann, other])
    assert set(meant) == {"1", "2"}
    assert meant["1"] is ann


MOMENT = st.integers(0, 40).map(lambda tick: tick * 100)
SPANS = st.lists(st.tuples(MOMENT, MOMENT).map(sorted).map(tuple), min_size=1, max_size=2)


@given(st.lists(SPANS, max_size=4), st.lists(SPANS, max_size=4))
def test_whoever_is_named_fits_and_nobody_else_does(
    connections: list[list[tuple[int, int]]], attendees: list[list[tuple[int, int]]]
) -> None:
    """For each name that is given, no other person has a stay that could be meant."""
    people = [person(f"P{number}", *stays) for number, stays in enumerate(attendees)]
    records = [
        record
        for number, spans in enumerate(connections)
        for record in presence(f"x{number}", *((a, b + 1) for a, b in spans))
    ]
    for text, name in named(records, *people).items():
        spans = connections[int(text[1:])]
        first = min(begin for begin, _ in spans)
        could = {
            f"P{number}"
            for number, stays in enumerate(attendees)
            if any(abs(begin - first) <= TOLERANCE_MS for begin, _ in stays)
        }
        assert name in could
