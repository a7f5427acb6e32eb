"""Growth: whether a page and a push cost the same, however much the store holds."""

import random
from typing import Final

from benchmarks.bench import OURS, Bench, Found
from benchmarks.client import log_in, page_path
from benchmarks.posting import Posts
from benchmarks.rounds import Contender, ratio
from benchmarks.writing import pushing

_SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
_QUICK_SIZES: Final = _SIZES[:2]
_RECORDS_PER_MEETING: Final = 100
_PAGES: Final = 20_000
_PUSHED: Final = 100


def growth(bench: Bench) -> Found:
    """A page and a push in stores of 10,000 to 10,000,000 records."""
    most = bench.records_max or _SIZES[-1]
    sizes = [size for size in (_QUICK_SIZES if bench.is_quick else _SIZES) if size <= most]
    contenders: list[Contender] = []
    for size in sizes:
        original = bench.data.meetings(size // _RECORDS_PER_MEETING, size)
        store = bench.data.copy(original, bench.path(f"copy-{size}"))
        server = bench.stack.enter_context(
            bench.confledger.serving(store.url, store.key_file, bench.folder)
        )
        token = log_in(server, store.app)
        uncached = server
        if options := bench.confledger.without_cache():
            uncached = bench.stack.enter_context(
                bench.confledger.serving(store.url, store.key_file, bench.folder, *options)
            )
        conferences = store.conferences()
        same = [page_path(conferences[0][0])]
        # Chosen at random, and without a cache where that can be said, for in a small
        # store every page is soon asked for a second time.
        dice = random.Random(size)  # noqa: S311 - chance decides nothing but which page
        chosen = (dice.choice(conferences) for _ in range(_PAGES))
        other = [
            page_path(conference_uuid, offset=dice.randrange(count))
            for conference_uuid, count in chosen
        ]
        contenders += [
            bench.requesting(server, same, token, name=_named("the same page", size)),
            bench.requesting(uncached, other, token, name=_named("another page", size)),
            pushing(_named("pushes", size), server, token, Posts(_PUSHED, has_event_ids=True), 1),
        ]
    measured = bench.measure(contenders)
    return Found(
        measured,
        [
            ratio(
                measured,
                _named(work, sizes[-1]),
                _named(work, sizes[0]),
                what=f"{OURS}: {work}, {sizes[-1]:,} records",
                goal=goal,
            )
            for work, goal in (("the same page", 0.90), ("another page", 0.90), ("pushes", None))
        ],
        unit="requests",
        notes=[f"of pushes, the records are counted; {_PUSHED} a POST"],
    )


def _named(work: str, size: int) -> str:
    return f"{work}, {size:,}"
