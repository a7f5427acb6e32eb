"""Which of those who were there an id in the records means.

Records of the vendor's name people by an id of their connection, which no other source knows. But
the record that somebody joined and their stay are of one moment, and so are the record that they
left and the end of the stay. Where exactly one stay goes with what the records say of an id, from
its beginning to its end, the id is taken for whoever stayed; in every case of doubt it is not.
It is a conclusion, for showing and for finding; it is never written to the ledger.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from confledger.console.attendees import Attendee
from confledger.ledger.record import ControlRecord
from confledger.ledger.timeline import Kind, timeline_of

TOLERANCE_MS: Final = 250
"""By how much two sources tell one moment differently."""

Stay = tuple[int, int | None]


def people_by_text(
    records: Sequence[ControlRecord], people: Sequence[Attendee]
) -> dict[str, Attendee]:
    """Whom the texts of some records mean: their names, numbers, accounts and ids, and
    the ids of their connections. A text that two of them have means nobody.
    """
    meant: dict[str, Attendee | None] = {}
    for person in people:
        for text in set(person.texts()):
            meant[text] = None if text in meant else person
    known = {text: person for text, person in meant.items() if person is not None}
    return _by_connection(records, people, set(meant)) | known


def _by_connection(
    records: Sequence[ControlRecord], people: Sequence[Attendee], known: set[str]
) -> dict[str, Attendee]:
    timeline = timeline_of(records)
    presence: defaultdict[str, list[Stay]] = defaultdict(list)
    for person, kind, is_on, start_ms, end_ms, _, _ in timeline.spans:
        if kind is Kind.PRESENCE and is_on and person >= 0:
            text = timeline.people[person]
            if text not in known:
                # The end of the meeting is no moment at which this one left.
                is_own_end = end_ms != timeline.end_ms
                presence[text].append((start_ms, end_ms if is_own_end else None))
    stays = sorted(
        ((stay, place) for place, person in enumerate(people) for stay in person.stays),
        key=lambda each: each[0][0],
    )
    fitting = {text: [_fitting(span, stays) for span in spans] for text, spans in presence.items()}
    claims: defaultdict[int, int] = defaultdict(int)
    for of_text in fitting.values():
        for places in of_text:
            for place in places:
                claims[place] += 1
    found = {}
    for text, of_text in fitting.items():
        # Each time that it is there, one stay fits, which fits no other; and all are one person's.
        alone = [places[0] for places in of_text if len(places) == 1 and claims[places[0]] == 1]
        if len(alone) == len(of_text):
            persons = {stays[place][1] for place in alone}
            if len(persons) == 1:
                found[text] = people[persons.pop()]
    return found


def _fitting(span: Stay, stays: Sequence[tuple[Stay, int]]) -> list[int]:
    """Where in the sorted stays those are that begin and end with a span."""
    start_ms, end_ms = span

    def start_of(each: tuple[Stay, int]) -> int:
        return each[0][0]

    first = bisect_left(stays, start_ms - TOLERANCE_MS, key=start_of)
    last = bisect_right(stays, start_ms + TOLERANCE_MS, key=start_of)
    return [place for place in range(first, last) if _ends_alike(end_ms, stays[place][0][1])]


def _ends_alike(end_ms: int | None, left_ms: int | None) -> bool:
    # Of who is still there neither source knows an end, or one of them does not yet.
    return end_ms is None or left_ms is None or abs(end_ms - left_ms) <= TOLERANCE_MS


def names_by_text(
    records: Sequence[ControlRecord], people: Sequence[Attendee]
) -> Mapping[str, str]:
    """What to call those whom records name by anything else than their name."""
    return {
        text: person.name or person.number
        for text, person in people_by_text(records, people).items()
        if (person.name or person.number) not in ("", text)
    }
