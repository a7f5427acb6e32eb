"""The conference store on PostgreSQL."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar

from confledger.errors import InvalidRecord, NobodyThere, NoSuchConference
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    ConferenceQuery,
    Departure,
    Merge,
    Newest,
    NewestQuery,
    Order,
    Participant,
    ParticipantQuery,
    PersonSearch,
    Place,
    as_told,
)
from confledger.storage.lists import (
    UNTOLD_ROWS,
    WALK_ROWS,
    WITH_PERSON,
    bindings_of_newest,
    bindings_of_person,
    day_of,
    direction_of,
    floors_of,
    goes_by_recording,
    is_between,
    lists_of,
    newest_of,
    parts_of_page,
    parts_of_window,
    range_of,
    two_persons,
    untold_of,
)
from confledger.storage.postgresql.database import Database, Session
from confledger.storage.postgresql.missing import corp_missing, require_corp
from confledger.storage.rows import (
    Row,
    conference_of,
    dates_of_viewers,
    participant_of,
    row_of_conference,
    rows_of_participants,
    rows_of_stays,
    stay_of,
)

T = TypeVar("T")

Days = Counter[tuple[bool, int]]
"""How many more, or less, conferences with or without a recording each day has."""


@dataclass(frozen=True, slots=True)
class PostgreSQLConferenceStore:
    """`ledger.conference.ConferenceStore` in one PostgreSQL database.

    Args:
        database: where the conferences are.
        replica: a copy, which may be late, to read them from; who may see what is
            never read from it.
    """

    database: Database
    replica: Database | None = None

    async def put(
        self, corp_id: str, news: Sequence[ConferenceNews], merge: Merge = as_told
    ) -> None:
        """See `ConferenceStore.put`."""

        async def work(session: Session) -> None:
            await require_corp(session, corp_id)
            # Everything is locked in one order by all, so that nobody waits in a circle:
            # first the heads, which stand for all that a conference has, and last the days.
            for conference_uuid in sorted({each.conference_uuid for each in news}):
                head = {"corp_id": corp_id, "conference_uuid": conference_uuid, "accepted": 0}
                await session.rows("grow_head", head)
            days: Days = Counter()
            for each in news:
                await _put(session, corp_id, each, merge, days)
            await session.run_many(
                "count_day",
                (
                    {"corp_id": corp_id, "has_recording": recorded, "day": day, "change": change}
                    for (recorded, day), change in sorted(days.items())
                    if change
                ),
            )

        with corp_missing(corp_id):
            await self.database.write(work)

    async def list(
        self, corp_id: str, query: ConferenceQuery, *, offset: int, limit: int
    ) -> tuple[Sequence[Conference], int]:
        """See `ConferenceStore.list`."""
        window = {
            "corp_id": corp_id,
            "since_ms": query.since_ms,
            "until_ms": query.until_ms,
            "search": query.search.casefold(),
        }
        page = {"offset": offset, "limit": limit}

        async def work(session: Session) -> tuple[Sequence[Conference], int]:
            if query.persons is None:
                ended = await _count(session, window)
                return await _page(session, "list", ended, window, query.order, **page)
            own = window | two_persons(query.persons)
            if query.search:
                return await _search_own(session, own, query.order, **page)
            (counts,) = await session.rows("count_own", own)
            return await _page(session, "list_own", counts, own, query.order, **page)

        # Which conferences are somebody's own is a question of rights.
        return await _search(self._copy if query.persons is None else self.database, work)

    async def newest(
        self, corp_id: str, query: NewestQuery, *, before: Place | None, limit: int
    ) -> Newest:
        """See `ConferenceStore.newest`."""
        asked = bindings_of_newest(corp_id, query, limit)
        whole = range_of(query, before)

        async def work(session: Session) -> Newest:
            bindings = asked | whole.bindings()
            floors = [await session.rows(name, bindings) for name in floors_of(query)]
            floor = max(((row[0], row[1]) for rows in floors for row in rows), default=None)
            if floor is not None:
                bindings |= whole._replace(floor=floor).bindings()
            parts = [await session.rows(name, bindings) for name in lists_of(query)]
            rows = [row for part in parts for row in part]
            return newest_of(rows, floor, limit)

        # Which conferences are somebody's own is a question of rights.
        database = self._copy if query.persons is None else self.database
        try:
            return await database.search(work)
        except InvalidRecord:
            return Newest([], None)  # as in `_search`

    async def untold(self, corp_id: str, *, after: str) -> tuple[dict[str, int | None], str | None]:
        """See `ConferenceStore.untold`."""
        bindings = {"corp_id": corp_id, "after": after, "limit": UNTOLD_ROWS}

        async def work(session: Session) -> tuple[dict[str, int | None], str | None]:
            walked = await session.rows("walk", bindings)
            last = {**bindings, "last": walked[-1][0]} if walked else {}
            return untold_of(walked, await session.rows("starts", last) if walked else [])

        return await self._copy.search(work)

    async def ended(self, corp_id: str, conference_uuids: Collection[str]) -> frozenset[str]:
        """See `ConferenceStore.ended`."""
        bindings = {"corp_id": corp_id, "uuids": list(conference_uuids)}
        return frozenset(row[0] for row in await self._copy.read("ended", bindings))

    async def invited_to(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch, *, limit: int
    ) -> Sequence[tuple[str, Participant]]:
        """See `ConferenceStore.invited_to`."""
        rows = await self._found("invited_to", corp_id, conference_uuids, search, limit)
        return [(row[0], participant_of(row[1:])) for row in rows]

    async def with_person(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch
    ) -> frozenset[str]:
        """See `ConferenceStore.with_person`."""
        found = [
            await self._found(query, corp_id, conference_uuids, search, 0) for query in WITH_PERSON
        ]
        return frozenset(row[0] for rows in found for row in rows)

    async def stays_in(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch, *, limit: int
    ) -> Sequence[tuple[str, Attendance]]:
        """See `ConferenceStore.stays_in`."""
        rows = await self._found("stays_in", corp_id, conference_uuids, search, limit)
        return [(row[0], stay_of(row[1:])) for row in rows]

    async def _found(
        self,
        query: str,
        corp_id: str,
        conference_uuids: Collection[str],
        search: PersonSearch,
        limit: int,
    ) -> Sequence[Row]:
        asked = {
            "corp_id": corp_id,
            "uuids": list(conference_uuids),
            **bindings_of_person(search),
            "limit": limit,
        }

        async def work(session: Session) -> tuple[Sequence[Row], int]:
            return await session.rows(query, asked), 0

        rows, _ = await _search(self._copy, work)
        return rows

    async def get(self, corp_id: str, conference_uuid: str) -> Conference | None:
        """See `ConferenceStore.get`."""
        key = {"corp_id": corp_id, "conference_uuid": conference_uuid}
        rows = await self._copy.read("conference", key)
        return conference_of(rows[0]) if rows else None

    async def participants(
        self,
        corp_id: str,
        conference_uuid: str,
        query: ParticipantQuery,
        *,
        offset: int,
        limit: int,
    ) -> tuple[Sequence[Participant], int]:
        """See `ConferenceStore.participants`."""
        bindings = {
            "corp_id": corp_id,
            "conference_uuid": conference_uuid,
            "search": query.search.casefold(),
            "kind_least": query.is_terminal or False,
            "kind_most": query.is_terminal is not False,
            "offset": offset,
            "limit": limit,
        }
        by_kind = query.terminals_last or query.is_terminal is not None
        listing = "participants_of_kinds" if by_kind else "participants"

        async def work(session: Session) -> tuple[Sequence[Participant], int]:
            ((count,),) = await session.rows("count_participants", bindings)
            rows = await session.rows(listing, bindings)
            return [participant_of(row) for row in rows], count

        return await _search(self._copy, work)

    async def attendance(
        self, corp_id: str, conference_uuid: str, *, search: str, offset: int, limit: int
    ) -> tuple[Sequence[Attendance], int]:
        """See `ConferenceStore.attendance`."""
        bindings = {
            "corp_id": corp_id,
            "conference_uuid": conference_uuid,
            "search": search.casefold(),
            "offset": offset,
            "limit": limit,
        }

        async def work(session: Session) -> tuple[Sequence[Attendance], int]:
            ((count,),) = await session.rows("count_attendance", bindings)
            rows = await session.rows("attendance", bindings)
            return [stay_of(row) for row in rows], count

        return await _search(self._copy, work)

    async def may_view(self, corp_id: str, conference_uuid: str, persons: Collection[str]) -> bool:
        """See `ConferenceStore.may_view`."""
        key = {"corp_id": corp_id, "conference_uuid": conference_uuid}
        if not await self.database.read("record_count", key):
            raise NoSuchConference(conference_uuid)
        return bool(await self.database.read("viewers", {**key, **two_persons(persons)}))

    async def walk(
        self, corp_id: str, *, since_ms: int | None, until_ms: int | None, after: str, limit: int
    ) -> Sequence[str]:
        """See `ConferenceStore.walk`."""
        found: list[str] = []
        while True:
            bindings = {"corp_id": corp_id, "after": after, "limit": WALK_ROWS}
            rows = await self._copy.search(partial(_walk, bindings=bindings))
            for conference_uuid, start_time_ms in rows:
                if is_between(start_time_ms, since_ms, until_ms):
                    found.append(conference_uuid)
                if len(found) >= limit:
                    return found
            if len(rows) < WALK_ROWS:
                return found
            after = rows[-1][0]

    @property
    def _copy(self) -> Database:
        return self.replica or self.database


async def _search(
    database: Database, work: Callable[[Session], Awaitable[tuple[Sequence[T], int]]]
) -> tuple[Sequence[T], int]:
    try:
        return await database.search(work)
    except InvalidRecord:
        # What is searched for has U+0000, and no text that PostgreSQL keeps has that.
        return [], 0


async def _walk(session: Session, bindings: Mapping[str, Any]) -> list[tuple[str, int | None]]:
    """Ids, and when each began: as was told, or else when its first record was made."""
    walked = await session.rows("walk", bindings)
    if not walked:
        return []
    starts = await session.rows("starts", {**bindings, "last": walked[-1][0]})
    told = {row[0]: row[1] for row in starts}
    return [(each, told.get(each, first_ms)) for each, first_ms in walked]


async def _page(  # noqa: PLR0913 - which list, how long, and which page of it
    session: Session,
    listing: str,
    counts: Row,
    window: Mapping[str, Any],
    order: Order,
    *,
    offset: int,
    limit: int,
) -> tuple[Sequence[Conference], int]:
    """A page of a list, with how many conferences with and without a recording it has."""
    recorded, unrecorded = counts
    total = recorded + unrecorded
    if offset >= total:
        return [], total
    direction = direction_of(order)
    if goes_by_recording(order):
        rows = []
        parts = parts_of_page(order, recorded, unrecorded, offset=offset, limit=limit)
        for has_recording, part_offset, part_limit in parts:
            part = {"has_recording": has_recording, "offset": part_offset, "limit": part_limit}
            rows += await session.rows(f"{listing}_recorded_{direction}", {**window, **part})
    else:
        page = {"offset": offset, "limit": limit}
        rows = await session.rows(f"{listing}_{direction}", {**window, **page})
    return [conference_of(row) for row in rows], total


async def _search_own(
    session: Session, window: Mapping[str, Any], order: Order, *, offset: int, limit: int
) -> tuple[Sequence[Conference], int]:
    bindings = {
        **window,
        "offset": offset,
        "limit": limit,
        "by_recording": int(goes_by_recording(order)),
        "direction": 1 if direction_of(order) == "up" else -1,
    }
    rows = await session.rows("search_own", bindings)
    ((count,),) = await session.rows("count_search_own", bindings)
    return [conference_of(row) for row in rows], count


async def _count(session: Session, window: Mapping[str, Any]) -> tuple[int, int]:
    """How many conferences with and without a recording a window has."""
    days, ends = parts_of_window(window["since_ms"], window["until_ms"])
    if window["search"] or not days:
        ((recorded, unrecorded),) = await session.rows("count_ended", window)
        return recorded, unrecorded
    whole = {"corp_id": window["corp_id"], "first_day": days.start, "last_day": days.stop - 1}
    counts = await session.rows("sum_of_days", whole)
    for start, end in ends:
        counts += await session.rows("count_ended", {**window, "since_ms": start, "until_ms": end})
    return sum(count[0] for count in counts), sum(count[1] for count in counts)


async def _put(
    session: Session, corp_id: str, news: ConferenceNews, merge: Merge, days: Days
) -> None:
    key = {"corp_id": corp_id, "conference_uuid": news.conference_uuid}
    if news.is_whole:
        await session.rows("forget_viewers", key)
        await session.rows("forget_participants", key)
    if news.conference is not None:
        await _put_conference(session, key, news.conference, merge, days)
    await session.run_many("put_participant", rows_of_participants(key, news.participants))
    await session.run_many("put_attendance", rows_of_stays(key, news.stays))
    told = Counter[Departure]()
    for position, departure in enumerate(news.departures):
        told[departure] += 1
        bindings = {**key, **asdict(departure)}
        ((ended,),) = await session.rows("count_ended_stays", bindings)
        if ended < told[departure] and not await session.rows("end_stay", bindings):
            raise NobodyThere(position)


async def _put_conference(
    session: Session, key: Mapping[str, str], told: Conference, merge: Merge, days: Days
) -> None:
    rows = await session.rows("conference", key)
    known = conference_of(rows[0]) if rows else None
    conference = merge(told, known)
    await session.rows("put_conference", row_of_conference(key, conference))
    # What the day's count was made of, before and after.
    if known and (counted := day_of(known)):
        days[counted] -= 1
    if counted := day_of(conference):
        days[counted] += 1
    await session.run_many(
        "add_viewer", ({**key, "person": person} for person in sorted(conference.viewers))
    )
    former = conference.former_viewers - conference.viewers
    await session.run_many(
        "forget_viewer", ({**key, "person": person} for person in sorted(former))
    )
    await session.rows("date_viewers", dates_of_viewers(key, conference))
