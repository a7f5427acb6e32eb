"""Charts as SVG, which can be read on a light and on a dark page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from benchmarks.results import shown

_WIDTH: Final = 760
_LABEL: Final = 250
_VALUE: Final = 110
_ROW: Final = 30
_TOP: Final = 58

_STYLE: Final = """
  svg { font: 14px system-ui, sans-serif; background: #fff; }
  text { fill: #1f2328; } .quiet { fill: #59636e; font-size: 12px; }
  .title { font-size: 16px; font-weight: 600; }
  .ours { fill: #0969da; } .other { fill: #9aa4ae; }
  .line { fill: none; stroke-width: 2.5; } .grid, .spread { stroke: #59636e; stroke-width: 1; }
  .grid { stroke-opacity: 0.25; }
  .a { stroke: #0969da; fill: #0969da; } .b { stroke: #bc4c00; fill: #bc4c00; }
  .c { stroke: #1a7f37; fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #e6edf3; }
    .quiet { fill: #9198a1; } .grid, .spread { stroke: #9198a1; }
    .ours { fill: #4493f8; } .other { fill: #656c76; }
    .a { stroke: #4493f8; fill: #4493f8; } .b { stroke: #f0883e; fill: #f0883e; }
    .c { stroke: #3fb950; fill: #3fb950; }
  }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One contender."""

    label: str
    value: float
    least: float
    """That of its worst round."""
    most: float
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of work at several sizes."""

    label: str
    points: Sequence[tuple[str, float]]


def bars(title: str, subtitle: str, drawn: Sequence[Bar]) -> str:
    """Horizontal bars, each with its figure, and the spread of its rounds as a thin line."""
    top = max(bar.most for bar in drawn)
    scale = (_WIDTH - _LABEL - _VALUE) / top
    parts = []
    for place, bar in enumerate(drawn):
        y = _TOP + place * _ROW
        kind = "ours" if bar.is_ours else "other"
        length = max(1.5, bar.value * scale)
        middle = y + _ROW / 2 - 3
        baseline, end = middle + 5, _LABEL + bar.most * scale
        parts += [
            f'<text x="{_LABEL - 10}" y="{baseline}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{kind}" x="{_LABEL}" y="{y}" width="{length:.1f}" height="22" rx="2"/>',
            _spread(_LABEL + bar.least * scale, end, middle),
            f'<text x="{end + 8:.1f}" y="{baseline}">{shown(bar.value)}</text>',
        ]
    return _svg(title, subtitle, parts, _TOP + len(drawn) * _ROW + 12)


def lines(title: str, subtitle: str, drawn: Sequence[Line]) -> str:
    """Lines over sizes, each beginning at 1, from 0 up."""
    left, right, height = 60, 200, 220
    top = max(1.2, *(value for line in drawn for _, value in line.points))
    labels = [label for label, _ in drawn[0].points]
    step = (_WIDTH - left - right) / max(1, len(labels) - 1)

    def y_of(value: float) -> float:
        return _TOP + height * (1 - value / top)

    parts = []
    for tick in (0, 0.5, 1):
        y = y_of(tick)
        parts += [
            f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{_WIDTH - right}" y2="{y:.1f}"/>',
            f'<text class="quiet" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick}</text>',
        ]
    for place, label in enumerate(labels):
        parts.append(
            f'<text class="quiet" x="{left + place * step:.1f}" y="{_TOP + height + 18}"'
            f' text-anchor="middle">{escape(label)}</text>'
        )
    for place, (kind, line) in enumerate(zip("abc", drawn, strict=False)):
        spots = [(left + i * step, y_of(value)) for i, (_, value) in enumerate(line.points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline class="line {kind}" style="fill:none" points="{path}"/>')
        parts += [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in spots]
        y = _TOP + 20 + place * 24
        x = _WIDTH - right + 24
        parts += [
            f'<circle class="{kind}" cx="{x}" cy="{y - 5}" r="5"/>',
            f'<text x="{x + 12}" y="{y}">{escape(line.label)}</text>',
        ]
    return _svg(title, subtitle, parts, _TOP + height + 34)


def _spread(start: float, end: float, y: float) -> str:
    return f'<line class="spread" x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}"/>'


def _svg(title: str, subtitle: str, parts: Sequence[str], height: float) -> str:
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}"'
        f' width="{_WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(title)}">\n'
        f"<style>{_STYLE}</style>\n"
        f'<text class="title" x="16" y="26">{escape(title)}</text>\n'
        f'<text class="quiet" x="16" y="44">{escape(subtitle)}</text>\n{inside}\n</svg>\n'
    )
