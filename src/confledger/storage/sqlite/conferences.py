"""The conference store on SQLite."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, cast

import apsw

from confledger.errors import NobodyThere, NoSuchConference, NoSuchCorp
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    ConferenceQuery,
    Departure,
    Merge,
    Order,
    Participant,
    ParticipantQuery,
    as_told,
)
from confledger.storage.sqlite.database import QUERIES, Database, Read, Row

_DAY_MS: Final = 24 * 60 * 60 * 1000
_WALK_ROWS: Final = 1000


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

        def work(read: Read) -> tuple[Sequence[Conference], int]:
            if query.persons is None:
                return _page(read, "list", _count(read, window), window, query.order, **page)
            own = window | _two_persons(query.persons)
            if query.search:
                return _search_own(read, own, query.order, **page)
            (counts,) = read("count_own", own)
            return _page(read, "list_own", counts, own, query.order, **page)

        return await self.database.search(work)

    async def get(self, corp_id: str, conference_uuid: str) -> Conference | None:
        """See `ConferenceStore.get`."""
        rows = self.database.read(
            "conference", {"corp_id": corp_id, "conference_uuid": conference_uuid}
        )
        return _conference_of(rows[0]) if rows else None

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
        return [
            Participant(
                identity=identity,
                place=place,
                name=name,
                number=number,
                is_terminal=bool(is_terminal),
                details=details,
            )
            for identity, place, name, number, is_terminal, details in rows
        ], count

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
        names = Attendance.__slots__
        return [Attendance(**dict(zip(names, row, strict=True))) for row in rows], count

    async def may_view(self, corp_id: str, conference_uuid: str, persons: Collection[str]) -> bool:
        """See `ConferenceStore.may_view`."""
        key = {"corp_id": corp_id, "conference_uuid": conference_uuid}
        if not self.database.read("record_count", key):
            raise NoSuchConference(conference_uuid)
        return bool(self.database.read("viewers", {**key, **_two_persons(persons)}))

    async def walk(
        self, corp_id: str, *, since_ms: int | None, until_ms: int | None, after: str, limit: int
    ) -> Sequence[str]:
        """See `ConferenceStore.walk`."""
        found: list[str] = []
        while True:
            bindings = {"corp_id": corp_id, "after": after, "limit": _WALK_ROWS}
            # Each part is a search by itself: the walk of a large corp is longer than one may take.
            rows = await self.database.search(partial(_walk, bindings=bindings))
            for conference_uuid, start_time_ms in rows:
                if _is_between(start_time_ms, since_ms, until_ms):
                    found.append(conference_uuid)
                if len(found) >= limit:
                    return found
            if len(rows) < _WALK_ROWS:
                return found
            after = rows[-1][0]


def _walk(read: Read, bindings: dict[str, Any]) -> list[Row]:
    return read("walk", bindings)


def _is_between(time_ms: int | None, since_ms: int | None, until_ms: int | None) -> bool:
    if time_ms is None:
        return since_ms is None and until_ms is None
    return (since_ms is None or since_ms <= time_ms) and (until_ms is None or time_ms <= until_ms)


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
    direction = _direction(order)
    if order in (Order.NEWEST_FIRST, Order.OLDEST_FIRST):
        rows = read(f"{listing}_{direction}", {**window, "offset": offset, "limit": limit})
    else:
        # Two lists, one behind the other, each in the order of its index.
        rows = []
        parts = [(1, recorded), (0, unrecorded)]
        for has_recording, count in parts if direction == "down" else reversed(parts):
            rows += read(
                f"{listing}_recorded_{direction}",
                {
                    **window,
                    "has_recording": has_recording,
                    "offset": min(offset, count),
                    "limit": limit - len(rows),
                },
            )
            offset = max(0, offset - count)
    return [_conference_of(row) for row in rows], total


def _search_own(
    read: Read, window: dict[str, Any], order: Order, *, offset: int, limit: int
) -> tuple[Sequence[Conference], int]:
    bindings = {
        **window,
        "offset": offset,
        "limit": limit,
        "by_recording": int(order in (Order.RECORDED_FIRST, Order.RECORDED_LAST)),
        "direction": 1 if _direction(order) == "up" else -1,
    }
    rows = read("search_own", bindings)
    ((count,),) = read("count_search_own", bindings)
    return [_conference_of(row) for row in rows], count


def _count(read: Read, window: dict[str, Any]) -> tuple[int, int]:
    """How many conferences with and without a recording a window has.

    Without a search, whole days are a sum that is kept, and only the parts of a
    day at both ends are counted.
    """
    since, until = window["since_ms"], window["until_ms"]
    first_day, end_day = -(-since // _DAY_MS), (until + 1) // _DAY_MS
    if window["search"] or first_day >= end_day:
        ((recorded, unrecorded),) = read("count_ended", window)
        return recorded, unrecorded
    counts = [
        read(
            "sum_of_days",
            {"corp_id": window["corp_id"], "first_day": first_day, "last_day": end_day - 1},
        )[0],
        *(
            read("count_ended", {**window, "since_ms": start, "until_ms": end})[0]
            for start, end in (
                (since, first_day * _DAY_MS - 1),
                (end_day * _DAY_MS, until),
            )
            if start <= end
        ),
    ]
    return sum(count[0] for count in counts), sum(count[1] for count in counts)


def _direction(order: Order) -> str:
    return "up" if order in (Order.OLDEST_FIRST, Order.RECORDED_LAST) else "down"


def _two_persons(persons: Collection[str]) -> dict[str, str]:
    """The persons as the two that the queries take: somebody's id, and their account."""
    first, second, *others = [*persons, "", ""]
    if any(others):
        raise ValueError("a user is at most two persons")
    return {"person_1": first, "person_2": second}


def _search_text(*texts: str) -> str:
    """What is searched; SQLite itself folds the case of ASCII only."""
    return "\n".join(texts).casefold()


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
    connection.executemany(
        QUERIES["put_participant"],
        (
            {**key, **asdict(each), "search_text": _search_text(each.name, each.number)}
            for each in news.participants
        ),
    )
    connection.executemany(
        QUERIES["put_attendance"],
        (
            {
                **key,
                **asdict(stay),
                "search_text": _search_text(stay.display_name, stay.call_number),
            }
            for stay in news.stays
        ),
    )
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
    known = _conference_of(rows[0]) if rows else None
    conference = merge(told, known)
    search_text = _search_text(
        conference.subject, conference.scheduler_name, conference.conference_id
    )
    fields = asdict(conference)
    del fields["viewers"], fields["former_viewers"]
    connection.execute(QUERIES["put_conference"], {**fields, **key, "search_text": search_text})
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
    has_ended = conference.end_time_ms is not None
    connection.execute(
        QUERIES["date_viewers"],
        {
            **key,
            "start_time_ms": conference.start_time_ms if has_ended else None,
            "has_recording": conference.has_recording if has_ended else None,
        },
    )


def _count_day(
    connection: apsw.Connection, corp_id: str, conference: Conference, change: int
) -> None:
    if conference.end_time_ms is not None:
        connection.execute(
            QUERIES["count_day"],
            {
                "corp_id": corp_id,
                "has_recording": conference.has_recording,
                "day": conference.start_time_ms // _DAY_MS,
                "change": change,
            },
        )


def _conference_of(row: Row) -> Conference:
    conference_uuid, conference_id, subject, start_ms, end_ms, scheduler, has_recording, details = (
        row
    )
    return Conference(
        conference_uuid=conference_uuid,
        conference_id=conference_id,
        subject=subject,
        start_time_ms=start_ms,
        end_time_ms=end_ms,
        scheduler_name=scheduler,
        has_recording=bool(has_recording),
        viewers=frozenset(),
        details=details,
    )
