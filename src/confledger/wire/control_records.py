"""The call for which all this exists: the control records of a historical conference.

`GET /v1/mmc/management/conferences/history/confCtlRecord`
"""

import asyncio
import string
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.auth.tokens import Tokens, hash_token
from confledger.auth.visibility import Visibility
from confledger.catalogue.language import Language
from confledger.catalogue.words import Catalogue
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.record import ShownPage
from confledger.ledger.store import RecordStore
from confledger.observability.counters import PAGE_CACHE_HITS, PAGE_CACHE_MISSES, counters
from confledger.wire.exchange import JSONBytes
from confledger.wire.page_cache import KeptPage, PageCache, PageKey
from confledger.wire.query import Query
from confledger.wire.reading import Headers, as_reader, language_of
from confledger.wire.record_json import shown_page_json, words_for_texts
from confledger.wire.shared_reads import SharedReads
from confledger.wire.token_calls import access_token_in

PATH: Final = "/v1/mmc/management/conferences/history/confCtlRecord"

PARAMETERS: Final = ("confUUID", "offset", "limit", "userUUID")
"""What the call knows; `userUUID` is withdrawn by the vendor, and ignored."""

_TELLING: Final = frozenset(PARAMETERS) - {"userUUID"}


class Caller(msgspec.Struct, frozen=True):
    """What the headers of a request say that the answer depends on."""

    access_token: str | None
    token_hash: bytes
    language: Language


def caller_in(headers: Headers) -> Caller:
    """The caller of a request with these headers."""
    token = access_token_in(headers)
    return Caller(token, hash_token(token or ""), language_of(headers))


_PLAIN_CHARACTERS: Final = (string.ascii_letters + string.digits + "_.~=&%+-").encode()
_QUERY_BYTES_MAX: Final = 256
"""The answer to a longer one is not kept."""


def is_plain(query_string: bytes) -> bool:
    """Whether it has no characters but those that a query of ours needs."""
    return not query_string.translate(None, _PLAIN_CHARACTERS)


_Page = tuple[str, str, int, int, Language, bool]
"""Corp, conference, offset, limit, language, and whether numbers are starred."""


class Asked(msgspec.Struct, frozen=True):
    """What is asked for, and for whom."""

    key: PageKey
    conference_uuid: str
    offset: int
    limit: int
    may_be_kept: bool
    """Whether the query is a plain one, and has no parameters that say nothing here: they may be
    others each time."""

    @property
    def page(self) -> _Page:
        """What is asked for, however it was spelled."""
        corp_id, _, language, masks_numbers = self.key
        return corp_id, self.conference_uuid, self.offset, self.limit, language, masks_numbers


def _asked_for(caller: Caller, query_string: bytes, principal: Principal) -> Asked:
    query = Query.parse(query_string.decode("latin-1"), *PARAMETERS)
    key = principal.corp_id, query_string, caller.language, principal.masks_numbers
    may_be_kept = (
        len(query_string) <= _QUERY_BYTES_MAX
        and is_plain(query_string)
        and query.values.keys() <= _TELLING
    )
    return Asked(key, query.conference_uuid(), *query.page(), may_be_kept)


@dataclass(frozen=True, slots=True)
class ControlRecordsCall:
    """Who asks, for what, may they, read, words, bytes."""

    tokens: Tokens
    visibility: Visibility
    records: RecordStore
    phrases: PhraseStore
    catalogue: Catalogue
    pages: PageCache
    shared_reads: SharedReads[_Page, JSONBytes] = field(default_factory=SharedReads)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        caller = caller_in(request.scope["headers"])
        query_string = request.scope["query_string"]
        return self.kept(caller, query_string) or await self.answer(caller, query_string)

    def kept(self, caller: Caller, query_string: bytes) -> JSONBytes | None:
        """The answer, if it is kept and still true, and may be told to whoever asks."""
        principal = self.tokens.known(caller.token_hash)
        if principal is None or "read" not in principal.scopes:
            return None
        kept = self.pages.get(
            (principal.corp_id, query_string, caller.language, principal.masks_numbers)
        )
        if kept is None or kept.generation != self.records.generation(kept.conference_uuid):
            return None
        if not kept.may_be_read_by(principal):
            return None
        counters.add(PAGE_CACHE_HITS)
        return kept.answer

    async def answer(self, caller: Caller, query_string: bytes) -> JSONBytes:
        """The answer, made anew.

        Raises:
            ConfledgerError: there is none.
        """
        principal = self.tokens.known(caller.token_hash)
        principal = as_reader(principal or await self.tokens.verify(caller.access_token))
        asked = _asked_for(caller, query_string, principal)
        conference_uuid = asked.conference_uuid
        # Before anything is read: what is committed meanwhile is another generation.
        generation = self.records.generation(conference_uuid)
        if generation is None:
            return await self._answer_by_count(principal, asked)
        # Whether an administrator's corp has the conference is told by the page itself.
        if not principal.is_administrator:
            await self.visibility.require(principal, conference_uuid)
        kept = self.pages.get(asked.key)
        if kept is None or kept.generation != generation:
            page = await self.records.shown_page(
                principal.corp_id, conference_uuid, offset=asked.offset, limit=asked.limit
            )
            answer = await self._told(cast("ShownPage", page), asked)  # no count is known
            kept = KeptPage(answer, conference_uuid, generation)
            if asked.may_be_kept:
                self.pages.keep(asked.key, kept)
            counters.add(PAGE_CACHE_MISSES)
        else:
            counters.add(PAGE_CACHE_HITS)
        kept.add_reader(principal)
        return kept.answer

    async def _answer_by_count(self, principal: Principal, asked: Asked) -> JSONBytes:
        """Ask a store that tells no generations, in one round trip, for all who ask meanwhile."""
        reading = self.shared_reads.read(asked.page, partial(self._read_by_count, asked))
        if principal.is_administrator:
            return await reading
        permitted = self.visibility.require(principal, asked.conference_uuid)
        _, answer = await asyncio.gather(permitted, reading)
        return answer

    async def _read_by_count(self, asked: Asked) -> JSONBytes:
        kept = self.pages.get(asked.key)
        page = await self.records.shown_page(
            asked.key[0],
            asked.conference_uuid,
            offset=asked.offset,
            limit=asked.limit,
            known_count=kept.generation if kept else None,
        )
        if page is None:
            counters.add(PAGE_CACHE_HITS)
            return cast("KeptPage", kept).answer  # no count is known but the kept one's
        counters.add(PAGE_CACHE_MISSES)
        answer = await self._told(page, asked)
        # A text that the catalogue does not know may get a translation at any time.
        if asked.may_be_kept and not page.unknown_texts:
            self.pages.keep(asked.key, KeptPage(answer, asked.conference_uuid, page.count))
        return answer

    async def _told(self, page: ShownPage, asked: Asked) -> JSONBytes:
        corp_id, _, language, masks_numbers = asked.key
        words = await words_for_texts(
            page.unknown_texts, corp_id, language, self.catalogue, self.phrases
        )
        return JSONBytes(
            shown_page_json(
                page,
                offset=asked.offset,
                limit=asked.limit,
                words=words,
                masks_numbers=masks_numbers,
            )
        )
