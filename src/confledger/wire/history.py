"""The list of historical conferences, one of them in detail, and who attended it.

`GET /v1/mmc/management/conferences/history`, `.../confDetail`, `.../confAttendeeRecord`
"""

from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.tokens import Tokens
from confledger.auth.visibility import Visibility, persons_of
from confledger.catalogue.words import Catalogue
from confledger.errors import InvalidParameter
from confledger.ledger.conference import (
    ConferenceQuery,
    ConferenceStore,
    Order,
    ParticipantQuery,
)
from confledger.ledger.phrases import PhraseStore
from confledger.wire.conference_json import (
    AttendancesJSON,
    ConferenceInfoJSON,
    ConferencesJSON,
    DetailJSON,
    ParticipantsJSON,
    attendance_json,
    detailed,
    listed,
    participant_json,
)
from confledger.wire.exchange import JSONBytes
from confledger.wire.query import Query
from confledger.wire.reading import language_of, query_string_of, reader_of

PATH: Final = "/v1/mmc/management/conferences/history"
DETAIL_PATH: Final = PATH + "/confDetail"
ATTENDANCE_PATH: Final = PATH + "/confAttendeeRecord"

TIME_MS_MAX: Final = 253_402_300_799_999

ORDERS: Final = {
    "DSC_StartTIME": Order.NEWEST_FIRST,
    "ASC_StartTIME": Order.OLDEST_FIRST,
    "DSC_RecordTYPE": Order.RECORDED_FIRST,
    "ASC_RecordTYPE": Order.RECORDED_LAST,
}
"""The sort types; the first is the default, as the vendor's sample looks."""

LIST_PARAMETERS: Final = (
    "startDate",
    "endDate",
    "offset",
    "limit",
    "searchKey",
    "queryAll",
    "sortType",
    "userUUID",
)
PAGE_PARAMETERS: Final = ("confUUID", "offset", "limit", "searchKey", "userUUID")

# The values of X-Type: whether rooms and people are told apart, and how.
_MIXED, _PEOPLE_THEN_TERMINALS, _ONE_KIND = "0", "1", "2"
_PEOPLE, _TERMINALS = "0", "1"


@dataclass(frozen=True, slots=True)
class HistoryCalls:
    """Lists conferences, and tells about one."""

    tokens: Tokens
    visibility: Visibility
    conferences: ConferenceStore
    phrases: PhraseStore
    catalogue: Catalogue

    async def list(self, request: Request) -> Response:
        """Ended conferences that began between two dates."""
        principal = await reader_of(request.scope["headers"], self.tokens)
        query = Query.parse(query_string_of(request), *LIST_PARAMETERS)
        offset, limit = query.page()
        since_ms = query.integer("startDate", most=TIME_MS_MAX)
        until_ms = query.integer("endDate", most=TIME_MS_MAX)
        if until_ms < since_ms:
            raise InvalidParameter("endDate", "must not be before startDate")
        sees_all = query.boolean("queryAll") and principal.is_administrator
        asked = ConferenceQuery(
            since_ms=since_ms,
            until_ms=until_ms,
            search=query.text("searchKey"),
            persons=None if sees_all else persons_of(principal),
            order=ORDERS[query.choice("sortType", tuple(ORDERS))],
        )
        conferences, count = await self.conferences.list(
            principal.corp_id, asked, offset=offset, limit=limit
        )
        data = [
            listed(
                conference,
                is_administrator=principal.is_administrator,
                user_id=principal.user_id,
            )
            for conference in conferences
        ]
        return JSONBytes(msgspec.json.encode(ConferencesJSON(data, offset, limit, count)))

    async def detail(self, request: Request) -> Response:
        """One conference, with a page of those who were invited to it."""
        principal = await reader_of(request.scope["headers"], self.tokens)
        query = Query.parse(query_string_of(request), *PAGE_PARAMETERS)
        conference_uuid = query.conference_uuid()
        offset, limit = query.page()
        separation = _header(request, "X-Type", (_MIXED, _PEOPLE_THEN_TERMINALS, _ONE_KIND))
        kind = _header(request, "X-Query-Type", (_PEOPLE, _TERMINALS))
        asked = ParticipantQuery(
            search=query.text("searchKey"),
            is_terminal=kind == _TERMINALS if separation == _ONE_KIND else None,
            terminals_last=separation == _PEOPLE_THEN_TERMINALS,
        )
        await self.visibility.require(principal, conference_uuid)
        conference = await self.conferences.get(principal.corp_id, conference_uuid)
        participants, count = await self.conferences.participants(
            principal.corp_id, conference_uuid, asked, offset=offset, limit=limit
        )
        # Of some conferences nothing is known but what was done in them.
        info = ConferenceInfoJSON()
        if conference is not None:
            info = detailed(
                conference, is_administrator=principal.is_administrator, user_id=principal.user_id
            )
        data = [participant_json(each) for each in participants]
        page = ParticipantsJSON(data, offset, limit, count)
        return JSONBytes(msgspec.json.encode(DetailJSON(info, page)))

    async def attendance(self, request: Request) -> Response:
        """A page of the stays in one conference."""
        principal = await reader_of(request.scope["headers"], self.tokens)
        query = Query.parse(query_string_of(request), *PAGE_PARAMETERS)
        conference_uuid = query.conference_uuid()
        offset, limit = query.page()
        search = query.text("searchKey")
        await self.visibility.require(principal, conference_uuid)
        stays, count = await self.conferences.attendance(
            principal.corp_id, conference_uuid, search=search, offset=offset, limit=limit
        )
        language = language_of(request.scope["headers"])
        texts = {text for stay in stays for text in (stay.device_type, stay.media_type)}
        words = await self.phrases.translations(principal.corp_id, language, texts)
        words |= self.catalogue.translations(language, texts)
        data = [attendance_json(stay, words) for stay in stays]
        return JSONBytes(msgspec.json.encode(AttendancesJSON(data, offset, limit, count)))


def _header(request: Request, name: str, choices: tuple[str, ...]) -> str:
    value = request.headers.get(name, choices[0]).strip()
    if value not in choices:
        raise InvalidParameter(name, f"must be one of {', '.join(choices)}")
    return value
