"""`confledger app create`: a new program that may log in."""

import re
from collections.abc import Collection
from pathlib import Path

import anyio
import pytest

from cli.running import Run, names_in
from confledger.app import open_parts
from confledger.auth.accounts import App, Corp
from confledger.settings import Settings


def stored(data_folder: Path, app_id: str) -> tuple[App, Corp, str]:
    """What the store has of an app: itself, its corp and its key."""

    async def read() -> tuple[App, Corp, str]:
        async with open_parts(Settings(data_folder=data_folder)) as parts:
            app = await parts.stores.accounts.app(app_id)
            assert app
            corp = await parts.stores.accounts.corp(app.corp_id)
            assert corp
            return app, corp, (await parts.open_apps()).box.open(app.encrypted_key, owner=app_id)

    return anyio.run(read)


def test_an_app_is_made_and_its_key_is_shown(run: Run, data_folder: Path) -> None:
    """With --json the id, the key and the corp are printed, and the store has the same."""
    ran = run("app", "create", "  our portal ", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert list(ran.json) == ["appId", "appKey", "corpId", "corpIsNew"]
    app, corp, app_key = stored(data_folder, ran.json["appId"])
    assert (app.name, app.is_multi_tenant) == ("our portal", False)
    assert app.scopes == frozenset({"read"})
    assert app_key == ran.json["appKey"]
    assert ran.json["corpId"] == app.corp_id == corp.corp_id == "default"


def test_a_person_is_shown_the_same(run: Run, data_folder: Path) -> None:
    """Without --json there are lines to read, and the advice to keep the key."""
    ran = run("app", "create", "portal")

    assert (ran.code, ran.err) == (0, "")
    shown = dict(re.findall(r"^(app id|app key|corp) +(\S+)$", ran.out, re.MULTILINE))
    _, _, app_key = stored(data_folder, shown["app id"])
    assert (shown["app key"], shown["corp"]) == (app_key, "default")
    assert "not shown again" in ran.out


def test_the_key_is_nowhere_on_the_disk(run: Run, data_folder: Path) -> None:
    """No file of the data folder holds the key in clear."""
    app_key = run("app", "create", "portal", "--json").json["appKey"].encode()

    files = [path for path in data_folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert app_key not in content
        assert bytes.fromhex(app_key.decode()) not in content


def test_only_the_owner_may_read_what_is_kept(run: Run, store: Path) -> None:
    """The store and its secret key are the owner's alone."""
    run("app", "create", "portal")

    for path in (store, store.with_name(store.name + ".key")):
        assert path.stat().st_mode & 0o077 == 0


def test_each_app_has_an_id_and_a_key_of_its_own(run: Run) -> None:
    """Two apps of one name are two apps."""
    first, second = (run("app", "create", "portal", "--json").json for _ in range(2))

    assert first["appId"] != second["appId"]
    assert first["appKey"] != second["appKey"]


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("read", {"read"}),
        ("write", {"write"}),
        ("read,write", {"read", "write"}),
        ("admin, write ,read", {"read", "write", "admin"}),
        ("read,read", {"read"}),
    ],
)
def test_scopes_have_commas_between(
    run: Run, data_folder: Path, text: str, scopes: Collection[str]
) -> None:
    """--scope takes one scope or several."""
    ran = run("app", "create", "portal", "--scope", text, "--json")

    app, _, _ = stored(data_folder, ran.json["appId"])
    assert app.scopes == scopes


@pytest.mark.parametrize("text", ["", ",", "fly", "read,fly", "READ", "read write", "read,"])
def test_an_unknown_scope_is_told_the_known_ones(run: Run, data_folder: Path, text: str) -> None:
    """A wrong scope is a wrong command, and nothing is made."""
    ran = run("app", "create", "portal", "--scope", text)

    assert (ran.code, ran.out) == (2, "")
    assert "'--scope'" in ran.err
    assert "read, write, admin" in ran.err
    assert not data_folder.exists()


def test_an_app_for_every_corp(run: Run, data_folder: Path) -> None:
    """With --multi-tenant the app may act for other corps than its own."""
    ran = run("app", "create", "portal", "--multi-tenant", "--json")

    app, _, _ = stored(data_folder, ran.json["appId"])
    assert app.is_multi_tenant


def test_a_corp_that_is_missing_is_made(run: Run, data_folder: Path) -> None:
    """--corp names whose app it is; the first app of a corp makes the corp, and says so."""
    for is_new in (True, False):
        ran = run("app", "create", "portal", "--corp", "Acme-1.b_c", "--json")
        assert (ran.json["corpId"], ran.json["corpIsNew"]) == ("Acme-1.b_c", is_new)
        _, corp, _ = stored(data_folder, ran.json["appId"])
        assert corp.corp_id == "Acme-1.b_c"


def test_a_person_is_told_of_a_corp_that_was_made(run: Run) -> None:
    """A corp id that was mistyped is seen at once: its corp is new."""
    for ending in (" (new)", ""):
        lines = run("app", "create", "portal", "--corp", "acme").out.splitlines()
        assert f"corp      acme{ending}" in lines


@pytest.mark.parametrize("corp", ["", "a b", "a/b", "企业", "x" * 65, "a\n", "١"])
def test_a_corp_that_can_be_none_is_refused(run: Run, data_folder: Path, corp: str) -> None:
    """A wrong corp id is a wrong command; the error tells the rule, and nothing is made."""
    ran = run("app", "create", "portal", "--corp", corp)

    assert (ran.code, ran.out) == (2, "")
    assert "'--corp'" in ran.err
    assert "1 to 64 letters, digits" in ran.err
    assert not data_folder.exists()


@pytest.mark.parametrize("name", ["x", "x" * 255, "会议门户", "名" * 255])
def test_a_name_may_have_any_characters(run: Run, data_folder: Path, name: str) -> None:
    """Up to 255 characters of any script make a name."""
    ran = run("app", "create", name, "--json")

    app, _, _ = stored(data_folder, ran.json["appId"])
    assert app.name == name


@pytest.mark.parametrize("name", ["", " ", "\t\n", "x" * 256])
def test_a_name_that_is_none_is_refused(run: Run, data_folder: Path, name: str) -> None:
    """No name, and one too long, are a wrong command, and nothing is made."""
    ran = run("app", "create", name)

    assert (ran.code, ran.out) == (2, "")
    assert "NAME" in ran.err
    assert "1 to 255 printable characters" in ran.err
    assert not data_folder.exists()


def test_a_name_that_is_no_text_is_refused(run: Run) -> None:
    """Bytes that are no UTF-8, which Python shows as half characters, are no name."""
    ran = run("app", "create", "portal\udcff")

    assert (ran.code, ran.out) == (2, "")
    assert "NAME" in ran.err


def test_a_name_has_to_be_given(run: Run, tmp_path: Path) -> None:
    """Without a name the command is wrong, and nothing is made."""
    ran = run("app", "create")

    assert (ran.code, ran.out) == (2, "")
    assert "NAME" in ran.err
    assert names_in(tmp_path) == set()
