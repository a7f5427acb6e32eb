"""Room for so many bytes at a time; who finds none waits, in the order in which they came."""

import asyncio
from collections import deque

from confledger.errors import StoreBusy


class Room:
    """What is larger than all of the room takes all of it; what needs none never waits.

    Args:
        bytes_max: how much there is.
        seconds_max: how long somebody waits for it.
    """

    def __init__(self, bytes_max: int, seconds_max: float) -> None:
        self._bytes_max = self._free = bytes_max
        self._seconds_max = seconds_max
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def enter(self, size_bytes: int) -> None:
        """Take room, when there is some. Whoever has entered has to leave.

        Raises:
            StoreBusy: there was none in time.
        """
        size_bytes = min(size_bytes, self._bytes_max)
        if not size_bytes or (not self._line and size_bytes <= self._free):
            self._free -= size_bytes
            return
        entered = asyncio.get_running_loop().create_future()
        self._line.append((size_bytes, entered))
        try:
            async with asyncio.timeout(self._seconds_max):
                await entered
        except BaseException as error:
            if entered.done() and not entered.cancelled():
                self.leave(size_bytes)  # it was given in the same moment
            entered.cancel()
            self._let_in()
            if isinstance(error, TimeoutError):
                raise StoreBusy("what was pushed before is still being written") from None
            raise

    def leave(self, size_bytes: int) -> None:
        """Give back what was taken by the same size."""
        self._free += min(size_bytes, self._bytes_max)
        self._let_in()

    def _let_in(self) -> None:
        while self._line:
            size_bytes, entered = self._line[0]
            if not entered.done():
                if size_bytes > self._free:
                    return
                self._free -= size_bytes
                entered.set_result(None)
            self._line.popleft()
