"""The call for which all this exists: the control records of a historical conference.

`GET /v1/mmc/management/conferences/history/confCtlRecord`
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.auth.tokens import Tokens
from confledger.auth.visibility import Visibility
from confledger.catalogue.language import best_language
from confledger.catalogue.words import Catalogue
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.record import Page
from confledger.ledger.store import RecordStore
from confledger.observability.counters import PAGE_CACHE_HITS, PAGE_CACHE_MISSES, counters
from confledger.wire.exchange import JSONBytes
from confledger.wire.page_cache import KeptPage, PageCache, PageKey
from confledger.wire.query import Query
from confledger.wire.reading import accept_language_in, reader_with
from confledger.wire.record_json import page_json, words_for
from confledger.wire.token_calls import access_token_of

PATH: Final = "/v1/mmc/management/conferences/history/confCtlRecord"

PARAMETERS: Final = ("confUUID", "offset", "limit", "userUUID")
"""What the call knows; `userUUID` is withdrawn by the vendor, and ignored."""


_QUERIES_REMEMBERED: Final = 4_096


@lru_cache(_QUERIES_REMEMBERED)
def _asked_for(query_string: bytes) -> tuple[str, int, int]:
    """Conference, offset and limit of a query."""
    query = Query.parse(query_string.decode("latin-1"), *PARAMETERS)
    return query.conference_uuid(), *query.page()


@dataclass(frozen=True, slots=True)
class ControlRecordsCall:
    """Who asks, for what, may they, read, words, bytes."""

    tokens: Tokens
    visibility: Visibility
    records: RecordStore
    phrases: PhraseStore
    catalogue: Catalogue
    pages: PageCache

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        scope = request.scope
        return await self.answer(
            access_token_of(request), accept_language_in(scope["headers"]), scope["query_string"]
        )

    async def answer(
        self, access_token: str | None, accept_language: bytes, query_string: bytes
    ) -> JSONBytes:
        """The answer to a request with this token, for these languages, and with this query.

        Raises:
            ConfledgerError: it can't be answered so.
        """
        principal = await reader_with(access_token, self.tokens)
        conference_uuid, offset, limit = _asked_for(query_string)
        asked = (
            principal.corp_id,
            conference_uuid,
            offset,
            limit,
            best_language(accept_language.decode("latin-1")),
            principal.masks_numbers,
        )
        # Before anything is read: what is committed meanwhile is another generation.
        generation = self.records.generation(conference_uuid)
        kept = self.pages.get(asked)
        if generation is None:
            return await self._answer_by_count(principal, asked, kept)
        if kept and kept.generation != generation:
            kept = None
        if kept and kept.may_be_read_by(principal):
            counters.add(PAGE_CACHE_HITS)
            return kept.answer
        # Whether an administrator's corp has the conference is told by the page itself.
        if not principal.is_administrator:
            await self.visibility.require(principal, conference_uuid)
        if kept is None:
            page = await self.records.page(
                principal.corp_id, conference_uuid, offset=offset, limit=limit
            )
            kept = KeptPage(await self._told(page, asked), generation)
            self.pages.keep(asked, kept)
            counters.add(PAGE_CACHE_MISSES)
        else:
            counters.add(PAGE_CACHE_HITS)
        kept.add_reader(principal)
        return kept.answer

    async def _answer_by_count(
        self, principal: Principal, asked: PageKey, kept: KeptPage | None
    ) -> JSONBytes:
        """Ask a store that tells no generations, in one round trip."""
        corp_id, conference_uuid, offset, limit, *_ = asked
        reading = self.records.page_unless(
            corp_id,
            conference_uuid,
            offset=offset,
            limit=limit,
            known_count=kept.generation if kept else None,
        )
        if principal.is_administrator:
            page = await reading
        else:
            permitted = self.visibility.require(principal, conference_uuid)
            _, page = await asyncio.gather(permitted, reading)
        if page is None:
            counters.add(PAGE_CACHE_HITS)
            return cast("KeptPage", kept).answer  # no count is known but the kept one's
        counters.add(PAGE_CACHE_MISSES)
        answer = await self._told(page, asked)
        # A text that the catalogue does not know may get a translation at any time.
        if not any(record.operation_text or record.result_text for record in page.records):
            self.pages.keep(asked, KeptPage(answer, page.count))
        return answer

    async def _told(self, page: Page, asked: PageKey) -> JSONBytes:
        corp_id, _, offset, limit, language, masks_numbers = asked
        words = await words_for(page.records, corp_id, language, self.catalogue, self.phrases)
        return JSONBytes(
            page_json(page, offset=offset, limit=limit, words=words, masks_numbers=masks_numbers)
        )
