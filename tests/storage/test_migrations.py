"""The files of the migrations: their names, and that they lead to the schema of a new store."""

from importlib.resources import files
from pathlib import Path

import apsw
import asyncpg
import pytest

from confledger.errors import StoreUnusable
from confledger.storage import migrate_store, open_stores
from confledger.storage.migrations import load_migrations
from confledger.storage.postgresql import database as postgresql_database
from confledger.storage.sqlite import database as sqlite_database
from postgresql import new_database, new_store_of_its_own
from storage.schemas import postgresql_schema, sqlite_schema


def ignore(_: str) -> None:
    """Nobody is told."""


def run_on_file(path: Path, sql: str) -> None:
    """Run some statements on an SQLite file."""
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


async def run_on_server(url: str, sql: str) -> None:
    """Run some statements on a database of PostgreSQL."""
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def test_sqlite_arrives_at_the_schema_of_a_new_store(tmp_path: Path) -> None:
    """The baseline and then every migration make what schema.sql makes, with the same rows."""
    new, old = tmp_path / "new.sqlite3", tmp_path / "old.sqlite3"
    sqlite_database.Database(new).close()
    baseline = sqlite_database.MIGRATIONS.baseline
    run_on_file(old, baseline.text)
    run_on_file(
        old,
        f"PRAGMA application_id = {0x636F6E66}; PRAGMA user_version = {baseline.version}",
    )

    await migrate_store(f"sqlite:///{old}", ignore)

    assert sqlite_schema(old) == sqlite_schema(new)


async def test_postgresql_arrives_at_the_schema_of_a_new_store() -> None:
    """The baseline and then every migration make what schema.sql makes, with the same rows."""
    baseline = postgresql_database.MIGRATIONS.baseline
    async with new_store_of_its_own() as new, new_database() as old:
        await run_on_server(old, baseline.text)
        version = f"('schema_version', '{baseline.version}')"
        await run_on_server(old, "INSERT INTO store_info VALUES " + version)  # noqa: S608 - a number of ours

        await migrate_store(old, ignore)

        assert await postgresql_schema(old) == await postgresql_schema(new)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("words    TEXT NOT NULL,", "words    BLOB NOT NULL,"),
        ("words    TEXT NOT NULL,", "words    TEXT,"),
        ("words    TEXT NOT NULL,", "words    TEXT NOT NULL DEFAULT '',"),
        ("words    TEXT NOT NULL,", "words    TEXT NOT NULL COLLATE NOCASE,"),
        ("words    TEXT NOT NULL,", "words    TEXT NOT NULL CHECK (words <> ''),"),
        ("words    TEXT NOT NULL,", ""),
        ("text     TEXT NOT NULL,\n    language TEXT", "language TEXT NOT NULL,\n    text TEXT"),
        ("(corp_id, text, language)\n) STRICT,", "(corp_id, text, language)\n)"),
        ("PRIMARY KEY (corp_id, text, language)", "PRIMARY KEY (corp_id, language, text)"),
        ("WHERE problem <> ''", "WHERE problem = ''"),
        ("ON login_grant (app_id)", "ON login_grant (app_id DESC)"),
        ("CREATE INDEX grant_of_app ON login_grant (app_id);", ""),
        ("VALUES ('default', 'default')", "VALUES ('default', 'Default')"),
    ],
)
def test_a_difference_in_sqlite_is_noticed(tmp_path: Path, before: str, after: str) -> None:
    """Another type, default, collation, rule, order, option, index or row: not the same schema."""
    schema = (files("confledger.storage.sqlite") / "schema.sql").read_text("utf-8")
    other, same = tmp_path / "other.sqlite3", tmp_path / "same.sqlite3"
    assert before in schema
    run_on_file(same, schema)
    run_on_file(other, schema.replace(before, after))

    assert sqlite_schema(other) != sqlite_schema(same)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE phrase ALTER words TYPE varchar",
        "ALTER TABLE phrase ALTER words DROP NOT NULL",
        "ALTER TABLE phrase ALTER words SET DEFAULT ''",
        'ALTER TABLE phrase ALTER words TYPE text COLLATE "C"',
        "ALTER TABLE phrase ADD CHECK (words <> '')",
        "ALTER TABLE phrase DROP words",
        """
        ALTER TABLE corp DROP name; ALTER TABLE corp ADD name text NOT NULL DEFAULT 'default';
        ALTER TABLE corp ALTER name DROP DEFAULT
        """,
        "ALTER TABLE app DROP CONSTRAINT app_corp_id_fkey",
        """
        ALTER TABLE app DROP CONSTRAINT app_corp_id_fkey;
        ALTER TABLE app ADD CONSTRAINT app_corp_id_fkey FOREIGN KEY (corp_id) REFERENCES corp
            NOT VALID
        """,
        "ALTER TABLE phrase SET (fillfactor = 50)",
        "DROP INDEX grant_of_app",
        "DROP INDEX grant_of_app; CREATE INDEX grant_of_app ON login_grant (app_id DESC)",
        "CREATE SEQUENCE more",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE corp SET name = 'Default'",
    ],
)
async def test_a_difference_in_postgresql_is_noticed(change: str) -> None:
    """Another type, default, collation, rule, option, index or row: not the same schema."""
    async with new_store_of_its_own() as url:
        before = await postgresql_schema(url)
        await run_on_server(url, change)
        assert await postgresql_schema(url) != before


def test_names_of_files_are_numbered_without_a_gap(tmp_path: Path) -> None:
    """The first is the baseline, the last the newest; other files are no migrations."""
    for name in ("0010_second.sql", "0009_baseline.sql", "0011_third.sql", "notes.txt"):
        (tmp_path / name).write_text(f"-- {name}")

    migrations = load_migrations(tmp_path)

    assert migrations.baseline.name == "0009_baseline"
    assert migrations.newest == 11
    assert [step.text for step in migrations.after("here", 9)] == [
        "-- 0010_second.sql",
        "-- 0011_third.sql",
    ]
    assert [step.version for step in migrations.after("here", 10)] == [11]
    assert migrations.after("here", 11) == ()
    for version in (8, 12):
        with pytest.raises(StoreUnusable, match=rf"here .*version {version}\b"):
            migrations.after("here", version)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("1_baseline.sql",),
        ("0001_Baseline.sql",),
        ("0001_baseline.sql", "0003_gap.sql"),
        ("0001_baseline.sql", "0002_a.sql", "0002_b.sql"),
    ],
)
def test_a_wrong_name_of_a_file_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    """No baseline, a name of another form, a gap, and a number twice are mistakes."""
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match=r"baseline|must be named|must have the number"):
        load_migrations(tmp_path)


async def test_a_new_store_is_opened_without_a_migration(tmp_path: Path) -> None:
    """What is made today has the newest version at once."""
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    await (await open_stores(url)).close()
    assert (await migrate_store(url, ignore)).steps == ()
