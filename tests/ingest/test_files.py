"""Records from files: saved pages and JSON Lines, taken whole or not at all, and once."""

import itertools
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from confledger.app import Parts, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.language import LANGUAGES, Language
from confledger.catalogue.words import load_catalogue
from confledger.demo.generate import generated_meeting
from confledger.errors import InvalidFile, NoSuchConference, NoSuchCorp
from confledger.ingest.files import FILE_BYTES_MAX, ImportReport, import_files, read_file
from confledger.ledger.masking import mask_numbers
from confledger.ledger.record import ControlRecord, Page
from confledger.settings import Settings
from confledger.wire.record_json import page_json
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
    return await import_files(paths, corp, conference, parts.intake, parts.catalogue)


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


def read_lines(
    folder: Path, lines: Iterable[Record], *, conference: str | None = CONFERENCE
) -> list[ControlRecord]:
    """What the reader makes of JSON Lines of one conference, without a ledger."""
    file = read_file(save_lines(folder / "records.jsonl", lines), conference, CATALOGUE)
    (records,) = file.batches.values()
    return records


def problem_of(path: Path, *, conference: str | None = CONFERENCE) -> str:
    """What is wrong with a file; the file's name, with which it begins, is taken off."""
    with pytest.raises(InvalidFile) as refused:
        read_file(path, conference, CATALOGUE)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path}: ")
    return sentence.removeprefix(f"{path}: ")


# --- Saved pages


async def test_a_saved_page_is_taken_in_its_order(parts: Parts, tmp_path: Path) -> None:
    """The documented page becomes twenty records of its conference, in the order it has."""
    report = await take(parts, save(tmp_path / "page.json", GOLDEN.read_bytes()))

    assert figures(report) == (1, 20, 0)
    assert report.conferences == {CONFERENCE}
    assert (report.failures, report.notes) == ([], [])
    assert await times_kept(parts) == [record["operateTime"] for record in SAMPLE]


async def test_what_a_page_says_is_kept_as_codes(parts: Parts, tmp_path: Path) -> None:
    """Words of the catalogue are kept as codes, and everything else as it stands."""
    await take(parts, save_page(tmp_path / "page.json", [said(detail="why")], offset=7))

    (record,) = await kept(parts)
    assert replace(record, received_time_ms=0) == ControlRecord(
        operate_time_ms=1_574_119_913_464,
        source="Portal",
        operator="Conference Operator",
        operator_basis="stated",
        operation="MUTE_PARTICIPANT",
        object="9bd1c8b20a5b11eab31381603f51d3ae",
        result="SUCCESS",
        detail="why",
        event_id="page:7",
    )


async def test_a_page_taken_twice_adds_nothing(parts: Parts, tmp_path: Path) -> None:
    """The same page in a second run, or named twice in one, is known again."""
    page = save_page(tmp_path / "page.json", SAMPLE)

    assert figures(await take(parts, page, page)) == (1, 20, 20)
    assert figures(await take(parts, page)) == (1, 0, 20)
    assert len(await kept(parts)) == 20


@pytest.mark.parametrize("english_first", [False, True])
async def test_the_same_page_in_the_other_language_adds_nothing(
    parts: Parts, tmp_path: Path, *, english_first: bool
) -> None:
    """A page fetched in Chinese and in English, in either order, is one page."""
    pages = [
        save_page(tmp_path / "zh.json", SAMPLE),
        save_page(tmp_path / "en.json", in_english(SAMPLE)),
    ]
    first, second = reversed(pages) if english_first else pages

    assert figures(await take(parts, first)) == (1, 20, 0)
    records = await kept(parts)
    assert figures(await take(parts, second)) == (1, 0, 20)

    assert await kept(parts) == records
    assert all(record.operation and record.result == "SUCCESS" for record in records)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("masks", [False, True])
async def test_a_page_that_the_ledger_served_is_known_again(
    parts: Parts, tmp_path: Path, language: Language, *, masks: bool
) -> None:
    """What the call answers for an imported meeting can be brought back and adds nothing."""
    await take(parts, save_page(tmp_path / "page.json", [*SAMPLE, said(operationObject=NUMBER)]))
    served = await parts.stores.records.page(DEFAULT_CORP_ID, CONFERENCE, offset=5, limit=20)
    answer = page_json(
        served, offset=5, limit=20, words=CATALOGUE.words(language), masks_numbers=masks
    )

    report = await take(parts, save(tmp_path / "served.json", answer))

    assert (figures(report), report.failures) == ((1, 0, 16), [])


async def test_overlapping_pages_add_each_record_once(parts: Parts, tmp_path: Path) -> None:
    """What two pages both hold is kept once, in its place."""
    records = moments(8)
    first = save_page(tmp_path / "first.json", records[:5])
    second = save_page(tmp_path / "second.json", records[3:], offset=3)

    assert figures(await take(parts, first, second)) == (1, 8, 2)
    assert await times_kept(parts) == list(range(8))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_pages_are_taken_in_the_order_of_the_meeting(
    parts: Parts, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Three pages of a meeting may be named in any order."""
    pages = [
        save_page(tmp_path / f"{offset}.json", moments(4, first=offset), offset=offset)
        for offset in (0, 4, 8)
    ]

    report = await take(parts, *(pages[number] for number in order))

    assert (figures(report), report.notes) == ((1, 12, 0), [])
    assert await times_kept(parts) == list(range(12))


async def test_pages_brought_in_the_wrong_order_are_taken_and_noted(
    parts: Parts, tmp_path: Path
) -> None:
    """A later page that comes in an earlier run stands first, and a note says so at once."""
    later = save_page(tmp_path / "later.json", moments(2, first=4), offset=4)
    earlier = save_page(tmp_path / "earlier.json", moments(4))

    report = await take(parts, later)
    assert (figures(report), report.failures) == ((1, 2, 0), [])
    (note,) = report.notes
    assert note.startswith(f"{later}: ")
    assert re.search(r"\b4\b.*\b0\b", note)

    assert figures(await take(parts, earlier)) == (1, 4, 0)
    assert await times_kept(parts) == [4, 5, 0, 1, 2, 3]


async def test_pages_brought_in_the_right_order_are_not_noted(parts: Parts, tmp_path: Path) -> None:
    """Pages that follow each other, or overlap, give no reason for a note in any run."""
    records = moments(9)
    for offset, end in ((0, 4), (4, 7), (5, 9), (0, 9)):
        page = save_page(tmp_path / "page.json", records[offset:end], offset=offset)
        assert (await take(parts, page)).notes == []
    assert await times_kept(parts) == list(range(9))


async def test_a_gap_between_pages_is_noted(parts: Parts, tmp_path: Path) -> None:
    """A page that does not follow the one before it is taken, and a note names it."""
    first = save_page(tmp_path / "first.json", moments(2))
    third = save_page(tmp_path / "third.json", moments(2, first=5), offset=5)

    report = await take(parts, third, first)

    assert figures(report) == (1, 4, 0)
    (note,) = report.notes
    assert note.startswith(f"{third}: ")


async def test_a_page_without_records_brings_no_conference(parts: Parts, tmp_path: Path) -> None:
    """The empty page past a meeting's end is fine, and nothing comes of it."""
    report = await take(parts, save_page(tmp_path / "page.json", [], offset=40))

    assert (figures(report), report.failures, report.notes) == ((0, 0, 0), [], [])
    assert await kept(parts) == []


async def test_unknown_words_are_kept_verbatim(parts: Parts, tmp_path: Path) -> None:
    """An operation or a result that the catalogue does not know stays in the source's words."""
    page = save_page(tmp_path / "page.json", [said(operateCode="放烟花", operateResult=" 成功")])

    await take(parts, page)

    (record,) = await kept(parts)
    assert (record.operation, record.operation_text) == (None, "放烟花")
    assert (record.result, record.result_text) == (None, " 成功")


async def test_a_code_of_ours_is_but_a_text_in_a_page(parts: Parts, tmp_path: Path) -> None:
    """The call never serves codes, so a page that holds one holds somebody's words."""
    page = save_page(tmp_path / "page.json", [said(operateCode="JOIN", operateResult="SUCCESS")])

    await take(parts, page)

    (record,) = await kept(parts)
    assert (record.operation, record.operation_text) == (None, "JOIN")
    assert (record.result, record.result_text) == (None, "SUCCESS")


@pytest.mark.parametrize(
    ("first", "second"), [(NUMBER, "**********905"), ("**********905", NUMBER)]
)
async def test_a_starred_number_is_the_number_in_the_same_place(
    parts: Parts, tmp_path: Path, first: str, second: str
) -> None:
    """A page fetched with its numbers in clear and with them starred is one page."""
    for name, number in (("first", first), ("second", second)):
        record = said(operationObject=number, operator=f"Ann ({number})")
        report = await take(parts, save_page(tmp_path / f"{name}.json", [record]))
        assert report.failures == []

    (only,) = await kept(parts)
    assert (only.object, only.operator) == (first, f"Ann ({first})")


@pytest.mark.parametrize(
    "change",
    [
        {"operateTime": 5},
        {"operateSource": "MCU"},
        {"operator": "Ann"},
        {"operationObject": "+991116005111"},
        {"operationObject": None},
    ],
)
async def test_another_event_in_the_same_place_is_refused(
    parts: Parts, tmp_path: Path, change: Record
) -> None:
    """A page that tells something else of a position than the ledger has is not taken."""
    record = said(operationObject=NUMBER)
    await take(parts, save_page(tmp_path / "first.json", [said(), record]))
    records = await kept(parts)
    changed = {name: value for name, value in (record | change).items() if value is not None}
    page = save_page(tmp_path / "second.json", [said(), changed, said(operateTime=9)])

    report = await take(parts, page)

    assert figures(report) == (0, 0, 0)
    assert only_failure(report).startswith(f"{page}: ")
    assert await kept(parts) == records


async def test_a_conflict_names_the_record_of_the_page(parts: Parts, tmp_path: Path) -> None:
    """Which record of a page contradicts the ledger is told by its place in the page."""
    await take(parts, save_page(tmp_path / "first.json", moments(3), offset=4))
    page = save_page(tmp_path / "second.json", [said(operateTime=0), said(operateTime=7)], offset=4)

    report = await take(parts, page)

    assert only_failure(report).startswith(f"{page}: data[1]")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps(page_of(SAMPLE)).encode(), id="one line"),
        pytest.param(json.dumps(page_of(SAMPLE)).encode() + b"\n", id="one line, ended"),
        pytest.param(json.dumps(page_of(SAMPLE), separators=(",", ":")).encode(), id="compact"),
        pytest.param(json.dumps(page_of(SAMPLE), indent=4).encode(), id="pretty"),
        pytest.param(json.dumps(page_of(SAMPLE), indent="\t").encode(), id="tabs"),
        pytest.param(json.dumps(page_of(SAMPLE), indent=0).encode(), id="no indentation"),
        pytest.param(
            json.dumps(page_of(SAMPLE), indent=2).encode().replace(b"\n", b"\r\n"), id="CRLF"
        ),
        pytest.param(BOM + json.dumps(page_of(SAMPLE)).encode(), id="BOM"),
        pytest.param(BOM + json.dumps(page_of(SAMPLE), indent=2).encode(), id="BOM, pretty"),
        pytest.param(b"\r\n \n" + json.dumps(page_of(SAMPLE)).encode(), id="blank lines before"),
        pytest.param(
            json.dumps(page_of(SAMPLE), ensure_ascii=False, indent=2).encode(), id="no escapes"
        ),
        pytest.param(
            json.dumps(page_of(SAMPLE), sort_keys=True).encode(), id="one line, keys sorted"
        ),
        pytest.param(
            json.dumps(page_of(SAMPLE), sort_keys=True, indent=2).encode(), id="pretty, keys sorted"
        ),
        pytest.param(
            json.dumps(page_of(SAMPLE)).replace("}, {", "},\n{").encode(), id="a record a line"
        ),
        pytest.param(
            json.dumps(dict(reversed(page_of(SAMPLE).items()))).replace(", ", ",\n").encode(),
            id="data last, first line cut elsewhere",
        ),
    ],
)
def test_a_page_may_be_laid_out_in_any_way(tmp_path: Path, content: bytes) -> None:
    """White space, line ends, a byte order mark, escapes and the order of keys don't matter."""
    file = read_file(save(tmp_path / "page.json", content), CONFERENCE, CATALOGUE)

    assert file.offset == 0
    assert [record.operate_time_ms for record in file.batches[CONFERENCE]] == [
        record["operateTime"] for record in SAMPLE
    ]


def test_keys_of_a_page_that_are_unknown_are_passed_over(tmp_path: Path) -> None:
    """A vendor who adds a key to the answer or to its records does not stop an import."""
    page = page_of([said(siteName="Berlin")]) | {"requestId": "x", "more": [{"a": 1}]}
    file = read_file(save(tmp_path / "page.json", json.dumps(page)), CONFERENCE, CATALOGUE)

    assert len(file.batches[CONFERENCE]) == 1


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_string_say_nothing(tmp_path: Path, nothing: str | None) -> None:
    """A field that is null or empty is as good as one that is left out."""
    names = ("operateSource", "operator", "operationObject", "operateResult", "detail")
    record = said() | dict.fromkeys(names, nothing)
    file = read_file(save_page(tmp_path / "page.json", [record]), CONFERENCE, CATALOGUE)

    (read,) = file.batches[CONFERENCE]
    assert (read.source, read.operator, read.object, read.detail) == ("", "", "", "")
    assert (read.result, read.result_text) == (None, "")
    assert read.operator_basis == "unknown"


def test_a_page_needs_to_be_told_its_meeting(tmp_path: Path) -> None:
    """A page does not say of which meeting it is, and the error says what to give."""
    page = save_page(tmp_path / "page.json", SAMPLE)

    assert "give --conference" in problem_of(page, conference=None)


def without(page: Mapping[str, Any], name: str) -> Record:
    """A page that lacks a key."""
    return {key: value for key, value in page.items() if key != name}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (page_of([said(), said(operateTime="1574119913464")]), "data[1].operateTime must be "),
        (page_of([said(), said(operateTime=-1)]), "data[1].operateTime must be "),
        (page_of([said(), said(operateTime=1.5)]), "data[1].operateTime must be "),
        (page_of([said(), said(operateTime=None)]), "data[1].operateTime is missing"),
        (page_of([said(), said(operateCode=None)]), "data[1].operateCode is missing"),
        (page_of([said(), said(operateCode="")]), "data[1].operateCode is missing"),
        (page_of([said(), said(operator=7)]), "data[1].operator must be "),
        (page_of([said(), said(operator="x" * 4097)]), "data[1].operator must be "),
        (page_of([said(), said(detail="x" * 65_537)]), "data[1].detail must be "),
        (page_of([said(), said(detail="a\0b")]), "data[1].detail must not hold "),
        (page_of([said(), said(operateCode="\0")]), "data[1].operateCode must not hold "),
        ({**page_of([]), "data": [said(), "x"]}, "data[1] must be "),
        ({**page_of([]), "data": None}, "data must be "),
        ({**page_of([]), "data": {}}, "data must be "),
        ({**page_of([]), "offset": -1}, "offset must be "),
        ({**page_of([]), "offset": "0"}, "offset must be "),
        ({**page_of([]), "limit": "20"}, "limit must be "),
        ({**page_of([]), "count": -1}, "count must be "),
        (without(page_of([]), "offset"), "offset is missing"),
        (without(page_of([]), "limit"), "limit is missing"),
        (without(page_of([]), "count"), "count is missing"),
    ],
)
def test_a_broken_page_names_the_field_and_the_rule(
    tmp_path: Path, page: Record, problem: str, indent: int | None
) -> None:
    """However a page breaks a rule, the error names the field by its place in the page."""
    path = save(tmp_path / "page.json", json.dumps(page, indent=indent))

    assert problem_of(path).startswith(problem)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_page_that_is_cut_off_is_refused(tmp_path: Path, indent: int | None) -> None:
    """A page of which the end is missing is no page, at whichever place it was cut."""
    text = json.dumps(page_of([said(), said()]), indent=indent)
    for length in range(1, len(text), 7):
        problem_of(save(tmp_path / "page.json", text[:length]))


async def test_a_broken_page_holds_the_other_pages_up(parts: Parts, tmp_path: Path) -> None:
    """Where a page is broken none named with it is taken, but other files are."""
    broken = save_page(tmp_path / "broken.json", [*moments(3), said(operateTime=-1)])
    good = save_page(tmp_path / "good.json", moments(2, first=4), offset=4)
    lines = save_lines(tmp_path / "records.jsonl", [said(operateTime=9)])

    report = await take(parts, good, broken, lines)

    first, second = map(str, report.failures)
    assert first.startswith(f"{broken}: data[3].operateTime must be ")
    assert second == f"{good}: is not taken before {broken}, which was named with it"
    assert figures(report) == (1, 1, 0)
    assert await times_kept(parts) == [9]


# --- JSON Lines


async def test_lines_are_taken_in_their_order(parts: Parts, tmp_path: Path) -> None:
    """JSON Lines become records in the order of the lines, whatever their times."""
    lines = save_lines(tmp_path / "records.jsonl", [said(operateTime=time) for time in (3, 1, 2)])

    report = await take(parts, lines)

    assert figures(report) == (1, 3, 0)
    assert (report.failures, report.notes) == ([], [])
    assert await times_kept(parts) == [3, 1, 2]


@pytest.mark.parametrize("ids", [[None] * 3, ["a", "b", "c"], ["a", None, "c"], ["", "b", ""]])
async def test_lines_taken_twice_add_nothing(
    parts: Parts, tmp_path: Path, ids: list[str | None]
) -> None:
    """With event ids, without, and with some, the same lines are known again."""
    records = [
        said(operateTime=time, eventId=event_id)
        for time, event_id in zip(range(3), ids, strict=True)
    ]
    first = save_lines(tmp_path / "first.jsonl", records)
    again = save_lines(tmp_path / "again.jsonl", records)

    assert figures(await take(parts, first, again)) == (1, 3, 3)
    assert figures(await take(parts, first)) == (1, 0, 3)
    assert await times_kept(parts) == [0, 1, 2]


async def test_two_equal_lines_of_a_file_are_two_records(parts: Parts, tmp_path: Path) -> None:
    """A file that says the same twice without ids tells two events, and they stay two."""
    lines = save_lines(tmp_path / "records.jsonl", [said(), said(), said(operateTime=1)])

    assert figures(await take(parts, lines)) == (1, 3, 0)
    assert figures(await take(parts, lines)) == (1, 0, 3)
    first, second, _ = await kept(parts)
    assert first.event_id != second.event_id


async def test_two_lines_with_one_event_id_are_one_record(parts: Parts, tmp_path: Path) -> None:
    """An event that a file holds twice under its id is one event."""
    lines = save_lines(tmp_path / "records.jsonl", [said(eventId="a"), said(eventId="a")])

    assert figures(await take(parts, lines)) == (1, 1, 1)


async def test_lines_that_overlap_add_each_record_once(parts: Parts, tmp_path: Path) -> None:
    """Two files without event ids that share some lines add those once."""
    records = moments(6)
    first = save_lines(tmp_path / "first.jsonl", records[:4])
    second = save_lines(tmp_path / "second.jsonl", records[2:])

    assert figures(await take(parts, first, second)) == (1, 6, 2)
    assert await times_kept(parts) == list(range(6))


async def test_lines_in_the_other_language_add_nothing(parts: Parts, tmp_path: Path) -> None:
    """Words of either language are the same codes, so the lines are the same records."""
    await take(parts, save_lines(tmp_path / "zh.jsonl", SAMPLE))

    report = await take(parts, save_lines(tmp_path / "en.jsonl", in_english(SAMPLE)))

    assert figures(report) == (1, 0, 20)


async def test_an_event_id_stays_the_sources_own(parts: Parts, tmp_path: Path) -> None:
    """A record keeps the id that its source gave it, whatever characters that has."""
    await take(parts, save_lines(tmp_path / "records.jsonl", [said(eventId="événement 1/2")]))

    (record,) = await kept(parts)
    assert record.event_id == "événement 1/2"


def test_codes_may_stand_in_place_of_words(tmp_path: Path) -> None:
    """`operation` holds a code, and `operateResult` a code or words: the record is the same."""
    by_words, by_codes = read_lines(
        tmp_path,
        [said(), said(operateCode=None, operation="MUTE_PARTICIPANT", operateResult="SUCCESS")],
    )

    assert by_words == by_codes


@pytest.mark.parametrize(
    ("fields", "basis"),
    [
        ({}, "stated"),
        ({"operator": None}, "unknown"),
        ({"operator": ""}, "unknown"),
        ({"operatorBasis": ""}, "stated"),
        ({"operatorBasis": "stated"}, "stated"),
        ({"operatorBasis": "inferred"}, "inferred"),
        ({"operatorBasis": "system", "operator": None}, "system"),
        ({"operatorBasis": "unknown", "operator": None}, "unknown"),
    ],
)
def test_how_the_operator_is_known(tmp_path: Path, fields: Record, basis: str) -> None:
    """A line may say how its operator is known; if not, whoever is named is stated."""
    (record,) = read_lines(tmp_path, [said(**fields)])

    assert record.operator_basis == basis


def test_the_largest_values_are_taken(tmp_path: Path) -> None:
    """Each field takes its largest value, and the time its smallest."""
    texts = ("operateSource", "operator", "operateCode", "operationObject", "operateResult")
    longest = dict.fromkeys(texts, "议" * 4096) | {"detail": "议" * 65_536, "eventId": "议" * 256}

    first, last = read_lines(tmp_path, [said(operateTime=0), said(operateTime=TIME_MAX, **longest)])

    assert first.operate_time_ms == 0
    assert last.operate_time_ms == TIME_MAX
    assert {len(text) for text in (last.source, last.operator, last.object)} == {4096}
    assert (len(last.detail), len(last.event_id)) == (65_536, 256)


async def test_lines_may_be_of_several_conferences(parts: Parts, tmp_path: Path) -> None:
    """A line's `confUUID`, in either case, says where it belongs; each has its own order."""
    lines = save_lines(
        tmp_path / "records.jsonl",
        [
            said(operateTime=0, confUUID=CONFERENCE),
            said(operateTime=1, confUUID=OTHER_CONFERENCE),
            said(operateTime=2, confUUID=CONFERENCE.upper()),
        ],
    )

    report = await take(parts, lines, conference=None)

    assert figures(report) == (2, 3, 0)
    assert report.conferences == {CONFERENCE, OTHER_CONFERENCE}
    assert await times_kept(parts) == [0, 2]
    assert len(await kept(parts, OTHER_CONFERENCE)) == 1


@pytest.mark.parametrize("named", [None, CONFERENCE, CONFERENCE.upper(), ""])
def test_a_line_may_leave_its_conference_to_the_command(tmp_path: Path, named: str | None) -> None:
    """With --conference a line need not name one, and may name the same one."""
    file = read_file(
        save_lines(tmp_path / "records.jsonl", [said() | {"confUUID": named}]),
        CONFERENCE,
        CATALOGUE,
    )

    assert list(file.batches) == [CONFERENCE]
    assert file.offset is None


def test_the_line_and_the_command_must_not_differ(tmp_path: Path) -> None:
    """A line of another conference than --conference says is refused, and both are named."""
    lines = save_lines(tmp_path / "records.jsonl", [said(), said(confUUID=OTHER_CONFERENCE)])

    problem = problem_of(lines)

    assert problem.startswith("line 2: confUUID must be ")
    assert CONFERENCE in problem
    assert "--conference" in problem


@pytest.mark.parametrize("named", [None, ""])
def test_somebody_has_to_name_the_conference(tmp_path: Path, named: str | None) -> None:
    """A line without a conference needs --conference, and the error says so."""
    lines = save_lines(tmp_path / "records.jsonl", [said() | {"confUUID": named}])

    problem = problem_of(lines, conference=None)

    assert problem.startswith("line 1: confUUID is missing")
    assert "--conference" in problem


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"%s\n%s\n", id="plain"),
        pytest.param(b"%s\n%s", id="no end of line at the end"),
        pytest.param(b"%s\r\n%s\r\n", id="CRLF"),
        pytest.param(b"\n%s\n\n \t\r\n%s\n\n\n", id="blank lines"),
        pytest.param(BOM + b"%s\n%s\n", id="BOM"),
        pytest.param(b"  %s  \n\t%s", id="spaces around"),
    ],
)
def test_lines_may_be_laid_out_in_any_way(tmp_path: Path, content: bytes) -> None:
    """Line ends, blank lines and a byte order mark don't matter."""
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in moments(2)]
    path = save(tmp_path / "records.jsonl", content % tuple(lines))

    file = read_file(path, CONFERENCE, CATALOGUE)

    assert [record.operate_time_ms for record in file.batches[CONFERENCE]] == [0, 1]


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    """Only a line feed ends a line; what Unicode also calls a line end may stand in a text."""
    (record,) = read_lines(tmp_path, [said(detail="a\u2028b\u0085c\x0bd\x1ee")])

    assert record.detail == "a\u2028b\u0085c\x0bd\x1ee"


BROKEN_LINES = {
    "no JSON": ("hello", ""),
    "cut off": ('{"operateTime": 15', ""),
    "other quotes": ("{'operateTime': 15}", ""),
    "NaN": ('{"operateTime": NaN}', ""),
    "two on a line": (line() * 2, ""),
    "comma": (line() + ",", ""),
    "half a character": (line(detail="\ud800"), ""),
    "array": ("[]", "must be an object, not an array"),
    "null": ("null", "must be an object, not null"),
    "number": ("17", "must be an object, not an integer"),
    "string": ('"text"', "must be an object, not a string"),
    "nothing in it": ("{}", "operateTime is missing"),
    "no time": (line(operateTime=None), "operateTime is missing"),
    "null time": (
        '{"operateTime": null, "operateCode": "x"}',
        "operateTime must be an integer, not null",
    ),
    "time as a text": (line(operateTime="1"), "operateTime must be an integer, not a string"),
    "half a time": (line(operateTime=1.5), "operateTime must be an integer"),
    "time as a truth": (line(operateTime=True), "operateTime must be an integer"),
    "before 1970": (line(operateTime=-1), "operateTime must be an integer of at least 0"),
    "year 10000": (
        line(operateTime=TIME_MAX + 1),
        "operateTime must be an integer of at most 253402300799999",
    ),
    "no time at all": (line(operateTime=10**30), "operateTime must be an integer"),
    "operator as a number": (line(operator=7), "operator must be a string, not an integer"),
    "detail as an array": (line(detail=[]), "detail must be a string, not an array"),
    "event id as a number": (line(eventId=7), "eventId must be a string"),
    "conference as a number": (line(confUUID=7), "confUUID must be a string"),
    "no conference id": (line(confUUID="7"), "confUUID must be 32 hex"),
    "hyphens": (line(confUUID="9a0fa6d1-0a5b-11ea-ae5e-191763c22c0e"), "confUUID must be 32 hex"),
    "long source": (
        line(operateSource="x" * 4097),
        "operateSource must be a string of at most 4096 characters",
    ),
    "long operator": (
        line(operator="x" * 4097),
        "operator must be a string of at most 4096 characters",
    ),
    "long words": (
        line(operateCode="x" * 4097),
        "operateCode must be a string of at most 4096 characters",
    ),
    "long code": (
        line(operation="x" * 4097),
        "operation must be a string of at most 4096 characters",
    ),
    "long object": (
        line(operationObject="x" * 4097),
        "operationObject must be a string of at most 4096 characters",
    ),
    "long result": (
        line(operateResult="x" * 4097),
        "operateResult must be a string of at most 4096 characters",
    ),
    "long detail": (
        line(detail="x" * 65_537),
        "detail must be a string of at most 65536 characters",
    ),
    "long event id": (
        line(eventId="x" * 257),
        "eventId must be a string of at most 256 characters",
    ),
    "unknown field": (line(operateObject="x"), "operateObject is not a known field"),
    "field in another case": (line(confUuid="x"), "confUuid is not a known field"),
    "no operation": (line(operateCode=None), "operateCode is missing"),
    "no words": (line(operateCode=""), "operateCode is missing"),
    "no code": (line(operateCode=None, operation=""), "operateCode is missing"),
    "unknown code": (
        line(operateCode=None, operation="FLY"),
        "operation must be a code of the catalogue; 'FLY' is none",
    ),
    "code in small letters": (
        line(operateCode=None, operation="join"),
        "operation must be a code of the catalogue",
    ),
    "code and words": (line(operation="JOIN"), "operation and operateCode must not both be given"),
    "unknown basis": (
        line(operatorBasis="guessed"),
        "operatorBasis must be one of stated, inferred, system, unknown",
    ),
    "nobody stated": (line(operator=None, operatorBasis="stated"), "operator is missing"),
    "zero in source": (
        line(operateSource="\0"),
        "operateSource must not hold the character U+0000",
    ),
    "zero in operator": (line(operator="a\0"), "operator must not hold the character U+0000"),
    "zero in words": (line(operateCode="a\0"), "operateCode must not hold the character U+0000"),
    "zero in code": (line(operateCode=None, operation="\0"), "operation must "),
    "zero in object": (
        line(operationObject="a\0"),
        "operationObject must not hold the character U+0000",
    ),
    "zero in result": (
        line(operateResult="a\0"),
        "operateResult must not hold the character U+0000",
    ),
    "zero in detail": (line(detail="a\0b"), "detail must not hold the character U+0000"),
    "zero in event id": (line(eventId="a\0"), "eventId must not hold the character U+0000"),
}
"""Lines that break a rule, and how what is said of them begins."""


@pytest.mark.parametrize(("broken_line", "problem"), BROKEN_LINES.values(), ids=BROKEN_LINES)
async def test_a_broken_line_names_file_line_and_field(
    parts: Parts, tmp_path: Path, broken_line: str, problem: str
) -> None:
    """Of a file with a broken line nothing is taken, and of the files around it everything."""
    good = [json.dumps(record) for record in moments(2)]
    broken = save(tmp_path / "broken.jsonl", "\n".join([good[0], "", broken_line, good[1]]))
    before = save_lines(tmp_path / "before.jsonl", moments(1, first=10))
    after = save_lines(tmp_path / "after.jsonl", moments(1, first=11))

    report = await take(parts, before, broken, after)

    sentence = only_failure(report)
    assert sentence.startswith(f"{broken}: line 3: {problem}")
    assert sentence != f"{broken}: line 3: "
    assert figures(report) == (1, 2, 0)
    assert await times_kept(parts) == [10, 11]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("field", ["operator", "operateCode", "eventId"])
def test_what_is_no_utf_8_is_refused(tmp_path: Path, number: int, field: str) -> None:
    """A file in another encoding names the line, and says what was expected."""
    lines = [json.dumps(said()), json.dumps(said())]
    lines[number - 1] = json.dumps(said() | {field: "关闭"}, ensure_ascii=False)
    path = save(tmp_path / "records.jsonl", "\n".join(lines).encode("gbk"))

    problem = problem_of(path)

    assert problem.startswith(f"line {number}: ")
    assert "utf-8" in problem.lower()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "gbk"])
def test_a_page_in_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    """A page that an editor saved in another encoding gives an error, not wrong words."""
    text = json.dumps(page_of(SAMPLE), ensure_ascii=False)

    problem_of(save(tmp_path / "page.json", text.encode(encoding)))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("[" * 100_000, id="only depth"),
        pytest.param('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}", id="in a page"),
        pytest.param(
            json.dumps(page_of([]))[:-1] + ', "more": ' + "[" * 100_000 + "]" * 100_000 + "}",
            id="in a page, where nothing is read",
        ),
        pytest.param(
            json.dumps(said())[:-1] + ', "detail": ' + "[" * 100_000 + "]" * 100_000 + "}",
            id="in a line",
        ),
    ],
)
def test_depth_without_end_is_refused(tmp_path: Path, content: str) -> None:
    """A document nested more deeply than anything of ours is a broken file like any other."""
    problem_of(save(tmp_path / "deep.json", content))


async def test_an_event_that_the_ledger_tells_otherwise_is_refused(
    parts: Parts, tmp_path: Path
) -> None:
    """A known event id with another content stops its file, and no other one."""
    await take(parts, save_lines(tmp_path / "first.jsonl", [said(operateTime=0, eventId="a")]))
    conflicting = save_lines(
        tmp_path / "conflicting.jsonl",
        [
            said(operateTime=1, confUUID=OTHER_CONFERENCE),
            said(operateTime=2, confUUID=CONFERENCE),
            said(operateTime=3, confUUID=CONFERENCE, eventId="a"),
        ],
    )
    good = save_lines(tmp_path / "good.jsonl", [said(operateTime=4, confUUID=CONFERENCE)])

    report = await take(parts, conflicting, good, conference=None)

    sentence = only_failure(report)
    assert sentence.startswith(f"{conflicting}: ")
    assert "'a'" in sentence
    assert figures(report) == (1, 1, 0)
    assert await times_kept(parts) == [0, 4]
    assert await kept(parts, OTHER_CONFERENCE) == []


async def test_a_conflict_names_line_and_field(parts: Parts, tmp_path: Path) -> None:
    """Which line contradicts the ledger is told as of any other broken line."""
    await take(parts, save_lines(tmp_path / "first.jsonl", [said(operateTime=0, eventId="a")]))
    lines = save_lines(
        tmp_path / "second.jsonl", [said(operateTime=1), said(operateTime=2, eventId="a")]
    )

    report = await take(parts, lines)

    assert re.match(re.escape(f"{lines}: line 2: eventId") + r"\b", only_failure(report))


async def test_a_file_that_contradicts_itself_is_refused(parts: Parts, tmp_path: Path) -> None:
    """Two contents under one event id in the same file stop that file."""
    lines = save_lines(
        tmp_path / "records.jsonl",
        [said(operateTime=time, eventId="a") for time in (0, 1)],
    )

    report = await take(parts, lines)

    assert "'a'" in only_failure(report)
    assert await kept(parts) == []


async def test_a_file_that_contradicts_itself_names_a_line(parts: Parts, tmp_path: Path) -> None:
    """Of two lines with one event id and two contents, one at least is named."""
    lines = save_lines(
        tmp_path / "records.jsonl",
        [said(operateTime=time, eventId="a") for time in (0, 1)],
    )

    report = await take(parts, lines)

    assert re.match(re.escape(f"{lines}: line ") + r"[12]: eventId\b", only_failure(report))


@pytest.mark.parametrize(
    "line",
    [
        '{"operateTime": 1, "operateCode": "x", "detail": "data"',
        '{"operateTime": 1, "operateCode": "x", "data"}',
    ],
)
def test_a_broken_first_line_is_no_page(tmp_path: Path, line: str) -> None:
    """A first line that is broken and holds the word `data` is named like any other line."""
    path = save(tmp_path / "records.jsonl", f"{line}\n{json.dumps(said())}\n")

    assert problem_of(path).startswith("line 1: ")


# --- Files that are neither


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{}", "line 1: operateTime is missing"),
        ("[]", "line 1: must be "),
        (json.dumps([said()]), "line 1: must be "),
        ('{"data": []}', "offset is missing"),
        ('{"data": {}}', "data must be "),
    ],
)
def test_other_json_is_told_what_it_lacks(tmp_path: Path, content: str, problem: str) -> None:
    """JSON that is neither a page nor lines of records gets an error that says why."""
    assert problem_of(save(tmp_path / "x.json", content)).startswith(problem)


@pytest.mark.parametrize("conference", [CONFERENCE, None])
@pytest.mark.parametrize(
    "document",
    [[], [said()], [said(), said()], {"records": [said()]}],
    ids=["empty array", "array of one", "array of two", "other object"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_other_json_is_not_taken_for_a_page(
    tmp_path: Path, document: object, indent: int | None, conference: str | None
) -> None:
    """An array of records, or an object around one, is not told that it is a saved page."""
    path = save(tmp_path / "x.json", json.dumps(document, indent=indent))

    assert "saved page" not in problem_of(path, conference=conference)


def test_a_file_of_several_pages_is_refused(tmp_path: Path) -> None:
    """One file holds one page; a file of several is an error and not half taken."""
    pages = [json.dumps(page_of(moments(2, first=offset), offset=offset)) for offset in (0, 2)]

    problem_of(save(tmp_path / "pages.json", "\n".join(pages)))


def test_a_saved_error_is_refused(tmp_path: Path) -> None:
    """An answer that was an error is told from a page."""
    answer = {"error_code": "USG.000000000", "error_msg": "no"}

    problem = problem_of(save(tmp_path / "page.json", json.dumps(answer)))
    assert problem == "is an error that a call answered, and no page of records"


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", BOM, BOM + b"\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file without anything in it is more likely an accident than a meeting."""
    assert problem_of(save(tmp_path / "x.json", content)) == "is empty"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file is named, with the system's reason."""
    assert problem_of(tmp_path / "x.json") == "can't be read: No such file or directory"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is named, with the system's reason."""
    assert problem_of(tmp_path) == "can't be read: Is a directory"


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """What is too large to be held in memory is refused by its size, with the limit."""
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)

    assert str(FILE_BYTES_MAX) in problem_of(path)


# --- Several files


async def test_each_file_that_fails_is_reported(parts: Parts, tmp_path: Path) -> None:
    """Every broken file has its sentence, in the order named, and the good one is taken."""
    missing = tmp_path / "missing.json"
    empty = save(tmp_path / "empty.json", "")
    good = save_page(tmp_path / "good.json", moments(1))
    broken = save(tmp_path / "broken.jsonl", "hello\n")

    report = await take(parts, missing, empty, good, broken)

    assert [str(failure).partition(": ")[0] for failure in report.failures] == [
        str(path) for path in (missing, empty, broken)
    ]
    assert figures(report) == (1, 1, 0)


async def test_pages_and_lines_may_be_mixed(parts: Parts, tmp_path: Path) -> None:
    """One run takes pages of one meeting and lines of others."""
    page = save_page(tmp_path / "page.json", moments(2))
    lines = save_lines(tmp_path / "lines.jsonl", moments(3, first=10))

    report = await take(parts, page, lines)

    assert figures(report) == (1, 5, 0)


async def test_an_unknown_corp_takes_nothing(parts: Parts, tmp_path: Path) -> None:
    """Files can't be brought to a corp that is not there."""
    page = save_page(tmp_path / "page.json", moments(2))

    with pytest.raises(NoSuchCorp, match="nobody"):
        await take(parts, page, corp="nobody")


async def test_corps_know_nothing_of_each_other(parts: Parts, tmp_path: Path) -> None:
    """The same page brought to two corps is two conferences with the same id."""
    await parts.stores.accounts.add_corp("acme", "Acme")
    page = save_page(tmp_path / "page.json", moments(2))

    assert figures(await take(parts, page)) == (1, 2, 0)
    assert figures(await take(parts, page, corp="acme")) == (1, 2, 0)


# --- Whatever comes


@st.composite
def ways_to_cut(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, Language, bool]]]:
    """A meeting's length, and pages that cover it: from, to, language, numbers starred."""
    length = draw(st.integers(1, 12))
    ends = sorted({*draw(st.lists(st.integers(1, length), max_size=4)), length})
    pages = []
    for start, end in zip([0, *ends], ends, strict=False):
        first = max(0, start - draw(st.integers(0, 3)))
        last = min(length, end + draw(st.integers(0, 3)))
        pages.append((first, last, draw(st.sampled_from(LANGUAGES)), draw(st.booleans())))
    return length, draw(st.permutations(pages))


async def _served_after(files: Sequence[bytes]) -> tuple[ImportReport, list[bytes]]:
    """What a new ledger reports of some files, and what it then serves, in each language."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            save(Path(folder) / f"{number}.json", content) for number, content in enumerate(files)
        ]
        async with open_parts(Settings(data_folder=Path(folder))) as parts:
            report = await take(parts, *paths)
            records = await kept(parts)
    page = Page(records, len(records))
    return report, [_page_bytes(page, 0, language, masks=True) for language in LANGUAGES]


def _page_bytes(page: Page, offset: int, language: Language, *, masks: bool) -> bytes:
    return page_json(
        page,
        offset=offset,
        limit=len(page.records),
        words=CATALOGUE.words(language),
        masks_numbers=masks,
    )


@hypothesis_settings(max_examples=40, deadline=None)
@given(ways_to_cut(), st.integers(0, 1000))
def test_any_pages_of_a_meeting_give_the_same_ledger_as_one(
    cut: tuple[int, list[tuple[int, int, Language, bool]]], seed: int
) -> None:
    """However a meeting is cut into pages, in any order, languages and starring, it is one."""
    length, pages = cut
    meeting = generated_meeting(records=length, start_time_ms=1_574_119_913_464, seed=seed)
    whole = _page_bytes(Page(meeting, length), 0, "zh-CN", masks=False)
    pieces = [
        _page_bytes(Page(meeting[start:end], length), start, language, masks=masks)
        for start, end, language, masks in pages
    ]

    _, expected = anyio.run(partial(_served_after, [whole]))
    report, served = anyio.run(partial(_served_after, pieces))

    assert served == expected
    assert (report.records, report.failures, report.notes) == (length, [], [])
    assert report.duplicates == sum(end - start for start, end, *_ in pages) - length


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


@given(source=_TEXTS, operator=_TEXTS, words=_TEXTS, acted_on=_TEXTS, result=_TEXTS, detail=_TEXTS)
def test_any_text_is_kept_as_it_stands(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    source: str,
    operator: str,
    words: str,
    acted_on: str,
    result: str,
    detail: str,
) -> None:
    """Whatever characters the fields of a line hold, the record holds the same."""
    (record,) = read_lines(
        tmp_path_factory.getbasetemp(),
        [
            said(
                operateSource=source,
                operator=operator,
                operateCode="!" + words,
                operationObject=acted_on,
                operateResult="!" + result,
                detail=detail,
            )
        ],
    )

    assert (record.source, record.operator, record.object) == (source, operator, acted_on)
    assert (record.operation_text, record.result_text) == ("!" + words, "!" + result)
    assert record.detail == detail


@given(st.binary(max_size=200), st.sampled_from([b"", b"{", b"[", b'{"data":', BOM]))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, beginning: bytes
) -> None:
    """Whatever a file holds, it is read or refused in a sentence that names it."""
    path = save(tmp_path_factory.getbasetemp() / "any.json", beginning + content)

    try:
        read_file(path, CONFERENCE, CATALOGUE)
    except InvalidFile as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - being read is right as well


@given(_TEXTS)
def test_a_starred_text_is_the_same_in_the_same_place(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Whatever text a page holds, the ledger tells it for the same with its numbers starred."""
    folder = tmp_path_factory.getbasetemp()
    clear, starred = (
        read_file(
            save_page(folder / "page.json", [said(operationObject=shown, operator=shown)]),
            CONFERENCE,
            CATALOGUE,
        ).batches[CONFERENCE]
        for shown in (text, mask_numbers(text))
    )

    assert clear[0].says_the_same_as(starred[0])
