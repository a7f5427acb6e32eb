"""Interleaved rounds: each contender in turn, again and again, in the same run."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from benchmarks.machine import Unusable, busy_seconds, cpu_seconds

_QUIET_SECONDS_MAX: Final = 60.0
_QUIET_STEP_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """What was done under a load."""

    units: float
    """Requests, or records."""
    seconds: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_seconds: float | None = None
    """What it used, where it says so itself."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those that are compared."""

    name: str
    load: Callable[[int], Load]
    """Puts load on it for about so many seconds."""
    processes: Sequence[int] = ()
    """Whose CPU time counts."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """A contender in a round."""

    load: Load
    cpu_seconds: float
    strangers: float


class Measured(msgspec.Struct, frozen=True):
    """What a contender did in all rounds."""

    name: str
    rates: list[float]
    """Units a second, a figure a round."""
    cpu_us: float | None = None
    """CPU microseconds of the server for each unit; the median."""
    strangers: float = 0.0
    """Which part of the server's core went to others meanwhile; the most of a round."""
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def rate(self) -> float:
        """The median."""
        return statistics.median(self.rates)


class Ratio(msgspec.Struct, frozen=True):
    """How much faster one contender is than another, and how much was hoped for."""

    what: str
    over: str
    under: str
    median: float
    """The median rate of one contender over that of the other."""
    least: float
    """The least ratio of a round."""
    most: float
    by_cpu: float | None = None
    """The same by CPU time, which suffers less from what else the machine does."""
    goal: float | None = None


def measure(contenders: Sequence[Contender], *, rounds: int, seconds: int) -> list[Measured]:
    """Warm each contender up, and then measure them in turns.

    Raises:
        Unusable: something went wrong under load.
    """
    samples: dict[str, list[_Sample]] = {each.name: [] for each in contenders}
    everyone = sorted({process for each in contenders for process in each.processes})
    for contender in contenders:
        contender.load(1)
    for _ in range(rounds):
        for contender in contenders:
            _wait_until_quiet(everyone)
            before, busy_before = cpu_seconds(contender.processes), busy_seconds()
            load = contender.load(seconds)
            used = load.cpu_seconds
            if used is None:
                used = cpu_seconds(contender.processes) - before
            strange = max(0.0, busy_seconds() - busy_before - used) / load.seconds
            samples[contender.name].append(_Sample(load, used, strange))
    return [_summary(contender, samples[contender.name]) for contender in contenders]


def ratio(
    measured: Sequence[Measured], over: str, under: str, *, what: str, goal: float | None = None
) -> Ratio | None:
    """One contender over another; None where one of them was left out."""
    by_name = {each.name: each for each in measured}
    if not {over, under} <= by_name.keys():
        return None
    ours, theirs = by_name[over], by_name[under]
    each = [mine / other for mine, other in zip(ours.rates, theirs.rates, strict=True)]
    by_cpu = theirs.cpu_us / ours.cpu_us if ours.cpu_us and theirs.cpu_us else None
    return Ratio(what, over, under, ours.rate / theirs.rate, min(each), max(each), by_cpu, goal)


def _wait_until_quiet(processes: Sequence[int]) -> None:
    """Wait until nobody has anything to do: requests whose client has gone are worked on still."""
    end = time.monotonic() + _QUIET_SECONDS_MAX
    before = cpu_seconds(processes)
    while True:
        time.sleep(_QUIET_STEP_SECONDS)
        now = cpu_seconds(processes)
        if now - before < _QUIET_STEP_SECONDS / 2:
            return
        if time.monotonic() > end:
            raise Unusable("a contender does not come to rest after a load")
        before = now


def _summary(contender: Contender, samples: list[_Sample]) -> Measured:
    has_cpu = any(each.cpu_seconds for each in samples)
    return Measured(
        name=contender.name,
        rates=[each.load.units / each.load.seconds for each in samples],
        cpu_us=_median([each.cpu_seconds / each.load.units * 1e6 for each in samples])
        if has_cpu
        else None,
        strangers=max(each.strangers for each in samples) if contender.processes else 0.0,
        p50_ms=_median([each.load.p50_ms for each in samples]),
        p99_ms=_median([each.load.p99_ms for each in samples]),
    )


def _median(figures: Sequence[float | None]) -> float | None:
    known = [each for each in figures if each is not None]
    return statistics.median(known) if known else None
