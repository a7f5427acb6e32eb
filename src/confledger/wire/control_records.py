"""The call for which all this exists: the control records of a historical conference.

`GET /v1/mmc/management/conferences/history/confCtlRecord`
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.tokens import Tokens
from confledger.auth.visibility import Visibility
from confledger.catalogue.words import Catalogue
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.store import RecordStore
from confledger.wire.exchange import JSONBytes
from confledger.wire.page_cache import KeptPage, PageCache
from confledger.wire.query import Query
from confledger.wire.reading import Headers, language_of, reader_of
from confledger.wire.record_json import page_json, words_for

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
        return await self.answer(request.scope["headers"], request.scope["query_string"])

    async def answer(self, headers: Headers, query_string: bytes) -> JSONBytes:
        """The answer to a request with these headers and this query.

        Raises:
            ConfledgerError: it can't be answered so.
        """
        principal = await reader_of(headers, self.tokens)
        conference_uuid, offset, limit = _asked_for(query_string)
        language = language_of(headers)
        masks_numbers = principal.masks_numbers
        key = (principal.corp_id, conference_uuid, offset, limit, language, masks_numbers)
        # Before anything is read: what is committed meanwhile is another generation.
        generation = self.records.generation(conference_uuid)
        kept = self.pages.get(key, generation)
        if kept and kept.may_be_read_by(principal):
            return kept.answer
        # Whether an administrator's corp has the conference is told by the page itself.
        if not principal.is_administrator:
            await self.visibility.require(principal, conference_uuid)
        if kept:
            kept.add_reader(principal)
            return kept.answer
        page = await self.records.page(
            principal.corp_id, conference_uuid, offset=offset, limit=limit
        )
        words = await words_for(
            page.records, principal.corp_id, language, self.catalogue, self.phrases
        )
        answer = JSONBytes(
            page_json(page, offset=offset, limit=limit, words=words, masks_numbers=masks_numbers)
        )
        if generation is not None:
            page_to_keep = KeptPage(answer, generation)
            page_to_keep.add_reader(principal)
            self.pages.keep(key, page_to_keep)
        return answer
