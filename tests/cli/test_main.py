"""What all commands have in common: help, environment variables, exit codes."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.running import GOLDEN, Run, names_in
from confledger import __version__
from confledger.cli import confledger
from confledger.cli.options import environment_variables_of
from conftest import CONFERENCE


def all_commands(
    command: click.Command = confledger, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group, with the words that name it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            yield from all_commands(subcommand, (*path, name))


confledger.read_all()
COMMANDS = dict(all_commands())

OPTIONS = [
    (path, next(name for name in parameter.opts if name.startswith("--")))
    for path, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter, click.Option) and path
]

SERVE = ("serve", "--port", "0", "--no-tls")

PULL = ("archive", "pull", "--from", "https://ledger.test", "--app-id", "x")
EXPORT = ("export", "--format", "csv", "--output", "-")
WRONG_VALUES = {
    "CONFLEDGER_APP_ID": ("", PULL[:-2], 2),
    "CONFLEDGER_APP_KEY_FILE": (str(GOLDEN.parent), PULL, 2),
    "CONFLEDGER_CA_FILE": (str(GOLDEN.parent), PULL, 2),
    "CONFLEDGER_CONFERENCE": ("zz", ("import", str(GOLDEN)), 2),
    "CONFLEDGER_CORP": ("a b", ("app", "create", "portal"), 2),
    "CONFLEDGER_DATA_FOLDER": (str(GOLDEN), ("records", CONFERENCE), 2),
    "CONFLEDGER_EVERY": ("0", ("archive", "run", *PULL[2:]), 2),
    "CONFLEDGER_FORCE": ("maybe", EXPORT, 2),
    "CONFLEDGER_FORMAT": ("xml", ("records", CONFERENCE), 2),
    "CONFLEDGER_FROM": ("", ("archive", "pull", "--app-id", "x"), 2),
    # An address of a network that is for documentation only: no machine has it.
    "CONFLEDGER_HOST": ("192.0.2.1", SERVE, 1),
    "CONFLEDGER_JSON": ("perhaps", ("app", "create", "portal"), 2),
    "CONFLEDGER_LANGUAGE": ("fr", EXPORT, 2),
    "CONFLEDGER_LIMIT": ("0", ("records", CONFERENCE), 2),
    "CONFLEDGER_MASK_NUMBERS": ("perhaps", ("corp", "change", "default"), 2),
    "CONFLEDGER_MEETINGS": ("0", ("generate",), 2),
    "CONFLEDGER_METRICS_TOKEN_FILE": (str(GOLDEN.parent), ("serve", "--no-tls"), 2),
    "CONFLEDGER_MINUTES": ("0", ("console", "login-link"), 2),
    "CONFLEDGER_MULTI_TENANT": ("perhaps", ("app", "create", "portal"), 2),
    "CONFLEDGER_NAME": ("\t", ("user", "create", "ann"), 2),
    "CONFLEDGER_NO_TLS": ("perhaps", ("serve",), 2),
    "CONFLEDGER_OFFSET": ("-1", ("records", CONFERENCE), 2),
    "CONFLEDGER_OUTPUT": ("-", ("export", "--format", "xlsx"), 2),
    "CONFLEDGER_PAGE_CACHE_MIB": ("-1", ("serve", "--no-tls"), 2),
    "CONFLEDGER_PASSWORD_FILE": (str(GOLDEN.parent), ("user", "create", "ann"), 2),
    "CONFLEDGER_PORT": ("65536", ("serve", "--no-tls"), 2),
    "CONFLEDGER_RECORDS": ("99", ("generate",), 2),
    "CONFLEDGER_REMOTE_CORP": ("a b", PULL, 2),
    "CONFLEDGER_REQUESTS_PER_SECOND": ("0", PULL, 2),
    "CONFLEDGER_SCOPE": ("fly", ("app", "create", "portal"), 2),
    "CONFLEDGER_SECRET_KEY_FILE": (str(GOLDEN.parent), ("app", "create", "portal"), 2),
    "CONFLEDGER_SEED": ("-1", ("generate",), 2),
    "CONFLEDGER_SINCE": ("yesterday", PULL, 2),
    "CONFLEDGER_STORE": ("ledger.db", ("records", CONFERENCE), 2),
    "CONFLEDGER_STORE_READ": ("ledger.db", EXPORT, 2),
    "CONFLEDGER_TIME_ZONE": ("Mars", EXPORT, 2),
    "CONFLEDGER_TLS_CERT": (str(GOLDEN), ("serve",), 2),
    "CONFLEDGER_TLS_KEY": (str(GOLDEN), ("serve",), 2),
    "CONFLEDGER_SHARD_COUNT": ("no number", ("store", "distribute"), 2),
    "CONFLEDGER_TO": ("mysql://x", ("store", "copy", "--from", "sqlite:///x"), 2),
    "CONFLEDGER_TYPE": ("king", ("user", "create", "ann"), 2),
    "CONFLEDGER_UNTIL": ("tomorrow", PULL, 2),
    "CONFLEDGER_URL": ("ledger.example", ("console", "login-link"), 2),
    "CONFLEDGER_USER": ("\t", ("console", "login-link"), 2),
    "CONFLEDGER_USER_UUID": ("zz", ("user", "create", "ann"), 2),
    "CONFLEDGER_WORKERS": ("0", SERVE, 2),
}
"""Of each variable a wrong value, a command that reads it, and the exit code."""


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(
    run: Run, tmp_path: Path, path: tuple[str, ...], option: str
) -> None:
    """Help is printed with exit code 0, says what the command is for, and makes nothing."""
    ran = run(*path, option)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: {' '.join(('confledger', *path))} ")
    explained = (COMMANDS[path].help or "").partition("\n")[0]
    assert explained
    assert explained in ran.out
    assert names_in(tmp_path) == set()


def test_the_commands_are_these(run: Run) -> None:
    """The help of the whole names every command."""
    ran = run("--help")

    names = ("app", "archive", "corp", "demo", "export", "generate", "import", "records")
    for name in (*names, "serve", "user"):
        assert f"\n  {name} " in ran.out


@pytest.mark.parametrize("path", [(), ("app",), ("corp",), ("user",)], ids=" ".join)
def test_no_command_is_a_wrong_command(run: Run, path: tuple[str, ...]) -> None:
    """A group without a command shows its help, as an error."""
    ran = run(*path)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: ")


def test_the_version_is_shown(run: Run) -> None:
    """--version prints the package's version."""
    ran = run("--version")

    assert (ran.code, ran.err) == (0, "")
    assert __version__ in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("app", "fly"),
        ("--fly",),
        ("import", "--fly"),
        ("app", "create", "portal", "--fly"),
        ("records", CONFERENCE, "--limit"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_told_what_is_wrong(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """An unknown command or option is named, and nothing is made."""
    ran = run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert arguments[-1] in ran.err.partition("Error: ")[2]
    assert names_in(tmp_path) == set()


# --- Environment variables


@pytest.mark.parametrize(
    ("path", "option"), OPTIONS, ids=[f"{' '.join(path)} {option}" for path, option in OPTIONS]
)
def test_every_option_is_an_environment_variable(
    run: Run, path: tuple[str, ...], option: str
) -> None:
    """The help of each option names its variable, and the program knows it."""
    variable = "CONFLEDGER_" + option.removeprefix("--").replace("-", "_").upper()

    shown = " ".join(run(*path, "--help").out.split())

    _, _, of_option = shown.partition(f" {option} ")
    assert of_option.partition("[env var: ")[2].startswith(variable)
    assert variable in environment_variables_of(confledger)


def test_a_wrong_value_of_every_variable_is_known() -> None:
    """The table of wrong values above has each variable that there is."""
    assert set(WRONG_VALUES) == environment_variables_of(confledger)


@pytest.mark.parametrize("variable", WRONG_VALUES)
def test_every_variable_is_read(run: Run, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A wrong value in a variable is an error of the command that has the option."""
    value, arguments, code = WRONG_VALUES[variable]
    monkeypatch.setenv(variable, value)

    ran = run(*arguments)
    gc.collect()  # tells of what was left open, such as a socket

    assert (ran.code, ran.out) == (code, "")
    assert "Error: " in ran.err
    option = "--" + variable.removeprefix("CONFLEDGER_").replace("_", "-").lower()
    assert option in ran.err or value in ran.err


def test_variables_do_what_options_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With everything in variables, no option need be given."""
    store, key = tmp_path / "ledger.db", tmp_path / "ledger.key"
    for name, value in {
        "CONFERENCE": CONFERENCE,
        "CORP": "acme",
        "FORMAT": "json",
        "JSON": "1",
        "LANGUAGE": "en-US",
        "LIMIT": "2",
        "MULTI_TENANT": "true",
        "OFFSET": "3",
        "SCOPE": "read,write",
        "SECRET_KEY_FILE": str(key),
        "STORE": f"sqlite:///{store}",
    }.items():
        monkeypatch.setenv(f"CONFLEDGER_{name}", value)

    created = run("app", "create", "portal")
    imported = run("import", GOLDEN)
    shown = run("records", CONFERENCE)

    assert created.json["corpId"] == "acme"
    assert imported.json["records"] == 20
    assert (shown.json["offset"], shown.json["limit"], shown.json["count"]) == (3, 2, 20)
    assert [record["operateResult"] for record in shown.json["data"]] == ["Success"] * 2
    assert store.is_file()
    assert key.is_file()
    assert not (tmp_path / "data").exists()


def test_the_data_folder_may_be_a_variable(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONFLEDGER_DATA_FOLDER says where the default store is."""
    monkeypatch.setenv("CONFLEDGER_DATA_FOLDER", str(tmp_path / "elsewhere"))

    run("import", GOLDEN, "--conference", CONFERENCE)

    assert (tmp_path / "elsewhere" / "confledger.sqlite3").is_file()


def test_an_option_wins_over_its_variable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said on the command line counts, even if the variable is wrong."""
    run("import", GOLDEN, "--conference", CONFERENCE)
    monkeypatch.setenv("CONFLEDGER_LIMIT", "many")
    monkeypatch.setenv("CONFLEDGER_FORMAT", "csv")

    ran = run("records", CONFERENCE, "--limit", "1", "--format", "json")

    assert (ran.code, ran.err) == (0, "")
    assert len(ran.json["data"]) == 1


@pytest.mark.parametrize("name", ["CONFLEDGER_SOTRE", "CONFLEDGER_store", "CONFLEDGER_"])
def test_an_unknown_variable_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A variable with our prefix that no option has is a wrong setting, most likely misspelt."""
    monkeypatch.setenv(name, "x")

    ran = run("import", GOLDEN, "--conference", CONFERENCE)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Error: ")
    assert f" {name} " in ran.err
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize("name", ["CONFLEDGER", "confledger_store", "MY_CONFLEDGER_STORE"])
def test_a_variable_of_somebody_else_is_none_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Only what begins with the prefix is ours."""
    monkeypatch.setenv(name, "x")

    assert run("import", GOLDEN, "--conference", CONFERENCE).code == 0


def test_a_variable_of_another_command_does_no_harm(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables set for the service don't get in the way of the other commands."""
    monkeypatch.setenv("CONFLEDGER_WORKERS", "4")
    monkeypatch.setenv("CONFLEDGER_PORT", "8443")

    assert run("import", GOLDEN, "--conference", CONFERENCE).code == 0


# --- Errors


def test_what_nobody_expected_is_told_in_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody thought of is a sentence; the traceback is in the file it names."""

    def explode() -> None:
        raise LookupError("a reactor")

    monkeypatch.setitem(confledger.commands, "explode", click.Command("explode", callback=explode))

    ran = run("explode", may_surprise=True)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error: something unexpected happened; ")
    assert ran.err.count("\n") == 1
    (name,) = names_in(tmp_path)
    assert str(tmp_path / name) in ran.err
    assert "LookupError: a reactor" in (tmp_path / name).read_text()
    assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_an_interruption_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C ends a command with the exit code that shells know for it, and no complaint."""

    def wait() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(confledger.commands, "wait", click.Command("wait", callback=wait))

    ran = run("wait")

    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "")


def test_a_disk_that_is_full_is_told_in_a_sentence(data_folder: Path) -> None:
    """What can't be printed is no surprise: the system's reason, and no traceback."""
    program = "from confledger.cli import main; main()"
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-c", program, "corp", "list", "--data-folder", str(data_folder)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ran.returncode == 1
    assert ran.stderr == "Error: the system refuses something: No space left on device\n"


def test_made_up_meetings_go_to_a_ledger_that_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`generate` does not fill the store that other commands take without being told."""
    monkeypatch.delenv("CONFLEDGER_DATA_FOLDER")

    ran = run("generate")

    assert ran.code == 2
    assert "--store or --data-folder" in ran.err


# --- As a process


def test_the_package_is_a_command(data_folder: Path) -> None:
    """`python -m confledger` is the same command, in name too."""
    ran = subprocess.run(
        [sys.executable, "-m", "confledger", "app", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Usage: confledger app ")
    assert not data_folder.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("import", str(GOLDEN), "--conference", CONFERENCE), 0),
        (("records", CONFERENCE), 1),
        (("records", "zz"), 2),
    ],
    ids=["done", "failed", "wrong"],
)
def test_the_installed_command_ends_with_the_same_codes(
    command: str, data_folder: Path, arguments: tuple[str, ...], code: int
) -> None:
    """0 it is done, 1 it failed, 2 the command is wrong; and an error is no traceback."""
    ran = subprocess.run(
        [command, *arguments], env=os.environ, capture_output=True, text=True, check=False
    )

    assert ran.returncode == code
    assert bool(ran.stderr) == bool(code)
    assert bool(ran.stdout) == (not code)
    assert "Traceback" not in ran.stderr
    assert data_folder.exists() == (not code)
