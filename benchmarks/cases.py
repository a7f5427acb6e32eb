"""All cases, in the order in which they run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks import commands, engines, growth, reading, writing
from benchmarks.bench import Bench, Found


@dataclass(frozen=True, slots=True)
class Case:
    """Some work that is measured."""

    name: str
    """What `--only` takes."""
    run: Callable[[Bench], Found]
    is_quick: bool = False
    """Whether it is one of the telling handful."""
    needs_wrk: bool = True

    @property
    def title(self) -> str:
        """What it does, in a sentence."""
        return (self.run.__doc__ or "").partition("\n")[0].strip()


CASES: Final = (
    Case("page-20", reading.page_of_20, is_quick=True),
    Case("page-500", reading.page_of_500, is_quick=True),
    Case("deep-offset", reading.deep_offset),
    Case("conferences", reading.every_conference),
    Case("while-pushed", reading.while_pushed),
    Case("tls", reading.over_tls, is_quick=True),
    Case("workers", reading.workers),
    Case("logins", reading.logins),
    Case("postgresql", reading.on_postgresql),
    Case("push-1", writing.pushes_of(1), needs_wrk=False),
    Case("push-100", writing.pushes_of(100), needs_wrk=False),
    Case("push-1000", writing.pushes_of(1_000), is_quick=True, needs_wrk=False),
    Case("push-10000", writing.pushes_of(10_000), needs_wrk=False),
    Case("growth", growth.growth),
    Case("engines", engines.on_each_engine),
    Case("replica", engines.with_a_replica, needs_wrk=False),
    Case("starting", commands.starting, is_quick=True, needs_wrk=False),
    Case("files", commands.importing_and_exporting, needs_wrk=False),
    Case("archive", commands.archiving, needs_wrk=False),
)
