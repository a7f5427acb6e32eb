"""What was found: kept as JSON, and printed as tables."""

import statistics
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.bench import Found
from benchmarks.rounds import Measured, Ratio

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
QUICK_RESULTS: Final = RESULTS.with_name("quick.json")
_FEW: Final = 0.1
_LEAST: Final = 0.0001
_MANY: Final = 10
_STRANGERS_MAX: Final = 0.05


class CaseResult(msgspec.Struct, frozen=True):
    """What a case found, when and with what."""

    name: str
    title: str
    date: str
    rounds: int
    seconds: int
    versions: dict[str, str]
    unit: str
    measured: list[Measured]
    ratios: list[Ratio]
    notes: list[str]
    figures: dict[str, float]


class Results(msgspec.Struct):
    """All cases, of one machine."""

    machine: dict[str, str]
    cases: dict[str, CaseResult]


def read_results(path: Path) -> Results | None:
    """What was found before, if anything was."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else None


def write_results(results: Results, path: Path) -> None:
    """Keep it."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def case_result(
    name: str, title: str, found: Found, versions: dict[str, str], rounds: int, seconds: int
) -> CaseResult:
    """What a case found, as it is kept."""
    return CaseResult(
        name=name,
        title=title,
        date=datetime.now(UTC).date().isoformat(),
        rounds=rounds,
        seconds=seconds,
        versions=versions,
        unit=found.unit,
        measured=found.measured,
        ratios=[each for each in found.ratios if each is not None],
        notes=found.notes,
        figures=found.figures,
    )


def strangers_of(case: CaseResult) -> float:
    """Which part of the server's core others had at most."""
    return max((each.strangers for each in case.measured), default=0.0)


def print_case(case: CaseResult) -> None:
    """Print what a case found."""
    if case.measured:
        print(f"  {'':38} {case.unit + '/s':>14} {'spread':>8} {'CPU us':>9} {'p50 ms':>8} p99 ms")
    for each in case.measured:
        spread = (max(each.rates) - min(each.rates)) / statistics.median(each.rates)
        print(
            f"  {each.name:38} {_number(each.rate):>14} {spread:>8.0%} {_optional(each.cpu_us):>9}"
            f" {_optional(each.p50_ms):>8} {_optional(each.p99_ms):>6}"
        )
    strangers = strangers_of(case)
    if strangers > _STRANGERS_MAX:
        print(
            f"  note: other programs had up to {strangers:.0%} of the server's core:"
            " trust the CPU, not the rates"
        )
    for name, figure in case.figures.items():
        print(f"  {name:52} {_number(figure)}")
    for note in case.notes:
        print(f"  note: {note}")


def print_summary(cases: Iterable[CaseResult]) -> None:
    """Print the ratios of all cases, with the goals."""
    print(f"\n{'work':44} {'over':32} {'ratio':>8} {'rounds':>17} {'CPU':>8} {'goal':>6}")
    for case in cases:
        for each in case.ratios:
            over = each.under if each.over == "confledger" else f"{each.over} / {each.under}"
            between = f"{shown(each.least)} to {shown(each.most)}"
            told = f"{each.what:44} {over:32} {shown(each.median):>8} {between:>17}"
            print(f"{told} {_ratio(each.by_cpu):>8} {_ratio(each.goal):>6}")


def shown(figure: float) -> str:
    """A ratio, as people read it."""
    if figure < _FEW:
        # Two digits, and no exponent, which Python gives from here down.
        return f"{figure:.2g}" if figure >= _LEAST else f"{figure:.5f}"
    return f"{figure:.2f}" if figure < _MANY else f"{figure:,.0f}"


def _ratio(figure: float | None) -> str:
    return "" if figure is None else shown(figure)


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= _MANY else f"{figure:,.2f}"


def _optional(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.1f}"
