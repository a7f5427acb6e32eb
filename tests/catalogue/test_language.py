"""Which language a request gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confledger.catalogue.language import LANGUAGES, best_language


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("zh-CN", "zh-CN"),
        ("en-US", "en-US"),
        ("EN-us", "en-US"),
        ("en", "en-US"),
        ("en-GB", "en-US"),
        ("zh-TW", "zh-CN"),
        ("zh-Hans-CN", "zh-CN"),
        ("en-US,en;q=0.9", "en-US"),
        ("en-US;q=0.8, zh-CN;q=0.9", "zh-CN"),
        ("en-US;q=0.9, zh-CN;q=0.8", "en-US"),
        ("en-US, zh-CN", "en-US"),
        ("zh-CN, en-US", "zh-CN"),
        ("fr, en;q=0.5", "en-US"),
        ("fr", "zh-CN"),
        ("fr, de", "zh-CN"),
        ("*", "zh-CN"),
        ("*;q=0.1, en", "en-US"),
        ("*, en-US;q=0.5", "zh-CN"),
        ("zh-CN;q=0, *", "en-US"),
        ("en-US;q=0, en", "zh-CN"),
        ("zh-CN;q=0", "zh-CN"),
        ("en-US ; q=0.7 , zh-CN ; q=0.6", "en-US"),
        ("en-US;q=1.5, zh-CN;q=0.1", "zh-CN"),
        ("en-US;q=, zh;q=0.1", "zh-CN"),
        ("en-US;q=0.1234, zh;q=0.1", "zh-CN"),
        ("en_US", "zh-CN"),
        (",,;;=,en-US", "en-US"),
        ("en-US;level=1;q=0.3, zh-CN;q=0.2", "en-US"),
    ],
)
def test_the_best_match_wins(accept_language: str | None, language: str) -> None:
    """Quality first, then the more specific range, then the one named first, else Chinese."""
    assert best_language(accept_language) == language


@given(st.text(max_size=200))
def test_any_header_gets_a_language(accept_language: str) -> None:
    """Whatever a client sends, it gets one of our languages."""
    assert best_language(accept_language) in LANGUAGES


@given(
    qualities=st.lists(st.integers(1, 1000), min_size=2, max_size=2, unique=True),
    noise=st.lists(st.sampled_from(["fr;q=1", "de", "ja;q=0.2", ""]), max_size=4),
)
def test_the_higher_quality_wins_among_others(qualities: list[int], noise: list[str]) -> None:
    """Between our two languages the higher quality decides, whatever else is asked for."""
    zh, en = (f"{quality / 1000:.3f}" for quality in qualities)
    header = ", ".join([*noise, f"zh-CN;q={zh}", f"en-US;q={en}"])
    assert best_language(header) == ("zh-CN" if qualities[0] > qualities[1] else "en-US")
