"""A list of a remote's, read page by page to exactly its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from confledger.archive.pace import Limits
from confledger.errors import RemoteUntrustworthy

_SAMENESS_MIN: Final = 2
"""Two records in a row may well be equal, two pages of at least so many not."""

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


class Page(Protocol[Item_co]):
    """What all pages of the wire have in common."""

    @property
    def data(self) -> Sequence[Item_co]:
        """The items."""

    @property
    def offset(self) -> int:
        """The place of the first."""

    @property
    def limit(self) -> int:
        """How many it has at most."""

    @property
    def count(self) -> int:
        """How many there are in all."""


class Walk(Generic[Item]):
    """A list of the remote's, page by page, from a place to exactly its end.

    Args:
        path: of the call, for errors.
        limits: what a page and the list may have.
        read: asks for the page at an offset.
        offset: where it begins.
        count_min: how many items it is known to have; None: it may also lose some.
    """

    def __init__(
        self,
        path: str,
        limits: Limits,
        read: Callable[[int], Awaitable[Page[Item]]],
        offset: int = 0,
        *,
        count_min: int | None = 0,
    ) -> None:
        self.offset = offset
        self.count = offset if count_min is None else max(offset, count_min)
        self.rested = True
        """Whether it had the same length at every page so far."""
        self._path = path
        self._limits = limits
        self._read = read
        self._may_shrink = count_min is None
        self._pages = 0
        self._limit = 0
        self._before: Sequence[Any] = ()

    async def pages(self) -> AsyncIterator[Page[Item]]:
        """The pages, none of them empty."""
        while (page := await self.read()) is not None:
            yield page
            self.take(page.data)

    async def read(self) -> Page[Item] | None:
        """The page at the place where we are; None at the end.

        An end that is also the end of a full page is looked behind: a remote may call
        count what is only the length of its page.
        """
        was_full = len(self._before) == self._limit
        if self._pages and self.offset >= self.count and not was_full:
            return None
        if self._pages == self._limits.pages_max:
            raise self._wrong("data", f"has more than {self._limits.pages_max} pages")
        page = await self._read(self.offset)
        self.check(page)
        self._pages += 1
        return page if self.offset < self.count else None

    def take(self, data: Sequence[Item]) -> None:
        """Go on behind some items of the page that was read last."""
        self._before = data
        self.offset += len(data)

    def check(self, page: Page[Any]) -> None:
        """Hold a page against what was asked, and against the one before."""
        if page.count < self.count and not self._may_shrink:
            raise self._wrong("count", f"was {self.count} and is {page.count}: nothing goes away")
        if self._pages and page.count != self.count:
            self.rested = False
        self.count = page.count
        if page.count <= self.offset:
            # Behind the end some calls of the vendor give the last page once more.
            if page.data and page.offset >= self.offset:
                raise self._wrong("data", f"has items behind the count of {page.count}")
            return
        self._check_place(page)
        self._check_data(page)
        self._limit = page.limit

    def _check_place(self, page: Page[Any]) -> None:
        if page.offset != self.offset:
            raise self._wrong("offset", f"must be {self.offset}, as asked, not {page.offset}")
        if not 1 <= page.limit <= self._limits.page_items:
            raise self._wrong("limit", f"must be from 1 to {self._limits.page_items}, as asked")

    def _check_data(self, page: Page[Any]) -> None:
        length = len(page.data)
        if length > page.limit:
            raise self._wrong("data", f"has {length} items, more than the limit of {page.limit}")
        if not length:
            raise self._wrong("data", f"is empty at {self.offset}, before the end at {page.count}")
        if self.offset + length > page.count:
            raise self._wrong("data", f"goes beyond the count of {page.count}")
        if length >= _SAMENESS_MIN and page.data == self._before[:length]:
            raise self._wrong("data", f"at {self.offset} is that of the page before")

    def _wrong(self, name: str, rule: str) -> RemoteUntrustworthy:
        return RemoteUntrustworthy(self._path, name, rule)
