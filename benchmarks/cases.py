"""All cases, in the order in which they run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks import reading
from benchmarks.bench import Bench, Found


@dataclass(frozen=True, slots=True)
class Case:
    """Some work that is measured."""

    name: str
    """What `--only` takes."""
    run: Callable[[Bench], Found]
    is_quick: bool = False
    """Whether it is one of the telling handful."""

    @property
    def title(self) -> str:
        """What it does, in a sentence."""
        return (self.run.__doc__ or "").partition("\n")[0].strip()


CASES: Final = (
    Case("page-20", reading.page_of_20, is_quick=True),
    Case("page-500", reading.page_of_500, is_quick=True),
)
