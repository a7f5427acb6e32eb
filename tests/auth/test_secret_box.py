"""How app keys are kept at rest."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from confledger.app import open_parts
from confledger.auth.secret_box import SecretBox, load_secret_box
from confledger.errors import SettingError
from confledger.settings import Settings
from confledger.storage import sqlite_path

BOX = SecretBox(bytes(32))


def test_what_is_sealed_opens_for_its_owner_only() -> None:
    """A sealed secret opens for its owner, and not for another app or with another key."""
    sealed = BOX.seal("the app key", owner="app 1")

    assert BOX.open(sealed, owner="app 1") == "the app key"
    with pytest.raises(SettingError):
        BOX.open(sealed, owner="app 2")
    with pytest.raises(SettingError):
        SecretBox(bytes(31) + b"1").open(sealed, owner="app 1")
    with pytest.raises(SettingError):
        BOX.open(sealed[:-1] + b"?", owner="app 1")


def test_sealing_twice_looks_different() -> None:
    """Nobody can tell from two sealed secrets whether they are the same."""
    assert BOX.seal("the app key", owner="a") != BOX.seal("the app key", owner="a")


def test_the_secret_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """The first call makes the file, readable by its owner alone; the next ones read it."""
    path = tmp_path / "folder" / "secret.key"

    with ThreadPoolExecutor(8) as pool:
        key_ids = {
            box.key_id
            for box in pool.map(lambda path: load_secret_box(path, make=True), [path] * 16)
        }

    assert len(key_ids) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "00" * 31, "00" * 33])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    """A file of another length or with other characters stops with a sentence that names it."""
    path = tmp_path / "secret.key"
    path.write_text(content)

    with pytest.raises(SettingError, match=r"secret\.key must hold 64 hexadecimal digits"):
        load_secret_box(path, make=False)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A path that can't be a file stops with a sentence that names it."""
    with pytest.raises(SettingError, match="can't be used"):
        load_secret_box(tmp_path, make=True)


async def test_a_store_refuses_another_secret_key(settings: Settings, tmp_path: Path) -> None:
    """A store opened with a secret key that is not its own says so instead of failing later."""
    async with open_parts(settings) as parts:
        await parts.open_apps()
    (tmp_path / "other.key").write_text("00" * 32)
    stranger = replace(settings, secret_key_file=tmp_path / "other.key")

    with pytest.raises(SettingError, match="not the one that belongs to this store"):
        async with open_parts(stranger) as parts:
            await parts.open_apps()


@pytest.mark.sqlite
async def test_the_store_alone_gives_no_secret_away(settings: Settings) -> None:
    """Neither an app key nor a token stands in the store's files in clear."""
    async with open_parts(settings) as parts:
        apps = await parts.open_apps()
        app, app_key = await apps.create("test", "default", frozenset({"read"}))
        user = await apps.default_administrator("default")
        session = await parts.tokens.issue(user, app, 72)
        path = sqlite_path(settings.store_url)
        stored = b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))

    assert app.app_id.encode() in stored
    for secret in (app_key, session.access_token, session.refresh_token):
        assert secret.encode() not in stored
