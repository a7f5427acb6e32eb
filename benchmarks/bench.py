"""What every case has at hand: the data, the peers, and for how long to measure."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.client import Client, page_path, reading_headers
from benchmarks.confledger_command import Confledger
from benchmarks.data import USUAL_TOKEN, Data
from benchmarks.machine import Server, Unusable, free_port, started
from benchmarks.rounds import Contender, Load, Measured, Ratio, measure
from benchmarks.wrk import Requests

OURS: Final = "confledger"
NGINX: Final = "nginx static"
FIRST_LAP: Final = f"{OURS}, first lap"
GRANIAN: Final = "granian static"
USUAL: Final = "usual stack"
REST: Final = "Django REST framework"
DATASETTE: Final = "Datasette"

_ROOT: Final = Path(__file__).parents[1]
_PEERS: Final = _ROOT / "benchmarks" / ".venv" / "bin"

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a case has found."""

    measured: list[Measured] = field(default_factory=list)
    ratios: list[Ratio | None] = field(default_factory=list)
    unit: str = "requests"
    notes: list[str] = field(default_factory=list)
    """What was left out, and why; what else a reader should know."""
    figures: dict[str, float] = field(default_factory=dict)
    """Figures that are no rates, with their units in their names."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A run of the benchmarks, and within it a case."""

    data: Data
    rounds: int
    seconds: int
    folder: Path
    """For what goes when the case ends, on a real disk."""
    stack: ExitStack
    """Ends with the case."""
    is_quick: bool
    left_out: list[str]
    """Who was left out of the case, and why."""
    records_max: int | None = None
    """How large the largest store may be where sizes are compared."""

    @property
    def confledger(self) -> Confledger:
        """The command that is measured."""
        return self.data.confledger

    def measure(self, contenders: Iterable[Contender]) -> list[Measured]:
        """Measure in interleaved rounds."""
        return measure(list(contenders), rounds=self.rounds, seconds=self.seconds)

    def path(self, name: str) -> Path:
        """A path of the case's folder."""
        return self.folder / name

    # --- What serves ------------------------------------------------------------

    def nginx(self, pages: Path, *, tls: bool = False, workers: int = 1) -> Server | None:
        """nginx, which sends the files of a folder, with as little else to do as it can have.

        None where the machine has none, which is noted.
        """
        if is_missing("nginx"):
            self.left_out.append(f"left out: {NGINX}, for nginx is not installed")
            return None
        port = free_port()
        folder = self.path(f"nginx-{port}")
        folder.mkdir()
        certificate, key = self.data.certificate()
        secure = f"ssl_certificate {certificate}; ssl_certificate_key {key};" if tls else ""
        temporary = "".join(
            f"{each}_temp_path {folder};"
            for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(f"""
            daemon off; pid {folder}/pid; error_log {folder}/error.log;
            worker_processes {workers}; {"user root;" if os.geteuid() == 0 else ""}
            events {{ worker_connections 1024; }}
            http {{
              access_log off; server_tokens off; sendfile on; tcp_nopush on; tcp_nodelay on;
              keepalive_requests 1000000000; {temporary} {secure}
              open_file_cache max=20000 inactive=1h; open_file_cache_valid 1h;
              default_type application/json;
              server {{
                listen 127.0.0.1:{port} backlog=1024 {"ssl" if tls else ""};
                root {pages};
              }}
            }}
        """)
        command: list[str | Path] = [
            "nginx",
            "-c",
            configuration,
            "-p",
            folder,
            "-e",
            folder / "error.log",
        ]
        return self.stack.enter_context(
            started(NGINX, command, port=port, log=folder / "log", tls=tls, workers=workers)
        )

    def granian(self, body: Path) -> Server:
        """granian, which sends the bytes of a file."""
        port = free_port()
        command: list[str | Path] = [
            *(_PEERS / "granian", "--interface", "rsgi", "--port", str(port), "--workers", "1"),
            *("--loop", "uvloop", "--no-ws", "--log-level", "warning", "--backlog", "1024"),
            "benchmarks.peers.granian_static:app",
        ]
        return self._peer(GRANIAN, command, port, {"STATIC_BODY": str(body)})

    def usual(self, database: Path) -> Server:
        """FastAPI and SQLAlchemy, served by uvicorn with uvloop and httptools."""
        port = free_port()
        command: list[str | Path] = [
            *(_PEERS / "uvicorn", "benchmarks.peers.usual:app", "--port", str(port)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log"),
            *("--log-level", "warning"),
        ]
        return self._peer(USUAL, command, port, {"USUAL_STORE": str(database)})

    def rest(self, database: Path) -> Server:
        """Django REST framework, served by gunicorn with threads, so that connections stay."""
        port = free_port()
        command: list[str | Path] = [
            *(_PEERS / "gunicorn", "benchmarks.peers.rest:application"),
            *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4"),
            *("--keep-alive", "60", "--log-level", "warning"),
        ]
        return self._peer(REST, command, port, {"USUAL_STORE": str(database)})

    def datasette(self, database: Path) -> Server:
        """Datasette on the database."""
        port = free_port()
        command: list[str | Path] = [
            *(_PEERS / "datasette", "serve", database, "--port", str(port)),
            *("--setting", "sql_time_limit_ms", "60000", "--setting", "facet_time_limit_ms", "1"),
            *("--setting", "suggest_facets", "off", "--setting", "max_returned_rows", "500"),
        ]
        return self._peer(DATASETTE, command, port, {})

    def _peer(
        self, name: str, command: list[str | Path], port: int, environment: dict[str, str]
    ) -> Server:
        return self.stack.enter_context(
            started(
                name,
                command,
                port=port,
                log=self.path(f"peer-{port}.log"),
                environment={"PYTHONPATH": str(_ROOT), **environment},
            )
        )

    # --- What loads it ----------------------------------------------------------

    def requesting(
        self,
        server: Server,
        paths: Iterable[str],
        token: str,
        *,
        name: str = "",
        connections: int = 32,
        seconds_min: int = 1,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        also: Iterable[int] = (),
    ) -> Contender:
        """A contender that is asked for these paths in turn.

        Args:
            server: whom to ask.
            paths: what for.
            token: the access token.
            name: what to call it, if not as the server.
            connections: how many at once.
            seconds_min: how long at least, for those that take their time.
            body: what to POST there; None asks by GET.
            headers: further ones.
            also: further processes that work for it.
        """
        name = name or server.name
        listed = self.path(f"{name}-{server.port}.paths")
        listed.write_text("".join(f"{each}\n" for each in paths))
        requests = Requests(
            server.url, listed, {**reading_headers(token), **(headers or {})}, connections, body
        )

        def load(seconds: int) -> Load:
            said = requests.run(max(seconds, seconds_min), self.path("load.lua"))
            return Load(
                said.requests, said.microseconds / 1e6, said.p50_us / 1000, said.p99_us / 1000
            )

        return Contender(name, load, (server.process, *also))

    def first_lap(
        self, paths: list[str], token: str, start: Callable[[], AbstractContextManager[Server]]
    ) -> Contender:
        """A contender that is started anew for each round, and asked nothing twice.

        It is asked for a second, in which there must not be time for all paths.
        """
        listed = self.path("first-lap.paths")
        listed.write_text("".join(f"{each}\n" for each in paths))

        def load(_: int) -> Load:
            with start() as server:
                requests = Requests(server.url, listed, reading_headers(token))
                said = requests.run(1, self.path("load.lua"))
            if said.requests > len(paths):
                raise Unusable(f"{len(paths):,} pages are too few for a second")
            return Load(said.requests, said.microseconds / 1e6)

        return Contender(FIRST_LAP, load)

    def save_pages(
        self, server: Server, token: str, questions: Iterable[tuple[str, int, int]]
    ) -> list[tuple[str, str]]:
        """Save answers of ours as files for nginx.

        Args:
            server: ours.
            token: the access token.
            questions: a conference, an offset, a limit each.

        Returns:
            For each, the path that ours answers, and that of the file.
        """
        self.path("pages").mkdir(exist_ok=True)
        client = Client(server, reading_headers(token))
        saved = []
        for conference_uuid, offset, limit in questions:
            asked = page_path(conference_uuid, offset=offset, limit=limit)
            file = f"/{conference_uuid}-{offset}-{limit}"
            (self.path("pages") / file[1:]).write_bytes(client.ask(asked).body)
            saved.append((asked, file))
        client.close()
        return saved


def is_missing(program: str) -> bool:
    """Whether the system lacks a program."""
    return shutil.which(program) is None


def has_peers() -> bool:
    """Whether the environment of the peers is there."""
    return (_PEERS / "uvicorn").exists()


def check_same_bytes(ours: Server, our_path: str, theirs: Server, path: str, token: str) -> None:
    """Both must give the same bytes.

    Raises:
        Unusable: they don't.
    """
    headers = reading_headers(token)
    bodies = []
    for server, asked in ((ours, our_path), (theirs, path)):
        client = Client(server, headers)
        bodies.append(client.ask(asked).body)
        client.close()
    if bodies[0] != bodies[1]:
        raise Unusable(f"{theirs.name} sends other bytes than {ours.name} to {our_path}")


def check_same_records(
    ours: Server, our_path: str, token: str, theirs: Server, path: str, rows: Callable[[Any], Any]
) -> None:
    """Both must give the same records; `rows` finds theirs in their answer.

    Raises:
        Unusable: they don't.
    """
    client = Client(ours, reading_headers(token))
    expected = client.ask(our_path).json()["data"]
    client.close()
    client = Client(theirs, reading_headers(USUAL_TOKEN))
    answered = rows(client.ask(path).json())
    client.close()
    extra = {"id", "confUUID", "eventId"}
    shown = [
        {key: value for key, value in row.items() if value is not None and key not in extra}
        for row in answered
    ]
    if shown != expected:
        raise Unusable(f"{theirs.name} answers other records than {ours.name} to {path}")
