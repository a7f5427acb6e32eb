"""Starts the installed command as its users do, waits for it, and stops it again."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

_SECONDS_MAX: Final = 30.0
"""How long a command may take for anything before the test gives up on it."""

_SERVES: Final = re.compile(
    r"confledger serves (?P<url>\S+)\n"
    r"self-signed certificate, for clients to trust: (?P<certificate>.+)\n"
)
_SERVES_WITHOUT_OWN_CERTIFICATE: Final = re.compile(r"confledger serves (?P<url>\S+)\n")
_DEMO: Final = re.compile(
    r"address +(?P<url>\S+)\n"
    r".*trust +(?P<certificate>[^\n]+)\n"
    r".*app id +(?P<app_id>\S+)\n"
    r".*app key +(?P<app_key>\S+)\n"
    r"(?P<meetings>.*)"
    r"^(?P<curl>curl [^\n]+)\n"
    r".*temporary store goes with it\.\n",
    re.DOTALL | re.MULTILINE,
)
_MEETING: Final = re.compile(r"meeting +(\S+) +\(([0-9,]+) records\)")


@dataclass(frozen=True, slots=True)
class Service:
    """A command that serves, running."""

    url: str
    certificate: Path
    """What a client can trust it by, where it says so; a path that is not there otherwise."""
    data_folder: Path
    announcement: re.Match[str]
    """What it printed."""
    process: subprocess.Popen[bytes]
    _log: Path

    @property
    def port(self) -> int:
        """The port it listens on."""
        port = urlsplit(self.url).port
        assert port
        return port

    @property
    def log(self) -> str:
        """What it has written to its standard error so far."""
        return self._log.read_text()

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self.process.send_signal(signal_number)
        try:
            return self.process.wait(timeout=_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the command does not stop\n{self.log[:2000]}")


@dataclass(frozen=True, slots=True)
class Demo:
    """`confledger demo`, running, and what it printed."""

    service: Service
    app_id: str
    app_key: str
    curl: str
    """The command to try."""
    meetings: dict[str, int]
    """How many records each meeting is said to have."""


@contextmanager
def running(command: str, *options: str, folder: Path) -> Iterator[Service]:
    """Run `confledger serve`; at the end it must stop on SIGTERM, with 0 and no traceback.

    Args:
        command: the path of `confledger`.
        *options: the options of `serve`; without `--port` it takes a free one.
        folder: where its data and its output go.
    """
    port = [] if "--port" in options else ["--port", "0"]
    announcement = _SERVES
    if {"--no-tls", "--tls-cert"} & set(options):
        announcement = _SERVES_WITHOUT_OWN_CERTIFICATE
    data_folder = folder / "data"
    arguments = ["serve", "--data-folder", str(data_folder), *options, *port]
    with _running([command, *arguments], folder, announcement, data_folder) as service:
        yield service


@contextmanager
def running_demo(command: str, folder: Path) -> Iterator[Demo]:
    """Run `confledger demo`, whose temporary store is then the one entry of `folder / "tmp"`."""
    with _running([command, "demo", "--port", "0"], folder, _DEMO, None) as service:
        said = service.announcement
        meetings = {
            conference_uuid: int(count.replace(",", ""))
            for conference_uuid, count in _MEETING.findall(said["meetings"])
        }
        yield Demo(service, said["app_id"], said["app_key"], said["curl"], meetings)


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command, its output going to `stdout.txt` and `stderr.txt`; kill it if it is left."""
    environment = _environment(folder)
    with (folder / "stdout.txt").open("wb") as output, (folder / "stderr.txt").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _kill(process)


def run(command: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself; one that doesn't fails the test."""
    with started([command, *arguments], folder) as process:
        try:
            code = process.wait(timeout=_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            _kill(process)
            log = (folder / "stderr.txt").read_text()
            pytest.fail(f"{' '.join(arguments)} does not end\n{log[:2000]}")
    output, log = (folder / "stdout.txt").read_text(), (folder / "stderr.txt").read_text()
    return subprocess.CompletedProcess(command, code, output, log)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so; if it never is, the test fails."""
    end = time.monotonic() + _SECONDS_MAX
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"never came true: {what}")
        time.sleep(0.01)  # between two looks, until the bound above


def temporary_folder(folder: Path) -> Path:
    """Where a command that was started with a folder has its temporary files."""
    return folder / "tmp"


@contextmanager
def _running(
    command: list[str], folder: Path, announcement: re.Pattern[str], data_folder: Path | None
) -> Iterator[Service]:
    log = folder / "stderr.txt"
    with started(command, folder) as process:
        said = _announced(process, folder / "stdout.txt", log, announcement)
        if data_folder is None:
            (data_folder,) = temporary_folder(folder).iterdir()
        certificate = Path(said.groupdict().get("certificate", folder / "no certificate"))
        service = Service(said["url"], certificate, data_folder, said, process, log)
        yield service
        if process.poll() is None:
            code = service.stop()
            assert code == 0, f"exit code {code}\n{service.log}"
        assert "Traceback" not in service.log, service.log


def _environment(folder: Path) -> dict[str, str]:
    """The environment of whoever runs the tests, with a place of our own for temporary files."""
    temporary = temporary_folder(folder)
    temporary.mkdir(parents=True, exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary)}


def _announced(
    process: subprocess.Popen[bytes], output: Path, log: Path, announcement: re.Pattern[str]
) -> re.Match[str]:
    end = time.monotonic() + _SECONDS_MAX
    while True:
        has_ended = process.poll() is not None
        printed = output.read_text()
        if said := announcement.search(printed):
            return said
        if has_ended or time.monotonic() > end:
            pytest.fail(f"no address was announced\n{printed}{log.read_text()[:2000]}")
        time.sleep(0.01)  # between two looks, until the bound above


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, if it has not ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
