"""The access log: a line for each request, written many at a time; and the count of them."""

import asyncio
import time
from contextlib import suppress
from typing import Final, TextIO

from confledger.observability.counters import counters
from confledger.observability.logging import plain_or_quoted

_FLUSH_SECONDS: Final = 0.1
"""How long a line may wait for others. So much of the log is lost when a process is killed."""

_HALVES_MAX: Final = 2_000
"""So many halves of lines are not kept waiting."""


def call_told(method: str, path: str) -> str:
    """The method and the path of a request as they are told.

    Without the query: it may hold what people searched for.
    """
    return f"method={plain_or_quoted(method)} path={plain_or_quoted(path)}"


class RequestLog:
    """Counts requests, and tells of them once it is told where: in lines as of `LineFormatter`.

    Python's own logging takes longer for a line than a warm page takes in all; so these
    lines are put together here, and written ten times a second.
    """

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._halves: list[str] = []
        self._flushing: asyncio.TimerHandle | None = None
        self._millisecond = -1
        self._line_start = ""
        """Of all lines of that millisecond."""

    def open(self, stream: TextIO) -> None:
        """Tell there from now on."""
        self._stream = stream

    def close(self) -> None:
        """Write what waits, and tell nothing more."""
        self.flush()
        self._stream = None

    def tell(self, request_id: str, status: int, call: str, seconds: float) -> None:
        """Count an answer, and tell of it.

        Args:
            request_id: plain characters, as `exchange` has checked.
            status: of the answer; 0 if there was none.
            call: what `call_told` makes of the request.
            seconds: how long it took.
        """
        counters.add_request(status, seconds)
        self._write(
            f"request request_id={request_id} {call} status={status}"
            f" milliseconds={seconds * 1000:.2f}\n"
        )

    def tell_refused(self, request_id: str, status: int) -> None:
        """Count bytes that were no request, or no request that is served, and tell of them."""
        counters.add_refused(status)
        self._write(f"refused request_id={request_id} status={status}\n")

    def _write(self, event: str) -> None:
        if self._stream is None:
            return
        millisecond = time.time_ns() // 1_000_000
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            second, rest = divmod(millisecond, 1000)
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._line_start = f"{moment}.{rest:03d}Z INFO "
        self._halves.append(self._line_start)
        self._halves.append(event)
        if len(self._halves) >= _HALVES_MAX:
            self.flush()
        elif self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        halves, self._halves = self._halves, []
        if halves and self._stream is not None:
            # Whoever has been answered is not answered otherwise because nobody takes the log.
            with suppress(OSError, ValueError):
                self._stream.write("".join(halves))
                self._stream.flush()


request_log: Final = RequestLog()
