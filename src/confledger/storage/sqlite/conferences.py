"""The conference store on SQLite."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

import apsw

from confledger.errors import NobodyThere, NoSuchConference, NoSuchCorp
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
from confledger.storage.rows import (
    conference_of,
    dates_of_viewers,
    participant_of,
    row_of_conference,
    rows_of_participants,
    rows_of_stays,
    stay_of,
)
from confledger.storage.sqlite.database import QUERIES, Database, Read, Row
from confledger.storage.sqlite.generations import place_of


@dataclass(frozen=True, slots=True)
class SQLiteConferenceStore:
    """`ledger.conference.ConferenceStore` in one SQLite file."""

    database: Database

    async def put(
        self, corp_id: str, news: Sequence[ConferenceNews], merge: Merge = as_told
    ) -> None:
        """See `ConferenceStore.put`."""

        def work(connection: apsw.Connection) -> None:
            _require_corp(connection, corp_id)
            for each in news:
                _put(connection, corp_id, each, merge)

        await self.database.write(work, [place_of(each.conference_uuid) for each in news])

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

        def work(read: Read) -> tuple[Sequence[Conference], int]:
            if query.persons is None:
                return _page(read, "list", _count(read, window), window, query.order, **page)
            own = window | two_persons(query.persons)
            if query.search:
                return _search_own(read, own, query.order, **page)
            (counts,) = read("count_own", own)
            return _page(read, "list_own", counts, own, query.order, **page)

        return await self.database.search(work)

    async def newest(
        self, corp_id: str, query: NewestQuery, *, before: Place | None, limit: int
    ) -> Newest:
        """See `ConferenceStore.newest`."""
        asked = bindings_of_newest(corp_id, query, limit)
        whole = range_of(query, before)

        def work(read: Read) -> Newest:
            bindings = asked | whole.bindings()
            floors = [row for name in floors_of(query) for row in read(name, bindings)]
            floor = max(((row[0], row[1]) for row in floors), default=None)
            if floor is not None:
                bindings |= whole._replace(floor=floor).bindings()
            rows = [row for name in lists_of(query) for row in read(name, bindings)]
            return newest_of(rows, floor, limit)

        return await self.database.search(work)

    async def untold(self, corp_id: str, *, after: str) -> tuple[dict[str, int | None], str | None]:
        """See `ConferenceStore.untold`."""
        bindings = {"corp_id": corp_id, "after": after, "limit": UNTOLD_ROWS}

        def work(read: Read) -> tuple[dict[str, int | None], str | None]:
            walked = read("walk", bindings)
            told = read("starts", {**bindings, "last": walked[-1][0]}) if walked else []
            return untold_of(walked, told)

        return await self.database.search(work)

    async def ended(self, corp_id: str, conference_uuids: Collection[str]) -> frozenset[str]:
        """See `ConferenceStore.ended`."""
        bindings = {"corp_id": corp_id, "uuids": json.dumps(list(conference_uuids))}
        return frozenset(row[0] for row in self.database.read("ended", bindings))

    async def invited_to(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch, *, limit: int
    ) -> Sequence[tuple[str, Participant]]:
        """See `ConferenceStore.invited_to`."""
        asked = _bindings_of_search(corp_id, conference_uuids, search, limit)
        rows = await self.database.search(lambda read: read("invited_to", asked))
        return [(row[0], participant_of(row[1:])) for row in rows]

    async def with_person(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch
    ) -> frozenset[str]:
        """See `ConferenceStore.with_person`."""
        asked = _bindings_of_search(corp_id, conference_uuids, search, 0)
        rows = await self.database.search(
            lambda read: [row for query in WITH_PERSON for row in read(query, asked)]
        )
        return frozenset(row[0] for row in rows)

    async def stays_in(
        self, corp_id: str, conference_uuids: Collection[str], search: PersonSearch, *, limit: int
    ) -> Sequence[tuple[str, Attendance]]:
        """See `ConferenceStore.stays_in`."""
        asked = _bindings_of_search(corp_id, conference_uuids, search, limit)
        rows = await self.database.search(lambda read: read("stays_in", asked))
        return [(row[0], stay_of(row[1:])) for row in rows]

    async def get(self, corp_id: str, conference_uuid: str) -> Conference | None:
        """See `ConferenceStore.get`."""
        rows = self.database.read(
            "conference", {"corp_id": corp_id, "conference_uuid": conference_uuid}
        )
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
            "kind_least": int(query.is_terminal or False),
            "kind_most": int(query.is_terminal is not False),
            "offset": offset,
            "limit": limit,
        }
        by_kind = query.terminals_last or query.is_terminal is not None

        def work(read: Read) -> tuple[list[Row], int]:
            ((count,),) = read("count_participants", bindings)
            return read("participants_of_kinds" if by_kind else "participants", bindings), count

        rows, count = await self.database.search(work)
        return [participant_of(row) for row in rows], count

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

        def work(read: Read) -> tuple[list[Row], int]:
            ((count,),) = read("count_attendance", bindings)
            return read("attendance", bindings), count

        rows, count = await self.database.search(work)
        return [stay_of(row) for row in rows], count

    async def may_view(self, corp_id: str, conference_uuid: str, persons: Collection[str]) -> bool:
        """See `ConferenceStore.may_view`."""
        key = {"corp_id": corp_id, "conference_uuid": conference_uuid}
        if not self.database.read("head", key):
            raise NoSuchConference(conference_uuid)
        return bool(self.database.read("viewers", {**key, **two_persons(persons)}))

    async def walk(
        self, corp_id: str, *, since_ms: int | None, until_ms: int | None, after: str, limit: int
    ) -> Sequence[str]:
        """See `ConferenceStore.walk`."""
        found: list[str] = []
        while True:
            bindings = {"corp_id": corp_id, "after": after, "limit": WALK_ROWS}
            # Each part is a search by itself: the walk of a large corp is longer than one may take.
            rows = await self.database.search(partial(_walk, bindings=bindings))
            for conference_uuid, start_time_ms in rows:
                if is_between(start_time_ms, since_ms, until_ms):
                    found.append(conference_uuid)
                if len(found) >= limit:
                    return found
            if len(rows) < WALK_ROWS:
                return found
            after = rows[-1][0]


def _bindings_of_search(
    corp_id: str, conference_uuids: Collection[str], search: PersonSearch, limit: int
) -> dict[str, Any]:
    uuids = json.dumps(list(conference_uuids))
    return {"corp_id": corp_id, "uuids": uuids, **bindings_of_person(search), "limit": limit}


def _walk(read: Read, bindings: dict[str, Any]) -> list[Row]:
    return read("walk", bindings)


def _page(  # noqa: PLR0913 - which list, how long, and which page of it
    read: Read,
    listing: str,
    counts: Row,
    window: dict[str, Any],
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
            rows += read(f"{listing}_recorded_{direction}", {**window, **part})
    else:
        rows = read(f"{listing}_{direction}", {**window, "offset": offset, "limit": limit})
    return [conference_of(row) for row in rows], total


def _search_own(
    read: Read, window: dict[str, Any], order: Order, *, offset: int, limit: int
) -> tuple[Sequence[Conference], int]:
    bindings = {
        **window,
        "offset": offset,
        "limit": limit,
        "by_recording": int(goes_by_recording(order)),
        "direction": 1 if direction_of(order) == "up" else -1,
    }
    rows = read("search_own", bindings)
    ((count,),) = read("count_search_own", bindings)
    return [conference_of(row) for row in rows], count


def _count(read: Read, window: dict[str, Any]) -> tuple[int, int]:
    """How many conferences with and without a recording a window has."""
    days, ends = parts_of_window(window["since_ms"], window["until_ms"])
    if window["search"] or not days:
        ((recorded, unrecorded),) = read("count_ended", window)
        return recorded, unrecorded
    whole = {"corp_id": window["corp_id"], "first_day": days.start, "last_day": days.stop - 1}
    counts = [
        *read("sum_of_days", whole),
        *(
            read("count_ended", {**window, "since_ms": start, "until_ms": end})[0]
            for start, end in ends
        ),
    ]
    return sum(count[0] for count in counts), sum(count[1] for count in counts)


def _require_corp(connection: apsw.Connection, corp_id: str) -> None:
    if not connection.execute(QUERIES["corp"], {"corp_id": corp_id}).fetchall():
        raise NoSuchCorp(corp_id)


def _put(connection: apsw.Connection, corp_id: str, news: ConferenceNews, merge: Merge) -> None:
    key = {"corp_id": corp_id, "conference_uuid": news.conference_uuid}
    connection.execute(QUERIES["add_head"], key)
    if news.is_whole:
        connection.execute(QUERIES["forget_viewers"], key)
        connection.execute(QUERIES["forget_participants"], key)
    if news.conference is not None:
        _put_conference(connection, key, news.conference, merge)
    connection.executemany(QUERIES["put_participant"], rows_of_participants(key, news.participants))
    connection.executemany(QUERIES["put_attendance"], rows_of_stays(key, news.stays))
    _end_stays(connection, key, news.departures)


def _end_stays(
    connection: apsw.Connection, key: dict[str, str], departures: Sequence[Departure]
) -> None:
    told = Counter[Departure]()
    for position, departure in enumerate(departures):
        told[departure] += 1
        bindings = {**key, **asdict(departure)}
        ((ended,),) = connection.execute(QUERIES["count_ended_stays"], bindings)
        is_known = cast("int", ended) >= told[departure]
        if not (is_known or connection.execute(QUERIES["end_stay"], bindings).fetchall()):
            raise NobodyThere(position)


def _put_conference(
    connection: apsw.Connection, key: dict[str, str], told: Conference, merge: Merge
) -> None:
    rows = connection.execute(QUERIES["conference"], key).fetchall()
    known = conference_of(rows[0]) if rows else None
    conference = merge(told, known)
    connection.execute(QUERIES["put_conference"], row_of_conference(key, conference))
    # What the day's count was made of, before and after.
    if known is not None:
        _count_day(connection, key["corp_id"], known, -1)
    _count_day(connection, key["corp_id"], conference, 1)
    connection.executemany(
        QUERIES["add_viewer"], ({**key, "person": person} for person in sorted(conference.viewers))
    )
    connection.executemany(
        QUERIES["forget_viewer"],
        ({**key, "person": each} for each in conference.former_viewers - conference.viewers),
    )
    connection.execute(QUERIES["date_viewers"], dates_of_viewers(key, conference))


def _count_day(
    connection: apsw.Connection, corp_id: str, conference: Conference, change: int
) -> None:
    if counted := day_of(conference):
        has_recording, day = counted
        connection.execute(
            QUERIES["count_day"],
            {"corp_id": corp_id, "has_recording": has_recording, "day": day, "change": change},
        )
