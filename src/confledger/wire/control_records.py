"""The call for which all this exists: the control records of a historical conference.

`GET /v1/mmc/management/conferences/history/confCtlRecord`
"""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.tokens import Tokens
from confledger.auth.visibility import Visibility
from confledger.catalogue.words import Catalogue
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.store import RecordStore
from confledger.wire.exchange import JSONBytes
from confledger.wire.query import Query
from confledger.wire.reading import language_of, query_string_of, reader_of
from confledger.wire.record_json import page_json, words_for

PATH: Final = "/v1/mmc/management/conferences/history/confCtlRecord"

PARAMETERS: Final = ("confUUID", "offset", "limit", "userUUID")
"""What the call knows; `userUUID` is withdrawn by the vendor, and ignored."""


@dataclass(frozen=True, slots=True)
class ControlRecordsCall:
    """Who asks, for what, may they, read, words, bytes."""

    tokens: Tokens
    visibility: Visibility
    records: RecordStore
    phrases: PhraseStore
    catalogue: Catalogue

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        principal = await reader_of(request, self.tokens)
        query = Query.parse(query_string_of(request), *PARAMETERS)
        conference_uuid = query.conference_uuid()
        offset, limit = query.page()
        await self.visibility.require(principal, conference_uuid)
        page = await self.records.page(
            principal.corp_id, conference_uuid, offset=offset, limit=limit
        )
        words = await words_for(
            page.records, principal.corp_id, language_of(request), self.catalogue, self.phrases
        )
        return JSONBytes(
            page_json(
                page,
                offset=offset,
                limit=limit,
                words=words,
                masks_numbers=principal.masks_numbers,
            )
        )
