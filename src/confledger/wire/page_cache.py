"""Answers that are kept as they were sent, for as long as they are true."""

from collections import OrderedDict
from typing import Final

from confledger.auth.accounts import Principal
from confledger.catalogue.language import Language
from confledger.wire.exchange import JSONBytes

_ENTRY_BYTES: Final = 1_000
"""About what an answer costs beside its body."""

_READERS_MAX: Final = 8
"""Of how many ordinary users an answer remembers that they may read it."""

PageKey = tuple[str, bytes, Language, bool]
"""Corp, query, language, and whether numbers are starred.

The query as it came: what it means need not be found out again, and a program spells all
of its queries alike.
"""


class KeptPage:
    """An answer, and of what it is known to be true.

    Args:
        answer: as it was sent.
        conference_uuid: what it tells of.
        generation: what `RecordStore.generation` told before it was read, or, of a store that
            tells none, the count of the conference.
    """

    __slots__ = ("_readers", "answer", "conference_uuid", "generation", "size_bytes")

    def __init__(self, answer: JSONBytes, conference_uuid: str, generation: int) -> None:
        self.answer = answer
        self.conference_uuid = conference_uuid
        self.generation = generation
        self.size_bytes = len(answer.body) + _ENTRY_BYTES
        self._readers: set[tuple[str, str]] = set()

    def may_be_read_by(self, principal: Principal) -> bool:
        """Whether somebody is known to be allowed to see the conference."""
        return principal.is_administrator or _name_of(principal) in self._readers

    def add_reader(self, principal: Principal) -> None:
        """Remember that somebody is."""
        if len(self._readers) < _READERS_MAX:
            self._readers.add(_name_of(principal))


def _name_of(principal: Principal) -> tuple[str, str]:
    # All that `Visibility` knows an ordinary user by.
    return principal.user_id, principal.account


class PageCache:
    """The answers that were asked for last, up to a number of bytes.

    An answer is as good as a new one while its conference's generation is the same: nothing
    that it tells has changed since, not even who may read it.

    Args:
        bytes_max: how much it may hold; 0 keeps nothing.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._pages: OrderedDict[PageKey, KeptPage] = OrderedDict()

    def get(self, key: PageKey) -> KeptPage | None:
        """What is kept; whether it is still true is for the caller to see."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def keep(self, key: PageKey, page: KeptPage) -> None:
        """Keep an answer, and forget those that were not asked for of late."""
        if page.size_bytes > self._bytes_max:
            return
        if before := self._pages.pop(key, None):
            self._bytes -= before.size_bytes
        self._pages[key] = page
        self._bytes += page.size_bytes
        while self._bytes > self._bytes_max:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= oldest.size_bytes
