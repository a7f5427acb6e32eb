"""Files as the tests make them, and what came of taking them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.words import load_catalogue
from confledger.errors import InvalidFile, NoSuchConference
from confledger.ingest.files import ImportReport, RecordFile, read_file
from confledger.ledger.record import ControlRecord
from conftest import CONFERENCE

Record = dict[str, Any]

GOLDEN = Path(__file__).parents[1] / "golden" / "control_records_sample.json"
SAMPLE: list[Record] = json.loads(GOLDEN.read_text("utf-8"))["data"]
"""The records of the vendor's documented page."""

OTHER_CONFERENCE = "00000000000000000000000000000001"
NUMBER = "+991116005905"
BOM = b"\xef\xbb\xbf"
TIME_MAX = 253_402_300_799_999

CATALOGUE = load_catalogue()


def said(**fields: Any) -> Record:
    """What a source says of an action, of which only what matters to the test need be said.

    A field that is None is left out.
    """
    ordinary = {
        "operateTime": 1_574_119_913_464,
        "operateSource": "Portal",
        "operator": "Conference Operator",
        "operateCode": "关闭与会方麦克风",
        "operationObject": "9bd1c8b20a5b11eab31381603f51d3ae",
        "operateResult": "成功",
    }
    return {name: value for name, value in (ordinary | fields).items() if value is not None}


def line(**fields: Any) -> str:
    """The same as a line of JSON."""
    return json.dumps(said(**fields))


def moments(count: int, *, first: int = 0) -> list[Record]:
    """Some records that differ in their time alone."""
    return [said(operateTime=time) for time in range(first, first + count)]


def page_of(records: Sequence[Record], *, offset: int = 0) -> Record:
    """A page as it is served."""
    return {"data": list(records), "offset": offset, "limit": 20, "count": offset + len(records)}


def save(path: Path, content: str | bytes) -> Path:
    """Write a file as it stands."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def save_page(path: Path, records: Sequence[Record], *, offset: int = 0) -> Path:
    """Write a page as somebody who saved an answer has it: on one line."""
    return save(path, json.dumps(page_of(records, offset=offset), ensure_ascii=False))


def save_lines(path: Path, records: Iterable[Record]) -> Path:
    """Write JSON Lines."""
    return save(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def in_english(records: Iterable[Record]) -> list[Record]:
    """The same records as the call serves them in English."""
    words = CATALOGUE.words("en-US")
    return [
        record
        | {
            "operateCode": words.operations[
                CATALOGUE.operation_of(record["operateCode"]) or ""
            ].text,
            "operateResult": words.results[CATALOGUE.result_of(record["operateResult"]) or ""].text,
        }
        for record in records
    ]


async def take(
    parts: Parts, *paths: Path, conference: str | None = CONFERENCE, corp: str = DEFAULT_CORP_ID
) -> ImportReport:
    """Take files, as one run of the command does."""
    return await parts.importer.take(paths, corp, conference)


async def kept(parts: Parts, conference: str = CONFERENCE) -> list[ControlRecord]:
    """All that a conference has; nothing, if it is not there."""
    try:
        page = await parts.stores.records.page(DEFAULT_CORP_ID, conference, offset=0, limit=1000)
    except NoSuchConference:
        return []
    return page.records


async def times_kept(parts: Parts) -> list[int]:
    """The times of the records that the conference has, in the ledger's order."""
    return [record.operate_time_ms for record in await kept(parts)]


def figures(report: ImportReport) -> tuple[int, int, int]:
    """How many conferences, new records and duplicates."""
    return len(report.conferences), report.records, report.duplicates


def only_failure(report: ImportReport) -> str:
    """The sentence of the one file that was not taken."""
    (failure,) = report.failures
    assert isinstance(failure, InvalidFile)
    return str(failure)


def read_records(path: Path, conference: str | None = CONFERENCE) -> RecordFile:
    """What the reader makes of a file of records, without a ledger."""
    file = read_file(path, conference, CATALOGUE)
    assert isinstance(file, RecordFile)
    return file


def read_lines(
    folder: Path, lines: Iterable[Record], *, conference: str | None = CONFERENCE
) -> list[ControlRecord]:
    """What the reader makes of JSON Lines of one conference, without a ledger."""
    file = read_records(save_lines(folder / "records.jsonl", lines), conference)
    (records,) = file.batches.values()
    return records


def problem_of(path: Path, *, conference: str | None = CONFERENCE) -> str:
    """What is wrong with a file; the file's name, with which it begins, is taken off."""
    with pytest.raises(InvalidFile) as refused:
        read_file(path, conference, CATALOGUE)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path}: ")
    return sentence.removeprefix(f"{path}: ")
