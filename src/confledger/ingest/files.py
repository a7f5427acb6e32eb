"""Records from files: saved answers of the wire call, and JSON Lines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from confledger.catalogue.words import Catalogue
from confledger.errors import (
    ConfledgerError,
    EventConflict,
    InvalidField,
    InvalidFile,
    InvalidRecord,
)
from confledger.ingest.conference_files import (
    COUNT_TOO_SMALL,
    ConferenceAnswer,
    read_answer,
    shape_of,
)
from confledger.ingest.folders import groups_in, language_of_name
from confledger.ledger.conference import ConferenceStore
from confledger.ledger.intake import Intake, conference_uuid_from
from confledger.ledger.phrases import PhraseStore
from confledger.ledger.record import ControlRecord, Receipt
from confledger.wire.conference_json import merged_details
from confledger.wire.problems import JSON_PROBLEMS, field_and_rule
from confledger.wire.record_json import (
    LedgerRecordJSON,
    PageJSON,
    record_of_ledger_json,
    records_of_page,
)

FILE_BYTES_MAX: Final = 8 * 1024**2
"""A file up to this size is read as a whole and taken in one transaction, for which every
other writer waits. A larger one has to be lines."""

_STEP_LINES: Final = 10_000
"""How many lines of a larger one are taken at a time."""
_LINE_BYTES_MAX: Final = 4 * 1024**2

_EVENT_ID_NEEDED: Final = f"is missing, which a file larger than {FILE_BYTES_MAX} bytes needs"

_BOM: Final = b"\xef\xbb\xbf"

# How a saved page begins, whichever of its keys comes first.
_PAGE_BEGINNING: Final = re.compile(rb'\s*\{\s*"(?:data|offset|limit|count|conferenceData)"\s*:')

_page_decoder: Final = msgspec.json.Decoder(PageJSON)
_line_decoder: Final = msgspec.json.Decoder(LedgerRecordJSON)


@dataclass(frozen=True, slots=True)
class RecordFile:
    """What a file holds."""

    path: Path
    batches: dict[str, list[ControlRecord]]
    """Its records, by conference, in the file's order."""
    offset: int | None
    """Where in its meeting a saved page begins; None for JSON Lines."""
    places: dict[tuple[str, str], str]
    """Where in the file a record is, by its conference and event id."""


_Queued = tuple[int, Path, str | None, RecordFile | ConferenceAnswer | None]
"""A file: its place among the others, its path, its conference, and its content if that is kept."""


@dataclass(slots=True)
class ImportReport:
    """What became of some files."""

    conferences: set[str] = field(default_factory=set)
    records: int = 0
    """How many records are new."""
    duplicates: int = 0
    """How many the ledger had already."""
    failures: list[ConfledgerError] = field(default_factory=list)
    """Of each file that was not taken, why."""
    notes: list[str] = field(default_factory=list)
    """What somebody should know about the files that were taken."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Takes files into a ledger."""

    intake: Intake
    """The way in for records."""
    conferences: ConferenceStore
    """Where the rest goes."""
    catalogue: Catalogue
    """Tells the operations of texts."""
    phrases: PhraseStore
    """Learns what else a text is called."""

    async def take(
        self, paths: Sequence[Path], corp_id: str, conference_uuid: str | None
    ) -> ImportReport:
        """Take files into a corp's ledger: each whole or not at all, a large one step by step.

        Pages of one meeting are taken in the meeting's order, in whichever order
        they are named. If one of them can't be read, none is taken: what it holds
        could only stand behind the others, for ever.

        Args:
            paths: saved answers of the history calls, one page a file, JSON Lines, or
                folders of such files (`groups_in`), each of which is read by itself.
            corp_id: whose ledger.
            conference_uuid: the conference of whatever does not name one itself.

        Raises:
            NoSuchCorp, StoreError: nothing could be taken at all, or no more.
        """
        report = ImportReport()
        named = [(path, conference_uuid) for path in paths if not path.is_dir()]
        await self._take_together(named, corp_id, report, keeps=True)
        for path in paths:
            if path.is_dir():
                for group in groups_in(path, conference_uuid, report.failures):
                    await self._take_together(group, corp_id, report, keeps=False)
        return report

    async def _take_together(
        self,
        files: Sequence[tuple[Path, str | None]],
        corp_id: str,
        report: ImportReport,
        *,
        keeps: bool,
    ) -> None:
        """Take files in their order, once each of them has been read.

        `keeps` says whether their content is held until then, or they are read again:
        what is named may be a pipe, and a folder may hold more than the memory does.
        """
        for path, conference_uuid in files:
            if _is_large(path):
                await self._take_large(path, conference_uuid, corp_id, report)
        files = [each for each in files if not _is_large(each[0])]
        queue, broken_page = self._survey(files, report, keeps=keeps)
        previous: RecordFile | None = None
        for _, path, conference_uuid, kept in queue:
            try:
                read = read_file(path, conference_uuid, self.catalogue) if kept is None else kept
            except InvalidFile as error:
                report.failures.append(error)
                continue
            if not isinstance(read, RecordFile):
                await self.conferences.put(corp_id, read, merged_details)
                report.conferences |= {each.conference_uuid for each in read}
            elif broken_page is not None and read.offset is not None:
                problem = f"is not taken before {broken_page}, which was named with it"
                report.failures.append(InvalidFile(path, "", problem))
            elif await self._take_records(read, corp_id, report):
                if previous is not None and (phrases := phrases_of(previous, read)):
                    await self.phrases.learn(corp_id, phrases)
                previous = read

    async def _take_large(
        self, path: Path, conference_uuid: str | None, corp_id: str, report: ImportReport
    ) -> None:
        """Take a file of lines that is too large for one transaction.

        All of it is checked first; then it is taken step by step. If that is
        stopped, the same file taken again goes on where it was: its lines have ids.
        """
        try:
            for _ in _steps(path, conference_uuid, self.catalogue):
                pass
            for file in _steps(path, conference_uuid, self.catalogue):
                if not await self._take_records(file, corp_id, report):
                    return
        except InvalidFile as error:
            report.failures.append(error)

    def _survey(
        self, files: Sequence[tuple[Path, str | None]], report: ImportReport, *, keeps: bool
    ) -> tuple[list[_Queued], Path | None]:
        """The files that can be read, in the order in which they are taken, and a broken page."""
        queue: list[_Queued] = []
        broken_page: Path | None = None
        for path, conference_uuid in files:
            try:
                read = read_file(path, conference_uuid, self.catalogue)
            except InvalidFile as error:
                report.failures.append(error)
                if error.is_page:
                    broken_page = path
            else:
                place = (read.offset or 0) if isinstance(read, RecordFile) else -1
                queue.append((place, path, conference_uuid, read if keeps else None))
        return sorted(queue, key=lambda each: each[0]), broken_page

    async def _take_records(self, file: RecordFile, corp_id: str, report: ImportReport) -> bool:
        """Take a file of records; whether it could be taken."""
        try:
            receipts = await self.intake.take(corp_id, file.batches)
        except EventConflict as error:
            report.failures.append(_conflict(file, error))
            return False
        report.conferences |= receipts.keys()
        for receipt in receipts.values():
            report.records += receipt.accepted
            report.duplicates += receipt.duplicates
            if file.offset is not None:
                report.notes += _notes(file.path, file.offset + receipt.duplicates, receipt)
        return True


def _conflict(file: RecordFile, error: EventConflict) -> InvalidFile:
    place = file.places.get((error.conference_uuid, error.event_id), "")
    if file.offset is None:
        problem = f"eventId {error.event_id!r} is known with another content"
    else:
        problem = (
            "is not the record that the ledger has at this place; is the page of another meeting?"
        )
    return InvalidFile(file.path, place, problem)


def phrases_of(one: RecordFile, other: RecordFile) -> list[dict[str, str]]:
    """What two pages of the same records tell of words that the catalogue does not know.

    Their names say in which languages they are (`language_of_name`).
    """
    languages = language_of_name(one.path), language_of_name(other.path)
    if None in languages or languages[0] == languages[1] or one.offset != other.offset:
        return []
    return [
        dict(zip(map(str, languages), texts, strict=True))
        for conference_uuid, records in one.batches.items()
        for left, right in zip(records, other.batches.get(conference_uuid, ()), strict=False)
        for texts in (
            (left.operation_text, right.operation_text),
            (left.result_text, right.result_text),
        )
        if all(texts) and texts[0] != texts[1]
    ]


def _notes(path: Path, position: int, receipt: Receipt) -> Iterator[str]:
    """What somebody should know of a page whose records did not get their place in the meeting."""
    if receipt.accepted and receipt.first_seq != position:
        yield (
            f"{path}: its new records belong at {position} and stand at {receipt.first_seq},"
            " because a page before it was missing when it, or the one behind it, was taken"
        )


def _is_large(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > FILE_BYTES_MAX
    except OSError:
        return False


def _steps(path: Path, conference_uuid: str | None, catalogue: Catalogue) -> Iterator[RecordFile]:
    """The records of a large file of lines, so many at a time."""
    with path.open("rb") as content:
        number = 1
        while lines := list(_lines(path, content, number)):
            if number == 1:
                lines[0] = lines[0].removeprefix(_BOM)
            yield _read_lines(path, lines, conference_uuid, catalogue, step_from=number)
            number += len(lines)


def _lines(path: Path, content: BinaryIO, number: int) -> Iterator[bytes]:
    for place in range(number, number + _STEP_LINES):
        line = content.readline(_LINE_BYTES_MAX + 1)
        if len(line) > _LINE_BYTES_MAX:
            raise InvalidFile(path, f"line {place}", f"is longer than {_LINE_BYTES_MAX} bytes")
        if not line:
            return
        yield line


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes().removeprefix(_BOM)
    except OSError as error:
        raise InvalidFile(path, "", f"can't be read: {error.strerror}") from error
    if not content.strip():
        raise InvalidFile(path, "", "is empty")
    return content


def read_file(
    path: Path, conference_uuid: str | None, catalogue: Catalogue
) -> RecordFile | ConferenceAnswer:
    """Read a file: a saved answer of a history call, by its shape, or else JSON Lines.

    Raises:
        InvalidFile: it can't be read, or something in it breaks a rule.
    """
    content = _read(path)
    try:
        document = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except JSON_PROBLEMS as error:
        # Broken, or no JSON on the whole; how it begins tells what it was meant to be.
        if _PAGE_BEGINNING.match(content):
            place = _line_of(content, str(error))
            raise InvalidFile(path, place, _sentence(error), is_page=True) from error
        return _read_lines(path, content.split(b"\n"), conference_uuid, catalogue)
    if "error_code" in document:
        raise InvalidFile(path, "", "is an error that a call answered, and no page of records")
    if "data" not in document:
        return _read_lines(path, content.split(b"\n"), conference_uuid, catalogue)
    shape = shape_of(document)
    if shape is None:
        return _read_page(path, content, conference_uuid, catalogue)
    try:
        return read_answer(content, shape, conference_uuid)
    except JSON_PROBLEMS as error:
        raise InvalidFile(path, "", _sentence(error)) from error
    except InvalidField as error:
        raise InvalidFile(path, "", str(error)) from error


def _read_page(
    path: Path, content: bytes, conference_uuid: str | None, catalogue: Catalogue
) -> RecordFile:
    try:
        page = _page_decoder.decode(content)
        if conference_uuid is None:
            # An empty page tells nothing, whatever it was a page of.
            if not page.data:
                return RecordFile(path, {}, page.offset, {})
            raise InvalidRecord(
                "", "is a saved page, which does not say of which meeting: give --conference"
            )
        if page.offset + len(page.data) > page.count:
            raise InvalidRecord("count", COUNT_TOO_SMALL)
        records = records_of_page(page, catalogue)
    except JSON_PROBLEMS as error:
        place = _line_of(content, str(error))
        raise InvalidFile(path, place, _sentence(error), is_page=True) from error
    except InvalidField as error:
        raise InvalidFile(path, "", str(error).strip(), is_page=True) from error
    places = {
        (conference_uuid, record.event_id): f"data[{index}]" for index, record in enumerate(records)
    }
    return RecordFile(path, {conference_uuid: records} if records else {}, page.offset, places)


def _read_lines(
    path: Path,
    lines: Iterable[bytes],
    conference_uuid: str | None,
    catalogue: Catalogue,
    *,
    step_from: int | None = None,
) -> RecordFile:
    """Records from lines: all of a file, or a step of a larger one, from a line on."""
    batches: dict[str, list[ControlRecord]] = {}
    places = {}
    for number, line in enumerate(lines, step_from or 1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            read = _line_decoder.decode(line)
            conference = _conference_of(read, conference_uuid)
            record = record_of_ledger_json(read, catalogue)
            if step_from is not None and not record.event_id:
                raise InvalidRecord("eventId", _EVENT_ID_NEEDED)
        except JSON_PROBLEMS as error:
            raise InvalidFile(path, place, _sentence(error)) from error
        except InvalidField as error:
            raise InvalidFile(path, place, str(error)) from error
        batches.setdefault(conference, []).append(record)
        if record.event_id:
            places[conference, record.event_id] = place
    return RecordFile(path, batches, None, places)


def _conference_of(record: LedgerRecordJSON, conference_uuid: str | None) -> str:
    if not record.confUUID:
        if conference_uuid is None:
            raise InvalidRecord("confUUID", "is missing, and --conference is not given")
        return conference_uuid
    named = conference_uuid_from(record.confUUID)
    if named is None:
        raise InvalidRecord("confUUID", "must be 32 hexadecimal digits")
    if conference_uuid not in (None, named):
        raise InvalidRecord("confUUID", f"must be {conference_uuid}, as --conference says")
    return named


def _line_of(content: bytes, problem: str) -> str:
    """In which line a syntax error is; msgspec tells the byte."""
    byte = re.search(r"\(byte (\d+)\)", problem)
    if byte is None:
        return ""
    return f"line {content[: int(byte[1])].count(10) + 1}"


def _sentence(error: Exception) -> str:
    name, rule = field_and_rule(error)
    return f"{name} {rule}".strip()
