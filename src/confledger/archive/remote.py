"""Another ledger, read whole and not believed: what contradicts itself is an error."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from confledger.archive.pace import Limits, Sleep
from confledger.archive.transport import Remote, Transport
from confledger.archive.walk import Page, Walk
from confledger.catalogue.language import LANGUAGES, Language
from confledger.errors import InvalidRecord, RemoteUntrustworthy
from confledger.wire.conference_json import (
    AttendanceJSON,
    AttendancesJSON,
    ConferenceInfoJSON,
    ConferencesJSON,
    DetailJSON,
    ParticipantJSON,
    conference_of,
    uuid_of,
)
from confledger.wire.control_records import PATH as RECORDS_PATH
from confledger.wire.history import ATTENDANCE_PATH, DETAIL_PATH
from confledger.wire.history import PATH as LIST_PATH
from confledger.wire.record_json import PageJSON, RecordJSON

_MINUTE_MS: Final = 60_000

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Detail:
    """A conference, and everybody who was invited to it, in the remote's order."""

    info: ConferenceInfoJSON
    participants: tuple[ParticipantJSON, ...]


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """Some records of a conference, without a gap to those of the page before."""

    offset: int
    """The place of the first in its conference."""
    count: int
    """How many records the conference had by then."""
    records: tuple[tuple[RecordJSON, RecordJSON], ...]
    """Each in zh-CN and in en-US; time, source and object of the two are equal."""


class RemoteLedger:
    """What another ledger holds, as one of its apps sees it.

    Used as a context, which closes its connections. Its calls may run side by
    side; together they keep to the limits. Each raises

        RemoteUnreachable: it does not answer, however often it is asked.
        RemoteRefused: it answers that we may not, or that there is no such thing.
        RemoteUntrustworthy: it answers what can't be so, or does not come to rest.

    Args:
        remote: where it is, and who we are there.
        limits: what it is asked, and what is taken from it.
        sleep: waits some seconds.

    Raises:
        SettingError: the CA file can't be used.
    """

    def __init__(
        self, remote: Remote, limits: Limits | None = None, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._limits = limits or Limits()
        self._transport = Transport(remote, self._limits, sleep)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    async def conferences(
        self, since_ms: int, until_ms: int
    ) -> AsyncIterator[tuple[ConferenceInfoJSON, ...]]:
        """The ended conferences of a window, each once, oldest first as far as the list rests.

        The list is read again until nothing moved while it was read, and what is new
        is given then; a conference that ended meanwhile may so come late. Which time
        of a conference the window is about is the remote's to say; one that does not
        touch it at all is refused.

        Args:
            since_ms: UTC, milliseconds since 1970.
            until_ms: likewise; included.
        """
        window = {
            "startDate": str(since_ms),
            "endDate": str(until_ms),
            "queryAll": "true",
            "sortType": "ASC_StartTIME",
        }

        async def read(offset: int) -> ConferencesJSON:
            return await self._page(LIST_PATH, window, offset, ConferencesJSON)

        given: set[str] = set()
        for _ in range(self._limits.readings_max):
            walk = Walk[ConferenceInfoJSON](LIST_PATH, self._limits, read, count_min=None)
            listed: set[str] = set()
            async for page in walk.pages():
                uuids = [
                    _listed_uuid(info, f"data[{index}].", since_ms, until_ms)
                    for index, info in enumerate(page.data)
                ]
                listed.update(uuids)
                # A dictionary, so that one that stands twice in a page is given once.
                new = {
                    conference_uuid: info
                    for conference_uuid, info in zip(uuids, page.data, strict=True)
                    if conference_uuid not in given
                }
                given.update(new)
                if new:
                    yield tuple(new.values())
            # Where one stands twice another was pushed or pulled over a page's edge.
            if walk.rested and len(listed) == walk.count:
                return
        raise self._restless(LIST_PATH)

    async def detail(self, conference_uuid: str) -> Detail:
        """A conference and its participants; the info need not have a `confUUID`."""
        infos: list[ConferenceInfoJSON] = []

        async def read(offset: int) -> Page[ParticipantJSON]:
            detail = await self._page(
                DETAIL_PATH, {"confUUID": conference_uuid}, offset, DetailJSON
            )
            said = detail.conferenceData.confUUID
            if said and said.lower() != conference_uuid.lower():
                raise RemoteUntrustworthy(
                    DETAIL_PATH, "conferenceData.confUUID", f"must be {conference_uuid}"
                )
            infos.append(detail.conferenceData)
            return detail.data

        participants = await self._whole(DETAIL_PATH, read)
        return Detail(infos[-1], participants)

    async def attendance(
        self, conference_uuid: str, language: Language
    ) -> tuple[AttendanceJSON, ...]:
        """Every stay in a conference, in the remote's order; device and media in a language."""

        async def read(offset: int) -> AttendancesJSON:
            return await self._page(
                ATTENDANCE_PATH, {"confUUID": conference_uuid}, offset, AttendancesJSON, language
            )

        return await self._whole(ATTENDANCE_PATH, read)

    async def records(self, conference_uuid: str, *, offset: int = 0) -> AsyncIterator[RecordsPage]:
        """The records of a conference from a place on, to the end; no page is empty.

        Records that come while it is read are read too.
        """

        async def read(place: int, language: Language) -> PageJSON:
            return await self._page(
                RECORDS_PATH, {"confUUID": conference_uuid}, place, PageJSON, language
            )

        async def read_chinese(place: int) -> PageJSON:
            return await read(place, LANGUAGES[0])

        walk = Walk[RecordJSON](RECORDS_PATH, self._limits, read_chinese, offset)
        while True:
            for _ in range(self._limits.readings_max):
                chinese = await walk.read()
                if chinese is None:
                    return
                english = await read(walk.offset, LANGUAGES[1])
                # English was read later, so it has as many records or more.
                walk.check(english)
                pairs = tuple(zip(chinese.data, english.data, strict=False))
                if all(_same_record(*pair) for pair in pairs):
                    break
            else:
                raise self._restless(RECORDS_PATH)
            yield RecordsPage(walk.offset, walk.count, pairs)
            walk.take(chinese.data[: len(pairs)])

    async def _whole(
        self, path: str, read: Callable[[int], Awaitable[Page[Item]]]
    ) -> tuple[Item, ...]:
        """A list of which nothing is known but its length: read until that rests."""
        count = 0
        for _ in range(self._limits.readings_max):
            walk = Walk[Item](path, self._limits, read, count_min=count)
            items = [item async for page in walk.pages() for item in page.data]
            if walk.rested:
                if len({msgspec.json.encode(item) for item in items}) < len(items):
                    # Where one stands twice, another may not stand at all.
                    raise RemoteUntrustworthy(path, "data", "has an item twice")
                return tuple(items)
            count = walk.count
        raise self._restless(path)

    async def _page(
        self,
        path: str,
        parameters: dict[str, str],
        offset: int,
        page_type: type[Item],
        language: Language = LANGUAGES[0],
    ) -> Item:
        place = {"offset": str(offset), "limit": str(self._limits.page_items)}
        return await self._transport.get(path, parameters | place, language, page_type)

    def _restless(self, path: str) -> RemoteUntrustworthy:
        times = self._limits.readings_max
        return RemoteUntrustworthy(path, "data", f"changed each of the {times} times it was read")


def _listed_uuid(info: ConferenceInfoJSON, path: str, since_ms: int, until_ms: int) -> str:
    """The id of a conference that touches the window."""
    try:
        conference_uuid = uuid_of(info, path)
        conference = conference_of(info, conference_uuid, path)
    except InvalidRecord as error:
        raise RemoteUntrustworthy(LIST_PATH, error.field, error.rule) from error
    if conference.start_time_ms > until_ms:
        raise RemoteUntrustworthy(LIST_PATH, path + "startTime", "is after the window")
    # The wire's times are whole minutes. One without an end may well reach the window.
    end_ms = conference.end_time_ms
    if end_ms is not None and max(end_ms, conference.start_time_ms) + _MINUTE_MS <= since_ms:
        raise RemoteUntrustworthy(LIST_PATH, path + "endTime", "is before the window")
    return conference_uuid


def _same_record(one: RecordJSON, other: RecordJSON) -> bool:
    """Whether two languages tell of the same record."""
    return (
        one.operateTime == other.operateTime
        and (one.operateSource or "") == (other.operateSource or "")
        and (one.operationObject or "") == (other.operationObject or "")
    )
