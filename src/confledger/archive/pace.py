"""How fast a remote is asked, and when it is asked again."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from confledger.errors import SettingError

Sleep = Callable[[float], Awaitable[None]]
"""Waits some seconds, as `asyncio.sleep` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a remote is asked at most, and what is taken from it at most.

    Raises:
        SettingError: a limit leaves nothing.
    """

    requests_per_second: float = 5.0
    parallel_max: int = 4
    """Requests under way at once, over all calls."""
    request_seconds_max: float = 60.0
    """From the first byte sent to the last byte read, connecting included."""
    attempts_max: int = 6
    """How often one request is sent before the remote counts as unreachable."""
    backoff_seconds: float = 1.0
    """The most that is waited after the first failure; it doubles with each."""
    backoff_seconds_max: float = 30.0
    retry_after_seconds_max: float = 120.0
    """What a remote may ask us to wait; more counts as this."""
    body_bytes_max: int = 32 * 1024 * 1024
    """Of one answer, unpacked."""
    page_items: int = 500
    """What a page is asked to have; the vendor gives no more."""
    pages_max: int = 10_000
    """Of one list."""
    readings_max: int = 5
    """How often what changes while it is read is read again."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} must be greater than 0")

    def backoff(self, failures: int) -> float:
        """Seconds to wait after some failures in a row: exponential, with full jitter."""
        most = min(self.backoff_seconds_max, self.backoff_seconds * 2.0 ** (failures - 1))
        return random.uniform(0, most)  # noqa: S311 - spreads load, guards nothing

    def retry_after(self, header: str | None) -> float:
        """Seconds that a `Retry-After` header asks for, capped; 0 where it says nothing.

        A date is held against our clock, so the most a wrong clock can do is the cap.
        """
        text = (header or "").strip()
        if text.isascii() and text.isdecimal():
            # A number of more digits is beyond every cap, and would be slow to read.
            seconds = float(text[:12])
        else:
            try:
                moment = parsedate_to_datetime(text)
            except ValueError:
                return 0.0
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            seconds -= time.time()
        return min(max(seconds, 0.0), self.retry_after_seconds_max)


class Pace:
    """Gives requests their turn: so many a second, so many at once."""

    def __init__(self, limits: Limits, sleep: Sleep) -> None:
        self._interval_seconds = 1 / limits.requests_per_second
        self._sleep = sleep
        self._running = asyncio.Semaphore(limits.parallel_max)
        self._next_turn = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; it lasts as long as the context."""
        async with self._running:
            now = time.monotonic()
            mine = max(now, self._next_turn)
            self._next_turn = mine + self._interval_seconds
            if mine > now:
                await self._sleep(mine - now)
            yield

    def hold_off(self, seconds: float) -> None:
        """Give nobody a turn for some seconds: a remote that asks to wait asks all of us."""
        self._next_turn = max(self._next_turn, time.monotonic() + seconds)
