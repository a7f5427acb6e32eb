"""Finds meetings, the newest first, in steps that cost the same however many there are.

Behind those that somebody has told of come those of which only records are known: they are in
no list of the store by their time, and administrators alone see them.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from confledger.auth.accounts import Principal
from confledger.auth.visibility import Visibility, persons_of
from confledger.catalogue.words import Catalogue
from confledger.errors import InvalidParameter, NoSuchConference, NotPermitted
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceStore,
    NewestQuery,
    Participant,
    PersonSearch,
    Place,
    person_by_account,
)
from confledger.ledger.intake import conference_uuid_from
from confledger.ledger.masking import mask_numbers
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.store import RecordStore

CANDIDATES: Final = 500
"""In how many meetings a person is looked for at once."""

FOUND_MAX: Final = 5_000
"""How many invitations or stays a look gives at most; with more, fewer meetings are looked at."""

_STEPS_MAX: Final = 10
"""How many times for a page."""

_MAY_BE_STARRED: Final = re.compile("[0-9+]")

_DIALLED: Final = re.compile(r"[0-9]{1,20}(?:[ -][0-9]{1,20}){0,3}")
"""What may be a whole conference id, also as invitations print it: 982 658 219."""

_TOLD: Final = re.compile(r"t\.(-?[0-9]{1,18})\.([0-9a-f]{32})")
_UNTOLD: Final = re.compile(r"u\.([0-9a-f]{32})?(?:\.(-?[0-9]{1,18})\.([0-9a-f]{32}))?")


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the console reads from."""

    conferences: ConferenceStore
    records: RecordStore
    phrases: PhraseStore
    catalogue: Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingQuery:
    """Which meetings somebody looks for."""

    since_ms: int
    until_ms: int
    search: str
    """A part of the subject, the scheduler's name or the meeting id; or a whole UUID. Digits that
    are a whole meeting id find what has that id, and nothing else."""
    person: str
    """A part of somebody's name or number, or a whole account."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """One that was found."""

    conference_uuid: str
    conference: Conference | None
    """None where only its records are known."""
    first_ms: int | None = None
    """When the first of those was made."""


@dataclass(frozen=True, slots=True)
class Step:
    """Some that were found."""

    meetings: Sequence[Meeting]
    next: str | None
    """Where to go on; None at the end."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds what somebody may see."""

    visibility: Visibility
    ledger: Ledger

    async def find(
        self, principal: Principal, asked: MeetingQuery, *, after: str | None, limit: int
    ) -> Step:
        """The first meetings behind a place; of a search, in those that a step looks at.

        Raises:
            InvalidParameter: the place is none that was told.
        """
        if conference_uuid := conference_uuid_from(asked.search):
            return await self._one(principal, conference_uuid)
        if after and (match := _UNTOLD.fullmatch(after)):
            return await self._untold(principal, asked, match, limit=limit)
        before = told_place(after)
        step = await self._told(principal, asked, before, limit=limit)
        sees_untold = principal.is_administrator and not (asked.search or asked.person)
        if step.next or not sees_untold:
            return step
        room = limit - len(step.meetings)
        if not room:
            return Step(step.meetings, "u.")
        rest = await self._untold(principal, asked, _UNTOLD.fullmatch("u."), limit=room)
        return Step([*step.meetings, *rest.meetings], rest.next)

    async def _one(self, principal: Principal, conference_uuid: str) -> Step:
        try:
            await self.visibility.require(principal, conference_uuid)
        except (NoSuchConference, NotPermitted):
            return Step([], None)
        conference = await self.ledger.conferences.get(principal.corp_id, conference_uuid)
        page = await self.ledger.records.page(principal.corp_id, conference_uuid, offset=0, limit=1)
        first_ms = page.records[0].operate_time_ms if page.records else None
        return Step([Meeting(conference_uuid, conference, first_ms)], None)

    async def _told(
        self, principal: Principal, asked: MeetingQuery, before: Place | None, *, limit: int
    ) -> Step:
        query = await self._query(principal, asked)
        if not asked.person:
            newest = await self.ledger.conferences.newest(
                principal.corp_id, query, before=before, limit=limit
            )
            found = [Meeting(each.conference_uuid, each) for each in newest.conferences]
            return Step(found, told_cursor(newest.next))
        found = []
        for _ in range(_STEPS_MAX):
            newest = await self.ledger.conferences.newest(
                principal.corp_id, query, before=before, limit=CANDIDATES
            )
            fitting = await self._with_person(principal, newest.conferences, asked.person)
            for each in newest.conferences:
                if each.conference_uuid in fitting:
                    found.append(Meeting(each.conference_uuid, each))
                    if len(found) == limit:
                        return Step(found, told_cursor((each.start_time_ms, each.conference_uuid)))
            before = newest.next
            if before is None:
                break
        return Step(found, told_cursor(before))

    async def _query(self, principal: Principal, asked: MeetingQuery) -> NewestQuery:
        """What the store is asked for: by a whole meeting id, where one is told that is there."""
        query = newest_query(principal, asked)
        if not _DIALLED.fullmatch(asked.search):
            return query
        dialled = re.sub("[ -]", "", asked.search)
        of_id = replace(query, search="", conference_id=dialled)
        # From the beginning for each page, so that all pages are of one list.
        newest = await self.ledger.conferences.newest(
            principal.corp_id, of_id, before=None, limit=1
        )
        return of_id if newest.conferences or newest.next else query

    async def _with_person(
        self, principal: Principal, conferences: Sequence[Conference], person: str
    ) -> Collection[str]:
        part = person.casefold()
        search = PersonSearch(part=person, identity=person_by_account(person))
        uuids = [each.conference_uuid for each in conferences]
        if not uuids:
            return ()
        there = await self.ledger.conferences.with_person(principal.corp_id, uuids, search)
        if principal.masks_numbers and _MAY_BE_STARRED.search(part):
            of_account = PersonSearch(identity=search.identity)
            there = await self.ledger.conferences.with_person(
                principal.corp_id, uuids, of_account
            ) | await self._showing(principal, list(there), search)
        return there | {
            each.conference_uuid
            for each in conferences
            if is_shown(part, each.scheduler_name, principal=principal)
        }

    async def _showing(
        self, principal: Principal, uuids: Sequence[str], search: PersonSearch
    ) -> frozenset[str]:
        """Those of some meetings where what is shown of somebody has the part."""
        if not uuids:
            return frozenset()
        hits = await hits_in(self.ledger, principal, uuids, search, limit=FOUND_MAX)
        if hits.is_cut and len(uuids) > 1:
            half = len(uuids) // 2
            return await self._showing(principal, uuids[:half], search) | await self._showing(
                principal, uuids[half:], search
            )
        return frozenset(uuid for uuid, _ in (*hits.invited, *hits.stays))

    async def _untold(
        self,
        principal: Principal,
        asked: MeetingQuery,
        place: re.Match[str] | None,
        *,
        limit: int,
    ) -> Step:
        after, start, last = place.groups() if place else (None, None, None)
        if not principal.is_administrator or asked.search or asked.person:
            return Step([], None)
        untold, go_on = await self.ledger.conferences.untold(principal.corp_id, after=after or "")
        # One of which not even the beginning is known stands behind all others.
        found = sorted(
            (
                (-1 if first_ms is None else first_ms, conference_uuid)
                for conference_uuid, first_ms in untold.items()
                if _is_asked_for(first_ms, asked)
            ),
            reverse=True,
        )
        if start is not None:
            found = [each for each in found if each < (int(start), last)]
        meetings = [
            Meeting(conference_uuid, None, None if first_ms < 0 else first_ms)
            for first_ms, conference_uuid in found[:limit]
        ]
        if len(found) > limit:
            first_ms, conference_uuid = found[limit - 1]
            return Step(meetings, f"u.{after or ''}.{first_ms}.{conference_uuid}")
        return Step(meetings, f"u.{go_on}" if go_on else None)


@dataclass(frozen=True, slots=True)
class Hits:
    """Invitations and stays that a search finds, each with the meeting's UUID."""

    invited: Sequence[tuple[str, Participant]]
    stays: Sequence[tuple[str, Attendance]]
    is_cut: bool
    """Whether there may be more."""


async def hits_in(
    ledger: Ledger,
    principal: Principal,
    uuids: Sequence[str],
    search: PersonSearch,
    *,
    limit: int,
) -> Hits:
    """Whom a search by a part finds in some meetings: only by what somebody is shown of them.

    The store looks into numbers in clear. What it finds by digits that are starred would tell
    them, one after the other, to whoever tries.
    """
    invited = await ledger.conferences.invited_to(principal.corp_id, uuids, search, limit=limit)
    stays = await ledger.conferences.stays_in(principal.corp_id, uuids, search, limit=limit)
    return Hits(
        [
            (uuid, each)
            for uuid, each in invited
            if each.identity == search.identity
            or is_shown(search.part, each.name, each.number, principal=principal)
        ],
        [
            (uuid, each)
            for uuid, each in stays
            if is_shown(search.part, each.display_name, each.call_number, principal=principal)
        ],
        is_cut=max(len(invited), len(stays)) >= limit,
    )


def is_shown(part: str, *texts: str, principal: Principal) -> bool:
    """Whether a text has a part, in any case, as it is shown to somebody."""
    folded = part.casefold()
    shown = map(mask_numbers, texts) if principal.masks_numbers else texts
    return any(folded in text.casefold() for text in shown)


def newest_query(principal: Principal, asked: MeetingQuery) -> NewestQuery:
    """What the store is asked for, of all that somebody may see."""
    return NewestQuery(
        since_ms=asked.since_ms,
        until_ms=asked.until_ms,
        search=asked.search,
        persons=None if principal.is_administrator else persons_of(principal),
    )


def told_place(after: str | None) -> Place | None:
    """The place that a cursor names.

    Raises:
        InvalidParameter: it names none.
    """
    if not after:
        return None
    match = _TOLD.fullmatch(after)
    if match is None:
        raise InvalidParameter("after", "must be what an answer gave as next")
    return int(match[1]), match[2]


def told_cursor(place: Place | None) -> str | None:
    """A place as a cursor."""
    return f"t.{place[0]}.{place[1]}" if place else None


def _is_asked_for(first_ms: int | None, asked: MeetingQuery) -> bool:
    return first_ms is None or asked.since_ms <= first_ms <= asked.until_ms
