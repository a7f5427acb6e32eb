"""`confledger corp`, `user` and `app`: who belongs to the ledger."""

from pathlib import Path

import pytest

from cli.running import Run
from conftest import CONFERENCE


def names(run: Run, kind: str, key: str, *options: str) -> list[str]:
    """What a list shows, by one of its keys."""
    return [each[key] for each in run(kind, "list", "--json", *options).json]


def test_corps_come_and_go(run: Run) -> None:
    """A corp is made, listed, changed, locked out, let in again and removed."""
    made = run("corp", "create", "acme", "--name", "Acme Ltd", "--json")
    assert made.json == [
        {"corpId": "acme", "name": "Acme Ltd", "masksNumbers": True, "isDisabled": False}
    ]
    assert names(run, "corp", "corpId") == ["acme", "default"]

    assert run("corp", "change", "acme", "--clear-numbers").code == 0
    assert run("corp", "disable", "acme").code == 0
    (acme, _) = run("corp", "list", "--json").json
    assert (acme["masksNumbers"], acme["isDisabled"]) == (False, True)

    assert run("corp", "enable", "acme").code == 0
    assert run("corp", "delete", "acme").code == 0
    assert names(run, "corp", "corpId") == ["default"]


def test_users_come_and_go(run: Run, tmp_path: Path) -> None:
    """A user is made with a password, listed, locked out, let in again and removed."""
    password = tmp_path / "password"
    password.write_text("correct horse\nand a second line\n")

    made = run(
        "user",
        "create",
        "ann",
        "--type",
        "administrator",
        "--name",
        "Ann",
        "--password-file",
        password,
        "--json",
    )
    (ann,) = made.json
    assert (ann["account"], ann["corpId"], ann["type"]) == ("ann", "default", "administrator")
    assert run("user", "list", "--json").json == made.json

    for command, is_disabled in (("disable", True), ("enable", False)):
        assert run("user", command, "ann").code == 0
        assert run("user", "list", "--json").json[0]["isDisabled"] is is_disabled
    assert run("user", "set-password", "ann").code == 0
    assert run("user", "delete", "ann").code == 0
    assert run("user", "list").out == "none\n"


def test_apps_come_and_go(run: Run) -> None:
    """An app is made, listed, given a new key, locked out, let in again and removed."""
    made = run("app", "create", "portal", "--scope", "write,read", "--json").json
    app_id = made["appId"]
    assert run("app", "list", "--json").json == [
        {
            "appId": app_id,
            "name": "portal",
            "corpId": "default",
            "scopes": ["read", "write"],
            "isMultiTenant": False,
            "isDisabled": False,
        }
    ]

    new = run("app", "reset-key", app_id, "--json").json
    assert new["appId"] == app_id
    assert new["appKey"] != made["appKey"]
    for command, is_disabled in (("disable", True), ("enable", False)):
        assert run("app", command, app_id).code == 0
        assert run("app", "list", "--json").json[0]["isDisabled"] is is_disabled
    assert run("app", "delete", app_id).code == 0
    assert run("app", "list").out == "none\n"


CORP = {"corpId": "acme", "name": "acme", "masksNumbers": True, "isDisabled": False}
MASKED, CLEAR = ("numbers of corp acme are served " + how for how in ("masked", "in clear"))


@pytest.mark.parametrize(
    ("arguments", "line", "as_it_is"),
    [
        (("change", "acme", "--clear-numbers"), CLEAR, {"masksNumbers": False}),
        (("change", "acme", "--mask-numbers"), MASKED, {}),
        (("disable", "acme"), "corp acme is disabled", {"isDisabled": True}),
        (("enable", "acme"), "corp acme is enabled", {}),
        (("delete", "acme"), "corp acme is deleted", {}),
    ],
    ids=str,
)
def test_what_happened_to_a_corp_is_told(
    run: Run, arguments: tuple[str, ...], line: str, as_it_is: dict[str, bool]
) -> None:
    """A person reads a line, a program the corp as it now is, or was before it was removed."""
    run("corp", "create", "acme")
    told = run("corp", *arguments)
    run("corp", "delete", "acme")
    run("corp", "create", "acme")
    shown = run("corp", *arguments, "--json")

    assert (told.code, told.out, told.err) == (0, line + "\n", "")
    assert (shown.code, shown.json) == (0, [CORP | as_it_is])


@pytest.mark.parametrize(
    ("command", "line", "is_disabled"),
    [
        ("disable", "is disabled", True),
        ("enable", "is enabled", False),
        ("delete", "is deleted", False),
    ],
)
def test_what_happened_to_a_user_or_an_app_is_told(
    run: Run, command: str, line: str, *, is_disabled: bool
) -> None:
    """A person reads a line, a program the same that the list shows."""
    for kind, key in (("user", "account"), ("app", "appId")):
        run(kind, "create", "ann")
        (listed,) = run(kind, "list", "--json").json
        shown = run(kind, command, listed[key], "--json")
        assert (shown.code, shown.json) == (0, [listed | {"isDisabled": is_disabled}])

        run(kind, "create", "bob")
        (name,) = (each[key] for each in run(kind, "list", "--json").json if each != shown.json[0])
        told = run(kind, command, name)
        assert (told.code, told.out, told.err) == (0, f"{kind} {name} {line}\n", "")


def test_what_happened_to_a_password_is_told(run: Run, tmp_path: Path) -> None:
    """Whether the user has one now; the password itself is not shown."""
    password = tmp_path / "password"
    password.write_text("correct horse")
    made = run("user", "create", "Ann Lee", "--json").json

    given = run("user", "set-password", "Ann Lee", "--password-file", password)
    taken = run("user", "set-password", "Ann Lee")
    shown = run("user", "set-password", "Ann Lee", "--password-file", password, "--json")

    assert given.out == "user 'Ann Lee' has a new password\n"
    assert taken.out == "user 'Ann Lee' has no password\n"
    assert shown.json == made


def test_lists_are_tables_for_people(run: Run) -> None:
    """Without --json a list is a table with a heading for each column."""
    run("user", "create", "ann")
    table = run("user", "list").out
    for word in ("account", "isDisabled", "ann", "ordinary", "no"):
        assert word in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("corp", "disable", "nowhere"), "there is no corp 'nowhere'"),
        (("user", "list", "--corp", "nowhere"), "there is no corp 'nowhere'"),
        (("user", "create", "ann", "--corp", "nowhere"), "there is no corp 'nowhere'"),
        (("user", "disable", "nobody"), "there is no user 'nobody' in the corp 'default'"),
        (("app", "delete", "0" * 32), "there is no app "),
        (("app", "reset-key", "0" * 32), "there is no app "),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_told_in_a_sentence(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    """A corp, user or app that is not there is named, with exit code 1."""
    ran = run(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err


def test_an_account_is_taken_once(run: Run) -> None:
    """A second user of the same account is refused with a sentence."""
    run("user", "create", "ann")
    ran = run("user", "create", "ann")
    assert ran.code == 1
    assert "the account 'ann', or the id " in ran.err


def test_a_corp_is_made_once(run: Run) -> None:
    """A second corp of the same id is refused with a sentence, and the first stays as it is."""
    made = run("corp", "create", "acme", "--name", "Acme Ltd", "--json").json
    run("corp", "disable", "acme")

    ran = run("corp", "create", "acme", "--name", "Another")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: there is a corp 'acme' already\n"
    assert run("corp", "list", "--json").json[0] == made[0] | {"isDisabled": True}


def test_a_corp_has_one_default_administrator(run: Run) -> None:
    """A second one is refused with a sentence that names the first, and none is made."""
    made = run("user", "create", "boss", "--type", "default-administrator", "--json").json
    assert made[0]["type"] == "default-administrator"

    ran = run("user", "create", "chief", "--type", "default-administrator")

    assert (ran.code, ran.out) == (1, "")
    assert "the corp 'default' has a default administrator already, the user 'boss'" in ran.err
    assert run("user", "list", "--json").json == made


def test_a_user_may_have_the_id_of_another_ledger(run: Run) -> None:
    """--user-uuid makes a user the one whom imported conferences name."""
    run("user", "create", "ann", "--user-uuid", "A" * 32)
    assert run("user", "list", "--json").json[0]["userId"] == "a" * 32


def test_a_corp_with_conferences_is_not_removed(run: Run, tmp_path: Path) -> None:
    """Removing a corp never removes a record."""
    run("corp", "create", "acme")
    lines = tmp_path / "records.jsonl"
    lines.write_text('{"operateTime": 1, "operation": "MUTE_ALL"}\n')
    run("import", lines, "--conference", CONFERENCE, "--corp", "acme")

    ran = run("corp", "delete", "acme")

    assert ran.code == 1
    assert "has conferences" in ran.err
    assert run("records", CONFERENCE, "--corp", "acme").code == 0


@pytest.mark.parametrize("password", ["", "short", "p" * 33, "\n long enough below"])
def test_a_password_has_8_to_32_characters(run: Run, tmp_path: Path, password: str) -> None:
    """Another length is refused, with the rule, and no user is made."""
    path = tmp_path / "password"
    path.write_text(password)

    ran = run("user", "create", "ann", "--password-file", path)

    assert ran.code == 2
    assert "8 to 32 characters" in ran.err
    assert run("user", "list").out == "none\n"


def test_a_change_of_nothing_changes_nothing(run: Run) -> None:
    """`corp change` without an option is a mistake, and undoes no earlier change."""
    run("corp", "change", "default", "--clear-numbers")
    ran = run("corp", "change", "default")
    assert ran.code == 2
    assert "--mask-numbers or --clear-numbers" in ran.err
    assert run("corp", "list", "--json").json[0]["masksNumbers"] is False


def test_numbers_of_a_corp_may_be_shown_in_clear(run: Run, tmp_path: Path) -> None:
    """What `corp change` says holds for whatever is read afterwards."""
    lines = tmp_path / "records.jsonl"
    lines.write_text(
        '{"operateTime": 1, "operation": "ADD_PARTICIPANT", "operationObject": "+991116005905"}\n'
    )
    run("import", lines, "--conference", CONFERENCE)
    starred = run("records", CONFERENCE, "--format", "csv").out
    run("corp", "change", "default", "--clear-numbers")
    clear = run("records", CONFERENCE, "--format", "csv").out
    assert "**********905" in starred
    assert "+991116005905" in clear
