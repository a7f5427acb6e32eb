"""Which conferences are exported, and how they are read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from confledger.catalogue.words import Catalogue
from confledger.ledger.conference import ConferenceStore
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.record import Page
from confledger.ledger.store import RecordStore

PAGE_ROWS: Final = 500
"""How much of a conference is held in memory; as the largest page of the wire."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Conferences of a corp: those named, or else all that began in a window."""

    corp_id: str
    named: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None
    """Both ends are included."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    conferences: int = 0
    ended: int = 0
    """Of them."""
    records: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an export reads from."""

    conferences: ConferenceStore
    records: RecordStore
    phrases: PhraseStore
    catalogue: Catalogue

    async def uuids(self, selection: Selection) -> AsyncIterator[str]:
        """The conferences, in the order named or by id."""
        if selection.named:
            for conference_uuid in dict.fromkeys(selection.named):
                yield conference_uuid
            return
        after = ""
        while True:
            step = await self.conferences.walk(
                selection.corp_id,
                since_ms=selection.since_ms,
                until_ms=selection.until_ms,
                after=after,
                limit=PAGE_ROWS,
            )
            for conference_uuid in step:
                yield conference_uuid
            if len(step) < PAGE_ROWS:
                return
            after = step[-1]

    async def size_of(self, selection: Selection) -> Size:
        """How much there is to export.

        Raises:
            NoSuchConference: one that is named is not there.
        """
        conferences = ended = records = 0
        async for conference_uuid in self.uuids(selection):
            page = await self.records.page(selection.corp_id, conference_uuid, offset=0, limit=1)
            known = await self.conferences.get(selection.corp_id, conference_uuid)
            conferences += 1
            ended += known is not None and known.end_time_ms is not None
            records += page.count
        return Size(conferences, ended, records)

    async def pages(self, corp_id: str, conference_uuid: str) -> AsyncIterator[tuple[int, Page]]:
        """The records of a conference, page by page, each with its offset; none is empty."""
        offset = 0
        while True:
            page = await self.records.page(corp_id, conference_uuid, offset=offset, limit=PAGE_ROWS)
            if page.records:
                yield offset, page
            offset += len(page.records)
            if len(page.records) < PAGE_ROWS:
                return
