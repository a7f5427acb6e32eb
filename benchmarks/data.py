"""The data that is measured with: made once, and kept in benchmarks/.data."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.client import App, Client, log_in, page_path, reading_headers
from benchmarks.confledger_command import Confledger, StoreFile
from benchmarks.machine import Unusable
from benchmarks.posting import Posts, post

DEEP_RECORDS: Final = 2_000_000
DEEP_CONFERENCE: Final = "dee9" * 8
_PUSH: Final = 10_000
_PAGE: Final = 500
_COLUMNS: Final = (
    "operateTime",
    "operateSource",
    "operator",
    "operateCode",
    "operationObject",
    "operateResult",
    "detail",
)


@dataclass(frozen=True, slots=True)
class Data:
    """Stores of made-up meetings, and the same records as the usual stack keeps them."""

    folder: Path
    confledger: Confledger

    def meetings(self, meetings: int, records: int) -> StoreFile:
        """A store with so many meetings of `confledger generate`."""

        def fill(store: StoreFile) -> None:
            self.confledger.run(
                *("generate", "--meetings", str(meetings), "--records", str(records)),
                *("--store", store.url),
            )

        return self._store(f"meetings-{meetings}-{records}", fill)

    def deep(self) -> StoreFile:
        """A store with one conference of two million records, pushed."""

        def fill(store: StoreFile) -> None:
            with self.confledger.serving(store.url, store.key_file, store.path.parent) as server:
                posts = Posts(_PUSH, has_event_ids=True, conference_uuid=DEEP_CONFERENCE)
                post(server, log_in(server, store.app), posts, count=DEEP_RECORDS // _PUSH)

        return self._store(f"deep-{DEEP_RECORDS}", fill)

    def copy(self, store: StoreFile, folder: Path) -> StoreFile:
        """A copy to write to."""
        folder.mkdir(parents=True)
        path = folder / store.path.name
        copy_database(store.path, path)
        key_file = folder / store.key_file.name
        shutil.copyfile(store.key_file, key_file)
        key_file.chmod(0o600)
        return StoreFile(path, key_file, store.app)

    def as_usual(self, store: StoreFile, conferences: Iterable[tuple[str, int]]) -> Path:
        """A database as the usual stack has it: the records of these conferences in one table.

        The records are asked from confledger, so that both have the same.
        """
        path = store.path.parent / "usual.sqlite3"
        if path.exists():
            return path
        made = path.with_suffix(".part")
        made.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(made)) as connection,
            self.confledger.serving(store.url, store.key_file, store.path.parent) as server,
        ):
            connection.executescript(USUAL_TABLES)
            client = Client(server, reading_headers(log_in(server, store.app)))
            for conference_uuid, count in conferences:
                for offset in range(0, count, _PAGE):
                    answer = client.ask(page_path(conference_uuid, offset=offset, limit=_PAGE))
                    _add(connection, conference_uuid, answer.json()["data"])
            connection.commit()
            connection.execute("ANALYZE")
            connection.execute("PRAGMA journal_mode = wal")
            client.close()
        made.rename(path)
        return path

    def certificate(self) -> tuple[Path, Path]:
        """The certificate that confledger makes for itself, and its key."""
        folder = self.folder / "certificate"
        made = folder / "tls"
        if not made.exists():
            folder.mkdir(parents=True, exist_ok=True)
            store = f"sqlite:///{folder / 'store.sqlite3'}"
            with self.confledger.serving(store, folder / "store.key", folder, tls=True) as server:
                # It listens before it has the certificate, so an answer is waited for.
                client = Client(server)
                client.ask("/openapi.json")
                client.close()
        return made / "certificate.pem", made / "key.pem"

    def _store(self, name: str, fill: Callable[[StoreFile], None]) -> StoreFile:
        """A store that is kept under a name, which the version of its schema is part of."""
        making = self.folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        path, key_file, app_file = (
            making / each for each in ("store.sqlite3", "store.key", "app.json")
        )
        app = self.confledger.make_app(f"sqlite:///{path}", key_file)
        app_file.write_bytes(msgspec.json.encode(app))
        info = msgspec.json.decode(
            self.confledger.run("store", "info", "--store", f"sqlite:///{path}", "--json")
        )
        kept = self.folder / f"{name}-schema-{info['schemaVersion']}"
        if not kept.exists():
            print(f"making the data: {kept.name}", flush=True)
            store = StoreFile(path, key_file, app)
            fill(store)
            if not store.conferences():
                raise Unusable(f"there is nothing in the store {path}")
            making.rename(kept)
        app = msgspec.json.decode((kept / app_file.name).read_bytes(), type=App)
        return StoreFile(kept / path.name, kept / key_file.name, app)


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite file that may be open."""
    with (
        closing(sqlite3.connect(source)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)


USUAL_TABLES: Final = """
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    confUUID VARCHAR(32) NOT NULL,
    operateTime BIGINT NOT NULL,
    operateSource TEXT,
    operator TEXT,
    operateCode TEXT,
    operationObject TEXT,
    operateResult TEXT,
    detail TEXT,
    eventId VARCHAR(256)
);
CREATE INDEX record_of_conference ON record (confUUID, id);
CREATE UNIQUE INDEX record_of_event ON record (confUUID, eventId);
CREATE TABLE token (token VARCHAR(64) PRIMARY KEY, corp VARCHAR(64) NOT NULL);
INSERT INTO token VALUES ('tttttttttttttttttttttttttttttttttttt', 'default');
"""
"""What a good engineer would make in an afternoon."""

USUAL_TOKEN: Final = "t" * 36


def _add(connection: sqlite3.Connection, conference_uuid: str, data: list[dict[str, Any]]) -> None:
    connection.executemany(
        f"INSERT INTO record (confUUID, {', '.join(_COLUMNS)})"  # noqa: S608 - our own names
        f" VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})",
        [(conference_uuid, *(record.get(name) for name in _COLUMNS)) for record in data],
    )
