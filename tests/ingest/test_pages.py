"""Saved pages: taken whole or not at all, and once."""

import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.language import LANGUAGES, Language
from confledger.ledger.record import ControlRecord
from confledger.wire.record_json import ReaderWords, page_json
from conftest import CONFERENCE
from ingest.made_files import (
    BOM,
    CATALOGUE,
    GOLDEN,
    NUMBER,
    SAMPLE,
    Record,
    figures,
    in_english,
    kept,
    moments,
    only_failure,
    page_of,
    problem_of,
    read_records,
    said,
    save,
    save_lines,
    save_page,
    take,
    times_kept,
)


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
        served,
        offset=5,
        limit=20,
        words=ReaderWords(CATALOGUE.words(language)),
        masks_numbers=masks,
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
    file = read_records(save(tmp_path / "page.json", content))

    assert file.offset == 0
    assert [record.operate_time_ms for record in file.batches[CONFERENCE]] == [
        record["operateTime"] for record in SAMPLE
    ]


def test_keys_of_a_page_that_are_unknown_are_passed_over(tmp_path: Path) -> None:
    """A vendor who adds a key to the answer or to its records does not stop an import."""
    page = page_of([said(siteName="Berlin")]) | {"requestId": "x", "more": [{"a": 1}]}
    file = read_records(save(tmp_path / "page.json", json.dumps(page)))

    assert len(file.batches[CONFERENCE]) == 1


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_string_say_nothing(tmp_path: Path, nothing: str | None) -> None:
    """A field that is null or empty is as good as one that is left out."""
    names = ("operateSource", "operator", "operationObject", "operateResult", "detail")
    record = said() | dict.fromkeys(names, nothing)
    file = read_records(save_page(tmp_path / "page.json", [record]))

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


@pytest.mark.parametrize(("offset", "count"), [(0, 1), (1, 2), (2**62, 5)])
def test_a_page_must_have_room_in_its_meeting(tmp_path: Path, offset: int, count: int) -> None:
    """A page that claims more records than its meeting has is refused."""
    page = page_of([said(), said()], offset=offset) | {"count": count}

    problem = problem_of(save(tmp_path / "page.json", json.dumps(page)))

    assert problem == "count must not be less than offset and the entries of data"
