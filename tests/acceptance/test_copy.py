"""`confledger store copy`, as an installed command: there and back, killed, with many meetings.

The size is that of a quick check; `COPY_TEST_MEETINGS` makes it that of a real move.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from acceptance.service import started
from confledger.app import Parts, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.errors import StoreUnusable
from confledger.generator.people import pool_of
from confledger.settings import Settings
from confledger.storage import open_stores
from confledger.wire.control_records import PATH as RECORDS
from confledger.wire.history import ATTENDANCE_PATH, DETAIL_PATH
from confledger.wire.history import PATH as LIST
from conftest import client_of
from postgresql import new_store
from storage.test_copying import fill

MEETINGS: Final = int(os.environ.get("COPY_TEST_MEETINGS", "40"))
RECORDS_PER_MEETING: Final = 100
OTHER_CORP: Final = "beta"
OTHER_CORP_SHARE: Final = 4
"""One meeting in so many is the other corp's."""
DIE_AT: Final = (
    "participant, rows copied",
    "record, rows copied",
    "record, rows copied",
    "corp, rows compared",
)
"""What a copy has told when it is killed, each time it is begun again.

While it copies, it is killed a little later; comparing few rows takes less than that.
"""
KILLS_MIN: Final = 2
"""A copy may be quicker than whoever kills it, but not each time."""
LITTLE_SECONDS: Final = 0.02 + MEETINGS / 4000
SECONDS_MAX: Final = 1200
LANGUAGES: Final = ("zh-CN", "en-US")
LIMITS: Final = (500, 20)
WINDOW: Final = "startDate=0&endDate=253402300799999"
SEED: Final = 8

INVITED: Final = User(
    "b" * 32,
    DEFAULT_CORP_ID,
    pool_of(DEFAULT_CORP_ID).people[0].account,
    AdminType.ORDINARY,
    Directory(),
)
"""A user who was invited to some of the made-up meetings."""

Answers = dict[str, tuple[int, bytes]]
"""The status and a digest of each answer, by who asked for what."""


def settings_of(folder: Path, url: str) -> Settings:
    """One secret key serves all copies."""
    return Settings(data_folder=folder, store=url, secret_key_file=folder / "secret.key")


async def make_source(command: str, folder: Path, url: str) -> None:
    """Fill a store: two corps with meetings, users, apps, phrases, an archive's progress."""
    async with open_parts(settings_of(folder, url)) as parts:
        await fill(parts, meetings=2, records=20)
        await parts.stores.tenants.add_corp(OTHER_CORP, "Beta")
        await parts.stores.tenants.change_corp(OTHER_CORP, masks_numbers=False)
        await parts.stores.tenants.add_user(INVITED, "a hash")
        apps = await parts.open_apps()
        for corp_id in (DEFAULT_CORP_ID, OTHER_CORP):
            await apps.create("reader", corp_id, frozenset({"read"}))
            await apps.default_administrator(corp_id)
    others = MEETINGS // OTHER_CORP_SHARE
    for corp_id, meetings in ((DEFAULT_CORP_ID, MEETINGS - others), (OTHER_CORP, others)):
        words = ["generate", "--meetings", str(meetings), "--corp", corp_id, "--store", url]
        words += ["--records", str(meetings * RECORDS_PER_MEETING)]
        with started([command, *words], folder) as process:
            assert process.wait(SECONDS_MAX) == 0


async def copy_killed(
    command: str, folder: Path, source: str, target: str, dice: random.Random
) -> dict[str, int]:
    """Copy, killed again and again, until it is done; in between nobody can open the target.

    Returns:
        How many rows each table has.
    """
    words = [command, "store", "copy", "--from", source, "--to", target, "--json"]
    said, began = folder / "stderr.txt", time.monotonic()
    kills, is_done = 0, False
    for sign in (*DIE_AT, None):
        with started(words, folder) as process:
            if sign is not None:
                while process.poll() is None and sign not in said.read_text():  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.002)
                if "copied" in sign:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(dice.random() * LITTLE_SECONDS)
                process.kill()
            code = process.wait(SECONDS_MAX)
        assert code in (0, -signal.SIGKILL), said.read_text()
        is_done = code == 0
        if is_done:
            break
        kills += 1
        with pytest.raises(StoreUnusable, match="not whole"):
            await open_stores(target)
    assert is_done
    assert kills >= KILLS_MIN
    print(f"copied, with {kills} kills, in {time.monotonic() - began:.1f} s")  # noqa: T201 - as below
    counts: dict[str, int] = json.loads((folder / "stdout.txt").read_text())
    return counts


class Asker:
    """Asks a store everything over the wire, and remembers what it was told."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.answers: Answers = {}
        self.seen: dict[str, set[str]] = {}
        """Which conferences were listed to whom."""

    async def items(self, who: str, token: str, question: str, language: str) -> list[Any]:
        """What is on all pages of a call, at each page size."""
        found: list[Any] = []
        for limit in LIMITS:
            found, count = [], 1
            while len(found) < count:
                asked = f"{question}&offset={len(found)}&limit={limit}"
                headers = {"X-Access-Token": token, "Accept-Language": language}
                answer = await self._client.get(asked, headers=headers)
                digest = hashlib.sha256(answer.content).digest()
                self.answers[f"{who} {language} {asked}"] = (answer.status_code, digest)
                if answer.status_code != 200:
                    break
                body = answer.json()
                page = body["data"] if isinstance(body["data"], dict) else body
                found += page["data"]
                count = page["count"]
                assert page["data"] or not count
        return found


async def told(parts: Parts) -> Asker:
    """All that the administrators of both corps and an ordinary user are told."""
    conferences = parts.stores.conferences
    apps = await parts.open_apps()
    callers = []
    for corp_id in (DEFAULT_CORP_ID, OTHER_CORP):
        administrator = await apps.default_administrator(corp_id)
        app, _ = await apps.create("asker", corp_id, frozenset({"read"}))
        callers.append((f"administrator of {corp_id}", administrator, app))
    callers.append(("ordinary user", INVITED, callers[0][2]))
    async with client_of(parts) as client:
        asker = Asker(client)
        for who, user, app in callers:
            token = (await parts.tokens.issue(user, app, API_CLIENT_TYPE)).access_token
            for language in LANGUAGES:
                listed = await asker.items(who, token, f"{LIST}?{WINDOW}&queryAll=true", language)
                asker.seen[who] = {each["confUUID"] for each in listed}
                for uuid in await conferences.walk(
                    user.corp_id, since_ms=None, until_ms=None, after="", limit=MEETINGS * 2 + 10
                ):
                    for path in (DETAIL_PATH, ATTENDANCE_PATH, RECORDS):
                        await asker.items(who, token, f"{path}?confUUID={uuid}", language)
    return asker


@pytest.fixture
async def middle() -> AsyncIterator[str]:
    """An empty store in PostgreSQL."""
    async with new_store() as url:
        yield url


@pytest.mark.usefixtures("anyio_backend")
async def test_a_store_that_went_to_postgresql_and_back_answers_the_same_bytes(
    command: str, tmp_path: Path, middle: str
) -> None:
    """Copied by a command that is killed several times each way: the last SQLite file tells
    everybody, page by page and in both languages, what the first one does.
    """
    first, last = (f"sqlite:///{tmp_path / name / 'store.sqlite3'}" for name in ("one", "two"))
    await make_source(command, tmp_path, first)
    dice = random.Random(SEED)  # noqa: S311 - guards nothing
    there = await copy_killed(command, tmp_path, first, middle, dice)
    back = await copy_killed(command, tmp_path, middle, last, dice)
    assert there == back
    assert all(back.values())

    began = time.monotonic()
    async with (
        open_parts(settings_of(tmp_path, first)) as before,
        open_parts(settings_of(tmp_path, last)) as after,
    ):
        expected, answered = await told(before), await told(after)
    assert answered.answers == expected.answers
    seen = expected.seen
    everything = seen[f"administrator of {DEFAULT_CORP_ID}"]
    assert len(everything) >= MEETINGS - MEETINGS // OTHER_CORP_SHARE
    assert len(seen[f"administrator of {OTHER_CORP}"]) == MEETINGS // OTHER_CORP_SHARE
    assert seen["ordinary user"]
    assert seen["ordinary user"] < everything
    statuses = [status for status, _ in expected.answers.values()]
    assert set(statuses) == {200, 403}
    print(  # noqa: T201 - the figures, for who wants them (pytest -s)
        f"{MEETINGS} meetings, {back['record']} records, {sum(back.values())} rows;"
        f" {statuses.count(200)} pages and {statuses.count(403)} refusals"
        f" compared in {time.monotonic() - began:.0f} s"
    )
