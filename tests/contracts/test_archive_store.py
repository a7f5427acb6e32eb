"""What every archive store has to do: `ledger.archive.ArchiveStore`, on each engine."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.errors import NoSuchCorp
from confledger.ledger.archive import ArchivedConference, ArchiveSource, ArchiveStore
from confledger.storage import Stores
from engines import ENGINES

CORP, OTHER_CORP = DEFAULT_CORP_ID, "other"
SOURCE, OTHER_SOURCE = "https://a.test", "https://b.test"
A, B = "a" * 32, "b" * 32


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with ENGINES[request.param]() as opened:
        yield opened


@pytest.fixture
async def archive(stores: Stores) -> ArchiveStore:
    """One that knows a second corp."""
    await stores.tenants.add_corp(OTHER_CORP, "Other")
    return stores.archive


def taken(conference_uuid: str = A, *, records: int = 3, problem: str = "") -> ArchivedConference:
    """A conference that is here."""
    return ArchivedConference(
        conference_uuid=conference_uuid,
        start_time_ms=8,
        record_count=records,
        is_whole=not problem,
        problem=problem,
        checked_time_ms=9,
    )


async def test_a_run_tells_how_far_it_is(archive: ArchiveStore) -> None:
    """From its beginning to its end; the next one goes on, and forgets nothing."""
    await archive.begin_run(CORP, SOURCE, since_ms=10, until_ms=20, now_ms=100)
    begun = ArchiveSource(
        source=SOURCE,
        since_ms=10,
        until_ms=20,
        reached_ms=10,
        started_time_ms=100,
        ended_time_ms=None,
        problem="",
        conference_count=0,
        record_count=0,
    )
    assert list(await archive.sources(CORP)) == [begun]

    await archive.put_conference(CORP, SOURCE, taken())
    await archive.put_conference(CORP, SOURCE, taken(B, records=4))
    await archive.reach(CORP, SOURCE, since_ms=10, reached_ms=15)
    await archive.end_run(CORP, SOURCE, now_ms=200, problem="the line is dead")
    counted = replace(begun, conference_count=2, record_count=7)
    ended = replace(counted, reached_ms=15, ended_time_ms=200, problem="the line is dead")
    assert list(await archive.sources(CORP)) == [ended]

    await archive.begin_run(CORP, SOURCE, since_ms=15, until_ms=30, now_ms=300)
    again = replace(counted, until_ms=30, reached_ms=15, started_time_ms=300)
    assert list(await archive.sources(CORP)) == [again]


@pytest.mark.parametrize(
    ("since_ms", "reached_ms", "span"),
    [
        (20, 30, (10, 30)),
        (15, 30, (10, 30)),
        (12, 15, (10, 20)),
        (5, 10, (5, 20)),
        (5, 9, (10, 20)),
        (21, 30, (10, 20)),
    ],
)
async def test_what_is_here_grows_without_a_gap(
    archive: ArchiveStore, since_ms: int, reached_ms: int, span: tuple[int, int]
) -> None:
    """A span that touches what is here is added to it; one that does not says nothing of it."""
    for since, reached in ((10, 20), (since_ms, reached_ms)):
        await archive.begin_run(CORP, SOURCE, since_ms=since, until_ms=reached, now_ms=1)
        await archive.reach(CORP, SOURCE, since_ms=since, reached_ms=reached)

    (known,) = await archive.sources(CORP)
    assert (known.since_ms, known.reached_ms) == span


async def test_a_run_that_reached_nothing_leaves_no_span(archive: ArchiveStore) -> None:
    """Whatever the first run asked for, the next one begins where it wants to."""
    await archive.begin_run(CORP, SOURCE, since_ms=10, until_ms=20, now_ms=1)
    await archive.begin_run(CORP, SOURCE, since_ms=90, until_ms=99, now_ms=2)
    await archive.reach(CORP, SOURCE, since_ms=90, reached_ms=95)

    (known,) = await archive.sources(CORP)
    assert (known.since_ms, known.reached_ms) == (90, 95)


async def test_a_conference_is_written_over(archive: ArchiveStore) -> None:
    """What is said of a conference last is what is known, and a problem may go away."""
    assert await archive.conference(CORP, SOURCE, A) is None
    await archive.put_conference(CORP, SOURCE, taken(problem="no"))
    await archive.put_conference(CORP, SOURCE, taken(B, problem="never"))
    assert await archive.conference(CORP, SOURCE, A) == taken(problem="no")
    found, count = await archive.problems(CORP, SOURCE, limit=1)
    assert (list(found), count) == ([taken(problem="no")], 2)

    await archive.put_conference(CORP, SOURCE, taken(records=5))

    assert await archive.conference(CORP, SOURCE, A) == taken(records=5)
    found, count = await archive.problems(CORP, SOURCE, limit=9)
    assert (list(found), count) == ([taken(B, problem="never")], 1)


async def test_corps_and_sources_are_apart(archive: ArchiveStore) -> None:
    """What one corp archives from one source says nothing of another corp or source."""
    for corp_id, source in ((CORP, SOURCE), (CORP, OTHER_SOURCE), (OTHER_CORP, SOURCE)):
        await archive.begin_run(corp_id, source, since_ms=1, until_ms=2, now_ms=3)
    await archive.put_conference(CORP, SOURCE, taken(problem="no"))
    await archive.reach(CORP, SOURCE, since_ms=1, reached_ms=2)
    await archive.end_run(CORP, SOURCE, now_ms=4, problem="no")

    for corp_id, source in ((CORP, OTHER_SOURCE), (OTHER_CORP, SOURCE)):
        assert await archive.conference(corp_id, source, A) is None
        assert (await archive.problems(corp_id, source, limit=9))[1] == 0
        (known,) = (each for each in await archive.sources(corp_id) if each.source == source)
        assert (known.conference_count, known.reached_ms, known.ended_time_ms) == (0, 1, None)
    with pytest.raises(NoSuchCorp):
        await archive.begin_run("nobody", SOURCE, since_ms=1, until_ms=2, now_ms=3)
