"""What the benchmarks reckon, draw and document; how fast anything is, no test says."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from benchmarks.cases import CASES
from benchmarks.charts import Bar, Line, bars, lines
from benchmarks.posting import Posts
from benchmarks.rounds import Contender, Load, Measured, measure, ratio

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "benchmarks.md"


def _contender(name: str, asked: list[str]) -> Contender:
    def load(seconds: int) -> Load:
        asked.append(name)
        return Load(units=100 * seconds, seconds=seconds, cpu_seconds=seconds / 2)

    return Contender(name, load)


def test_contenders_take_turns_after_a_warm_up() -> None:
    """Each is warmed up once, and then each has its turn in every round."""
    asked: list[str] = []
    measured = measure([_contender("a", asked), _contender("b", asked)], rounds=2, seconds=3)
    assert asked == ["a", "b"] * 3
    assert [each.rates for each in measured] == [[100, 100]] * 2
    assert measured[0].cpu_us == pytest.approx(5_000)


def test_a_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds() -> None:
    """One slow round changes the spread, not the ratio."""
    ours = Measured("ours", [10, 20, 30], cpu_us=2)
    theirs = Measured("theirs", [10, 1, 10], cpu_us=5)
    found = ratio([ours, theirs], "ours", "theirs", what="some work", goal=1)
    assert found is not None
    assert (found.median, found.least, found.most, found.by_cpu) == (2, 1, 20, 2.5)


def test_a_ratio_over_somebody_who_was_left_out_is_none() -> None:
    """No figure is made up for a peer that is not there."""
    assert ratio([Measured("ours", [1])], "ours", "theirs", what="some work") is None


@pytest.mark.parametrize("has_event_ids", [True, False])
def test_two_posts_have_no_record_in_common(*, has_event_ids: bool) -> None:
    """Each record of a body differs from every other, and from those of the next body."""
    template = Posts(100, has_event_ids=has_event_ids).template()
    bodies = [template.replace(b"@@@@@@@@", number) for number in (b"00000001", b"00000002")]
    records = [msgspec.json.encode(each) for body in bodies for each in msgspec.json.decode(body)]
    assert len(set(records)) == len(records) == 200


def _texts(chart: str) -> set[str | None]:
    return {each.text for each in ET.fromstring(chart).iter() if each.tag.endswith("text")}  # noqa: S314 - we drew it


def test_the_charts_are_well_formed() -> None:
    """They are XML, whatever is in the labels, and show each figure or label."""
    drawn = bars("A & B", "<one>", [Bar("x < y", 1, 0.9, 1.1, is_ours=True)])
    texts = _texts(drawn)
    assert {"A & B", "<one>", "x < y", "1.00"} <= texts
    drawn = lines("A", "B", [Line("pages", [("10", 1.0), ("100", 0.5)])])
    texts = _texts(drawn)
    assert {"10", "100", "pages"} <= texts


def test_the_page_names_every_case() -> None:
    """The table of cases has each one of them; a range names its first and its last."""
    told = PAGE.read_text("utf-8").partition("## What is measured")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9-]+)`", told))
    between = {"push-100", "push-1000"}
    assert {case.name for case in CASES} - between <= named
