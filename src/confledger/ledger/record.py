"""What the ledger keeps: control records, and pages of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, get_args

import msgspec

from confledger.ledger.masking import mask_numbers

OperatorBasis = Literal["stated", "inferred", "system", "unknown"]
"""How the ledger knows who operated: the source said so; it was concluded from
other facts; nobody did, a system acted by itself; or it is not known."""

OPERATOR_BASES: Final[tuple[OperatorBasis, ...]] = get_args(OperatorBasis)

PAGE_EVENT_PREFIX: Final = "page:"
"""An event id that starts so is a position in a meeting as another ledger served it.

Such a record may come in any language, and its words may be ones that the
catalogue does not know. The position, not the words, is what identifies it.
"""

CONTENT_EVENT_PREFIX: Final = "content:"
"""An event id that starts so is made of what the record says."""

KEY_EVENT_PREFIX: Final = "key:"
"""An event id that starts so is a place in what was brought by a key (`Delivery`)."""


_KEY_DIGEST_BYTES: Final = 6

_PLACE_DIGITS_MAX: Final = 18
"""A larger number is no place, and no integer of any store."""


Manner = tuple[str, OperatorBasis, str | None, str, str | None, str]
"""What a record has in common with many: source, operator's basis, operation and its text,
result and its text, as `ControlRecord` has them."""


class ControlRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One control action in a conference: who did what, when, with what result.

    Frozen, because a record is never changed once the ledger has it. An empty
    string says that the source named nothing. A struct, because a page has hundreds of
    them, and a frozen dataclass takes eight times as long to make.
    """

    operate_time_ms: int
    """When it was done: UTC, milliseconds since 1970, by the source's clock."""

    source: str = ""
    """Where it was done, in the source's words: `MCU`, `Portal`, ..."""

    operator: str = ""
    """Who did it, in the source's words."""

    operator_basis: OperatorBasis
    """How `operator` is known."""

    operation: str | None = None
    """What was done, as a code of the catalogue; None where the catalogue has no word for it."""

    operation_text: str = ""
    """What was done, verbatim, where `operation` is None; empty otherwise."""

    object: str = ""
    """What it was done to: a participant's id, a number, or nothing."""

    result: str | None = None
    """How it ended, as a code of the catalogue; None where that has no word for it."""

    result_text: str = ""
    """How it ended, verbatim, where `result` is None; empty otherwise, or if nothing was said."""

    detail: str = ""
    """Whatever else the source said."""

    event_id: str = ""
    """The source's own id of the event, by which a repeated delivery is known.

    Unique in its conference. Empty only until `Intake` has settled it.
    """

    received_time_ms: int = 0
    """When the ledger took it: UTC, milliseconds since 1970, by our clock."""

    @property
    def manner(self) -> Manner:
        """What it has in common with many."""
        return (
            self.source,
            self.operator_basis,
            self.operation,
            self.operation_text,
            self.result,
            self.result_text,
        )

    def says_the_same_as(self, other: "ControlRecord") -> bool:
        """Whether two deliveries under one event id tell the same event.

        When they were received does not count. A record known by its position in a
        page (`PAGE_EVENT_PREFIX`) may have been served in another language and with
        its numbers starred, so its words do not count, and numbers only as starred.
        """
        if self.event_id.startswith(PAGE_EVENT_PREFIX):
            return self._as_any_page_shows_it() == other._as_any_page_shows_it()  # noqa: SLF001 - of the same class
        same_time = self.received_time_ms
        return self == msgspec.structs.replace(other, received_time_ms=same_time)

    @property
    def place(self) -> int | None:
        """The position that its event id says it has in its meeting; None where it says none."""
        position = self.event_id.removeprefix(PAGE_EVENT_PREFIX)
        if position == self.event_id or not (position.isascii() and position.isdecimal()):
            return None
        return int(position) if len(position) <= _PLACE_DIGITS_MAX else None

    def is_shown_as(self, other: "ControlRecord") -> bool:
        """Whether a page that shows this record at its place may show another one, which is there.

        So a page that was saved here, or of a meeting that was also pushed here, is
        known when it comes back. What another page brought is known by its own place.
        """
        shown = other._as_any_page_shows_it()  # noqa: SLF001 - of the same class
        return other.place is None and self._as_any_page_shows_it() == shown

    def _as_any_page_shows_it(self) -> tuple[int, str, str, str]:
        return (
            self.operate_time_ms,
            self.source,
            mask_numbers(self.operator),
            mask_numbers(self.object),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a conference, one after the other, and how many there are in all."""

    records: list[ControlRecord]
    """In the order of `seq`, which is the order of arrival; the first has `seq == offset`."""

    count: int
    """How many records the conference had when this page was read."""


class ShownPage(msgspec.Struct, frozen=True):
    """What readers are shown of a `Page`, and nothing else, as a store has it at hand.

    It costs a third of what the whole records do, and is for the one call that has to be fast.
    """

    rows: Sequence[tuple[int, int, str, str, str, int]]
    """Of each record when it was done, the number of its manner, operator, object, detail; and
    `count`, which is the same in all."""

    manners: Mapping[int, Manner]
    """What the numbers mean; no others are in it."""

    count: int
    """How many records the conference had when this page was read."""

    @property
    def unknown_texts(self) -> set[str]:
        """The texts of operations and results that the catalogue does not know."""
        return {text for manner in self.manners.values() for text in (manner[3], manner[5]) if text}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What makes some records, brought at once, known again as a whole."""

    key: str
    """Chosen by whoever brings them; unique in the conference."""

    digest: bytes
    """Of what was brought: the same key with another one is a mistake."""

    received_time_ms: int = 0
    """When it was brought: of all its records."""

    @property
    def group(self) -> str:
        """What the ids of its events have in common; a colon and a place follow."""
        digest = blake2b(self.key.encode(), digest_size=_KEY_DIGEST_BYTES)
        return KEY_EVENT_PREFIX + digest.hexdigest()

    def settled(self, records: Sequence[ControlRecord]) -> list[ControlRecord]:
        """Its records as the ledger keeps them: those without an id have one by their place."""
        group = self.group
        return [
            msgspec.structs.replace(
                record,
                event_id=record.event_id or f"{group}:{place}",
                received_time_ms=self.received_time_ms,
            )
            for place, record in enumerate(records)
        ]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the records that were brought for one conference."""

    accepted: int
    """How many are new and now kept."""

    duplicates: int
    """How many the ledger had already."""

    count: int
    """How many records the conference has now."""

    @property
    def first_seq(self) -> int:
        """The `seq` of the first accepted record; where none was, the next one's to come."""
        return self.count - self.accepted
