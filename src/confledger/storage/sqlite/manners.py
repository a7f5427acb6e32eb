"""What many records have in common: its numbers in the file, and a memory of them."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, cast

import apsw

from confledger.ledger.record import Manner
from confledger.storage.queries import load_queries

_QUERIES: Final = load_queries("confledger.storage.sqlite")
_KNOWN_MAX: Final = 65_536
_CHARACTERS_MAX: Final = 256

Meaning = Mapping[int, Manner]
Read = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]


@dataclass(slots=True)
class Manners:
    """The numbers that this process has seen committed; they never change their meaning."""

    ids: dict[Manner, int] = field(default_factory=dict)
    by_id: dict[int, Manner] = field(default_factory=dict)

    def know(self, manners: dict[Manner, int]) -> None:
        """Remember some. What was not committed may get another number, so they must be."""
        # Long texts are seldom said again, and would fill the memory.
        manners = {
            manner: number
            for manner, number in manners.items()
            if sum(len(text or "") for text in manner) <= _CHARACTERS_MAX
        }
        if len(self.by_id) + len(manners) > _KNOWN_MAX:
            # Others, whom another thread may be reading.
            self.ids, self.by_id = {}, {}
        self.ids.update(manners)
        self.by_id.update((number, manner) for manner, number in manners.items())

    def meaning(self, numbers: AbstractSet[int], read: Read, *, are_committed: bool) -> Meaning:
        """What some numbers mean; where all of them are remembered, maybe others.

        Args:
            numbers: those of records that were read.
            read: reads a named query, of a moment that is not before that of the records.
            are_committed: whether what it reads is, and can be remembered.
        """
        known = self.by_id
        if numbers <= known.keys():
            return known
        found: dict[int, Manner] = {}
        for number in numbers - known.keys():
            ((source, basis, operation, text, result, result_text),) = read(
                "manner", {"manner_id": number}
            )
            found[number] = (source, basis, operation or None, text, result or None, result_text)
        if are_committed:
            self.know({manner: number for number, manner in found.items()})
        return {number: found.get(number) or known[number] for number in numbers}


def number_of(connection: apsw.Connection, manner: Manner) -> int:
    """The number of one, which is given out if it has none."""
    row = tuple(cell or "" for cell in manner)
    found = connection.execute(_QUERIES["manner_id"], row).fetchall()
    if not found:
        found = connection.execute(_QUERIES["add_manner"], row).fetchall()
    return cast("int", found[0][0])
