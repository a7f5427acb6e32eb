"""The programs of the page that tells how to push, run as they stand in it."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from acceptance.service import Service, run, running, wait_until
from acceptance.vendor import RECORDS, token_by_login, trusting

PAGES: Final = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HISTORY: Final = "/v1/mmc/management/conferences/history"

# By the file that the page names: the language of its block, and what has to be there to run it.
PROGRAMS: Final = {
    "push.sh": ("sh", ("curl", "openssl")),
    "push.py": ("python", ()),
    "push.mjs": ("js", ("node",)),
}


def blocks_of(page: str) -> list[tuple[str, str]]:
    """The blocks of code of a page: their language and their text."""
    return BLOCK.findall((PAGES / page).read_text("utf-8"))


@pytest.fixture(scope="module")
def service(
    _no_proxy: None, command: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with a certificate that it made itself."""
    with running(command, folder=tmp_path_factory.mktemp("push")) as started:
        yield started


def app_of(service: Service, command: str, folder: Path, scope: str) -> tuple[str, str]:
    """Id and key of a new app."""
    arguments = ("--scope", scope, "--json", "--data-folder", str(service.data_folder))
    made = json.loads(run(command, "app", "create", scope, *arguments, folder=folder).stdout)
    return made["appId"], made["appKey"]


@pytest.fixture(scope="module")
def environment(
    service: Service, command: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What the page has its reader export, but for the conference."""
    app_id, app_key = app_of(service, command, tmp_path_factory.mktemp("app"), "write")
    return {
        "LEDGER": service.url,
        "APP_ID": app_id,
        "APP_KEY": app_key,
        "CERTIFICATE": str(service.certificate),
    }


def started_program(
    name: str, folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Write a program of the page to its file, and start it by the line of the page."""
    language, tools = PROGRAMS[name]
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    if name == "push.mjs":
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607 - whichever the reader has
        if int(version.stdout.strip().lstrip("v").partition(".")[0]) < 18:
            pytest.skip(f"node is too old: {version.stdout.strip()}")
    blocks = blocks_of("push.md")
    (line,) = [text for _, text in blocks if re.search(rf" {re.escape(name)}\n", text)]
    at = blocks.index(("sh", line)) - 1
    assert blocks[at][0] == language
    (folder / name).write_text(blocks[at][1], "utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(sys.executable)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        ["sh", "-c", line],  # noqa: S607 - whichever the reader has
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_done(program: subprocess.Popen[str]) -> None:
    """Wait for the end of a program, which must be a good one."""
    output, errors = program.communicate(timeout=120)
    assert program.returncode == 0, output + errors


def assert_brought(service: Service, command: str, folder: Path, conference_uuid: str) -> None:
    """Hold what the ledger says of a conference against what each program tells."""
    (folder / "reader").mkdir()
    app_id, app_key = app_of(service, command, folder / "reader", "read")
    with httpx.Client(base_url=service.url, verify=trusting(service.certificate)) as client:
        headers = {
            "X-Access-Token": token_by_login(client, app_id, app_key),
            "Accept-Language": "en-US",
        }

        def read(path: str, **query: str) -> Any:
            answer = client.get(path, headers=headers, params=query)
            assert answer.status_code == 200, answer.text
            return answer.json()

        records = read(RECORDS, confUUID=conference_uuid)
        stays = read(f"{HISTORY}/confAttendeeRecord", confUUID=conference_uuid)
        span = {"startDate": "1767254400000", "endDate": "1767254400000", "limit": "500"}
        listed = read(HISTORY, queryAll="true", **span)
        detail = read(f"{HISTORY}/confDetail", confUUID=conference_uuid)
    assert records["data"] == [
        {
            "operateTime": 1767254460000,
            "operateSource": "Web",
            "operator": "Ann",
            "operateCode": "Mute participant",
            "operationObject": "Bob",
            "operateResult": "Success",
        },
        {
            "operateTime": 1767254470000,
            "operateSource": "Web",
            "operator": "Ann",
            "operateCode": "Start whiteboard",
            "operateResult": "Success",
        },
    ]
    told = [
        (stay["displayName"], stay["callNumber"], stay["joinTime"], stay["leftTime"])
        for stay in stays["data"]
    ]
    assert told == [
        ("Ann", "1001", 1767254400000, 1767258000000),
        ("Bob", "1002", 1767254410000, 1767258000000),
    ]
    (entry,) = [each for each in listed["data"] if each["confUUID"] == conference_uuid]
    assert (entry["subject"], entry["startTime"], entry["endTime"], entry["scheduserName"]) == (
        "Planning",
        "2026-01-01 08:00",
        "2026-01-01 09:00",
        "Ann",
    )
    invited = [(each["name"], each["accountId"], each["role"]) for each in detail["data"]["data"]]
    assert invited == [("Ann", "ann", 1), ("Bob", "bob", 0)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_brings_a_meeting(
    service: Service, command: str, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """Run as it stands in the page, it brings the meeting; run again, nothing comes twice."""
    conference = {"CONFERENCE": uuid.uuid4().hex}
    assert_done(started_program(name, tmp_path, environment | conference))
    shutil.rmtree(tmp_path / "bin")
    assert_done(started_program(name, tmp_path, environment | conference))
    assert_brought(service, command, tmp_path, conference["CONFERENCE"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_comes_again_where_the_store_is_busy(
    service: Service, command: str, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """It is told 503 while somebody else holds the store, and brings the meeting afterwards."""
    conference = {"CONFERENCE": uuid.uuid4().hex}
    before = service.log.count(" status=503 ")
    store = service.data_folder / "confledger.sqlite3"
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        program = started_program(name, tmp_path, environment | conference)
        wait_until(lambda: service.log.count(" status=503 ") > before, "a 503 is answered")
        other.execute("ROLLBACK")
    assert_done(program)
    assert_brought(service, command, tmp_path, conference["CONFERENCE"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_comes_again_where_the_connection_is_lost(
    service: Service, command: str, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    """Its first connection is cut, the next are refused, and once the service is up it brings the
    meeting.
    """
    conference = {"CONFERENCE": uuid.uuid4().hex}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        address = {"LEDGER": f"https://127.0.0.1:{port}"}
        program = started_program(name, tmp_path, environment | conference | address)
        listener.settimeout(60)
        listener.accept()[0].close()
    options = ("--port", str(port), "--data-folder", str(service.data_folder))
    (tmp_path / "other").mkdir()
    with running(command, *options, folder=tmp_path / "other"):
        assert_done(program)
    assert_brought(service, command, tmp_path, conference["CONFERENCE"])


def test_the_page_is_the_same_in_both_languages() -> None:
    """The blocks of code are the same, one after the other."""
    assert blocks_of("push.md") == blocks_of("push.zh-CN.md")
    assert {language for language, _ in blocks_of("push.md")} == {"sh", "python", "js"}
