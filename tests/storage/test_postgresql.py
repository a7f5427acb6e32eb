"""What PostgreSQL alone has to do for its store: connections, locks, processes, errors, keys."""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from confledger.auth.accounts import AdminType, Directory, User
from confledger.errors import (
    InvalidRecord,
    NameTaken,
    NoSuchConference,
    SettingError,
    StoreBusy,
    StoreUnusable,
)
from confledger.ledger.conference import Attendance, Conference, ConferenceNews, ConferenceQuery
from confledger.ledger.record import ControlRecord
from confledger.storage import Stores, open_stores, secret_key_path
from confledger.storage.checking import check_store
from confledger.storage.postgresql import database as database_module
from confledger.storage.postgresql.address import address_of
from confledger.storage.postgresql.database import MIGRATIONS, QUERIES, Database, Session
from confledger.storage.postgresql.distribution import SHARD_KEYS, WHOLE_EVERYWHERE
from confledger.storage.postgresql.records import PostgreSQLRecordStore
from confledger.storage.postgresql.tenants import name_taken
from conftest import CONFERENCE, MakeRecord
from postgresql import new_database, new_store, new_store_of_its_own, server_of_its_own

WRITER = Path(__file__).with_name("append_to_many.py")
PROCESSES, WRITERS, BATCHES, SIZE = 4, 4, 6, 3
RESTARTS = int(os.environ.get("POSTGRESQL_RESTARTS", "3"))
LINES_BETWEEN = 100
"""How many batches are acknowledged, at least, between two restarts."""
SECONDS_MAX = 60.0 + 10 * RESTARTS
"""After how long the test gives up on writers who do not get on."""
CORP = "default"
KEY = {"conference_uuid": CONFERENCE, "corp_id": CORP}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """The URL of a new, empty store."""
    async with new_store() as made:
        yield made


@pytest.fixture
async def stores(url: str) -> AsyncIterator[Stores]:
    """That store, open."""
    opened = await open_stores(url)
    yield opened
    await opened.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Somebody else's connection to it."""
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


def database_of(stores: Stores) -> Database:
    """What its stores share."""
    assert isinstance(stores.records, PostgreSQLRecordStore)
    return stores.records.database


async def all_records(stores: Stores, conference_uuid: str) -> list[ControlRecord]:
    """All that a conference has, page by page."""
    records: list[ControlRecord] = []
    while True:
        page = await stores.records.page(CORP, conference_uuid, offset=len(records), limit=500)
        records += page.records
        if not page.records:
            assert page.count == len(records)
            return records


async def pid_of(database: Database) -> int:
    """Which process of the server the next write talks to."""

    async def work(session: Session) -> int:
        return int(await session.connection.fetchval("SELECT pg_backend_pid()"))

    return await database.write(work)


async def fail_with(database: Database, state: str) -> None:
    """Do some work that the server refuses with this SQLSTATE."""

    async def work(session: Session) -> None:
        await session.rows("add_corp", {"corp_id": "half-done", "name": "Half done"})
        await session.connection.execute(
            f"DO $$ BEGIN RAISE EXCEPTION 'as planned' USING ERRCODE = '{state}'; END $$"
        )

    await database.write(work)


async def started_writers(url: str) -> list[asyncio.subprocess.Process]:
    """Processes that write until their standard input is closed."""
    arguments = list(map(str, (WRITERS, BATCHES, SIZE)))
    return [
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(WRITER), url, f"process {number}", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]


async def assert_all_there(url: str, reports: Iterable[bytes]) -> None:
    """Every event is there exactly once, `seq` has no gap, and each batch stands where it was
    said to be; and the store fits together.
    """
    told: dict[str, list[tuple[int | None, list[str]]]] = {}
    for line in b"".join(reports).splitlines():
        conference, first_own, own = json.loads(line)
        told.setdefault(conference, []).append((first_own, own))
    stores = await open_stores(url)
    try:
        assert len(told) == 5
        assert len(told["0" * 32]) >= PROCESSES * WRITERS * BATCHES
        for conference, batches in told.items():
            ids = [record.event_id for record in await all_records(stores, conference)]
            place_of = {event_id: place for place, event_id in enumerate(ids)}
            assert len(place_of) == len(ids)
            expected = {event_id for _, own in batches for event_id in own}
            assert {each for each in ids if not each.startswith("everybody")} == expected
            for first_own, own in batches:
                place = place_of[own[0]]
                assert ids[place : place + SIZE] == own
                assert first_own in (None, place)
        assert [finding async for finding in check_store(stores.tables)] == []
    finally:
        await stores.close()


async def test_writers_of_several_processes_lose_nothing_and_wait_in_no_circle() -> None:
    """16 writers in 4 processes make a store and append to the same conferences at once, though
    their batches name them in contrary orders.
    """
    async with new_database() as url:
        processes = await started_writers(url)
        # At once, for whoever can't report waits, and with it all who share a conference.
        reports = await asyncio.gather(*(process.communicate(b"") for process in processes))
        assert [process.returncode for process in processes] == [0] * PROCESSES
        await assert_all_there(url, [output for output, _ in reports])


async def test_writers_lose_nothing_through_restarts_of_the_server() -> None:
    """The same while the server is stopped at once, as in a crash, and started again, in the middle
    of it all; who is told that the store is busy brings the same again.
    """
    with server_of_its_own(fsync="on") as server:
        await (await open_stores(server.url)).close()
        processes = await started_writers(server.url)
        lines: list[bytes] = []

        async def listen(process: asyncio.subprocess.Process) -> None:
            assert process.stdout
            while line := await process.stdout.readline():
                lines.append(line)

        async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(listen(process))
            for restart in range(RESTARTS + 1):
                enough = len(lines) + LINES_BETWEEN
                while len(lines) < enough:  # noqa: ASYNC110 - the writers need not know
                    await asyncio.sleep(0.001)
                if restart < RESTARTS:
                    await asyncio.to_thread(server.end)
                    await asyncio.to_thread(server.start)
            for process in processes:
                assert process.stdin
                process.stdin.close()
        assert [await process.wait() for process in processes] == [0] * PROCESSES
        await assert_all_there(server.url, lines)
    known = sum(json.loads(line)[1] is None for line in lines)
    print(  # noqa: T201 - the figures, for who wants them (pytest -s)
        f"{RESTARTS} restarts, {len(lines)} batches acknowledged, {known} of them as known already"
    )


async def test_what_is_told_of_conferences_in_contrary_orders_waits_in_no_circle(
    stores: Stores,
) -> None:
    """News of the same conferences and days, told at once from both ends, are all put."""
    news = [
        ConferenceNews(
            conference_uuid=f"{number:032x}",
            conference=Conference(
                conference_uuid=f"{number:032x}",
                conference_id=str(number),
                subject="Meeting",
                start_time_ms=number * 86_400_000,
                end_time_ms=number * 86_400_000 + 1,
                scheduler_name="Ann",
                has_recording=number % 2 == 0,
                viewers=frozenset({"id:1"}),
                details="{}",
            ),
        )
        for number in range(20)
    ]

    await asyncio.gather(
        *(stores.conferences.put(CORP, news[:: (1, -1)[turn % 2]]) for turn in range(6))
    )

    query = ConferenceQuery(since_ms=0, until_ms=20 * 86_400_000 - 1)
    page, in_all = await stores.conferences.list(CORP, query, offset=0, limit=50)
    assert len(page) == in_all == 20


@pytest.mark.parametrize("size", [1, 50, 51, 1001])
async def test_few_records_and_many_are_kept_alike(
    stores: Stores, make_record: MakeRecord, size: int
) -> None:
    """However many come at once, and by which statement: the same records, and no second time."""
    records = [
        make_record(event_id=str(number), detail="详情\\\t\n", result=None, operate_time_ms=number)
        for number in range(size)
    ]

    first = await stores.records.append(CORP, {CONFERENCE: records})
    again = await stores.records.append(CORP, {CONFERENCE: [*records, make_record(event_id="x")]})

    assert (first[CONFERENCE].accepted, again[CONFERENCE].accepted) == (size, 1)
    assert (await all_records(stores, CONFERENCE))[:-1] == records


async def test_a_new_database_is_made_a_store_if_wanted() -> None:
    """Whoever only wants to look gets an error, and the database stays empty."""
    async with new_database() as url:
        with pytest.raises(StoreUnusable, match="there is no store"):
            await open_stores(url, make=False)
        with pytest.raises(StoreUnusable, match="there is no store"):
            await open_stores(url, make=False)
        await (await open_stores(url)).close()
        await (await open_stores(url, make=False)).close()


async def test_a_database_of_another_program_is_left_alone() -> None:
    """A database with somebody else's tables is refused."""
    async with new_database() as url:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE theirs (a int)")
        with pytest.raises(StoreUnusable, match="another program"):
            await open_stores(url)
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        await connection.close()
        assert [row[0] for row in tables] == ["theirs"]


async def test_another_version_of_the_schema_is_refused(
    url: str, other: "asyncpg.Connection[Any]"
) -> None:
    """A store that is of another version is refused with both versions."""
    await other.execute("UPDATE store_info SET value = '0' WHERE name = 'schema_version'")
    with pytest.raises(StoreUnusable, match=rf"version 0\b.*version {MIGRATIONS.newest}\b"):
        await open_stores(url)


async def test_a_database_that_is_not_there_is_told_without_the_password(url: str) -> None:
    """The sentence names user and database, and neither it nor a log of its cause the password."""
    missing = url.replace("postgres@", "postgres:hunter2@")
    missing = re.sub(r"/confledger_test_\w+", "/not_there", missing)
    with pytest.raises(StoreUnusable, match=r"postgres@/not_there.*does not exist") as caught:
        await open_stores(missing)
    assert "hunter2" not in str(caught.value)


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    """Nobody listens: an error that says so."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        url = f"postgresql://ann:hunter2@127.0.0.1:{port}/ledger?password=hunter2"
        with pytest.raises(StoreUnusable, match=rf"ann@127.0.0.1:{port}/ledger") as caught:
            await open_stores(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://ann@db/ledger", "postgresql://ann@db/ledger"),
        (
            "postgresql://ann:p%40ss@db:5433/ledger?sslmode=require",
            "postgresql://ann@db:5433/ledger",
        ),
        ("postgresql://ann@[::1]:5433/ledger", "postgresql://ann@[::1]:5433/ledger"),
        ("postgresql://ann@a:1,b:2/ledger", "postgresql://ann@a:1,b:2/ledger"),
        ("postgresql:///ledger?host=%2Frun%2Fpg", "postgresql:///ledger"),
    ],
)
def test_an_address_is_what_may_be_shown_of_a_url(url: str, shown: str) -> None:
    """User, hosts and database; neither the password nor the parameters."""
    assert address_of(url) == shown


async def test_a_wrong_parameter_is_a_wrong_setting() -> None:
    """What the driver refuses of a URL is told without repeating it."""
    with pytest.raises(SettingError) as caught:
        await open_stores("postgresql://ann:hunter2@localhost/ledger?sslmode=hunter2")
    assert "hunter2" not in str(caught.value)


def test_the_secret_key_is_in_the_data_folder() -> None:
    """A database has no place beside it."""
    assert secret_key_path("postgresql://db/x", Path("a")) == Path("a/confledger.key")


async def test_connections_that_the_server_ended_are_opened_anew(
    stores: Stores, other: "asyncpg.Connection[Any]", make_record: MakeRecord
) -> None:
    """After a restart of the server, which ends every connection, the store goes on."""
    await stores.records.append(CORP, {CONFERENCE: [make_record(event_id="1")]})
    await stores.records.page(CORP, CONFERENCE, offset=0, limit=1)
    ended = await other.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert len(ended) == 2
    await asyncio.sleep(0.05)

    await stores.records.append(CORP, {CONFERENCE: [make_record(event_id="2")]})
    page = await stores.records.page(CORP, CONFERENCE, offset=0, limit=1)
    assert page.count == 2


async def test_a_statement_that_the_server_ends_leaves_nothing(
    stores: Stores, other: "asyncpg.Connection[Any]"
) -> None:
    """Who loses the connection in the middle of a write is told that the store is busy."""
    database = database_of(stores)

    async def work(session: Session) -> None:
        await session.rows("add_corp", {"corp_id": "half-done", "name": "Half done"})
        pid = await session.connection.fetchval("SELECT pg_backend_pid()")
        await other.execute("SELECT pg_terminate_backend($1)", pid)
        await session.rows("corp", KEY)
        await session.rows("corp", KEY)

    with pytest.raises(StoreBusy):
        await database.write(work)

    assert await stores.accounts.corp("half-done") is None
    assert await stores.tenants.add_corp("half-done", "Now")


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("08006", StoreBusy),
        ("40001", StoreBusy),
        ("40P01", StoreBusy),
        ("53200", StoreBusy),
        ("53300", StoreBusy),
        ("55P03", StoreBusy),
        ("57014", StoreBusy),
        ("57P01", StoreBusy),
        ("57P03", StoreBusy),
        ("25006", StoreBusy),
        ("28000", StoreUnusable),
        ("42501", StoreUnusable),
        ("53100", StoreUnusable),
        ("58030", StoreUnusable),
        ("XX001", StoreUnusable),
        ("22021", InvalidRecord),
        ("54000", InvalidRecord),
        ("42601", asyncpg.PostgresSyntaxError),
    ],
)
async def test_errors_are_told_apart_by_their_state(
    stores: Stores, state: str, error: type[Exception]
) -> None:
    """Whatever the server refuses work with: the error of its SQLSTATE, and no trace."""
    with pytest.raises(error):
        await fail_with(database_of(stores), state)
    assert await stores.accounts.corp("half-done") is None


@pytest.mark.parametrize(("state", "is_kept"), [("08006", True), ("25006", False)])
async def test_a_part_of_the_server_that_is_gone_costs_no_connection(
    stores: Stores, *, state: str, is_kept: bool
) -> None:
    """08006 over a live connection is about a shard behind it; 25006 about the server itself."""
    database = database_of(stores)
    before = await pid_of(database)
    with pytest.raises(StoreBusy):
        await fail_with(database, state)
    assert (await pid_of(database) == before) == is_kept


async def test_a_search_has_an_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that takes too long is given up, on both sides, and the next one works."""
    monkeypatch.setattr(database_module, "_SEARCH_SECONDS_MAX", 0.2)
    stores = await open_stores(url)
    database = database_of(stores)

    async def sleep(session: Session) -> None:
        await session.connection.execute("SELECT pg_sleep(30)")

    results = await asyncio.gather(
        *(database.search(sleep) for _ in range(4)), return_exceptions=True
    )
    assert [type(result) for result in results] == [StoreBusy] * 4

    assert await database.search(lambda session: session.rows("corp", KEY))
    await stores.close()


async def test_a_search_sees_one_moment(stores: Stores) -> None:
    """What is written while a search goes on is not in it."""
    database = database_of(stores)

    async def work(session: Session) -> tuple[int, int]:
        before = len(await session.rows("corps", {}))
        await stores.tenants.add_corp("new", "New")
        return before, len(await session.rows("corps", {}))

    assert await database.search(work) == (1, 1)


async def test_a_head_that_somebody_holds_makes_the_store_busy(
    url: str,
    other: "asyncpg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
    make_record: MakeRecord,
) -> None:
    """A write that waits too long for another one gives up with a clear error; reads go on."""
    monkeypatch.setattr(database_module, "_WRITE_WAIT_SECONDS_MAX", 0.1)
    stores = await open_stores(url)
    await stores.records.append(CORP, {CONFERENCE: [make_record(event_id="1")]})
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT 1 FROM head FOR UPDATE")

    with pytest.raises(StoreBusy):
        await stores.records.append(CORP, {CONFERENCE: [make_record(event_id="2")]})
    assert (await stores.records.page(CORP, CONFERENCE, offset=0, limit=1)).count == 1

    await transaction.rollback()
    await stores.records.append(CORP, {CONFERENCE: [make_record(event_id="2")]})
    await stores.close()


async def test_the_queue_of_writes_has_an_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many waiting writes a further one is refused at once, and the others are done."""
    monkeypatch.setattr(database_module, "_WRITERS", 1)
    monkeypatch.setattr(database_module, "_WRITES_WAITING_MAX", 2)
    stores = await open_stores(url)

    results = await asyncio.gather(
        *(stores.tenants.add_corp(str(number), "New") for number in range(5)),
        return_exceptions=True,
    )

    assert results[:3] == [True] * 3
    assert [type(result) for result in results[3:]] == [StoreBusy] * 2
    assert await stores.tenants.add_corp("later", "New")
    await stores.close()


async def test_a_caller_who_goes_away_does_not_undo_a_write(
    stores: Stores, make_record: MakeRecord
) -> None:
    """An append whose caller is cancelled is kept whole or not at all, and the store goes on."""
    batch = [make_record(event_id=str(number)) for number in range(500)]
    for steps in range(8):
        task = asyncio.create_task(stores.records.append(CORP, {f"{steps}" * 32: batch}))
        for _ in range(steps):
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await stores.records.append(CORP, {CONFERENCE: batch})

    for steps in range(8):
        try:
            count = (await stores.records.page(CORP, f"{steps}" * 32, offset=0, limit=1)).count
        except NoSuchConference:
            count = 0
        assert count in (0, 500)


async def test_a_reader_who_goes_away_leaves_no_answer_to_the_next(
    stores: Stores, make_record: MakeRecord
) -> None:
    """A read that is cancelled at any moment does not disturb those that come after it."""
    await stores.records.append(CORP, {CONFERENCE: [make_record(event_id="1")]})
    for steps in range(20):
        task = asyncio.create_task(stores.records.page(CORP, CONFERENCE, offset=0, limit=1))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        corp = await stores.accounts.corp(CORP)
        assert corp
        assert corp.corp_id == CORP


async def test_a_text_that_postgresql_cannot_keep_is_nowhere_and_refused(stores: Stores) -> None:
    """Nothing is found by a text with U+0000; to keep one is refused, and leaves nothing."""
    conferences = stores.conferences
    query = ConferenceQuery(since_ms=0, until_ms=1, search="a\0")
    assert await conferences.list(CORP, query, offset=0, limit=1) == ([], 0)
    stays = await conferences.attendance(CORP, CONFERENCE, search="\0", offset=0, limit=1)
    assert stays == ([], 0)
    assert await stores.accounts.login("a\0") is None
    assert await stores.accounts.begin_attempt("a\0", 1, failures_max=1, lock_ms=1)
    assert not await stores.accounts.begin_attempt("a\0", 1, failures_max=1, lock_ms=1)
    stay = Attendance(
        display_name="a\0",
        call_number="",
        device_type="",
        join_time_ms=1,
        left_time_ms=None,
        media_type="",
        dept_name="",
    )
    with pytest.raises(InvalidRecord, match=r"U\+0000"):
        await conferences.put(CORP, [ConferenceNews(conference_uuid=CONFERENCE, stays=[stay])])
    with pytest.raises(NoSuchConference):
        await conferences.may_view(CORP, CONFERENCE, ["id:1"])


async def test_an_id_that_is_too_long_for_a_key_is_refused(
    stores: Stores, make_record: MakeRecord
) -> None:
    """A key has a limit in PostgreSQL, and what goes beyond it is told, not failed at."""
    endless = "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(20_000))
    with pytest.raises(InvalidRecord, match="too long"):
        await stores.records.append(CORP, {CONFERENCE: [make_record(event_id=endless)]})


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (("default", "ann", "2", 2), NameTaken),
        (("default", "bob", "1", 2), NameTaken),
        (("nowhere", "bob", "2", 2), asyncpg.ForeignKeyViolationError),
        (("default", "bob", "2", 3), asyncpg.CheckViolationError),
        (("default", None, "2", 2), asyncpg.NotNullViolationError),
    ],
    ids=["primary key", "unique", "foreign key", "check", "not null"],
)
async def test_only_a_key_that_is_taken_is_told_as_taken(
    stores: Stores, row: tuple[object, ...], error: type[Exception]
) -> None:
    """A row that breaks another rule of the schema is no matter of names."""
    await stores.tenants.add_user(User("1", CORP, "ann", AdminType.ORDINARY, Directory()), "")

    async def add(session: Session) -> None:
        await session.connection.execute(
            "INSERT INTO corp_user"
            " (corp_id, account, user_id, admin_type, name, email, phone, dept_code, is_automatic)"
            " VALUES ($1, $2, $3, $4, '', '', '', '', false)",
            *row,
        )

    with pytest.raises(error), name_taken("it is taken"):
        await database_of(stores).write(add)


async def test_logins_at_once_make_one_user_and_count_every_attempt(stores: Stores) -> None:
    """Whoever logs in many times at once is one user, and has no more attempts than in turn."""
    candidates = [
        User(f"{number:032x}", CORP, account, AdminType.DEFAULT_ADMINISTRATOR, Directory(phone="1"))
        for number, account in enumerate(["", "ann"] * 4)
    ]
    made = await asyncio.gather(
        *(stores.accounts.user(each) for each in candidates), return_exceptions=True
    )
    users = [user for user in made if isinstance(user, User)]
    assert len({user.user_id for user in users if not user.account}) <= 1
    attempts = await asyncio.gather(
        *(stores.accounts.begin_attempt("ann", 1, failures_max=3, lock_ms=9) for _ in range(10))
    )
    assert attempts.count(True) == 3


async def test_the_schema_can_be_distributed() -> None:
    """Every key of a table that grows has its shard key, as a partitioned table demands."""
    schema = (files("confledger.storage.postgresql") / "schema.sql").read_text("utf-8")
    tables = re.findall(r"^CREATE TABLE (\w+)", schema, re.MULTILINE)
    # A new table has to be told where it goes.
    assert sorted(tables) == sorted([*SHARD_KEYS, *WHOLE_EVERYWHERE])
    for table, key in SHARD_KEYS.items():
        pattern = rf"(CREATE TABLE {table} \(.*?^\));"
        schema, changed = re.subn(
            pattern, rf"\1 PARTITION BY HASH ({key});", schema, flags=re.MULTILINE | re.DOTALL
        )
        assert changed == 1
    assert not re.search(r"\b(serial|bigserial|GENERATED|TRIGGER)\b", schema, re.IGNORECASE)
    async with new_database() as url:
        connection = await asyncpg.connect(url)
        await connection.execute(schema)
        await connection.close()


async def test_a_database_of_an_extension_is_no_other_programs() -> None:
    """A view that an extension brought does not keep a store away, and one of somebody's does."""
    async with new_database() as url:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE VIEW citus_tables AS SELECT 1")
        with pytest.raises(StoreUnusable, match="another program's"):
            await open_stores(url)
        await connection.execute("ALTER EXTENSION plpgsql ADD VIEW citus_tables")
        await connection.close()
        await (await open_stores(url)).close()


IN_ORDER_OF_A_KEY = [
    "list_up",
    "list_down",
    "list_recorded_up",
    "list_recorded_down",
    "participants",
    "participants_of_kinds",
    "attendance",
]


async def test_every_query_finds_its_rows_by_a_key() -> None:
    """No statement needs to read a whole table, but the list of all corps; a list is not sorted."""
    # What is known of earlier rows would be known of a store that others had before.
    async with new_store_of_its_own() as url:
        connection = await asyncpg.connect(url)
        try:
            await assert_that_keys_are_used(connection)
        finally:
            await connection.close()


async def assert_that_keys_are_used(other: "asyncpg.Connection[Any]") -> None:
    """See the test."""
    await other.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    whole = set()
    for number, (name, query) in enumerate(QUERIES.items()):
        if query.text.endswith("VALUES"):
            continue  # the values of an insertion are not here
        await other.execute(f"PREPARE statement_{number} AS {query.text}")
        nothing = ", ".join(["NULL"] * len(query.names))
        call = f"statement_{number}({nothing})" if nothing else f"statement_{number}"
        plan = [str(row[0]) for row in await other.fetch(f"EXPLAIN EXECUTE {call}")]
        for step, detail in zip(plan, [*plan[1:], ""], strict=True):
            is_by_key = "Index Cond:" in detail or "Bitmap Heap Scan" in step
            if re.search(r"(Seq|Index|Only) Scan", step) and not is_by_key:
                whole.add(name)
        if name in IN_ORDER_OF_A_KEY:
            assert not any("Sort" in step for step in plan), (name, plan)
    assert whole == {"corps"}
