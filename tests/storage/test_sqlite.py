"""What SQLite alone has to do for its store: files, locks, processes, plans."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from confledger.errors import NameTaken, NoSuchConference, SettingError, StoreBusy, StoreUnusable
from confledger.ledger.record import ControlRecord
from confledger.storage import open_stores, secret_key_path, sqlite_path
from confledger.storage.sqlite import database as database_module
from confledger.storage.sqlite.database import MIGRATIONS, QUERIES, Database
from confledger.storage.sqlite.tenants import name_taken
from conftest import CONFERENCE, MakeRecord

WRITER = Path(__file__).with_name("append_records.py")
SHARED_CONFERENCE = "c" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's store is."""
    return tmp_path / "store.sqlite3"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """A new, empty database."""
    opened = Database(path)
    yield opened
    opened.close()


def start_writers(
    path: Path, writers: dict[str, str], batches: int, size: int
) -> subprocess.Popen[str]:
    """Start a process in which writers, by name, append to their conferences."""
    named = [f"{name}={conference_uuid}" for name, conference_uuid in writers.items()]
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(path), str(batches), str(size), *named],
        stdout=subprocess.PIPE,
        text=True,
    )


async def all_records(path: Path, conference_uuid: str = SHARED_CONFERENCE) -> list[ControlRecord]:
    """All that a conference has, page by page."""
    stores = await open_stores(f"sqlite:///{path}")
    try:
        records: list[ControlRecord] = []
        while True:
            page = await stores.records.page(
                "default", conference_uuid, offset=len(records), limit=500
            )
            records += page.records
            if not page.records:
                assert page.count == len(records)
                return records
    finally:
        await stores.close()


@pytest.mark.parametrize("conferences", [1, 4, 16])
async def test_several_processes_write_to_one_file(path: Path, conferences: int) -> None:
    """Four processes that open a new store, with four writers each, append at once, to one
    conference or to several: every record is there once, where it was said to be, without a gap.
    """
    conference_of = {f"writer{each}": f"{each % conferences:032x}" for each in range(16)}
    names = list(conference_of)
    processes = [
        start_writers(path, {name: conference_of[name] for name in names[each::4]}, 25, 4)
        for each in range(4)
    ]
    reports = [process.communicate(timeout=60)[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    kept = {each: await all_records(path, each) for each in set(conference_of.values())}
    lines = [line.split() for report in reports for line in report.splitlines()]
    assert len(lines) == 16 * 25
    for name, batch, first_seq in lines:
        records = kept[conference_of[name]][int(first_seq) : int(first_seq) + 4]
        assert [record.event_id for record in records] == [
            f"{name}-{batch}-{place}" for place in range(4)
        ]
    assert {len(records) for records in kept.values()} == {16 * 25 * 4 // conferences}
    with apsw.Connection(str(path)) as connection:
        seqs = connection.execute(
            "SELECT count(*), min(seq), max(seq) FROM readable_record GROUP BY conference_uuid"
        ).fetchall()
    assert seqs == [(len(kept[each]), 0, len(kept[each]) - 1) for each in sorted(kept)]


async def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    """A writer killed in the middle leaves all that it reported, and no half batch."""
    writer = start_writers(path, {"victim": SHARED_CONFERENCE}, 100_000, 7)
    assert writer.stdout
    acknowledged = [writer.stdout.readline() for _ in range(30)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.stdout.readlines()
    writer.stdout.close()
    writer.wait()

    records = await all_records(path)

    assert len(records) % 7 == 0
    complete = [line for line in acknowledged if line.endswith("\n")]
    assert len(records) >= 7 * len(complete)
    assert [record.event_id for record in records] == [
        f"victim-{index // 7}-{index % 7}" for index in range(len(records))
    ]


def test_the_file_is_durable_and_its_owners_alone(path: Path, database: Database) -> None:
    """The store uses a write-ahead log with full synchronisation, readable by its owner only."""
    with apsw.Connection(str(path)) as connection:
        assert connection.pragma("journal_mode") == "wal"
    assert database._writer._connection.pragma("synchronous") == 2  # noqa: SLF001 - what the writer runs with
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """What a piece of work did before it failed is undone, and the next one works."""

    def work(connection: apsw.Connection) -> None:
        connection.execute(QUERIES["add_corp"], {"corp_id": "new", "name": "New"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work, [])

    assert database.read("corp", {"corp_id": "new"}) == []
    await database.write(
        lambda connection: connection.execute(
            QUERIES["add_corp"], {"corp_id": "new", "name": "New"}
        ),
        [],
    )
    assert len(database.read("corp", {"corp_id": "new"})) == 1


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (("default", "ann", "2", 2), NameTaken),
        (("default", "bob", "1", 2), NameTaken),
        (("nowhere", "bob", "2", 2), apsw.ConstraintError),
        (("default", "bob", "2", 3), apsw.ConstraintError),
        (("default", None, "2", 2), apsw.ConstraintError),
    ],
    ids=["primary key", "unique", "foreign key", "check", "not null"],
)
async def test_only_a_key_that_is_taken_is_told_as_taken(
    database: Database, row: tuple[object, ...], error: type[Exception]
) -> None:
    """A row that breaks another rule of the schema is no matter of names."""

    def add(connection: apsw.Connection, row: tuple[object, ...]) -> None:
        connection.execute(
            "INSERT INTO user"
            " (corp_id, account, user_id, admin_type, name, email, phone, dept_code, is_automatic)"
            " VALUES (?, ?, ?, ?, '', '', '', '', 0)",
            row,
        )

    await database.write(lambda connection: add(connection, ("default", "ann", "1", 2)), [])

    with pytest.raises(error), name_taken("it is taken"):
        await database.write(lambda connection: add(connection, row), [])


async def test_another_process_that_holds_the_lock_makes_the_store_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that waits too long for another one gives up with a clear error; reads go on."""
    monkeypatch.setattr(database_module, "_WRITE_SECONDS_MAX", 0.05)
    database = Database(path)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreBusy, match=str(path)):
        await database.write(lambda connection: connection.execute("SELECT 1"), [])
    assert database.read("corp", {"corp_id": "default"})

    other.execute("ROLLBACK")
    other.close()
    await database.write(lambda connection: connection.execute("SELECT 1"), [])
    database.close()


async def test_the_queue_of_writes_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many waiting writes a further one is refused at once, and the others are done."""
    monkeypatch.setattr(database_module, "_WRITES_WAITING_MAX", 3)
    database = Database(path)

    def work(connection: apsw.Connection) -> int:
        return len(connection.execute("SELECT 1").fetchall())

    results = await asyncio.gather(
        *(database.write(work, []) for _ in range(5)), return_exceptions=True
    )

    assert results[:3] == [1, 1, 1]
    assert all(isinstance(result, StoreBusy) for result in results[3:])
    assert await database.write(work, []) == 1
    database.close()


async def test_a_caller_who_goes_away_does_not_undo_a_write(
    path: Path, make_record: MakeRecord
) -> None:
    """An append whose caller is cancelled is kept whole or not at all."""
    stores = await open_stores(f"sqlite:///{path}")
    batch = [make_record(event_id=str(number)) for number in range(500)]
    task = asyncio.create_task(stores.records.append("default", {CONFERENCE: batch}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await stores.close()

    stores = await open_stores(f"sqlite:///{path}")
    try:
        count = (await stores.records.page("default", CONFERENCE, offset=0, limit=1)).count
    except NoSuchConference:
        count = 0
    await stores.close()
    assert count in (0, 500)


def test_every_query_finds_its_rows_by_a_key(database: Database) -> None:
    """No statement scans a table, however much the store holds, but the list of all corps."""
    for name, statement in QUERIES.items():
        if "VALUES" in statement:
            continue  # an insertion looks nothing up
        bindings: dict[str, int] | list[int]
        bindings = dict.fromkeys(re.findall(r":(\w+)", statement), 1) or [1] * statement.count("?")
        plan = database._reader.execute(  # noqa: SLF001 - to ask for the plan
            "EXPLAIN QUERY PLAN " + statement, bindings
        ).fetchall()
        steps = [str(step) for *_, step in plan]
        assert steps
        # What a subquery gave is read as it comes, and so are the ids that are given.
        is_scan = any(
            re.match(r"SCAN (?!own|asked|carray|json_each|\(subquery)", step) for step in steps
        )
        assert is_scan == (name == "corps"), (name, steps)
        if name == "page":
            assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize("url", ["", "store.sqlite3", "sqlite://x", "sqlite:///", "mysql:///x"])
async def test_a_url_of_no_engine_is_refused(url: str) -> None:
    """Whatever is not `sqlite:///PATH` is refused with the form that is wanted."""
    with pytest.raises(SettingError, match="sqlite:///PATH"):
        await open_stores(url)


def test_a_url_names_a_file_and_the_key_beside_it() -> None:
    """Three slashes and a relative path, four and an absolute one."""
    assert sqlite_path("sqlite:///a/b.db") == Path("a/b.db")
    assert sqlite_path("sqlite:////a/b.db") == Path("/a/b.db")
    assert secret_key_path("sqlite:////a/b.db", Path("data")) == Path("/a/b.db.key")


async def test_a_store_that_is_not_there_is_made_only_if_wanted(path: Path) -> None:
    """Whoever only wants to look gets an error and no file."""
    with pytest.raises(StoreUnusable, match="there is no store"):
        await open_stores(f"sqlite:///{path}", make=False)
    assert not path.exists()  # noqa: ASYNC240 - a test waits for nobody


def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    """An SQLite file with somebody else's tables is not written to."""
    with apsw.Connection(str(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()

    with pytest.raises(StoreUnusable, match="of another program"):
        Database(path)

    with apsw.Connection(str(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    connection.close()
    assert names == [("theirs",)]


@pytest.mark.parametrize("version", [MIGRATIONS.newest - 1, MIGRATIONS.newest + 1])
def test_another_version_of_the_schema_is_refused(path: Path, version: int) -> None:
    """A store that is too old or too new is refused with both versions."""
    Database(path).close()
    with apsw.Connection(str(path)) as connection:
        connection.pragma("user_version", version)
    connection.close()

    with pytest.raises(StoreUnusable, match=rf"version {version}\b.*version {MIGRATIONS.newest}\b"):
        Database(path)


def test_what_is_no_database_is_refused(path: Path, tmp_path: Path) -> None:
    """A text file, and a folder, are refused with a sentence that names them."""
    path.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(StoreUnusable, match=str(path)):
        Database(path)
    with pytest.raises(StoreUnusable, match=str(tmp_path)):
        Database(tmp_path)


async def test_a_write_that_waited_too_long_is_not_begun(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that a write may wait counts from when it was asked for, not from its turn."""
    monkeypatch.setattr(database_module, "_WRITE_SECONDS_MAX", 0.2)
    database = Database(path)
    begun: list[str] = []

    def slow(_: apsw.Connection) -> None:
        begun.append("slow")
        time.sleep(0.5)

    results = await asyncio.gather(
        database.write(slow, []),
        database.write(lambda _: begun.append("late"), []),
        return_exceptions=True,
    )

    assert results[0] is None
    assert isinstance(results[1], StoreBusy)
    assert begun == ["slow"]
    database.close()


async def test_a_search_has_a_time_limit_and_holds_up_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that does not end is stopped, and meanwhile others read and write."""
    endless = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    )
    monkeypatch.setitem(QUERIES, "endless", endless)
    monkeypatch.setattr(database_module, "_SEARCH_SECONDS_MAX", 0.3)

    searching = asyncio.create_task(database.search(lambda read: read("endless", {})))
    await asyncio.sleep(0)
    assert await database.search(lambda read: read("corps", {}))
    await database.write(lambda connection: connection.execute("DELETE FROM failed_login"), [])
    assert database.read("corps", {})
    assert not searching.done()

    with pytest.raises(StoreBusy):
        await searching
    assert await database.search(lambda read: read("corps", {}))


async def test_searches_that_wait_are_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many searches at once a further one is refused, and none is forgotten."""
    monkeypatch.setattr(database, "_searches_waiting", threading.BoundedSemaphore(3))
    release = threading.Event()

    def wait(_: object) -> bool:
        return release.wait(10)

    searches = [asyncio.create_task(database.search(wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy):
        await database.search(lambda read: read("corps", {}))

    release.set()
    assert await asyncio.gather(*searches) == [True] * 3
    assert await database.search(lambda read: read("corps", {}))


def test_who_only_looks_at_a_store_makes_nobody_look_anew(tmp_path: Path) -> None:
    """Whoever opens it to serve or to fill it does: a process before it may have died between a
    commit and telling of it.
    """
    path = tmp_path / "store.sqlite3"
    serving = Database(path)
    before = serving.generations.of(5)

    Database(path, make=False).close()
    assert serving.generations.of(5) == before

    Database(path).close()
    assert serving.generations.of(5) != before
    serving.close()
