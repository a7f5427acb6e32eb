"""A folder of saved answers, as the four history calls give them to an administrator.

    conferences-000000.json                 pages of the list
    <uuid>/detail-000000.json               with a page of participants
    <uuid>/attendance-000000.json
    <uuid>/records-000000.zh-CN.json        and the same in every other language

The number in a name is the offset of the page. `confledger import` reads it back.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import msgspec

from confledger.catalogue.language import LANGUAGES
from confledger.export.selection import PAGE_ROWS, Ledger, Selection, Size
from confledger.ledger.conference import Conference, ParticipantQuery
from confledger.wire.conference_json import (
    AttendancesJSON,
    ParticipantsJSON,
    SavedConferenceInfoJSON,
    SavedConferencesJSON,
    SavedDetailJSON,
    attendance_json,
    participant_json,
    saved_in_detail,
    saved_in_list,
)
from confledger.wire.record_json import page_json, words_for

_encode: Final = msgspec.json.Encoder().encode


async def export_folder(
    ledger: Ledger,
    selection: Selection,
    folder: Path,
    size: Size,
    advance: Callable[[int], object],
) -> Size:
    """Write all that is known of some conferences, and say how much was written.

    Args:
        ledger: what is read.
        selection: which conferences.
        folder: where to, an empty folder.
        size: how much `Ledger.size_of` has found; each page of a list tells the count.
        advance: is told how many records more are written.

    Raises:
        StoreError: the store could not tell.
        OSError: something could not be written.
    """
    conferences = ended = records = 0
    listed: list[SavedConferenceInfoJSON] = []
    async for conference_uuid in ledger.uuids(selection):
        conferences += 1
        known = await ledger.conferences.get(selection.corp_id, conference_uuid)
        if known is not None and known.end_time_ms is not None:
            listed.append(saved_in_list(known))
            if len(listed) == PAGE_ROWS:
                _write_list(folder, listed, ended, size.ended)
                ended += len(listed)
                listed = []
        own = _OwnFolder(ledger, selection.corp_id, conference_uuid, folder / conference_uuid)
        if known is not None:
            await own.write_details(known)
        await own.write_attendance()
        async for written in own.write_records():
            records += written
            advance(written)
    if listed:
        _write_list(folder, listed, ended, size.ended)
    return Size(conferences, ended + len(listed), records)


def _write_list(
    folder: Path, listed: list[SavedConferenceInfoJSON], offset: int, count: int
) -> None:
    # Since they were counted, others may have ended.
    page = SavedConferencesJSON(listed, offset, PAGE_ROWS, max(count, offset + len(listed)))
    (folder / f"conferences-{offset:06}.json").write_bytes(_encode(page))


class _OwnFolder:
    """The files of one conference, in a folder that is made for the first of them."""

    def __init__(self, ledger: Ledger, corp_id: str, conference_uuid: str, folder: Path) -> None:
        self._ledger = ledger
        self._corp_id = corp_id
        self._conference_uuid = conference_uuid
        self._folder = folder

    async def write_details(self, known: Conference) -> None:
        info = saved_in_detail(known)
        offset, count = 0, 1
        while offset < count:
            participants, in_all = await self._ledger.conferences.participants(
                self._corp_id,
                self._conference_uuid,
                ParticipantQuery(),
                offset=offset,
                limit=PAGE_ROWS,
            )
            data = [participant_json(each) for each in participants]
            page = ParticipantsJSON(data, offset, PAGE_ROWS, in_all)
            self._write(f"detail-{offset:06}.json", _encode(SavedDetailJSON(info, page)))
            offset, count = offset + PAGE_ROWS, in_all

    async def write_attendance(self) -> None:
        offset, count = 0, 1
        while offset < count:
            stays, count = await self._ledger.conferences.attendance(
                self._corp_id, self._conference_uuid, search="", offset=offset, limit=PAGE_ROWS
            )
            if stays:
                # In the words in which they came, which import keeps.
                data = [attendance_json(stay, {}) for stay in stays]
                page = AttendancesJSON(data, offset, PAGE_ROWS, count)
                self._write(f"attendance-{offset:06}.json", _encode(page))
            offset += PAGE_ROWS

    async def write_records(self) -> AsyncIterator[int]:
        """Write a page after the other; how many records each has."""
        ledger = self._ledger
        async for offset, page in ledger.pages(self._corp_id, self._conference_uuid):
            for language in LANGUAGES:
                words = await words_for(
                    page.records, self._corp_id, language, ledger.catalogue, ledger.phrases
                )
                content = page_json(
                    page, offset=offset, limit=PAGE_ROWS, words=words, masks_numbers=False
                )
                self._write(f"records-{offset:06}.{language}.json", content)
            yield len(page.records)

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(exist_ok=True)
        (self._folder / name).write_bytes(content)
