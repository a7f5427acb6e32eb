"""`confledger store`, as it is called."""

import sqlite3
from pathlib import Path

import pytest

from cli.running import Run, bring_sample
from conftest import CONFERENCE


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
    assert facts.pop("schemaVersion") > 0
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


@pytest.mark.parametrize("command", ["info", "check"])
def test_what_is_not_there_is_not_made(run: Run, store: Path, command: str) -> None:
    """Looking at a store makes none."""
    ran = run("store", command)
    assert ran.code == 1
    assert "there is no store" in ran.err
    assert not store.exists()


def test_a_store_of_sqlite_is_not_distributed(run: Run, store: Path) -> None:
    """It is told what can be, and a wrong number of shards what is right; nothing is made."""
    ran = run("store", "distribute")
    assert (ran.code, ran.out) == (2, "")
    assert "only a store on PostgreSQL" in ran.err
    assert run("store", "distribute", "--shard-count", "0").code == 2
    assert not store.exists()
