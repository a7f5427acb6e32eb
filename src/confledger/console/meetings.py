"""The calls about meetings: the list, one meeting, its records and its timeline."""

import asyncio
import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.auth.visibility import Visibility
from confledger.catalogue.language import LANGUAGES, Language
from confledger.console.aliases import names_by_text
from confledger.console.answers import ConsoleJSON, answer, packed_answer, takes_gzip
from confledger.console.attendees import Attendee, key_of, read_attendees
from confledger.console.finding import Finder, Ledger, MeetingQuery
from confledger.console.kept import Kept, packed_body
from confledger.console.records_json import records_json
from confledger.console.sessions import Readers
from confledger.console.timeline_json import timeline_json
from confledger.console.turns import Turns
from confledger.errors import InvalidParameter, TooManyRecords
from confledger.ledger.conference import Conference
from confledger.ledger.intake import conference_uuid_from
from confledger.ledger.masking import mask_numbers
from confledger.ledger.record import ControlRecord
from confledger.ledger.store import RecordStore
from confledger.wire.history import TIME_MS_MAX
from confledger.wire.query import INTEGER_MAX, Query
from confledger.wire.reading import language_of, query_string_of
from confledger.wire.record_json import words_for

LIMIT_MAX: Final = 200
LIMIT_DEFAULT: Final = 50
RECORDS_MAX: Final = 5_000
"""How many records an answer has at most."""
TIMELINE_RECORDS_MAX: Final = 200_000
"""Of how many records a timeline is drawn at most."""

_RECORDS_AT_ONCE: Final = 500
"""How many are read before others get their turn."""
_TIMELINES_AT_ONCE: Final = 2
"""How many are worked out at once: each takes a processor, and its memory, for a while."""


class ConferenceJSON(msgspec.Struct):
    """A meeting in the list."""

    conferenceUUID: str
    conferenceID: str
    subject: str
    scheduler: str
    startTimeMs: int | None
    endTimeMs: int | None
    isRunning: bool
    recordCount: int | None


class ConferencesJSON(msgspec.Struct):
    """A page of the list; `next` is null where there is no more."""

    data: list[ConferenceJSON]
    next: str | None


class AttendeeJSON(msgspec.Struct, omit_defaults=True):
    """Somebody of a meeting."""

    name: str
    stays: list[tuple[int, int | None]]
    person: str | None
    number: str = ""
    account: str = ""
    role: str = ""


class FactsJSON(ConferenceJSON):
    """One meeting."""

    participants: list[AttendeeJSON]
    participantCount: int
    operations: dict[str, str]
    """What each operation of the catalogue is called in the reader's language."""
    results: dict[str, str]


@dataclass(frozen=True, slots=True)
class MeetingCalls:
    """Lists meetings, and tells about one."""

    readers: Readers
    visibility: Visibility
    ledger: Ledger
    finder: Finder
    _turns: Turns = field(default_factory=lambda: Turns(_TIMELINES_AT_ONCE))
    _kept: Kept = field(default_factory=Kept)

    async def list(self, request: Request) -> Response:
        """A page of meetings, the newest first."""
        principal = await self.readers.of(request)
        query = Query.parse(query_string_of(request), "q", "person", "from", "to", "after", "limit")
        limit = limit_in(query)
        asked = MeetingQuery(
            since_ms=query.integer("from", default=0, most=TIME_MS_MAX),
            until_ms=query.integer("to", default=TIME_MS_MAX, most=TIME_MS_MAX),
            search=query.text("q").strip(),
            person=query.text("person").strip(),
        )
        if asked.until_ms < asked.since_ms:
            raise InvalidParameter("to", "must not be before from")
        step = await self.finder.find(
            principal, asked, after=query.values.get("after"), limit=limit
        )
        counts = await self.ledger.records.counts(
            principal.corp_id, [each.conference_uuid for each in step.meetings]
        )
        data = [
            conference_json(
                each.conference_uuid,
                each.conference,
                first_ms=each.first_ms,
                record_count=counts.get(each.conference_uuid),
            )
            for each in step.meetings
        ]
        return answer(ConferencesJSON(data, step.next))

    async def facts(self, request: Request) -> Response:
        """One meeting: what is known of it, and who was there."""
        principal, conference_uuid = await begin(request, self.readers, self.visibility)
        corp_id, ledger = principal.corp_id, self.ledger
        page = await ledger.records.page(corp_id, conference_uuid, offset=0, limit=1)
        conference = await ledger.conferences.get(corp_id, conference_uuid)
        attendees = await read_attendees(ledger.conferences, corp_id, conference_uuid)
        told = conference_json(
            conference_uuid,
            conference,
            first_ms=page.records[0].operate_time_ms if page.records else None,
            record_count=page.count,
        )
        words = ledger.catalogue.words(language_of(request.scope["headers"]))
        facts = FactsJSON(
            **msgspec.structs.asdict(told),
            participants=[attendee_json(each, principal) for each in attendees.people],
            participantCount=attendees.count,
            operations={code: word.text for code, word in words.operations.items()},
            results={code: word.text for code, word in words.results.items()},
        )
        return await packed_answer(request, msgspec.json.encode(facts))

    async def records(self, request: Request) -> Response:
        """Records of one meeting; `after` is how many the page has already."""
        principal, conference_uuid = await begin(request, self.readers, self.visibility)
        query = Query.parse(query_string_of(request), "after", "limit")
        first = query.integer("after", default=0)
        limit = min(query.integer("limit", default=RECORDS_MAX, least=1), RECORDS_MAX)
        found, count = await read_records(
            self.ledger.records, principal.corp_id, conference_uuid, first=first, limit=limit
        )
        words = await words_for(
            found,
            principal.corp_id,
            language_of(request.scope["headers"]),
            self.ledger.catalogue,
            self.ledger.phrases,
        )
        body = records_json(
            found, count=count, first=first, words=words, masks_numbers=principal.masks_numbers
        )
        return await packed_answer(request, body)

    async def timeline(self, request: Request) -> Response:
        """What was on and off when, worked out of all records of one meeting."""
        principal, conference_uuid = await begin(request, self.readers, self.visibility)
        masks_numbers = principal.masks_numbers
        key = (principal.corp_id, conference_uuid, masks_numbers)
        people, state = await self._told(principal, conference_uuid)
        packed = self._kept.get(key, state)
        if packed is None:
            async with self._turns.take(key):
                # Who had the turn before may have made it, and of more than there was.
                people, state = await self._told(principal, conference_uuid)
                packed = self._kept.get(key, state)
                if packed is None:
                    found, _ = await read_records(
                        self.ledger.records,
                        principal.corp_id,
                        conference_uuid,
                        first=0,
                        limit=state[0],
                    )
                    packed = await asyncio.to_thread(
                        _timeline, found, people, masks_numbers=masks_numbers
                    )
                    self._kept.keep(key, state, packed)
        if takes_gzip(request):
            return ConsoleJSON(packed, is_packed=True)
        return ConsoleJSON(gzip.decompress(packed))

    async def _told(
        self, principal: Principal, conference_uuid: str
    ) -> tuple[Sequence[Attendee], tuple[int, int]]:
        """Who was there, and the state of all that a timeline is made of. Records only come, so
        their number tells which they are.
        """
        corp_id, ledger = principal.corp_id, self.ledger
        page = await ledger.records.page(corp_id, conference_uuid, offset=0, limit=1)
        if page.count > TIMELINE_RECORDS_MAX:
            raise TooManyRecords(TIMELINE_RECORDS_MAX)
        attendees = await read_attendees(ledger.conferences, corp_id, conference_uuid)
        return attendees.people, (page.count, attendees.told())


def _timeline(
    records: Sequence[ControlRecord], people: Sequence[Attendee], *, masks_numbers: bool
) -> bytes:
    names = names_by_text(records, people)
    return packed_body(timeline_json(records, names=names, masks_numbers=masks_numbers))


async def begin(
    request: Request, readers: Readers, visibility: Visibility
) -> tuple[Principal, str]:
    """Who asks, and about which meeting, which they may see.

    Raises:
        TokenRejected, NotPermitted, NoSuchConference, InvalidParameter: they may not.
    """
    principal = await readers.of(request)
    conference_uuid = conference_uuid_from(request.path_params["conference_uuid"])
    if conference_uuid is None:
        raise InvalidParameter("conferenceUUID", "must be 32 hexadecimal digits")
    await visibility.require(principal, conference_uuid)
    return principal, conference_uuid


async def read_records(
    records: RecordStore, corp_id: str, conference_uuid: str, *, first: int, limit: int
) -> tuple[list[ControlRecord], int]:
    """Records from one on, and how many the meeting has; others get their turn meanwhile."""
    found: list[ControlRecord] = []
    while True:
        part = min(_RECORDS_AT_ONCE, limit - len(found))
        page = await records.page(corp_id, conference_uuid, offset=first + len(found), limit=part)
        found += page.records
        if len(page.records) < part or len(found) >= limit:
            return found, page.count
        await asyncio.sleep(0)


def language_asked(request: Request, query: Query) -> Language:
    """The language of the query's `lang`, for what a browser asks by itself; else the header's.

    Raises:
        InvalidParameter: it is none of ours.
    """
    if "lang" not in query.values:
        return language_of(request.scope["headers"])
    for language in LANGUAGES:
        if query.values["lang"] == language:
            return language
    raise InvalidParameter("lang", f"must be one of {', '.join(LANGUAGES)}")


def limit_in(query: Query) -> int:
    """How many are asked for at most; more than 200 counts as 200."""
    return min(query.integer("limit", default=LIMIT_DEFAULT, least=1, most=INTEGER_MAX), LIMIT_MAX)


def conference_json(
    conference_uuid: str,
    conference: Conference | None,
    *,
    first_ms: int | None,
    record_count: int | None,
) -> ConferenceJSON:
    """A meeting; one of which only records are known began with the first of them."""
    if conference is None:
        return ConferenceJSON(
            conference_uuid, "", "", "", first_ms, None, isRunning=False, recordCount=record_count
        )
    return ConferenceJSON(
        conferenceUUID=conference_uuid,
        conferenceID=conference.conference_id,
        subject=conference.subject,
        scheduler=conference.scheduler_name,
        startTimeMs=conference.start_time_ms,
        endTimeMs=conference.end_time_ms,
        isRunning=conference.end_time_ms is None,
        recordCount=record_count,
    )


def shown_in(principal: Principal) -> Callable[[str], str]:
    """How a text is shown: with its numbers starred, if the corp wants that."""
    return mask_numbers if principal.masks_numbers else str


def attendee_json(attendee: Attendee, principal: Principal) -> AttendeeJSON:
    """Somebody of a meeting, with numbers starred where those of records are."""
    shown = shown_in(principal)
    role = ""
    if attendee.is_host is not None:
        role = "host" if attendee.is_host else "guest"
    return AttendeeJSON(
        name=shown(attendee.name),
        stays=sorted(attendee.stays, key=lambda stay: stay[0]),
        person=key_of(attendee, masks_numbers=principal.masks_numbers),
        number=shown(attendee.number),
        account=attendee.account,
        role=role,
    )
