"""The timeline of a conference as the page draws it: tens of thousands of spans, so compact."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from confledger.ledger.masking import mask_numbers
from confledger.ledger.record import ControlRecord
from confledger.ledger.timeline import Kind, Mark, Reaction, timeline_of

_KINDS: Final = tuple(Kind)
_PLACES: Final = {kind: place for place, kind in enumerate(_KINDS)}

_Span = tuple[int, int, int, int, int | None, int, int | None]
"""Person (-1: the meeting), place in `kinds`, 1 (on) or 0 (off), start, end, and the records
that began and ended it; null where none did."""


class _PersonJSON(msgspec.Struct):
    """A lane; of two with the same starred key each is one."""

    key: str
    name: str


class _TimelineJSON(msgspec.Struct, rename="camel"):
    count: int
    start_ms: int | None
    last_ms: int | None
    end_ms: int | None
    people: list[_PersonJSON]
    kinds: Sequence[Kind]
    spans: list[_Span]
    marks: Sequence[Mark]
    reactions: Sequence[Reaction]


_encoder: Final = msgspec.json.Encoder()


def timeline_json(
    records: Sequence[ControlRecord],
    *,
    names: Mapping[str, str],
    masks_numbers: bool,
) -> bytes:
    """The timeline of some records, from the first on in the order of `seq`, as JSON.

    `names` are what to call those whom records name by another text, by that text: a name
    is only shown, and ties no two lanes together. Takes a few hundred milliseconds for
    50,000 records, so a caller who serves others too runs it in a thread.
    """
    timeline = timeline_of(records)
    people = [_PersonJSON(key, names.get(key, key)) for key in timeline.people]
    if masks_numbers:
        people = [
            _PersonJSON(mask_numbers(person.key), mask_numbers(person.name)) for person in people
        ]
    spans = [
        (person, _PLACES[kind], int(is_on), start_ms, end_ms, start_seq, end_seq)
        for person, kind, is_on, start_ms, end_ms, start_seq, end_seq in timeline.spans
    ]
    return _encoder.encode(
        _TimelineJSON(
            count=timeline.count,
            start_ms=timeline.first_ms,
            last_ms=timeline.last_ms,
            end_ms=timeline.end_ms,
            people=people,
            kinds=_KINDS,
            spans=spans,
            marks=timeline.marks,
            reactions=timeline.reactions,
        )
    )
