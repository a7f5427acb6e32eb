"""`confledger archive`, as an installed command: killed, stopped, watched, and told wrong things.

The size of the source and the number of kills are those of a quick check; the
variables below make them those of a real archive.
"""

import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from acceptance.service import Service, run, running, started, wait_until
from acceptance.vendor import token_by_login, trusting

MEETINGS: Final = int(os.environ.get("ARCHIVE_TEST_MEETINGS", "60"))
RECORDS: Final = int(os.environ.get("ARCHIVE_TEST_RECORDS", "3000"))
KILLS: Final = int(os.environ.get("ARCHIVE_TEST_KILLS", "5"))
SECONDS: Final = float(os.environ.get("ARCHIVE_TEST_SECONDS", "1.5"))
"""Within which a pull is killed, at random."""
RATE: Final = os.environ.get("ARCHIVE_TEST_REQUESTS_PER_SECOND", "100")
"""How fast those that are killed may ask: so fast that they would need longer."""

SPAN: Final = ("--since", "2024-12-20", "--until", "2026-01-01")
HISTORY: Final = "/v1/mmc/management/conferences/history"
LANGUAGES: Final = ("zh-CN", "en-US")
SEED: Final = 20

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A confledger full of made-up meetings, running, and the app to read it by."""

    command: str
    service: Service
    app_id: str
    app_key: str
    key_file: Path

    def options(self, folder: Path, *more: str) -> list[str]:
        """What a command that reads the source is told."""
        return [
            *("--from", self.service.url, "--app-id", self.app_id),
            *("--app-key-file", str(self.key_file)),
            *("--ca-file", str(self.service.certificate), "--requests-per-second", "1000"),
            *("--data-folder", str(folder / "data"), *more),
        ]

    def pull(self, folder: Path, *more: str) -> list[str]:
        """The words of a pull of everything."""
        return ["archive", "pull", *self.options(folder), *SPAN, *more]

    def status(self, folder: Path, *more: str) -> str:
        """What `archive status` prints."""
        ran = run(
            self.command,
            *("archive", "status", "--data-folder", str(folder / "data"), *more),
            folder=_made(folder / "status"),
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    def known(self, folder: Path) -> JSONObject:
        """What `archive status --json` says of the source."""
        (known,) = self.statuses(folder)
        return known

    def statuses(self, folder: Path) -> list[JSONObject]:
        """The same, where nothing need be known yet."""
        known: list[JSONObject] = json.loads(self.status(folder, "--json"))
        return known


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def key_of(command: str, folder: Path, data: Path) -> tuple[str, str]:
    """A new app of a store, and its key."""
    made = json.loads(
        run(
            command, "app", "create", "archive", "--data-folder", str(data), "--json", folder=folder
        ).stdout
    )
    return made["appId"], made["appKey"]


@pytest.fixture(scope="module")
def source(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """The source, up; it stays as it is."""
    folder = tmp_path_factory.mktemp("source")
    filling = ("generate", "--meetings", str(MEETINGS), "--records", str(RECORDS))
    with started([command, *filling, "--data-folder", str(folder / "data")], folder) as process:
        assert process.wait(600) == 0
    app_id, app_key = key_of(command, folder, folder / "data")
    key_file = folder / "key"
    key_file.write_text(app_key + "\n")
    with running(command, folder=folder) as service:
        yield Source(command, service, app_id, app_key, key_file)


def told_by(service: Service, app_id: str, app_key: str) -> dict[str, JSONObject]:
    """By conference, all that a ledger tells over the wire in both languages."""
    context = trusting(service.certificate)
    with httpx.Client(base_url=service.url, verify=context, timeout=60) as client:
        token = token_by_login(client, app_id, app_key)

        def items(path: str, language: str, **query: Any) -> tuple[JSONObject, list[JSONObject]]:
            """What stands beside the pages of a call, and all that is on them."""
            found: list[JSONObject] = []
            while True:
                answer = client.get(
                    path,
                    params={**query, "offset": len(found), "limit": 500},
                    headers={"X-Access-Token": token, "Accept-Language": language},
                ).json()
                page = answer["data"] if isinstance(answer["data"], dict) else answer
                found += page["data"]
                if len(found) >= page["count"]:
                    return answer.get("conferenceData", {}), found

        told: dict[str, JSONObject] = {}
        window = {"startDate": 0, "endDate": 2**42, "queryAll": "true"}
        for language in LANGUAGES:
            for info in items(HISTORY, language, **window)[1]:
                told.setdefault(info["confUUID"], {})[language] = info
            for conference_uuid, known in told.items():
                for call in ("confDetail", "confAttendeeRecord", "confCtlRecord"):
                    path = f"{HISTORY}/{call}"
                    known[f"{call} {language}"] = items(path, language, confUUID=conference_uuid)
    return told


@pytest.mark.usefixtures("anyio_backend")
def test_a_pull_that_is_killed_again_and_again_brings_everything(
    source: Source, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at random moments, then once to the end: the two ledgers tell the same."""
    if store_url:
        monkeypatch.setenv("CONFLEDGER_STORE", store_url)
    dice = random.Random(SEED)  # noqa: S311 - guards nothing
    figures = []
    for _ in range(KILLS):
        words = source.pull(tmp_path, "--requests-per-second", RATE)
        with started([source.command, *words], tmp_path) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5 + dice.random() * SECONDS)
            process.kill()
            process.wait()
        log = (tmp_path / "stderr.txt").read_text()
        assert "Traceback" not in log
        if store_url or (tmp_path / "data" / "confledger.sqlite3").exists():
            figures += [(each["records"], each["ended"]) for each in source.statuses(tmp_path)]
    # What is here only grows, and a run that was killed has no end.
    assert [records for records, _ in figures] == sorted(records for records, _ in figures)
    assert any(ended is None for _, ended in figures)

    begun = time.monotonic()
    with started([source.command, *source.pull(tmp_path, "--json")], tmp_path) as process:
        assert process.wait(3600) == 0, (tmp_path / "stderr.txt").read_text()
    report = json.loads((tmp_path / "stdout.txt").read_text())
    sys.stderr.write(f"kills: {figures}, last: {report}, {time.monotonic() - begun:.1f} seconds\n")

    assert report["problems"] == {}
    known = source.known(tmp_path)
    assert (known["conferences"], known["records"]) == (MEETINGS, RECORDS)
    assert (known["problem"], known["conferencesWithProblem"]) == ("", 0)
    assert known["ended"] is not None
    app = key_of(source.command, tmp_path, tmp_path / "data")
    with running(source.command, folder=tmp_path) as service:
        ours = told_by(service, *app)
    assert len(ours) == MEETINGS
    assert ours == told_by(source.service, source.app_id, source.app_key)


def test_a_run_is_told_in_lines_and_in_status(source: Source, tmp_path: Path) -> None:
    """Not on a terminal there is a line for each week; status tells it as a table and as JSON."""
    ran = run(source.command, *source.pull(tmp_path), folder=tmp_path)

    assert ran.returncode == 0
    assert ran.stdout == (
        f"meetings: {MEETINGS:,}, new or grown: {MEETINGS:,},"
        f" new records: {RECORDS:,}, not had: 0\n"
    )
    lines = ran.stderr.splitlines()
    weeks = len(lines)
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(
            rf"week {number} of {weeks}: [0-9,]+ meetings, [0-9,]+ new records, 0 problems", line
        )
    known = source.known(tmp_path)
    assert known | {"started": "", "ended": ""} == {
        "source": source.service.url,
        "started": "",
        "ended": "",
        "from": "2024-12-20 00:00:00",
        "reached": "2026-01-02 00:00:00",
        "until": "2026-01-01 23:59:59",
        "conferences": MEETINGS,
        "records": RECORDS,
        "problem": "",
        "conferencesWithProblem": 0,
        "problems": {},
    }
    table = source.status(tmp_path)
    assert source.service.url in table
    assert "2026-01-02 00:00:00" in table


def test_a_failure_is_a_sentence_in_the_command_and_in_status(
    source: Source, tmp_path: Path
) -> None:
    """A wrong key: exit code 1, what the source said, and the same in status."""
    key_file = tmp_path / "wrong"
    key_file.write_text("wrong")
    ran = run(
        source.command, *source.pull(tmp_path, "--app-key-file", str(key_file)), folder=tmp_path
    )

    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    assert line.startswith("Error: the remote refuses /v2/usg/acs/auth/appauth: 401")
    known = source.known(tmp_path)
    assert f"Error: {known['problem']}" == line
    assert (known["reached"], known["records"]) == (known["from"], 0)
    assert "the remote refuses" in " ".join(source.status(tmp_path).split())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "can't be read: No such file or directory"),
        (b"\xff\xfe", "can't be read: it is no text"),
        (b" \n", "there is no app key"),
    ],
)
def test_a_key_file_that_holds_no_key_is_a_sentence(
    source: Source, tmp_path: Path, content: bytes | None, told: str
) -> None:
    """Exit code 2, and no store is made."""
    key_file = tmp_path / "key"
    if content is not None:
        key_file.write_bytes(content)
    words = source.pull(tmp_path, "--app-key-file", str(key_file))
    ran = run(source.command, *words, folder=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert told in line
    assert not (tmp_path / "data").exists()


def test_the_key_may_come_from_the_environment(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a file CONFLEDGER_APP_KEY holds it; without both there is a sentence."""
    words = source.pull(tmp_path)
    place = words.index("--app-key-file")
    del words[place : place + 2]

    missing = run(source.command, *words, folder=tmp_path)
    monkeypatch.setenv("CONFLEDGER_APP_KEY", source.app_key)
    found = run(source.command, *words, folder=tmp_path)

    assert missing.returncode == 2
    assert "there is no app key" in missing.stderr
    assert "CONFLEDGER_APP_KEY is not set" in missing.stderr
    assert found.returncode == 0


def test_on_a_terminal_there_is_a_bar(source: Source, tmp_path: Path) -> None:
    """It shows weeks, meetings and records, and no lines beside it."""
    ours, theirs = pty.openpty()
    command = [source.command, *source.pull(tmp_path)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160", "LINES": "40"}
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment
        ) as process:
            os.close(theirs)
            shown = b""
            # Linux ends a terminal that nobody holds any more with an error.
            with suppress(OSError):
                while piece := terminal.read(65536):
                    shown += piece
        assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert re.search(rf"weeks +(\d+)/\1 .*{MEETINGS:,} meetings, +{RECORDS:,} new records", text)
    assert "week 1 of" not in text


@pytest.mark.parametrize("after", ["a pull", "a failure"])
def test_a_run_is_stopped_in_the_ordinary_way(source: Source, tmp_path: Path, after: str) -> None:
    """`archive run` pulls, waits, and ends on SIGTERM; what fails it tells, and goes on."""
    options = source.options(tmp_path, "--every", "0.01")
    if after == "a failure":
        key_file = tmp_path / "wrong"
        key_file.write_text("wrong")
        options += ["--app-key-file", str(key_file)]
    told = tmp_path / ("stderr.txt" if after == "a failure" else "stdout.txt")
    word = "Error: the remote refuses" if after == "a failure" else "meetings: "
    with started([source.command, "archive", "run", *options], tmp_path) as process:
        wait_until(lambda: told.read_text().count(word) > 1, "two pulls are done")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM

    log = (tmp_path / "stderr.txt").read_text()
    assert "Traceback" not in log
    assert "unexpected" not in log
    assert source.known(tmp_path)["ended"] is not None


def test_a_pull_that_is_told_to_end_says_so_in_status(source: Source, tmp_path: Path) -> None:
    """SIGTERM in the middle of a pull is no kill: the run has an end, and a reason for it."""
    words = source.pull(tmp_path, "--requests-per-second", "20")
    with started([source.command, *words], tmp_path) as process:
        wait_until((tmp_path / "stderr.txt").read_text, "a week is done")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM

    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()
    known = source.known(tmp_path)
    assert known["problem"] == "it was stopped"
    assert known["ended"] is not None
