"""The calls about people: who is known, and what was done by and to one of them.

Nobody keeps a list of people: they are known from the meetings that somebody may see, as who was
invited, who was there and who scheduled. So a search looks into the newest meetings first, in
bounded steps, and goes on from answer to answer.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import Principal
from confledger.console.aliases import people_by_text
from confledger.console.answers import answer, packed_answer
from confledger.console.attendees import (
    NAME,
    NUMBER,
    Attendee,
    identity_in,
    joined,
    key_of,
    read_attendees,
)
from confledger.console.finding import (
    CANDIDATES,
    FOUND_MAX,
    Ledger,
    MeetingQuery,
    hits_in,
    is_shown,
    newest_query,
    told_cursor,
    told_place,
)
from confledger.console.meetings import (
    limit_in,
    read_records,
    shown_in,
)
from confledger.console.records_json import RecordRow, record_row
from confledger.console.sessions import Readers
from confledger.console.turns import Turns
from confledger.errors import InvalidParameter
from confledger.ledger.conference import (
    Attendance,
    Conference,
    Participant,
    PersonSearch,
    Place,
    person_by_account,
    person_by_id,
)
from confledger.ledger.masking import mask_numbers
from confledger.ledger.record import ControlRecord
from confledger.wire.conference_json import scheduler_of
from confledger.wire.history import TIME_MS_MAX
from confledger.wire.query import Query
from confledger.wire.reading import language_of, query_string_of
from confledger.wire.record_json import words_for

LIMIT_RECORDS: Final = 100

_STEPS_MAX: Final = 10
"""How many times so many meetings are looked at for an answer."""
_SCHEDULERS_MAX: Final = 20
_MEETINGS_READ_MAX: Final = 30
_RECORDS_READ_MAX: Final = 50_000
"""How many meetings and records are read for an answer; what is begun is read to its end."""
_RECORDS_OF_MEETING_MAX: Final = 200_000
"""How many of one meeting are looked at together; a longer one takes several answers."""
_READING_AT_ONCE: Final = 2

_EVERYTHING: Final = MeetingQuery(since_ms=0, until_ms=TIME_MS_MAX, search="", person="")
_WITHIN: Final = re.compile(r"r\.(-?[0-9]{1,18})\.([0-9a-f]{32})\.([0-9]{1,9})")


class PersonJSON(msgspec.Struct, omit_defaults=True):
    """Somebody."""

    person: str
    name: str
    account: str = ""
    number: str = ""


class PeopleJSON(msgspec.Struct):
    """Some people; `next` is null where there are no more meetings to look into."""

    data: list[PersonJSON]
    next: str | None


class PersonRecordJSON(msgspec.Struct):
    """A record by or to somebody."""

    conferenceUUID: str
    subject: str
    seq: int
    isOperator: bool
    record: RecordRow


class PersonRecordsJSON(msgspec.Struct):
    """Some of them, the newest meeting first, and in it the last record."""

    person: PersonJSON
    data: list[PersonRecordJSON]
    next: str | None
    operations: dict[str, str]
    results: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a list of records goes on: behind a meeting, or in one, before a record."""

    before: Place | None
    uuid: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class PeopleCalls:
    """Finds people, and what was done by and to them."""

    readers: Readers
    ledger: Ledger
    _searching: Turns = field(default_factory=lambda: Turns(_READING_AT_ONCE))
    _reading: Turns = field(default_factory=lambda: Turns(_READING_AT_ONCE))

    async def search(self, request: Request) -> Response:
        """People of whom a part of the name or number, or the account, is told."""
        principal = await self.readers.of(request)
        query = Query.parse(query_string_of(request), "q", "after", "limit")
        part, limit = query.text("q").strip(), limit_in(query)
        before = told_place(query.values.get("after"))
        people: dict[str, PersonJSON] = {}
        if not part:
            return answer(PeopleJSON([], None))
        async with self._searching.take():
            if before is None and principal.is_administrator:
                self._add(people, await self._of_account(principal, part), principal)
            async for place, attendees in self._found(principal, part, before):
                self._add(people, attendees, principal)
                before = place
                if len(people) >= limit:
                    break
        return answer(PeopleJSON(list(people.values()), told_cursor(before)))

    @staticmethod
    def _add(
        people: dict[str, PersonJSON], found: Sequence[Attendee], principal: Principal
    ) -> None:
        for each in found:
            key = key_of(each, masks_numbers=principal.masks_numbers)
            if key is not None and key not in people:
                people[key] = _person_json(each, key, principal)

    async def _of_account(self, principal: Principal, account: str) -> list[Attendee]:
        """Whose account it is, from the last meeting of theirs, which an index finds."""
        persons = frozenset({person_by_account(account)})
        newest = await self.ledger.conferences.newest(
            principal.corp_id,
            replace(newest_query(principal, _EVERYTHING), persons=persons),
            before=None,
            limit=1,
        )
        uuids = [each.conference_uuid for each in newest.conferences]
        return await self._with_account(principal.corp_id, uuids, account)

    async def _with_account(
        self, corp_id: str, uuids: Sequence[str], account: str
    ) -> list[Attendee]:
        """Whose account it is, from the first meeting that they may see as viewers."""
        search = PersonSearch(identity=person_by_account(account))
        there = await self.ledger.conferences.with_person(corp_id, uuids, search)
        for uuid in uuids:
            if uuid in there:
                attendees = await read_attendees(self.ledger.conferences, corp_id, uuid)
                return [person for person in attendees.people if person.account == account]
        return []

    async def _found(
        self, principal: Principal, part: str, before: Place | None
    ) -> AsyncIterator[tuple[Place | None, list[Attendee]]]:
        """Who fits, with where to go on behind the meetings that were looked into."""
        step = CANDIDATES
        query = newest_query(principal, _EVERYTHING)
        search = PersonSearch(part=part, identity=person_by_account(part))
        for _ in range(_STEPS_MAX):
            newest = await self.ledger.conferences.newest(
                principal.corp_id, query, before=before, limit=step
            )
            uuids = [each.conference_uuid for each in newest.conferences]
            if not uuids:
                yield None, []
                return
            hits = await hits_in(self.ledger, principal, uuids, search, limit=FOUND_MAX)
            if hits.is_cut and step > 1:
                step = max(1, step // 4)
                continue
            found = _by_meeting(uuids, hits.invited, hits.stays)
            found += await self._with_account(principal.corp_id, uuids, part)
            found += await self._schedulers(principal, newest.conferences, part)
            before = newest.next
            yield before, found
            if before is None:
                return

    async def _schedulers(
        self, principal: Principal, conferences: Sequence[Conference], part: str
    ) -> list[Attendee]:
        fitting: dict[str, Conference] = {}
        for each in conferences:
            if is_shown(part, each.scheduler_name, principal=principal):
                fitting.setdefault(each.scheduler_name, each)
        found = []
        for name, each in list(fitting.items())[:_SCHEDULERS_MAX]:
            whole = await self.ledger.conferences.get(principal.corp_id, each.conference_uuid)
            if whole and (identity := min(scheduler_of(whole), default="")):
                found.append(_scheduler(identity, name))
        return found

    async def records(self, request: Request) -> Response:
        """What was done by and to one person, in the meetings where they were."""
        principal = await self.readers.of(request)
        query = Query.parse(query_string_of(request), "after", "limit")
        identity = _identity_asked(request.path_params["person"], principal)
        limit = query.integer("limit", default=LIMIT_RECORDS, least=1, most=10_000)
        limit = min(limit, 5 * LIMIT_RECORDS)
        place = _place_in(query.values.get("after"))
        language = language_of(request.scope["headers"])
        data: list[PersonRecordJSON] = []
        person: Attendee | None = None
        go_on: str | None = None
        meetings = records = 0
        async with self._reading.take():
            async for before, conference in self._meetings(principal, identity, place.before):
                go_on = told_cursor(before)
                if conference is None:
                    continue
                is_begun = conference.conference_uuid == place.uuid
                found, person_there, read, first = await self._in(
                    principal, identity, conference, place.seq if is_begun else None
                )
                person = person or person_there
                meetings, records = meetings + 1, records + read
                room = limit - len(data)
                words = await words_for(
                    [record for _, record, _ in found[:room]],
                    principal.corp_id,
                    language,
                    self.ledger.catalogue,
                    self.ledger.phrases,
                )
                data += [
                    PersonRecordJSON(
                        conference.conference_uuid,
                        conference.subject,
                        seq,
                        is_operator,
                        record_row(record, words, masks_numbers=principal.masks_numbers),
                    )
                    for seq, record, is_operator in found[:room]
                ]
                if len(found) > room:
                    go_on = _within(conference, found[room - 1][0])
                    break
                if first:
                    go_on = _within(conference, first)
                    break
                if (
                    len(data) == limit
                    or meetings >= _MEETINGS_READ_MAX
                    or records >= _RECORDS_READ_MAX
                ):
                    break
        catalogue = self.ledger.catalogue.words(language)
        told = PersonRecordsJSON(
            person=_person_json(
                person or _unseen(identity), request.path_params["person"], principal
            ),
            data=data,
            next=go_on,
            operations={code: word.text for code, word in catalogue.operations.items()},
            results={code: word.text for code, word in catalogue.results.items()},
        )
        return await packed_answer(request, msgspec.json.encode(told))

    async def _meetings(
        self, principal: Principal, identity: str, before: Place | None
    ) -> AsyncIterator[tuple[Place | None, Conference | None]]:
        """The meetings where somebody was, the newest first, each with where to go on behind it;
        None in place of a meeting where none was found in a step.
        """
        query = newest_query(principal, _EVERYTHING)
        is_viewer = not identity.startswith((NUMBER, NAME))
        is_listed = is_viewer and query.persons is None
        if is_listed:
            # Whoever may see a meeting is found by an index.
            query = replace(query, persons=frozenset({identity}))
        for _ in range(_STEPS_MAX):
            newest = await self.ledger.conferences.newest(
                principal.corp_id, query, before=before, limit=CANDIDATES
            )
            uuids = [each.conference_uuid for each in newest.conferences]
            fitting: Iterable[str] = uuids
            if uuids and not is_listed:
                fitting = await self.ledger.conferences.with_person(
                    principal.corp_id, uuids, _whole(identity)
                )
            wanted = set(fitting)
            there = [each for each in newest.conferences if each.conference_uuid in wanted]
            for each in there[:-1]:
                yield (each.start_time_ms, each.conference_uuid), each
            before = newest.next
            yield before, there[-1] if there else None
            if before is None:
                return

    async def _in(
        self, principal: Principal, identity: str, conference: Conference, before: int | None
    ) -> tuple[list[tuple[int, ControlRecord, bool]], Attendee | None, int, int]:
        """What was done by and to somebody in one meeting, the last first, before one record;
        who they were there; how many records were read; and from which one on.
        """
        corp_id, uuid = principal.corp_id, conference.conference_uuid
        attendees = await read_attendees(self.ledger.conferences, corp_id, uuid)
        people = attendees.people
        own = [each for each in people if _is(each, identity)]
        if not own:
            scheduler = _scheduler(identity, conference.scheduler_name)
            whole = await self.ledger.conferences.get(corp_id, uuid)
            if whole is None or identity not in scheduler_of(whole):
                return [], None, 0, 0
            own = [scheduler]
            people = [*people, scheduler]
        if before is None:
            before = (await self.ledger.records.page(corp_id, uuid, offset=0, limit=1)).count
        # The same parts on each answer, whatever fits its page: an id of a connection is
        # concluded from all records of its part.
        first = max(0, before - 1) // _RECORDS_OF_MEETING_MAX * _RECORDS_OF_MEETING_MAX
        records, _ = await read_records(
            self.ledger.records, corp_id, uuid, first=first, limit=_RECORDS_OF_MEETING_MAX
        )
        found = await asyncio.to_thread(_done_by_or_to, records, people, own)
        of_meeting = [
            (first + place, record, is_operator)
            for place, record, is_operator in found
            if first + place < before
        ]
        return of_meeting, own[0], len(records), first


def _done_by_or_to(
    records: Sequence[ControlRecord], people: Sequence[Attendee], own: Sequence[Attendee]
) -> list[tuple[int, ControlRecord, bool]]:
    ids = {id(each) for each in own}
    meant = people_by_text(records, people)
    texts = {text for text, person in meant.items() if id(person) in ids}
    # A text that several of a meeting have means them where all of them are looked for.
    of_others = {text for each in people if id(each) not in ids for text in each.texts()}
    texts |= {text for each in own for text in each.texts()} - of_others
    return [
        (seq, record, record.operator in texts)
        for seq, record in reversed(list(enumerate(records)))
        if record.operator in texts or record.object in texts
    ]


def _by_meeting(
    uuids: Sequence[str],
    invited: Sequence[tuple[str, Participant]],
    stays: Sequence[tuple[str, Attendance]],
) -> list[Attendee]:
    """Who was found, the newest meeting first; in each invitations and stays are put together."""
    of_meeting: dict[str, tuple[list[Participant], list[Attendance]]] = {
        uuid: ([], []) for uuid in uuids
    }
    for uuid, participant in invited:
        of_meeting[uuid][0].append(participant)
    for uuid, stay in stays:
        of_meeting[uuid][1].append(stay)
    return [
        each for participants, there in of_meeting.values() for each in joined(participants, there)
    ]


def _identity_asked(key: str, principal: Principal) -> str:
    identity = identity_in(key)
    # What is starred is nobody's key.
    if identity is None or (principal.masks_numbers and identity != mask_numbers(identity)):
        raise InvalidParameter("person", "must be a key that the console gave")
    return identity


def _place_in(after: str | None) -> _Place:
    if after and (match := _WITHIN.fullmatch(after)):
        # Right behind the id of the meeting, so that it is read again.
        return _Place((int(match[1]), match[2] + "0"), match[2], int(match[3]))
    return _Place(told_place(after))


def _within(conference: Conference, before: int) -> str:
    return f"r.{conference.start_time_ms}.{conference.conference_uuid}.{before}"


def _whole(identity: str) -> PersonSearch:
    if identity.startswith(NUMBER):
        return PersonSearch(identity=identity, number=identity.removeprefix(NUMBER))
    if identity.startswith(NAME):
        return PersonSearch(identity=identity, name=identity.removeprefix(NAME))
    return PersonSearch(identity=identity)


def _is(attendee: Attendee, identity: str) -> bool:
    if identity.startswith(NUMBER):
        return attendee.number == identity.removeprefix(NUMBER)
    if identity.startswith(NAME):
        return attendee.name == identity.removeprefix(NAME)
    return identity in (
        attendee.identity,
        person_by_id(attendee.user_id),
        person_by_account(attendee.account),
    )


def _scheduler(identity: str, name: str) -> Attendee:
    kind, _, rest = identity.partition(":")
    return Attendee(
        identity,
        name,
        "",
        account=rest if kind == "account" else "",
        user_id=rest if kind == "id" else "",
    )


def _unseen(identity: str) -> Attendee:
    """Somebody of whom nothing was found but what the key says."""
    kind, _, rest = identity.partition(":")
    return Attendee(
        identity,
        rest if kind == "name" else "",
        rest if kind == "number" else "",
        account=rest if kind == "account" else "",
    )


def _person_json(attendee: Attendee, key: str, principal: Principal) -> PersonJSON:
    shown = shown_in(principal)
    return PersonJSON(
        person=key,
        name=shown(attendee.name),
        account=attendee.account,
        number=shown(attendee.number),
    )
