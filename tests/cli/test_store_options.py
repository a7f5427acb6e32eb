"""Which store a command works on, and what is wrong with it."""

import sqlite3
from pathlib import Path

import pytest

from cli.running import GOLDEN, Run, bring_sample, names_in
from confledger.settings import default_data_folder
from conftest import CONFERENCE

COMMANDS = [
    pytest.param(("app", "create", "portal"), id="app create"),
    pytest.param(("import", str(GOLDEN), "--conference", CONFERENCE), id="import"),
    pytest.param(("records", CONFERENCE), id="records"),
]
"""The commands that work on a store, with all that they need."""

Arguments = tuple[str, ...]


def test_the_default_store_is_in_the_users_data_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any option the store is a file where the system keeps a user's data."""
    monkeypatch.delenv("CONFLEDGER_DATA_FOLDER")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))

    bring_sample(run)

    store = default_data_folder() / "confledger.sqlite3"
    assert store.is_relative_to(tmp_path)
    assert store.is_file()
    assert run("records", CONFERENCE).code == 0


def test_each_store_is_a_store_of_its_own(run: Run, tmp_path: Path, store: Path) -> None:
    """--store names a file, which is made with the folders above it; the default is left alone."""
    other = tmp_path / "some" / "where" / "other.db"
    url = f"sqlite:///{other}"

    ran = run("import", GOLDEN, "--conference", CONFERENCE, "--store", url)

    assert (ran.code, ran.err) == (0, "")
    assert other.is_file()
    assert not store.exists()
    assert run("records", CONFERENCE, "--store", url).code == 0
    assert run("records", CONFERENCE).code == 1


def test_a_store_may_be_named_from_here(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three slashes make a path from the current folder, and `~` is the user's own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")

    for url in ("sqlite:///ledger.db", "sqlite:///~/ledger.db"):
        ran = run("import", GOLDEN, "--conference", CONFERENCE, "--store", url)
        assert (ran.code, ran.err) == (0, "")

    assert (tmp_path / "here" / "ledger.db").is_file()
    assert (tmp_path / "home" / "ledger.db").is_file()


def test_a_store_that_is_not_there_is_not_made_by_reading(
    run: Run, tmp_path: Path, store: Path
) -> None:
    """`records` on a missing store fails, names it, and leaves no file or folder behind."""
    path = tmp_path / "some" / "where" / "other.db"

    for arguments, missing in (((), store), (("--store", f"sqlite:///{path}"), path)):
        ran = run("records", CONFERENCE, *arguments)

        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"Error: there is no store {missing}; ")
        assert names_in(tmp_path) == set()


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize(
    "url",
    [
        "ledger.db",
        "sqlite",
        "sqlite://",
        "sqlite:///",
        "sqlite://ledger.db",
        "SQLITE:///ledger.db",
        "mysql://localhost/ledger",
        "file:///ledger.db",
        " sqlite:///ledger.db",
        "sqlite:///:memory:",
        "sqlite:///~nobody-of-that-name/ledger.db",
    ],
)
def test_another_kind_of_store_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Arguments, url: str
) -> None:
    """A --store that is no `sqlite:///PATH` is a wrong setting, and nothing is made."""
    monkeypatch.chdir(tmp_path)

    ran = run(*arguments, "--store", url)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Error: ")
    assert "sqlite:///PATH" in ran.err or url in ran.err
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ledger:hunter2@localhost/ledger",
        "postgresql://ledger:hunter2@here@localhost/ledger",
        "postgresql://ledger:hunter2/here@localhost/ledger",
        "postgresql://ledger:hunter2?here@localhost/ledger",
        "postgresql://ledger:hunter2#here@localhost/ledger",
        "postgresql://ledger:hunter2 here@localhost/ledger",
        "postgresql://ledger:hunter2@localhost:hunter2/ledger",
        "postgresql://ledger@localhost/ledger?password=hunter2&sslmode=hunter2",
    ],
)
def test_a_password_in_a_wrong_url_is_not_shown(run: Run, url: str) -> None:
    """What is printed ends up in logs, and a URL of another kind may hold a password."""
    ran = run("records", CONFERENCE, "--store", url)

    assert ran.code == 2
    assert "hunter2" not in ran.err


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_file_that_is_no_sqlite_is_refused(
    run: Run, tmp_path: Path, arguments: Arguments
) -> None:
    """Any other file fails, is named, and stays as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, today I was taken for a database.\n" * 50)
    before = path.read_bytes()

    ran = run(*arguments, "--store", f"sqlite:///{path}")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Error: the store {path} can't be used: file is not a database\n"
    assert path.read_bytes() == before
    assert names_in(tmp_path) == {"notes.txt"}


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_store_of_another_program_is_refused(
    run: Run, tmp_path: Path, arguments: Arguments
) -> None:
    """An SQLite file that is not ours fails, is named, and not a byte of it changes."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE record (x)")
    other.commit()
    other.close()
    before = path.read_bytes()

    ran = run(*arguments, "--store", f"sqlite:///{path}")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Error: {path} is an SQLite file of another program\n"
    assert path.read_bytes() == before
    assert names_in(tmp_path) == {"other.db"}


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_place_that_holds_no_file_is_refused(
    run: Run, tmp_path: Path, arguments: Arguments
) -> None:
    """A folder, a name too long and a path through a file fail with the path named."""
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / ("x" * 300), tmp_path / "file" / "ledger.db"):
        ran = run(*arguments, "--store", f"sqlite:///{path}")

        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("Error: ")
        assert str(path) in ran.err

    assert names_in(tmp_path) == {"file"}


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_data_folder_that_is_a_file_is_refused(
    run: Run, tmp_path: Path, arguments: Arguments
) -> None:
    """--data-folder has to be a folder, or nothing yet."""
    (tmp_path / "file").touch()

    ran = run(*arguments, "--data-folder", tmp_path / "file")

    assert (ran.code, ran.out) == (2, "")
    assert "'--data-folder'" in ran.err


def test_another_secret_key_is_refused(run: Run, tmp_path: Path) -> None:
    """A secret key that is not the store's is a wrong setting, and nothing changes."""
    run("app", "create", "first")
    other = tmp_path / "other.key"
    other.write_text("00" * 32)

    ran = run("app", "create", "test", "--secret-key-file", other)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Error: the secret key file ")


@pytest.mark.parametrize(
    "content",
    [b"", b"00", b"0" * 63, b"0" * 66, b"g" * 64, b"\xff\xfe\x00\x80" * 16],
    ids=["empty", "too short", "a digit short", "too long", "no digits", "no text"],
)
def test_a_file_that_holds_no_secret_key_is_refused(
    run: Run, tmp_path: Path, content: bytes
) -> None:
    """A file that is no secret key is named, with what it has to hold, and stays as it is."""
    run("app", "create", "first")
    other = tmp_path / "other.key"
    other.write_bytes(content)

    ran = run("app", "create", "test", "--secret-key-file", other)

    assert (ran.code, ran.out) == (2, "")
    assert str(other) in ran.err
    assert "64 hexadecimal digits" in ran.err
    assert other.read_bytes() == content


def test_a_secret_key_that_is_gone_is_not_made_anew(run: Run, store: Path) -> None:
    """A store whose key is missing is a wrong setting; a new key would only be a wrong one."""
    run("app", "create", "first")
    key = store.with_name(store.name + ".key")
    key.unlink()

    ran = run("app", "create", "test")

    assert (ran.code, ran.out) == (2, "")
    assert str(key) in ran.err
    assert not key.exists()


def test_whoever_needs_no_app_key_needs_no_secret_key(run: Run, store: Path) -> None:
    """Records are brought and read without the secret key, which may be lost or elsewhere."""
    run("app", "create", "first")
    store.with_name(store.name + ".key").unlink()

    bring_sample(run)

    assert run("records", CONFERENCE).code == 0
    assert not store.with_name(store.name + ".key").exists()


def test_the_secret_key_may_be_elsewhere(run: Run, tmp_path: Path, store: Path) -> None:
    """--secret-key-file says where the key of a new store is made, and used from then on."""
    key = tmp_path / "keys" / "ledger.key"
    with_key = ("--secret-key-file", str(key))

    ran = run("app", "create", "portal", *with_key)

    assert (ran.code, ran.err) == (0, "")
    assert key.stat().st_mode & 0o077 == 0
    assert not store.with_name(store.name + ".key").exists()
    assert run("app", "create", "portal", *with_key).code == 0
    assert run("app", "create", "portal").code == 2


@pytest.mark.parametrize("arguments", COMMANDS)
def test_an_empty_store_is_a_mistake(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: Arguments
) -> None:
    """An empty --store, as from a variable that is not set, does not mean the default store."""
    given = run(*arguments, "--store", "")
    monkeypatch.setenv("CONFLEDGER_STORE", "")
    unset = run(*arguments)

    assert (given.code, given.out) == (2, "")
    assert "'--store'" in given.err
    assert "must not be empty" in given.err
    # An empty variable is, for click as for a shell, one that is not set.
    assert "must not be empty" not in unset.err
