"""The call for which all this exists: the control records of a historical conference.

`GET /v1/mmc/management/conferences/history/confCtlRecord`
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.tokens import Tokens
from confledger.catalogue.language import best_language
from confledger.catalogue.words import Catalogue
from confledger.errors import InvalidParameter, NotPermitted
from confledger.ledger.intake import conference_uuid_from
from confledger.ledger.store import RecordStore
from confledger.wire.exchange import JSONBytes
from confledger.wire.record_json import page_json
from confledger.wire.token_calls import access_token_of

PATH: Final = "/v1/mmc/management/conferences/history/confCtlRecord"

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 500
_INTEGER_MAX: Final = 2**31 - 1

_PARAMETERS_MAX: Final = 32
_INTEGER: Final = re.compile(r"-?[0-9]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ControlRecordsQuery:
    """What the call asks for."""

    conference_uuid: str
    offset: int
    limit: int

    @classmethod
    def parse(cls, query_string: str) -> "ControlRecordsQuery":
        """Read the query.

        `limit` above 500 counts as 500. Other parameters are passed over, among
        them the withdrawn `userUUID`.

        Raises:
            InvalidParameter: one is missing, malformed, out of range or repeated.
        """
        try:
            pairs = parse_qsl(
                query_string,
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_PARAMETERS_MAX,
            )
        except UnicodeDecodeError:
            raise InvalidParameter("the query", "must be UTF-8, percent-encoded") from None
        except ValueError:
            raise InvalidParameter(
                "the query", f"must not have more than {_PARAMETERS_MAX} parameters"
            ) from None
        occurrences = Counter(name for name, _ in pairs)
        for name in ("confUUID", "offset", "limit", "userUUID"):
            if occurrences[name] > 1:
                raise InvalidParameter(name, "must be given only once")
        values = dict(pairs)
        if "confUUID" not in values:
            raise InvalidParameter("confUUID", "is missing")
        conference_uuid = conference_uuid_from(values["confUUID"])
        if conference_uuid is None:
            raise InvalidParameter("confUUID", "must be 32 hexadecimal digits")
        return cls(
            conference_uuid,
            offset=_integer(values, "offset", default=0, least=0),
            limit=min(_integer(values, "limit", default=LIMIT_DEFAULT, least=1), LIMIT_MAX),
        )


def _integer(values: dict[str, str], name: str, *, default: int, least: int) -> int:
    text = values.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text) or not least <= int(text) <= _INTEGER_MAX:
        raise InvalidParameter(name, f"must be an integer from {least} to {_INTEGER_MAX}")
    return int(text)


@dataclass(frozen=True, slots=True)
class ControlRecordsCall:
    """Who asks, for what, read, words, bytes."""

    tokens: Tokens
    records: RecordStore
    catalogue: Catalogue

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        principal = await self.tokens.verify(access_token_of(request))
        if "read" not in principal.scopes:
            raise NotPermitted("the app has no scope to read")
        query = ControlRecordsQuery.parse(request.scope["query_string"].decode("latin-1"))
        # Read before the right to read is checked: a conference that is not there
        # has to look the same to everybody.
        page = await self.records.page(
            principal.corp_id, query.conference_uuid, offset=query.offset, limit=query.limit
        )
        if not principal.is_administrator:
            raise NotPermitted("the user neither scheduled the conference nor was invited to it")
        accept_language = ",".join(request.headers.getlist("accept-language"))
        return JSONBytes(
            page_json(
                page,
                offset=query.offset,
                limit=query.limit,
                words=self.catalogue.words(best_language(accept_language)),
                masks_numbers=principal.masks_numbers,
            )
        )
