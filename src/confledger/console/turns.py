"""Turns for what takes a processor for a while: a few at once, and not many who wait."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from confledger.errors import StoreBusy

WAITING_MAX: Final = 32
"""How many may have a turn or wait for one: some seconds' worth."""


class Turns:
    """Gives turns, to so many at once."""

    def __init__(self, at_once: int) -> None:
        self._turn = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._of_key: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def take(self, key: Hashable = None) -> AsyncIterator[None]:
        """Wait for a turn, and have it; of those with one key, one at a time. None is no key.

        Raises:
            StoreBusy: too many others are waiting.
        """
        if self._waiting >= WAITING_MAX:
            raise StoreBusy("too many who read much are waiting for their turn")
        self._waiting += 1
        try:
            # First the key's: whoever waits for another of it must not hold a turn.
            lock = asyncio.Lock()
            if key is not None:
                lock = self._of_key.setdefault(key, lock)
            async with lock, self._turn:
                yield
        finally:
            self._waiting -= 1
