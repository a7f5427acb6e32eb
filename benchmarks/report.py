"""Puts what was measured into docs/explanation/benchmarks.md, with its charts.

.venv/bin/python -m benchmarks.report, or `make bench-docs`
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.bench import NGINX, OURS
from benchmarks.cases import CASES
from benchmarks.charts import Bar, Line, bars, lines
from benchmarks.results import (
    RESULTS,
    CaseResult,
    Results,
    read_results,
    shown,
    strangers_of,
    write_results,
)
from benchmarks.writing import ROWS, SINK

_FOLDER: Final = Path(__file__).parents[1] / "docs" / "explanation"
_PAGE: Final = _FOLDER / "benchmarks.md"
_FIGURES: Final = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write the page, its charts and the figures; the exit code."""
    results = read_results(RESULTS)
    if results is None:
        print("Error: nothing has been measured yet: make bench", file=sys.stderr)
        return 1
    charts = _charts(results.cases)
    for name, (_, chart) in charts.items():
        (_FOLDER / name).write_text(chart, "utf-8")
    text = _PAGE.read_text("utf-8")
    told = _told(results, {name: title for name, (title, _) in charts.items()})
    _PAGE.write_text(_FIGURES.sub(lambda _: told, text), "utf-8")
    write_results(results, _FOLDER / "benchmarks.json")
    return 0


def _told(results: Results, charts: dict[str, str]) -> str:
    cases = [results.cases[each.name] for each in CASES if each.name in results.cases]
    # Of each all that were measured, in the order of the cases: they need not be of one day.
    versions: dict[str, dict[str, None]] = {}
    for case in cases:
        for name, version in case.versions.items():
            versions.setdefault(name, {})[version] = None
    dates = sorted({case.date for case in cases})
    parts = [
        f"Measured {' to '.join(dict.fromkeys((dates[0], dates[-1])))} on "
        + ", ".join(f"{name}: {value}" for name, value in results.machine.items())
        + "; "
        + ", ".join(f"{name} {' and '.join(each)}" for name, each in versions.items())
        + ".\n"
    ]
    parts += [f"![{title}]({name})\n" for name, title in charts.items()]
    parts.append(_ratios(cases))
    parts.append(_rates(cases))
    if figures := {name: value for case in cases for name, value in case.figures.items()}:
        rows = [f"| {name} | {_number(value)} |" for name, value in figures.items()]
        parts.append("\n".join(["| else | |", "| --- | --- |", *rows]) + "\n")
    if notes := [f"- {case.name}: {note}" for case in cases for note in case.notes]:
        parts.append("\n".join(notes) + "\n")
    return "\n" + "\n".join(parts) + "\n"


def _ratios(cases: Sequence[CaseResult]) -> str:
    rows = []
    for case in cases:
        for each in case.ratios:
            over = each.under if each.over == OURS else f"{each.over} / {each.under}"
            between = f"{shown(each.least)} to {shown(each.most)}"
            cpu, goal = ("" if x is None else shown(x) for x in (each.by_cpu, each.goal))
            rows.append(
                f"| {each.what} | {over} | {shown(each.median)} | {between} | {cpu} | {goal} |"
            )
    head = ["| work | over | ratio | of rounds | by CPU | goal |", "| --- " * 6 + "|"]
    return "\n".join([*head, *rows]) + "\n"


def _rates(cases: Sequence[CaseResult]) -> str:
    rows = []
    for case in cases:
        others = strangers_of(case)
        run = f"{case.name}, {case.rounds} × {case.seconds} s"
        for each in case.measured:
            cpu, p50, p99 = (
                "" if x is None else f"{x:,.1f}" for x in (each.cpu_us, each.p50_ms, each.p99_ms)
            )
            rows.append(
                f"| {run} | {each.name} | {_number(each.rate)} | {cpu} | {p50} | {p99} |"
                f" {others:.0%} |"
            )
    head = [
        "| case | who | a second | CPU us | p50 ms | p99 ms | core taken by others |",
        "| --- " * 7 + "|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _charts(cases: dict[str, CaseResult]) -> dict[str, tuple[str, str]]:
    """The charts that can be drawn of these cases, by the names of their files."""
    drawn = {}
    if case := cases.get("page-20"):
        title = "A page of 20 records"
        drawn["benchmarks-page.svg"] = _relative(case, NGINX, title, "requests a second, one core")
    if case := cases.get("deep-offset"):
        title = "The page at record 1,000,000 of 2 million"
        drawn["benchmarks-offset.svg"] = _relative(
            case, f"{OURS}, offset 0", title, "requests a second, one core"
        )
    if case := cases.get("push-1000"):
        title = "Records pushed, 1,000 in a POST, durably kept"
        drawn["benchmarks-push.svg"] = _relative(
            case,
            ROWS,
            title,
            "records a second, one core",
            without=SINK,
        )
    if case := cases.get("growth"):
        title = "The same work in larger and larger stores"
        chart = lines(title, "rate over that at 10,000 records", _growth(case))
        drawn["benchmarks-growth.svg"] = (title, chart)
    return drawn


def _relative(
    case: CaseResult, base: str, title: str, unit: str, *, without: str = ""
) -> tuple[str, str]:
    base_rate = next(each.rate for each in case.measured if each.name == base)
    chosen = [
        Bar(
            each.name,
            each.rate / base_rate,
            min(each.rates) / base_rate,
            max(each.rates) / base_rate,
            each.name.startswith(OURS),
        )
        for each in case.measured
        if each.name != without
    ]
    chosen.sort(key=lambda bar: -bar.value)
    subtitle = f"{unit}; {base} is 1; medians of {case.rounds} rounds, and their spread"
    return title, bars(title, subtitle, chosen)


def _growth(case: CaseResult) -> list[Line]:
    points: dict[str, list[tuple[str, float]]] = {}
    for each in case.measured:
        work, _, size = each.name.partition(", ")
        points.setdefault(work, []).append((size, each.rate))
    return [
        Line(work, [(size, rate / told[0][1]) for size, rate in told])
        for work, told in points.items()
    ]


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:,.2f}"  # noqa: PLR2004 - two digits


if __name__ == "__main__":
    sys.exit(main())
