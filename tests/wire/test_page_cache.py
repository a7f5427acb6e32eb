"""The cache of pages holds what was asked for last, and never more than it may."""

from hypothesis import given
from hypothesis import strategies as st

from confledger.wire.exchange import JSONBytes
from confledger.wire.page_cache import KeptPage, PageCache, PageKey

BODIES = st.integers(0, 5_000).map(bytes)
STEPS = st.lists(st.tuples(st.integers(0, 9), st.none() | BODIES), max_size=60)


def key(number: int) -> PageKey:
    """The key of a page."""
    return "corp", b"confUUID=%d" % number, "en-US", False


@given(st.integers(0, 12_000), STEPS)
def test_the_latest_are_kept_as_far_as_there_is_room(
    bytes_max: int, steps: list[tuple[int, bytes | None]]
) -> None:
    """As a slow and obvious list would: what is kept or asked for goes to its end, and what is too
    much falls off its beginning.
    """
    cache = PageCache(bytes_max)
    expected: list[tuple[int, KeptPage]] = []
    for number, body in steps:
        known = dict(expected)
        if body is None:
            assert cache.get(key(number)) is known.get(number)
            page = known.get(number)
        else:
            page = KeptPage(JSONBytes(body), "", 0)
            cache.keep(key(number), page)
            if page.size_bytes > bytes_max:
                page = None
        if page:
            expected = [(each, kept) for each, kept in expected if each != number]
            expected.append((number, page))
        while sum(kept.size_bytes for _, kept in expected) > bytes_max:
            expected.pop(0)


def test_nothing_is_kept_where_nothing_may_be() -> None:
    """Without room the cache is switched off."""
    cache = PageCache(0)
    cache.keep(key(1), KeptPage(JSONBytes(b""), "", 0))
    assert cache.get(key(1)) is None
