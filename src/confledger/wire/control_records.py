"""The call for which all this exists: the control records of a historical conference.

`GET /v1/mmc/management/conferences/history/confCtlRecord`
"""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.auth.tokens import Tokens, hash_token
from confledger.auth.visibility import Visibility
from confledger.catalogue.language import Language
from confledger.catalogue.words import Catalogue
from confledger.errors import InvalidParameter
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.record import Page
from confledger.ledger.store import RecordStore
from confledger.observability.counters import PAGE_CACHE_HITS, PAGE_CACHE_MISSES, counters
from confledger.wire.exchange import JSONBytes
from confledger.wire.page_cache import KeptPage, PageCache, PageKey
from confledger.wire.query import Query
from confledger.wire.reading import Headers, as_reader, language_of
from confledger.wire.record_json import page_json, words_for
from confledger.wire.shared_reads import SharedReads
from confledger.wire.token_calls import access_token_in

PATH: Final = "/v1/mmc/management/conferences/history/confCtlRecord"

PARAMETERS: Final = ("confUUID", "offset", "limit", "userUUID")
"""What the call knows; `userUUID` is withdrawn by the vendor, and ignored."""


class Question(msgspec.Struct, frozen=True):
    """What a request says that the answer depends on."""

    access_token: str | None
    token_hash: bytes
    query_string: bytes
    language: Language


def question_in(headers: Headers, query_string: bytes) -> Question:
    """The question of a request with these headers and this query."""
    token = access_token_in(headers)
    return Question(token, hash_token(token or ""), query_string, language_of(headers))


_QUERIES_REMEMBERED: Final = 4_096
_QUERY_BYTES_MAX: Final = 256
"""A longer one is not remembered."""


@lru_cache(_QUERIES_REMEMBERED)
def _asked_for(query_string: bytes) -> tuple[str, int, int]:
    """Conference, offset and limit of a query."""
    query = Query.parse(query_string.decode("latin-1"), *PARAMETERS)
    return query.conference_uuid(), *query.page()


def _asked(question: Question, principal: Principal) -> PageKey:
    parse = _asked_for if len(question.query_string) <= _QUERY_BYTES_MAX else _asked_for.__wrapped__
    conference_uuid, offset, limit = parse(question.query_string)
    corp_id, language = principal.corp_id, question.language
    return corp_id, conference_uuid, offset, limit, language, principal.masks_numbers


@dataclass(frozen=True, slots=True)
class ControlRecordsCall:
    """Who asks, for what, may they, read, words, bytes."""

    tokens: Tokens
    visibility: Visibility
    records: RecordStore
    phrases: PhraseStore
    catalogue: Catalogue
    pages: PageCache
    shared_reads: SharedReads[PageKey, JSONBytes] = field(default_factory=SharedReads)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        question = question_in(request.scope["headers"], request.scope["query_string"])
        return self.kept(question) or await self.answer(question)

    def kept(self, question: Question) -> JSONBytes | None:
        """The answer, if it is kept and still true, and may be told to whoever asks."""
        principal = self.tokens.known(question.token_hash)
        if principal is None or "read" not in principal.scopes:
            return None
        try:
            asked = _asked(question, principal)
        except InvalidParameter:
            return None
        kept = self.pages.get(asked)
        if kept is None or kept.generation != self.records.generation(asked[1]):
            return None
        if not kept.may_be_read_by(principal):
            return None
        counters.add(PAGE_CACHE_HITS)
        return kept.answer

    async def answer(self, question: Question) -> JSONBytes:
        """The answer, made anew.

        Raises:
            ConfledgerError: the question can't be answered so.
        """
        principal = as_reader(await self.tokens.verify(question.access_token))
        asked = _asked(question, principal)
        corp_id, conference_uuid, offset, limit, *_ = asked
        # Before anything is read: what is committed meanwhile is another generation.
        generation = self.records.generation(conference_uuid)
        if generation is None:
            return await self._answer_by_count(principal, asked)
        # Whether an administrator's corp has the conference is told by the page itself.
        if not principal.is_administrator:
            await self.visibility.require(principal, conference_uuid)
        kept = self.pages.get(asked)
        if kept is None or kept.generation != generation:
            page = await self.records.page(corp_id, conference_uuid, offset=offset, limit=limit)
            kept = KeptPage(await self._told(page, asked), generation)
            self.pages.keep(asked, kept)
            counters.add(PAGE_CACHE_MISSES)
        else:
            counters.add(PAGE_CACHE_HITS)
        kept.add_reader(principal)
        return kept.answer

    async def _answer_by_count(self, principal: Principal, asked: PageKey) -> JSONBytes:
        """Ask a store that tells no generations, in one round trip, for all who ask meanwhile."""
        reading = self.shared_reads.read(asked, partial(self._read_by_count, asked))
        if principal.is_administrator:
            return await reading
        permitted = self.visibility.require(principal, asked[1])
        _, answer = await asyncio.gather(permitted, reading)
        return answer

    async def _read_by_count(self, asked: PageKey) -> JSONBytes:
        corp_id, conference_uuid, offset, limit, *_ = asked
        kept = self.pages.get(asked)
        page = await self.records.page_unless(
            corp_id,
            conference_uuid,
            offset=offset,
            limit=limit,
            known_count=kept.generation if kept else None,
        )
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
