"""The `confledger` that is measured: only its commands are used, and the file of its store."""

import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.client import App
from benchmarks.machine import Server, Unusable, free_port, server_cores, started


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took."""

    seconds: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Confledger:
    """The installed command."""

    command: Path

    def run(self, *arguments: str | Path) -> str:
        """Run it to its end; what it printed.

        Raises:
            Unusable: it failed.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [self.command, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Unusable(f"confledger {arguments[0]} fails: {done.stderr[-500:]}")
        return done.stdout

    def timed(
        self,
        *arguments: str | Path,
        core: str = server_cores(),
        environment: Mapping[str, str] | None = None,
    ) -> Used:
        """Run it to its end on a core, and tell what it took.

        Raises:
            Unusable: it failed.
        """
        command = ["/usr/bin/env", "taskset", "-c", core, self.command, *arguments]
        before = time.monotonic()
        with subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Unusable(f"confledger {arguments[0]} fails")
        return Used(time.monotonic() - before, used.ru_maxrss / 1024)

    def version(self) -> str:
        """What it calls its version."""
        return self.run("--version").split()[-1]

    def without_cache(self) -> tuple[str, ...]:
        """The options by which `serve` keeps no pages; none where it has no such option."""
        options = re.findall(
            r"^  (--[a-z-]*cache[a-z-]*)", self.run("serve", "--help"), re.MULTILINE
        )
        return (options[0], "0") if options else ()

    def make_app(self, store: str, key_file: Path) -> App:
        """A new app of a store, that may read and write."""
        made = self.run(
            *("app", "create", "benchmark", "--scope", "read,write", "--json"),
            *("--store", store, "--secret-key-file", key_file),
        )
        return msgspec.json.decode(made, type=App)

    @contextmanager
    def serving(
        self,
        store: str,
        key_file: Path,
        folder: Path,
        *options: str,
        tls: bool = False,
        workers: int = 1,
    ) -> Iterator[Server]:
        """Serve a store on the server's core.

        Args:
            store: its URL.
            key_file: its secret key.
            folder: for the log, and a certificate.
            *options: further ones of `serve`.
            tls: whether it speaks TLS; without a certificate it makes one in the folder.
            workers: how many processes.
        """
        port = free_port()
        command = [
            *(self.command, "serve", "--store", store, "--secret-key-file", key_file),
            *("--data-folder", folder, "--port", str(port), "--workers", str(workers)),
            *options,
            *(() if tls else ("--no-tls",)),
        ]
        log = folder / f"confledger-{port}.log"
        with started("confledger", command, port=port, log=log, tls=tls, workers=workers) as server:
            yield server


@dataclass(frozen=True, slots=True)
class StoreFile:
    """The SQLite file of a store."""

    path: Path
    key_file: Path
    app: App

    @property
    def url(self) -> str:
        """What `--store` takes."""
        return f"sqlite:///{self.path}"

    def conferences(self, *, records_min: int = 0) -> list[tuple[str, int]]:
        """The conferences of the store by id, and how many records each has."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return connection.execute(
                "SELECT conference_uuid, record_count FROM head WHERE record_count >= ?"
                " ORDER BY conference_uuid",
                (records_min,),
            ).fetchall()
