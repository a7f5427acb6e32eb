"""What `migrate_store` does, on each engine, with migrations that are made up for the test."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from confledger.errors import StoreBusy, StoreUnusable
from confledger.storage import Stores, migrate_store, open_stores, open_tables, version_of
from confledger.storage.migrations import Migrated, Migrations, Tell, load_migrations
from confledger.storage.postgresql import database as postgresql_database
from confledger.storage.postgresql import migrating as postgresql_migrating
from confledger.storage.sqlite import database as sqlite_database
from conftest import CONFERENCE, MakeRecord
from postgresql import new_database, new_store_of_its_own
from storage.schemas import Schema, postgresql_schema, sqlite_schema

CORP = "default"

ADD_COLUMN = "ALTER TABLE corp ADD COLUMN note text NOT NULL DEFAULT '';"
ADD_TABLE = "CREATE TABLE note (id bigint NOT NULL PRIMARY KEY, words text NOT NULL);"
SLOW = {
    "sqlite": (
        "CREATE TABLE slow AS WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) SELECT max(i) AS i FROM n;"
    ),
    "postgresql": "SELECT pg_sleep(0.4); CREATE TABLE slow (i bigint);",
}


@dataclass(frozen=True, slots=True)
class Old:
    """A store of the newest version, for which the program has a few migrations more."""

    engine: str
    url: str
    migrations: Callable[..., Migrations]
    """Puts the texts of some migrations in place, after those that there are."""

    async def run(self, sqlite: str, postgresql: str | None = None) -> list[Any]:
        """Run a statement on the store, beside the program."""
        if self.engine == "sqlite":
            with apsw.Connection(self.url.removeprefix("sqlite:///")) as connection:
                rows = connection.execute(sqlite).fetchall()
            connection.close()
            return [tuple(row) for row in rows]
        other = await asyncpg.connect(self.url)
        rows = [tuple(row) for row in await other.fetch(postgresql or sqlite)]
        await other.close()
        return rows

    async def set_version(self, version: int) -> None:
        """Say that the store has a version."""
        await self.run(
            f"PRAGMA user_version = {version}",
            f"UPDATE store_info SET value = '{version}' WHERE name = 'schema_version'",  # noqa: S608 - a number of ours
        )

    async def schema(self) -> Schema:
        """All that the store consists of, its version included."""
        if self.engine == "sqlite":
            return sqlite_schema(Path(self.url.removeprefix("sqlite:///")))
        return await postgresql_schema(self.url)


@pytest.fixture(params=["sqlite", "postgresql"])
async def old(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Old]:
    """A new, empty store, and a way to give the program more migrations than made it."""
    engine = request.param
    database: Any = {"sqlite": sqlite_database, "postgresql": postgresql_database}[engine]

    def put(*texts: str) -> Migrations:
        folder = tmp_path / "migrations"
        shutil.rmtree(folder, ignore_errors=True)
        with as_file(files(f"confledger.storage.{engine}") / "migrations") as real:
            shutil.copytree(real, folder)
        newest = load_migrations(folder).newest
        for number, text in enumerate(texts, start=newest + 1):
            (folder / f"{number:04}_step.sql").write_text(text)
        migrations = load_migrations(folder)
        monkeypatch.setattr(database, "MIGRATIONS", migrations)
        return migrations

    if engine == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
        await (await open_stores(url)).close()
        yield Old(engine, url, put)
    else:
        async with new_store_of_its_own() as url:
            yield Old(engine, url, put)


async def migrate(url: str, tell: Tell = len) -> Migrated:
    """Migrate in a thread with a loop of its own, as another process would."""
    return await asyncio.to_thread(lambda: asyncio.run(migrate_store(url, tell)))


async def test_a_store_is_brought_to_the_newest_version(old: Old) -> None:
    """Until it is migrated nobody opens it, and the sentence says how; then it works, with
    what it had, and there is nothing more to do.
    """
    stores = await open_stores(old.url)
    await stores.tenants.add_corp("acme", "Acme")
    await stores.close()
    migrations = old.migrations(ADD_COLUMN, ADD_TABLE, "UPDATE corp SET note = 'was there';")
    was = migrations.newest - 3

    for make in (True, False):
        match = rf"version {was}\b.*version {was + 3}\b.*`confledger store migrate`"
        with pytest.raises(StoreUnusable, match=match):
            await open_stores(old.url, make=make)
    told: list[str] = []
    done = await migrate(old.url, told.append)

    names = tuple(f"{version:04}_step" for version in range(was + 1, was + 4))
    assert (done.from_version, done.to_version, done.steps) == (was, was + 3, names)
    assert told == [f"{name} is done" for name in names]
    assert await old.run("SELECT corp_id, note FROM corp ORDER BY corp_id") == [
        ("acme", "was there"),
        ("default", "was there"),
    ]
    await (await open_stores(old.url, make=False)).close()
    again = await migrate(old.url, told.append)
    assert (again.from_version, again.to_version, again.steps) == (was + 3, was + 3, ())
    assert len(told) == 3


@pytest.mark.parametrize(
    "failing",
    [
        "INSERT INTO nowhere VALUES (1);",
        "INSERT INTO note VALUES (1, 'a'); INSERT INTO note VALUES (1, 'b');",
        "this is no SQL;",
    ],
    ids=["no such table", "a rule is broken", "no SQL"],
)
async def test_a_step_that_fails_leaves_the_version_before_it(old: Old, failing: str) -> None:
    """Nothing of it is there, the steps before it are, and a better program goes on from there."""
    migrations = old.migrations(ADD_COLUMN)
    first = migrations.newest
    await migrate(old.url)
    before = await old.schema()
    old.migrations(ADD_COLUMN, ADD_TABLE + failing)

    told: list[str] = []
    match = rf"migration {first + 1:04}_step .* failed, .* version {first}: "
    with pytest.raises(StoreUnusable, match=match):
        await migrate(old.url, told.append)

    assert told == []
    assert await old.schema() == before
    assert (await version_of(old.url)).version == first
    old.migrations(ADD_COLUMN, ADD_TABLE)
    assert (await migrate(old.url)).to_version == first + 1


async def test_two_at_once_end_well(old: Old) -> None:
    """Each step is done once, by one of the two, and both find the store migrated."""
    migrations = old.migrations(SLOW[old.engine], ADD_COLUMN, ADD_TABLE)

    both = await asyncio.gather(migrate(old.url), migrate(old.url))

    assert [done.to_version for done in both] == [migrations.newest] * 2
    steps = sorted(name for done in both for name in done.steps)
    assert steps == [step.name for step in migrations.steps[-3:]]


@pytest.mark.parametrize("version", ["newer", "older", "much newer", "much older"])
async def test_a_version_that_is_out_of_reach_is_refused(old: Old, version: str) -> None:
    """A store of a newer program, or of one before the baseline, is neither opened nor changed."""
    migrations = old.migrations(ADD_COLUMN)
    number = {
        "newer": migrations.newest + 1,
        "much newer": 2_000_000_000,
        "older": migrations.baseline.version - 1,
        "much older": 0,
    }[version]
    await old.set_version(number)
    before = await old.schema()
    what = "upgrade this program" if "newer" in version else "with an older confledger first"
    match = rf"version {number}\b.*version {migrations.newest}\b.*{what}"

    with pytest.raises(StoreUnusable, match=match):
        await migrate(old.url)
    with pytest.raises(StoreUnusable, match=match):
        await open_stores(old.url)

    assert await old.schema() == before
    look = await version_of(old.url)
    assert (look.version, look.program_version) == (number, migrations.newest)


async def test_a_copy_that_is_not_whole_is_refused(old: Old) -> None:
    """The program that began the copy has to end it."""
    async with open_tables(old.url, make=False) as tables:
        await tables.begin_copy("sqlite:////elsewhere")
    old.migrations(ADD_COLUMN)
    before = await old.schema()

    with pytest.raises(StoreUnusable, match="is a copy of sqlite:////elsewhere that is not whole"):
        await migrate(old.url)

    assert await old.schema() == before


@pytest.mark.parametrize("work", [migrate, version_of])
async def test_where_there_is_no_store_none_is_made(
    tmp_path: Path, work: Callable[[str], Any]
) -> None:
    """No file, an empty file, and an empty database are told as no store, and stay as they are."""
    missing, empty = tmp_path / "missing", tmp_path / "empty"
    empty.touch()
    for path in (missing, empty):
        with pytest.raises(StoreUnusable, match=f"there is no store {path}"):
            await work(f"sqlite:///{path}")
    assert not missing.exists()
    async with new_database() as url:
        for _ in range(2):
            with pytest.raises(StoreUnusable, match="there is no store in"):
                await work(url)


@pytest.mark.parametrize("work", [migrate, version_of, open_stores])
@pytest.mark.parametrize(
    "theirs", ["theirs (a int)", "store_info (a int)", "store_info (name text, value text)"]
)
async def test_what_another_program_keeps_is_left_alone(
    tmp_path: Path, work: Callable[[str], Any], theirs: str
) -> None:
    """Somebody else's tables are refused, even where one has the name of ours."""
    path = tmp_path / "theirs.sqlite3"
    connection = apsw.Connection(str(path))
    connection.execute(f"CREATE TABLE {theirs}")
    connection.close()
    with pytest.raises(StoreUnusable, match="of another program"):
        await work(f"sqlite:///{path}")
    async with new_database() as url:
        other = await asyncpg.connect(url)
        await other.execute(f"CREATE TABLE {theirs}")
        await other.close()
        with pytest.raises(StoreUnusable, match="is another program's"):
            await work(url)


async def append_until(
    stores: Stores, make_record: MakeRecord, is_over: asyncio.Event
) -> list[int]:
    """Append record by record until something is over, and a few more; where each came to stand."""
    seqs: list[int] = []
    more = 5
    while more:
        more -= is_over.is_set()
        record = make_record(event_id=str(len(seqs)))
        receipts = await stores.records.append(CORP, {CONFERENCE: [record]})
        seqs.append(receipts[CONFERENCE].first_seq)
        await asyncio.sleep(0)
    return seqs


async def test_a_service_of_the_version_before_goes_on(old: Old, make_record: MakeRecord) -> None:
    """While steps that only add are done, and after, a process that had the store open appends
    and reads as before: nothing fails, and nothing is lost.
    """
    stores = await open_stores(old.url)
    is_over = asyncio.Event()
    writing = asyncio.create_task(append_until(stores, make_record, is_over))
    await asyncio.sleep(0.05)
    old.migrations(
        "ALTER TABLE record ADD COLUMN note text NOT NULL DEFAULT ''",
        "ALTER TABLE head ADD COLUMN note text",
        "CREATE INDEX record_note ON record (note, seq);",
        SLOW[old.engine],
        ADD_COLUMN + ADD_TABLE,
    )

    await migrate(old.url)
    is_over.set()
    count = len(await writing)

    page = await stores.records.page(CORP, CONFERENCE, offset=0, limit=500)
    assert page.count == count > 5
    assert [record.event_id for record in page.records] == [
        str(number) for number in range(min(count, 500))
    ]
    await stores.close()


@pytest.mark.parametrize("old", ["sqlite"], indirect=True)
async def test_sqlite_makes_a_table_anew_with_all_that_refers_to_it(old: Old) -> None:
    """A table that others refer to is replaced by one with its rows; a row too few is noticed."""
    anew = """
        CREATE TABLE corp_anew (
            corp_id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
            masks_numbers INTEGER NOT NULL DEFAULT 1, is_disabled INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        INSERT INTO corp_anew SELECT * FROM corp WHERE corp_id <> '%s';
        DROP TABLE corp;
        ALTER TABLE corp_anew RENAME TO corp;
    """
    await old.run("INSERT INTO phrase VALUES ('default', 'hi', 'en', 'Hi')")
    before = await old.schema()
    old.migrations(anew % "default")
    with pytest.raises(StoreUnusable, match="a row of phrase belongs to one that is not there"):
        await migrate(old.url)
    assert await old.schema() == before

    old.migrations(anew % "other")
    await migrate(old.url)
    assert await old.run("SELECT corp_id, words FROM phrase JOIN corp USING (corp_id)") == [
        ("default", "Hi")
    ]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are not waited for long."""
    monkeypatch.setattr(postgresql_migrating, "_LOCK_SECONDS_MAX", 0.1)
    monkeypatch.setattr(postgresql_migrating, "_PAUSES_SECONDS", (0.01, 0.02))


on_postgresql = pytest.mark.parametrize("old", ["postgresql"], indirect=True)


@on_postgresql
@pytest.mark.usefixtures("quick")
async def test_postgresql_gives_up_a_lock_that_is_not_to_be_had(old: Old) -> None:
    """While somebody uses a table for long, a step gives up after a few attempts, and nothing
    of it is there; whoever used it goes on.
    """
    migrations = old.migrations(ADD_TABLE + ADD_COLUMN)
    other = await asyncpg.connect(old.url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("UPDATE corp SET name = 'mine'")

    told: list[str] = []
    with pytest.raises(StoreBusy, match=rf"did not get a lock.* version {migrations.newest - 1}:"):
        await migrate(old.url, told.append)

    await transaction.commit()
    assert len(told) == 2
    assert "waits for a lock" in told[0]
    assert await other.fetchval("SELECT name FROM corp") == "mine"
    assert await other.fetchval("SELECT to_regclass('note')") is None
    await other.close()
    assert (await migrate(old.url)).to_version == migrations.newest


@on_postgresql
async def test_postgresql_tries_again_for_a_lock(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that comes free between two attempts is had."""
    monkeypatch.setattr(postgresql_migrating, "_LOCK_SECONDS_MAX", 0.1)
    monkeypatch.setattr(postgresql_migrating, "_PAUSES_SECONDS", (0.01,) * 1000)
    migrations = old.migrations(ADD_COLUMN)
    other = await asyncpg.connect(old.url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("LOCK TABLE corp IN ACCESS SHARE MODE")

    has_tried = threading.Event()
    migrating = asyncio.create_task(migrate(old.url, lambda _: has_tried.set()))
    await asyncio.to_thread(has_tried.wait)
    await transaction.rollback()

    assert (await migrating).to_version == migrations.newest
    await other.close()


@on_postgresql
@pytest.mark.usefixtures("quick")
async def test_postgresql_ends_the_step_and_not_the_service(old: Old) -> None:
    """A step that has one table and waits for another, and a service that has the other and
    waits for the one: the step gives up, and is done when the service is through.
    """
    migrations = old.migrations(
        "ALTER TABLE record ADD COLUMN note text; ALTER TABLE head ADD COLUMN note text"
    )
    service = await asyncpg.connect(old.url)
    transaction = service.transaction()
    await transaction.start()
    await service.execute("LOCK TABLE head IN ROW EXCLUSIVE MODE")

    has_tried = threading.Event()
    migrating = asyncio.create_task(migrate(old.url, lambda _: has_tried.set()))
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'head'::regclass AND NOT granted"
    while not (await service.fetchval(waiting) or has_tried.is_set()):  # noqa: ASYNC110 - the server tells no event
        await asyncio.sleep(0)
    await service.execute("LOCK TABLE record IN ROW EXCLUSIVE MODE")
    await transaction.commit()
    await service.close()

    assert (await migrating).to_version == migrations.newest


@on_postgresql
@pytest.mark.usefixtures("quick")
async def test_postgresql_gives_a_step_the_time_that_it_needs(old: Old) -> None:
    """The time limits of a database and of our own connections end no migration."""
    name = old.url.partition("?")[0].rpartition("/")[2]
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"):
        await old.run("", f"ALTER DATABASE {name} SET {setting} = '50ms'")
    migrations = old.migrations("SELECT pg_sleep(0.3);" + ADD_COLUMN)

    assert (await migrate(old.url)).to_version == migrations.newest


CONCURRENTLY = """-- outside a transaction
-- So that nobody waits for it.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS corp_name ON corp (name);
"""


@on_postgresql
@pytest.mark.usefixtures("quick")
async def test_postgresql_makes_an_index_outside_a_transaction(old: Old) -> None:
    """It waits for who writes, longer than for a lock, while another migration waits for it;
    whoever starts a service meanwhile is told at once.
    """
    migrations = old.migrations(CONCURRENTLY)
    other = await asyncpg.connect(old.url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("UPDATE corp SET name = 'mine'")

    both = [asyncio.create_task(migrate(old.url)) for _ in range(2)]
    _, pending = await asyncio.wait(both, timeout=0.5)
    assert len(pending) == 2
    with pytest.raises(StoreUnusable, match="`confledger store migrate`"):
        await open_stores(old.url)
    await transaction.commit()
    await other.close()

    ends = await asyncio.gather(*both)
    assert {end.to_version for end in ends} == {migrations.newest}
    assert await old.run(
        "", "SELECT indisvalid FROM pg_index WHERE indexrelid='corp_name'::regclass"
    ) == [(True,)]


@on_postgresql
async def test_postgresql_makes_an_index_anew_that_was_broken_off(old: Old) -> None:
    """What a failed or killed attempt left is removed, and made by the next; so is one that was
    made by an attempt that died before it noted the version.
    """
    migrations = old.migrations(CONCURRENTLY)
    await old.run("", "INSERT INTO corp (corp_id, name) VALUES ('a', 'same'), ('b', 'same')")
    state = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('corp_name')"
    for _ in range(2):
        with pytest.raises(StoreUnusable, match=rf"failed, .* version {migrations.newest - 1}:"):
            await migrate(old.url)
        assert await old.run("", state) == [(False,)]

    await old.run("", "UPDATE corp SET name = corp_id")
    assert (await migrate(old.url)).to_version == migrations.newest
    assert await old.run("", state) == [(True,)]
    await old.set_version(migrations.newest - 1)
    assert (await migrate(old.url)).to_version == migrations.newest


@on_postgresql
async def test_postgresql_that_ends_a_migration_leaves_the_version_before(old: Old) -> None:
    """A connection that is lost in a step is told in a sentence, and the step is not done."""
    migrations = old.migrations("SELECT pg_terminate_backend(pg_backend_pid());" + ADD_COLUMN)
    before = await old.schema()
    with pytest.raises(StoreBusy):
        await migrate(old.url)
    assert await old.schema() == before
    assert (await version_of(old.url)).version == migrations.newest - 1
