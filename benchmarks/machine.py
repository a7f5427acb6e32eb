"""The machine: which core does what, what a process has used, and which versions there are."""

import os
import platform
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SECONDS_MAX: Final = 60.0
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = resource.getpagesize()
_CORES: Final = sorted(os.sched_getaffinity(0))
_CORES_MIN: Final = 2
_PARENT, _TIMES, _RESIDENT = 1, slice(11, 15), 21


class Unusable(Exception):
    """The benchmark can't go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves, with those that it started."""

    name: str
    process: int
    """The process that was started; those that it starts count with it."""
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"


def server_cores(workers: int = 1) -> str:
    """The cores of a server with so many workers, as taskset names them."""
    return ",".join(map(str, _CORES[:workers]))


def load_core() -> int:
    """The core of what makes the load: one that a server of one worker doesn't have."""
    return _CORES[-1]


def take_load_core() -> None:
    """Keep this process, and the load generators that it starts, off the server's core.

    Raises:
        Unusable: there is one core only.
    """
    if len(_CORES) < _CORES_MIN:
        raise Unusable("two cores are needed: one for the server, one for the load")
    os.sched_setaffinity(0, {load_core()})


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def on_server_core() -> Iterator[None]:
    """What is started meanwhile is on the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_CORES[0]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def started(
    name: str,
    command: Sequence[str | Path],
    *,
    port: int,
    log: Path,
    tls: bool = False,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Start a server on the server's core, wait until it listens, and end it afterwards.

    Args:
        name: what to call it.
        command: how to start it.
        port: where it will listen.
        log: the file for what it writes.
        tls: whether it speaks TLS.
        workers: how many cores it may have.
        environment: what it finds there beside ours.

    Raises:
        Unusable: it ended, or did not begin to listen.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            ["/usr/bin/env", "taskset", "-c", server_cores(workers), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        end = time.monotonic() + _SECONDS_MAX
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > end:
                raise Unusable(f"{name} does not start: {log.read_text()[-1000:]}")
            time.sleep(0.005)
        yield Server(name, process.pid, port, tls)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stats(root: int) -> list[list[str]]:
    """The fields of /proc/PID/stat behind the name, of a process and of all below it."""
    fields_of: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                fields_of[int(entry.name)] = (
                    (entry / "stat").read_text().rpartition(") ")[2].split()
                )
    family = {root}
    # A child may have a lower number than its parent, so it takes as many looks as it is deep.
    while True:
        more = {
            process
            for process, fields in fields_of.items()
            if int(fields[_PARENT]) in family and process not in family
        }
        if not more:
            return [fields_of[process] for process in family if process in fields_of]
        family |= more


def cpu_seconds(processes: Sequence[int]) -> float:
    """What these and all below them have used so far, in user mode and in the kernel."""
    ticks = sum(sum(map(int, fields[_TIMES])) for root in processes for fields in _stats(root))
    return ticks / _TICKS_PER_SECOND


def busy_seconds() -> float:
    """How long the server's core has been busy so far, whoever it was with."""
    (line,) = (
        line
        for line in Path("/proc/stat").read_text("utf-8").splitlines()
        if line.startswith(f"cpu{_CORES[0]} ")
    )
    user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, line.split()[1:9])
    busy = user + nice + system + interrupts + soft_interrupts + stolen
    return busy / _TICKS_PER_SECOND


def resident_mib(process: int) -> float:
    """The resident memory of a process and of all below it."""
    return sum(int(fields[_RESIDENT]) for fields in _stats(process)) * _PAGE_BYTES / 2**20


def processor() -> str:
    """The name of the processor."""
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def describe() -> dict[str, str]:
    """The machine, for whoever reads the figures."""
    memory_mib = os.sysconf("SC_PHYS_PAGES") * _PAGE_BYTES // 2**20
    return {
        "processor": processor(),
        "cores": str(len(_CORES)),
        "memory": f"{memory_mib:,} MiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
