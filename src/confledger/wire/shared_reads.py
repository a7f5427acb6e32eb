"""Reads that many ask for at the same time, done once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SharedReads(Generic[K, T]):
    """Does a read once for everybody who has asked for it before it began.

    Who asks while it runs waits for another one, which begins when it has ended: nobody
    is told what was read before they asked. So however many ask for one thing, the store is
    asked for it once at a time.
    """

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[T]] = {}
        self._next: dict[K, asyncio.Task[T]] = {}

    async def read(self, key: K, do: Callable[[], Awaitable[T]]) -> T:
        """What a read gives that begins after this call.

        Args:
            key: what is read.
            do: reads it.

        Raises:
            Exception: whatever `do` raises, to each who waits for it.
        """
        reading = self._next.get(key)
        if reading is None:
            reading = asyncio.get_running_loop().create_task(self._do(key, do))
            self._next[key] = reading
        # Who goes away must not take the answer from the others.
        return await asyncio.shield(reading)

    async def _do(self, key: K, do: Callable[[], Awaitable[T]]) -> T:
        if running := self._running.get(key):
            await asyncio.wait([running])
        self._running[key] = self._next.pop(key)
        try:
            return await do()
        finally:
            del self._running[key]
