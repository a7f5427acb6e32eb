"""`confledger store`, as it is called."""

import shutil
import sqlite3
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from cli.running import Run, bring_sample
from confledger.storage.migrations import load_migrations
from confledger.storage.sqlite import database
from conftest import CONFERENCE

NEWEST = database.MIGRATIONS.newest
STEP = f"{NEWEST + 1:04}_add_note"


def test_a_copy_is_told_and_holds_the_same(run: Run, store: Path, tmp_path: Path) -> None:
    """A copy tells its progress in lines and its end in numbers, and reads as the first."""
    bring_sample(run)
    target = f"sqlite:///{tmp_path / 'copy.sqlite3'}"

    ran = run("store", "copy", "--from", f"sqlite:///{store}", "--to", target)

    assert ran.code == 0
    assert "records: 23" in ran.out
    assert "logins are not copied" in ran.out
    assert "record, rows copied: 23\n" in ran.err
    assert "record, rows compared: 23\n" in ran.err
    told = run("records", CONFERENCE)
    assert told.code == 0
    assert run("records", CONFERENCE, "--store", target).out == told.out
    again = run("store", "copy", "--from", f"sqlite:///{store}", "--to", target)
    assert (again.code, again.out) == (1, "")
    assert "is not empty" in again.err


def test_a_copy_to_nowhere_is_refused(run: Run, store: Path, tmp_path: Path) -> None:
    """What is no store's URL, and a source that is not there, get a sentence; nothing is made."""
    missing, target = f"sqlite:///{tmp_path / 'missing'}", tmp_path / "copy.sqlite3"

    ran = run("store", "copy", "--from", missing, "--to", f"sqlite:///{target}")
    assert ran.code == 1
    assert "there is no store" in ran.err

    for url in ("mysql://u:secret@h/d", "postgresql://u:sec/ret@h/d", "sqlite:///"):
        ran = run("store", "copy", "--from", f"sqlite:///{store}", "--to", url)
        assert ran.code == 2
        assert "must be sqlite:///PATH" in ran.err
        assert "ret" not in ran.err.replace("character", "")
    assert not target.exists()


def test_info_counts_what_is_there(run: Run, store: Path) -> None:
    """The engine, the address, and how many of each, for a person and for a program."""
    bring_sample(run)
    run("app", "create", "portal")

    facts = run("store", "info", "--json").json

    assert facts.pop("sizeBytes") > 0
    assert facts.pop("schemaVersion") == facts.pop("programSchemaVersion") > 0
    assert facts == {
        "engine": "SQLite",
        "address": f"sqlite:///{store}",
        "corps": 1,
        "users": 0,
        "apps": 1,
        "conferences": 0,
        "records": 23,
    }
    assert "records: 23\n" in run("store", "info").out


def test_a_check_tells_by_its_exit_code(run: Run, store: Path) -> None:
    """0 where everything fits together, 1 with a sentence where something does not."""
    bring_sample(run)
    ran = run("store", "check")
    assert (ran.code, ran.out) == (0, "everything fits together\n")
    assert run("store", "check", "--json").json == []

    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE head SET record_count = 24")
    sentence = f"conference {CONFERENCE} of the corp default has 23 records, and its head says 24"
    ran = run("store", "check")
    assert (ran.code, ran.out) == (1, f"{sentence}\n")
    ran = run("store", "check", "--json")
    assert (ran.code, ran.json) == (1, [sentence])


@pytest.fixture
def next_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is one that works with the next version of the schema."""
    folder = tmp_path / "migrations"
    with as_file(files("confledger.storage.sqlite") / "migrations") as real:
        shutil.copytree(real, folder)
    (folder / f"{STEP}.sql").write_text("ALTER TABLE corp ADD COLUMN note TEXT")
    monkeypatch.setattr(database, "MIGRATIONS", load_migrations(folder))


@pytest.fixture
def filled(store: Path, run: Run) -> Path:
    """A store of this program, with a meeting."""
    bring_sample(run)
    return store


def set_version(store: Path, version: int) -> None:
    """Say that a store has a version."""
    with sqlite3.connect(store) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


@pytest.mark.usefixtures("filled", "next_program")
def test_a_store_is_migrated(run: Run, store: Path) -> None:
    """Each step is told, then what was done, and next that there is nothing to do."""
    told = run("store", "info")
    assert told.code == 0
    assert f"schema version: {NEWEST}\nschema version of this program: {NEWEST + 1}\n" in told.out
    assert "confledger store migrate" in told.err

    ran = run("store", "migrate")
    assert (ran.code, ran.err) == (0, f"{STEP} is done\n")
    address = f"sqlite:///{store}"
    assert ran.out == f"the store {address} went from the schema version {NEWEST} to {NEWEST + 1}\n"

    ran = run("store", "migrate")
    assert (ran.code, ran.err) == (0, "")
    assert f"nothing to do: the store {address} has the schema version {NEWEST + 1}" in ran.out
    assert run("store", "info", "--json").json["records"] == 23
    assert run("records", CONFERENCE).code == 0


@pytest.mark.usefixtures("filled", "next_program")
def test_a_migration_is_told_to_programs(run: Run, store: Path) -> None:
    """--json says from where to where, and by which steps."""
    facts = {"address": f"sqlite:///{store}", "fromVersion": NEWEST, "toVersion": NEWEST + 1}

    assert run("store", "migrate", "--json").json == facts | {"steps": [STEP]}
    assert run("store", "migrate", "--json").json == facts | {
        "fromVersion": NEWEST + 1,
        "steps": [],
    }


COMMANDS = (
    ("serve", "--port", "0", "--no-tls"),
    ("records", CONFERENCE),
    ("app", "create", "portal"),
    ("user", "list"),
    ("import", "lines.jsonl", "--conference", CONFERENCE),
    ("export", CONFERENCE, "--format", "csv", "--output", "out.csv"),
    ("archive", "status"),
    ("store", "check"),
    ("store", "copy", "--from", "STORE", "--to", "sqlite:///copy.sqlite3"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("version", "todo"),
    [
        (NEWEST, "back it up and run `confledger store migrate`"),
        (NEWEST + 2, "upgrade this program"),
        (1, "migrate it with an older confledger first"),
    ],
)
@pytest.mark.usefixtures("next_program")
def test_every_command_refuses_another_version(
    run: Run,
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    version: int,
    todo: str,
) -> None:
    """A sentence with both versions and what to do; the store stays as it is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.jsonl").write_text("")
    set_version(filled, version)

    ran = run(*(word.replace("STORE", f"sqlite:///{filled}") for word in command))

    assert (ran.code, ran.out) == (1, "")
    assert f"schema version {version}" in ran.err
    assert f"works with version {NEWEST + 1}" in ran.err
    assert todo in ran.err


@pytest.mark.usefixtures("next_program")
def test_a_store_that_can_not_be_migrated_is_told_why(
    run: Run, filled: Path, tmp_path: Path
) -> None:
    """Too new, too old, no store, another program's file, a step that fails: exit code 1, and a
    sentence; of the first two `info` tells the versions.
    """
    for version, todo in ((NEWEST + 2, "upgrade this program"), (1, "older confledger")):
        set_version(filled, version)
        ran = run("store", "migrate")
        assert (ran.code, ran.out) == (1, "")
        assert todo in ran.err
        facts = run("store", "info", "--json").json
        assert facts == {
            "engine": "SQLite",
            "address": f"sqlite:///{filled}",
            "schemaVersion": version,
            "programSchemaVersion": NEWEST + 1,
        }

    theirs = tmp_path / "theirs.sqlite3"
    with sqlite3.connect(theirs) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    ran = run("store", "migrate", "--store", f"sqlite:///{theirs}")
    assert (ran.code, ran.out) == (1, "")
    assert "of another program" in ran.err

    set_version(filled, NEWEST)
    with sqlite3.connect(filled) as connection:
        connection.execute("ALTER TABLE corp ADD COLUMN note TEXT")
    connection.close()
    ran = run("store", "migrate")
    assert (ran.code, ran.out) == (1, "")
    assert f"migration {STEP} of the store {filled} failed" in ran.err
    assert run("store", "info", "--json").json["schemaVersion"] == NEWEST


@pytest.mark.parametrize("command", ["info", "check", "migrate"])
def test_what_is_not_there_is_not_made(run: Run, store: Path, command: str) -> None:
    """Looking at a store makes none."""
    ran = run("store", command)
    assert ran.code == 1
    assert "there is no store" in ran.err
    assert not store.exists()
