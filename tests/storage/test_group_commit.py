"""Writes that wait while one commits are committed together, and each is whole or not at all."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.errors import NoSuchCorp, StoreBusy, StoreUnusable
from confledger.storage.sqlite import writing
from confledger.storage.sqlite.database import Database

Work = Callable[[apsw.Connection], Any]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new, empty database, with a table to write to."""
    opened = Database(tmp_path / "store.sqlite3")
    yield opened
    opened.close()


class Statements:
    """What the writer says to SQLite, and what is done before a COMMIT, if something is."""

    def __init__(self, database: Database) -> None:
        self.said: list[str] = []
        self.before_commit: Callable[[], object] = bool
        database._writer._connection.exec_trace = self._trace  # noqa: SLF001 - to see what is written

    def _trace(self, _: object, statement: str, __: object) -> bool:
        self.said.append(statement)
        if statement == "COMMIT":
            self.before_commit()
        return True


def add_corp(corp_id: str) -> Work:
    """A work that adds a corp."""
    return lambda connection: connection.execute(
        "INSERT INTO corp (corp_id, name) VALUES (?, ?)", (corp_id, corp_id)
    ).fetchall()


def corps(database: Database) -> set[str]:
    """The corps that a reader sees, but for the first."""
    return {row[0] for row in database.select("SELECT corp_id FROM corp", ())} - {"default"}


@asynccontextmanager
async def held_up(database: Database) -> AsyncIterator[None]:
    """While it lasts the writer is busy with a transaction, so that other writes wait."""
    begun, release = threading.Event(), threading.Event()

    def work(_: apsw.Connection) -> None:
        begun.set()
        release.wait(10)

    task = asyncio.create_task(database.write(work, []))
    await asyncio.to_thread(begun.wait, 10)
    try:
        yield
    finally:
        release.set()
        await asyncio.wait([task])
        task.exception()  # it may be that of the commit that all share


async def write_together(database: Database, works: list[Work]) -> list[Any]:
    """What becomes of some writes that are done in one transaction."""
    async with held_up(database):
        tasks = [asyncio.create_task(database.write(work, [])) for work in works]
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_writes_that_wait_share_one_commit(database: Database) -> None:
    """Twenty writes that come while one runs are committed with it, and all are there."""
    statements = Statements(database)

    await write_together(database, [add_corp(f"{each}") for each in range(20)])

    assert statements.said.count("COMMIT") == 1
    assert corps(database) == {f"{each}" for each in range(20)}


async def test_one_that_fails_is_undone_alone(database: Database) -> None:
    """Of three writes the second does something and raises: nothing of it stays, the others do."""

    def failing(connection: apsw.Connection) -> None:
        add_corp("second")(connection)
        raise ZeroDivisionError

    results = await write_together(database, [add_corp("first"), failing, add_corp("third")])

    assert results[0] == results[2] == []
    assert isinstance(results[1], ZeroDivisionError)
    assert corps(database) == {"first", "third"}


@given(fails=st.lists(st.booleans(), min_size=1, max_size=12), together_max=st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_whichever_fail_the_others_stand(fails: list[bool], together_max: int) -> None:
    """Whatever the pattern of failures, exactly those that were told of success are there."""

    def work(place: int) -> Work:
        def add(connection: apsw.Connection) -> int:
            add_corp(f"{place}")(connection)
            if fails[place]:
                raise ZeroDivisionError
            return place

        return add

    async def run(database: Database) -> None:
        results = await write_together(database, [work(place) for place in range(len(fails))])
        assert [isinstance(each, ZeroDivisionError) for each in results] == fails
        assert corps(database) == {f"{each}" for each in results if isinstance(each, int)}

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "_TOGETHER_MAX", together_max)
        database = Database(Path(folder) / "store.sqlite3")
        asyncio.run(run(database))
        database.close()


async def test_a_transaction_has_a_bound(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than so many writes are in one, and one that takes long gets no further write."""
    statements = Statements(database)
    monkeypatch.setattr(writing, "_TOGETHER_MAX", 4)
    await write_together(database, [add_corp(f"{each}") for each in range(7)])
    assert statements.said.count("COMMIT") == 2

    statements.said.clear()
    monkeypatch.setattr(writing, "_TOGETHER_SECONDS_MAX", -1.0)
    await write_together(database, [add_corp("a"), add_corp("b")])
    assert statements.said.count("COMMIT") == 3


@pytest.mark.parametrize(
    ("error", "told"), [(apsw.FullError("full"), StoreUnusable), (apsw.BusyError("b"), StoreBusy)]
)
async def test_an_error_at_the_commit_is_that_of_all(
    database: Database, error: apsw.Error, told: type[Exception]
) -> None:
    """Where the commit fails, every write of it is told so and none is there; the next works."""
    statements = Statements(database)

    def fail() -> None:
        raise error

    def conflict(connection: apsw.Connection) -> None:
        assert connection.execute("SELECT 1 FROM corp WHERE corp_id = 'a'").fetchall()
        raise NoSuchCorp("for what was not committed")

    statements.before_commit = fail
    results = await write_together(database, [add_corp("a"), add_corp("b"), conflict])
    assert [type(each) for each in results] == [told] * 3
    assert corps(database) == set()

    statements.before_commit = bool
    await database.write(add_corp("c"), [])
    assert corps(database) == {"c"}


async def test_an_error_that_ends_the_transaction_is_that_of_all(database: Database) -> None:
    """Where SQLite itself has rolled back, those that were done before are told so, too."""

    def ended(connection: apsw.Connection) -> None:
        connection.execute("ROLLBACK")
        raise apsw.FullError

    results = await write_together(database, [add_corp("a"), ended])

    assert [type(each) for each in results] == [StoreUnusable] * 2
    assert corps(database) == set()


async def test_all_are_told_after_the_commit_in_their_order(database: Database) -> None:
    """Before the commit nobody has been told, and the generations are as they were; then they
    have changed when the first is told, and the writes are told of in the order they came in.
    """
    statements = Statements(database)
    told: list[str] = []
    generations = database.generations
    places = {name: 2 + place for place, name in enumerate("abc")}
    before = {name: generations.of(place) for name, place in places.items()}
    at_commit: list[object] = []
    looked = threading.Event()
    loop = asyncio.get_running_loop()

    def look() -> None:
        at_commit.extend([*told, *(generations.of(places[each]) == before[each] for each in "abc")])
        looked.set()

    def wait_for_the_loop() -> None:
        # Whoever was told already would now be before it on the loop.
        loop.call_soon_threadsafe(loop.call_later, 0, look)
        looked.wait(10)

    async def write(name: str) -> None:
        await database.write(add_corp(name), [places[name]])
        assert corps(database) == {"a", "b", "c"}
        assert all(generations.of(places[each]) != before[each] for each in "abc")
        told.append(name)

    async with held_up(database):
        tasks = [asyncio.create_task(write(each)) for each in "abc"]
        await asyncio.sleep(0)
        statements.before_commit = wait_for_the_loop
    await asyncio.gather(*tasks)

    assert at_commit == [True, True, True]
    assert told == ["a", "b", "c"]


async def test_who_waits_at_the_end_is_let_go(tmp_path: Path) -> None:
    """What runs when the store is closed is finished; who waited behind it is cancelled."""
    database = Database(tmp_path / "store.sqlite3")
    begun, release = threading.Event(), threading.Event()

    def slow(connection: apsw.Connection) -> None:
        begun.set()
        release.wait(10)
        add_corp("slow")(connection)

    running = asyncio.create_task(database.write(slow, []))
    await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(database.write(add_corp("late"), []))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(database.close))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release.set()
    await running
    await closing

    again = Database(tmp_path / "store.sqlite3")
    assert corps(again) == {"slow"}
    again.close()
