"""From when on `confledger archive run` asks; the commands themselves are run in acceptance/."""

import pytest

from confledger.cli.archive import first_of_run
from confledger.ledger.archive import ArchiveSource

DAY = 24 * 60 * 60 * 1000
NOW = 1000 * DAY
HERE = "https://ledger.test"


@pytest.mark.parametrize(
    ("since_ms", "reached_ms", "source", "first_ms"),
    [
        # All that is kept there is here: a week is looked at again.
        (NOW - 366 * DAY, NOW - DAY, HERE, NOW - 8 * DAY),
        (0, NOW - 100 * DAY, HERE, NOW - 107 * DAY),
        # The last run is long ago, and what lies between is kept no more.
        (0, NOW - 400 * DAY, HERE, NOW - 366 * DAY),
        # Only a part is here, or another source.
        (NOW - 30 * DAY, NOW, HERE, NOW - 366 * DAY),
        (0, NOW, "https://other.test", NOW - 366 * DAY),
    ],
)
def test_a_run_asks_for_what_is_not_here(
    since_ms: int, reached_ms: int, source: str, first_ms: int
) -> None:
    """Everything that is kept there, but for what is here from the beginning on."""
    known = ArchiveSource(
        source=source,
        since_ms=since_ms,
        reached_ms=reached_ms,
        until_ms=NOW,
        started_time_ms=NOW,
        ended_time_ms=None,
        problem="",
        conference_count=0,
        record_count=0,
    )
    assert first_of_run([known], HERE, NOW) == first_ms


def test_the_first_run_asks_for_everything() -> None:
    """Of a source that is not known."""
    assert first_of_run([], HERE, NOW) == NOW - 366 * DAY
