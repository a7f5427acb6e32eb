"""The archive store on SQLite."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apsw

from confledger.errors import NoSuchCorp
from confledger.ledger.archive import ArchivedConference, ArchiveSource
from confledger.storage.rows import archived_of, source_of
from confledger.storage.sqlite.database import QUERIES, Database, Read, Row


@dataclass(frozen=True, slots=True)
class SQLiteArchiveStore:
    """`ledger.archive.ArchiveStore` in one SQLite file."""

    database: Database

    async def begin_run(
        self, corp_id: str, source: str, *, since_ms: int, until_ms: int, now_ms: int
    ) -> None:
        """See `ArchiveStore.begin_run`."""
        row = {
            "corp_id": corp_id,
            "source": source,
            "since_ms": since_ms,
            "until_ms": until_ms,
            "now_ms": now_ms,
        }

        def work(connection: apsw.Connection) -> None:
            if not connection.execute(QUERIES["corp"], row).fetchall():
                raise NoSuchCorp(corp_id)
            connection.execute(QUERIES["begin_archive"], row)

        await self.database.write(work, [])

    async def reach(self, corp_id: str, source: str, *, since_ms: int, reached_ms: int) -> None:
        """See `ArchiveStore.reach`."""
        span = {"since_ms": since_ms, "reached_ms": reached_ms}
        await self._write("reach_archive", corp_id, source, **span)

    async def end_run(self, corp_id: str, source: str, *, now_ms: int, problem: str) -> None:
        """See `ArchiveStore.end_run`."""
        await self._write("end_archive", corp_id, source, now_ms=now_ms, problem=problem)

    async def put_conference(
        self, corp_id: str, source: str, conference: ArchivedConference
    ) -> None:
        """See `ArchiveStore.put_conference`."""
        await self._write("put_archived", corp_id, source, **asdict(conference))

    async def _write(self, query: str, corp_id: str, source: str, **row: Any) -> None:  # noqa: ANN401 - cells of any column
        bindings = {"corp_id": corp_id, "source": source, **row}
        await self.database.write(
            lambda connection: connection.execute(QUERIES[query], bindings), []
        )

    async def conference(
        self, corp_id: str, source: str, conference_uuid: str
    ) -> ArchivedConference | None:
        """See `ArchiveStore.conference`."""
        key = {"corp_id": corp_id, "source": source, "conference_uuid": conference_uuid}
        rows = self.database.read("archived", key)
        return archived_of(rows[0]) if rows else None

    async def sources(self, corp_id: str) -> Sequence[ArchiveSource]:
        """See `ArchiveStore.sources`."""
        rows = await self.database.search(
            lambda read: read("archive_sources", {"corp_id": corp_id})
        )
        return [source_of(row) for row in rows]

    async def problems(
        self, corp_id: str, source: str, *, limit: int
    ) -> tuple[Sequence[ArchivedConference], int]:
        """See `ArchiveStore.problems`."""
        key = {"corp_id": corp_id, "source": source}

        def work(read: Read) -> tuple[list[Row], int]:
            ((count,),) = read("count_archive_problems", key)
            return read("archive_problems", {**key, "limit": limit}), count

        rows, count = await self.database.search(work)
        return [archived_of(row) for row in rows], count
