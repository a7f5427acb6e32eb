"""What a request costs, counted and not timed: the same on every machine, busy or not."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from confledger.app import Parts, Service
from confledger.server.protocol import LedgerProtocol
from confledger.settings import Settings

_RUNS: Final = 5

_TOOL: Final = 4
"""An id of those that Python gives no meaning to."""


class Instructions:
    """Counts the instructions of Python's that run while it is entered.

    What runs in C is not counted: not SQLite, not the encoder.

    Args:
        of: is told a code's file, and says whether it counts.
    """

    def __init__(self, of: Callable[[str], bool]) -> None:
        self.count = 0
        self._of = of
        self._counts: dict[str, bool] = {}

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count."""
        if sys.version_info >= (3, 12):  # whose `settrace` misses some
            monitoring = sys.monitoring
            event = monitoring.events.INSTRUCTION
            monitoring.use_tool_id(_TOOL, "the cost of a request")
            try:
                monitoring.register_callback(_TOOL, event, self._monitor)
                monitoring.restart_events()
                monitoring.set_events(_TOOL, event)
                yield
            finally:
                monitoring.set_events(_TOOL, 0)
                monitoring.register_callback(_TOOL, event, None)
                monitoring.free_tool_id(_TOOL)
        else:
            before = sys.gettrace()
            sys.settrace(self._enter)
            try:
                yield
            finally:
                sys.settrace(before)

    def _is_counted(self, code: CodeType) -> bool:
        file = code.co_filename
        counts = self._counts.get(file)
        if counts is None:
            counts = self._counts[file] = file != __file__ and self._of(file)
        return counts

    def _monitor(self, code: CodeType, _: int) -> object:
        if not self._is_counted(code):
            return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore] # of 3.12
        self.count += 1
        return None

    def _enter(self, frame: FrameType, _: str, __: object) -> Callable[..., Any] | None:
        if not self._is_counted(frame.f_code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._run

    def _run(self, _: FrameType, event: str, __: object) -> Callable[..., Any]:
        self.count += event == "opcode"
        return self._run


def least_cost(work: Callable[[], object], of: Callable[[str], bool] = lambda _: True) -> int:
    """How many instructions some work takes when nothing happens by chance, such as a new second.

    It is done once before it is counted, and then several times.
    """
    work()
    counts = []
    for _ in range(_RUNS):
        instructions = Instructions(of)
        with instructions.counting():
            work()
        counts.append(instructions.count)
    return min(counts)


async def least_cost_of_call(
    call: Callable[[], Awaitable[object]], of: Callable[[str], bool]
) -> int:
    """As `least_cost`, of what waits."""
    await call()
    counts = []
    for _ in range(_RUNS):
        instructions = Instructions(of)
        with instructions.counting():
            await call()
        counts.append(instructions.count)
    return min(counts)


class Wire(asyncio.Transport):
    """A connection without a network: it keeps what was written to it last."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """Keep it."""
        self.written = bytes(data)

    def is_closing(self) -> bool:
        """Never."""
        return False

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def close(self) -> None:
        """Nothing is there to be closed."""


def connected(parts: Parts, settings: Settings) -> tuple[LedgerProtocol, Wire]:
    """A connection to a service of some parts, on the running loop."""
    service = Service(settings)
    service.hot_call = parts.read_control_records
    service.answers_at_once = parts.stores.read_at_once
    config = uvicorn.Config(
        lambda: service,
        factory=True,
        http=LedgerProtocol,
        ws="none",
        log_config=None,
        proxy_headers=False,
    )
    config.load()
    protocol = LedgerProtocol(config=config, server_state=ServerState(), app_state={})
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire
