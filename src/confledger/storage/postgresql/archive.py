"""The archive store on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from confledger.ledger.archive import ArchivedConference, ArchiveSource
from confledger.storage.postgresql.database import Database, Session
from confledger.storage.postgresql.missing import corp_missing, require_corp
from confledger.storage.rows import Row, archived_of, source_of


@dataclass(frozen=True, slots=True)
class PostgreSQLArchiveStore:
    """`ledger.archive.ArchiveStore` in one PostgreSQL database."""

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

        async def work(session: Session) -> None:
            await require_corp(session, corp_id)
            await session.rows("begin_archive", row)

        with corp_missing(corp_id):
            await self.database.write(work)

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
        await self.database.write(lambda session: session.rows(query, bindings))

    async def conference(
        self, corp_id: str, source: str, conference_uuid: str
    ) -> ArchivedConference | None:
        """See `ArchiveStore.conference`."""
        key = {"corp_id": corp_id, "source": source, "conference_uuid": conference_uuid}
        rows = await self.database.read("archived", key)
        return archived_of(rows[0]) if rows else None

    async def sources(self, corp_id: str) -> Sequence[ArchiveSource]:
        """See `ArchiveStore.sources`."""
        key = {"corp_id": corp_id}
        rows = await self.database.search(lambda session: session.rows("archive_sources", key))
        return [source_of(row) for row in rows]

    async def problems(
        self, corp_id: str, source: str, *, limit: int
    ) -> tuple[Sequence[ArchivedConference], int]:
        """See `ArchiveStore.problems`."""
        key = {"corp_id": corp_id, "source": source}

        async def work(session: Session) -> tuple[list[Row], int]:
            ((count,),) = await session.rows("count_archive_problems", key)
            return await session.rows("archive_problems", {**key, "limit": limit}), count

        rows, count = await self.database.search(work)
        return [archived_of(row) for row in rows], count
