"""What a list of conferences costs in SQLite: by its plans and its steps, and not by a clock."""

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    ConferenceQuery,
    NewestQuery,
    Order,
    Participant,
    Place,
    person_by_account,
    person_by_id,
)
from confledger.storage import lists
from confledger.storage.sqlite.conferences import SQLiteConferenceStore
from confledger.storage.sqlite.database import QUERIES, Database

CORP = "default"
DAY_MS = 86_400_000
FIRST_DAY = 20_000
DAYS = 100
FEW, MANY = 100, 100_000
BATCH = 5_000
OWN_EVERY = {FEW: 10, MANY: 10_000}
"""Of how many conferences one is the viewer's own: ten of each store."""

VIEWER = person_by_id("viewer")
PERSONS = frozenset({VIEWER, person_by_account("viewer")})
WHOLE = ConferenceQuery(since_ms=FIRST_DAY * DAY_MS, until_ms=(FIRST_DAY + DAYS) * DAY_MS - 1)
BUSY = f"{0:032x}"
"""A conference with participants and stays."""


def conference(number: int, total: int) -> Conference:
    """One of so many, spread evenly over the days in an order of their own."""
    start_time_ms = FIRST_DAY * DAY_MS + number * 7919 % total * (DAYS * DAY_MS // total)
    is_own = number % OWN_EVERY[total] == 0
    return Conference(
        conference_uuid=f"{number:032x}",
        conference_id=str(900_000_000 + number),
        subject=f"Meeting {number}",
        start_time_ms=start_time_ms,
        end_time_ms=start_time_ms + 1,
        scheduler_name="Ann",
        has_recording=number % 3 == 0,
        viewers=frozenset({VIEWER} if is_own else {"id:other"}),
        details="{}",
    )


@contextmanager
def filled(total: int) -> Iterator[SQLiteConferenceStore]:
    """A store with so many conferences."""

    async def fill(store: SQLiteConferenceStore) -> None:
        for first in range(0, total, BATCH):
            numbers = range(first, min(first + BATCH, total))
            held = (conference(number, total) for number in numbers)
            await store.put(
                CORP,
                [
                    ConferenceNews(conference_uuid=each.conference_uuid, conference=each)
                    for each in held
                ],
            )
        invited = [
            Participant(
                identity=f"name:{number}",
                place=number,
                name="Ann",
                number="1",
                is_terminal=False,
                details="{}",
            )
            for number in range(100)
        ]
        stays = [
            Attendance(
                display_name="Ann",
                call_number="1",
                device_type="",
                join_time_ms=number,
                left_time_ms=200,
                media_type="",
                dept_name="",
            )
            for number in range(100)
        ]
        await store.put(
            CORP, [ConferenceNews(conference_uuid=BUSY, participants=invited, stays=stays)]
        )

    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "store.sqlite3")
        store = SQLiteConferenceStore(database)
        try:
            asyncio.run(fill(store))
            yield store
        finally:
            database.close()


@pytest.fixture(scope="module")
def many() -> Iterator[SQLiteConferenceStore]:
    """A store with many conferences."""
    with filled(MANY) as store:
        yield store


@pytest.fixture(scope="module")
def few() -> Iterator[SQLiteConferenceStore]:
    """A store with few conferences, over as many days."""
    with filled(FEW) as store:
        yield store


def plan(store: SQLiteConferenceStore, name: str) -> list[str]:
    """How SQLite goes about a statement."""
    bindings = dict.fromkeys(re.findall(r":(\w+)", QUERIES[name]), 1)
    reader = store.database._reader  # noqa: SLF001 - to ask for the plan
    rows = reader.execute("EXPLAIN QUERY PLAN " + QUERIES[name], bindings).fetchall()
    return [str(step) for *_, step in rows]


HOT_AND_LISTS = [
    "page",
    "principal",
    "viewers",
    "head",
    "event",
    "delivery",
    "conference",
    "list_up",
    "list_down",
    "list_recorded_up",
    "list_recorded_down",
    "list_own_up",
    "list_own_down",
    "list_own_recorded_up",
    "list_own_recorded_down",
    "count_own",
    "search_own",
    "count_search_own",
    "count_ended",
    "sum_of_days",
    "participants",
    "participants_of_kinds",
    "count_participants",
    "attendance",
    "count_attendance",
    "phrase",
    "walk",
    "newest_ended",
    "newest_running",
    "newest_own",
    "floor_of_ended",
    "floor_of_running",
    "floor_of_own",
    "newest_of_id",
    "floor_of_id",
    "counts",
    "ended",
    "starts",
    "invited_to",
    "with_invited",
    "with_viewer",
    "stays_in",
    "with_stays",
]
IN_ORDER_OF_A_KEY = [
    "page",
    "list_up",
    "list_down",
    "list_recorded_up",
    "list_recorded_down",
    "participants",
    "participants_of_kinds",
    "attendance",
    "walk",
    "newest_ended",
    "newest_running",
    "floor_of_ended",
    "floor_of_running",
    "newest_of_id",
    "floor_of_id",
]


@pytest.mark.parametrize("name", HOT_AND_LISTS)
def test_a_read_searches_by_a_key(many: SQLiteConferenceStore, name: str) -> None:
    """No table is scanned, and what is looked up is looked up by an index or the primary key."""
    steps = plan(many, name)

    assert any(step.startswith("SEARCH ") for step in steps), steps
    for step in steps:
        # What a subquery gave is read as it comes; it is as long as the page.
        # So are the ids that are given.
        assert "SCAN" not in step or re.search("subquery|json_each|SCAN own$", step), steps
        if step.startswith("SEARCH "):
            assert re.search(r"USING (COVERING )?(INDEX|PRIMARY KEY)", step), steps
            assert "AUTOMATIC" not in step, steps


@pytest.mark.parametrize("name", IN_ORDER_OF_A_KEY)
def test_a_key_gives_the_order(many: SQLiteConferenceStore, name: str) -> None:
    """Nothing is sorted after it was found: the key has the order of the list."""
    assert not any("TEMP B-TREE" in step for step in plan(many, name))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("list_up", "ended_by_start (corp_id=? AND start_time_ms>? AND start_time_ms<?)"),
        ("list_down", "ended_by_start (corp_id=? AND start_time_ms>? AND start_time_ms<?)"),
        ("count_ended", "ended_by_start (corp_id=? AND start_time_ms>? AND start_time_ms<?)"),
        ("newest_ended", "ended_by_start (corp_id=? AND (start_time_ms,conference_uuid)>(?,?)"),
        ("floor_of_ended", "ended_by_start (corp_id=? AND (start_time_ms,conference_uuid)>(?,?)"),
        ("floor_of_running", "running_by_start (corp_id=? AND (start_time_ms,conference_uuid)>(?"),
        ("floor_of_id", "conference_by_id (corp_id=? AND conference_id=? AND (start_time_ms,"),
        ("list_recorded_up", "ended_by_recording (corp_id=? AND has_recording=? AND start_"),
        ("list_recorded_down", "ended_by_recording (corp_id=? AND has_recording=? AND start_"),
        ("sum_of_days", "PRIMARY KEY (corp_id=? AND has_recording=? AND day>? AND day<?)"),
    ],
)
def test_a_window_is_a_range_of_a_key(many: SQLiteConferenceStore, name: str, keys: str) -> None:
    """A list or a count of a window begins at its first conference and ends at its last."""
    (step,) = plan(many, name)
    assert keys in step


@pytest.mark.parametrize("name", ["search_own", "count_search_own"])
def test_an_own_list_begins_with_the_persons(many: SQLiteConferenceStore, name: str) -> None:
    """Somebody's own conferences are found by who they are, and not among all of the corp."""
    first, second = (step for step in plan(many, name) if step.startswith("SEARCH "))
    assert re.match(r"SEARCH viewer USING .*\(corp_id=\? AND person=\?", first), first
    assert second.startswith("SEARCH conference USING PRIMARY KEY (corp_id=? AND conference_uuid=?")


def steps_of(
    store: SQLiteConferenceStore, ask: Callable[[SQLiteConferenceStore], Awaitable[Sized]]
) -> int:
    """How many steps SQLite's machine takes for an answer, which has something in it."""
    taken: dict[str, int] = {}

    def note(event: dict[str, Any]) -> None:
        # A statement that is run again counts on.
        taken[event["sql"]] = event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    async def answer() -> Sized:
        return await ask(SQLiteConferenceStore(database))

    # With a connection of its own, whose statements have not been run before.
    database = Database(store.database.path)
    searchers = database._searchers  # noqa: SLF001 - to count
    for _ in range(searchers.qsize()):
        connection = searchers.get()
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
        searchers.put(connection)
    try:
        found = asyncio.run(answer())
    finally:
        database.close()
    assert found
    assert taken
    assert all(taken.values())
    return sum(taken.values())


def steps_of_list(
    store: SQLiteConferenceStore, query: ConferenceQuery, *, offset: int = 0, limit: int = 20
) -> int:
    """How many steps a page and its count take."""

    async def ask(asked: SQLiteConferenceStore) -> Sized:
        return (await asked.list(CORP, query, offset=offset, limit=limit))[0]

    return steps_of(store, ask)


def steps_of_newest(
    store: SQLiteConferenceStore, query: NewestQuery, *, before: Place | None = None
) -> int:
    """How many steps a page of the newest takes."""

    async def ask(asked: SQLiteConferenceStore) -> Sized:
        return (await asked.newest(CORP, query, before=before, limit=5)).conferences

    return steps_of(store, ask)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("persons", [None, PERSONS], ids=["all of the corp", "own"])
def test_the_first_page_costs_the_same_however_many_there_are(
    few: SQLiteConferenceStore,
    many: SQLiteConferenceStore,
    order: Order,
    persons: frozenset[str] | None,
) -> None:
    """A page of a thousand times as many conferences, with its count, takes no more steps."""
    query = replace(WHOLE, order=order, persons=persons)
    limit = 20 if persons is None else 5

    assert asyncio.run(many.list(CORP, query, offset=0, limit=1))[1] == (
        MANY if persons is None else 10
    )
    cheap, dear = (steps_of_list(store, query, limit=limit) for store in (few, many))
    assert dear <= 3 * cheap, (cheap, dear)


@pytest.mark.parametrize("order", Order)
def test_the_parts_of_a_day_cost_their_conferences_and_no_others(
    many: SQLiteConferenceStore, order: Order
) -> None:
    """A window that begins and ends within a day counts one by one only in those two days."""
    half_a_day = DAY_MS // 2
    whole = steps_of_list(many, replace(WHOLE, order=order))
    cut = replace(
        WHOLE,
        since_ms=WHOLE.since_ms + half_a_day,
        until_ms=WHOLE.until_ms - half_a_day,
        order=order,
    )

    in_the_parts = 2 * (MANY // DAYS // 2)
    steps_for_each_max = 20
    assert steps_of_list(many, cut) <= whole + steps_for_each_max * in_the_parts
    assert asyncio.run(many.list(CORP, cut, offset=0, limit=1))[1] == MANY - in_the_parts


def test_a_search_shows_what_counting_one_by_one_costs(many: SQLiteConferenceStore) -> None:
    """Where every conference is looked at, as for a search, the steps tell it."""
    assert steps_of_list(many, replace(WHOLE, search="meeting")) > MANY


NEWEST = NewestQuery(since_ms=WHOLE.since_ms, until_ms=WHOLE.until_ms)


@pytest.mark.parametrize("persons", [None, PERSONS], ids=["all of the corp", "own"])
@pytest.mark.parametrize("day", [DAYS, DAYS // 2], ids=["first page", "in the middle"])
def test_the_newest_cost_the_same_however_many_there_are(
    few: SQLiteConferenceStore,
    many: SQLiteConferenceStore,
    persons: frozenset[str] | None,
    day: int,
) -> None:
    """A page behind any place takes no more steps of a thousand times as many conferences."""
    query = replace(NEWEST, persons=persons)
    before = ((FIRST_DAY + day) * DAY_MS, "")
    cheap, dear = (steps_of_newest(store, query, before=before) for store in (few, many))
    assert dear <= 3 * cheap, (cheap, dear)


def test_a_search_for_the_newest_looks_at_so_many_and_no_more(
    many: SQLiteConferenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step of a search costs is that of the conferences that it looks at."""
    query = replace(NEWEST, search="90000")  # which few have
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", 1_000)
    thousand = steps_of_newest(many, query)
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", 10_000)
    ten_thousand = steps_of_newest(many, query)
    assert thousand < 40 * 1_000
    assert ten_thousand < 12 * thousand
