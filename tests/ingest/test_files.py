"""Files that are neither, several files at once, and whatever comes."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from confledger.app import Parts
from confledger.catalogue.language import LANGUAGES, Language
from confledger.errors import InvalidFile, NoSuchCorp
from confledger.generator.meetings import generated_meeting
from confledger.ingest.files import ImportReport
from confledger.ledger.masking import mask_numbers
from confledger.ledger.record import Page
from confledger.wire.record_json import ReaderWords, page_json
from conftest import CONFERENCE, new_parts
from ingest.made_files import (
    BOM,
    CATALOGUE,
    figures,
    kept,
    moments,
    page_of,
    problem_of,
    read_lines,
    read_records,
    said,
    save,
    save_lines,
    save_page,
    take,
)


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
    await parts.stores.tenants.add_corp("acme", "Acme")
    page = save_page(tmp_path / "page.json", moments(2))

    assert figures(await take(parts, page)) == (1, 2, 0)
    assert figures(await take(parts, page, corp="acme")) == (1, 2, 0)


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


async def _served_after(engine: str, files: Sequence[bytes]) -> tuple[ImportReport, list[bytes]]:
    """What a new ledger reports of some files, and what it then serves, in each language."""
    async with new_parts(engine) as parts:
        folder = parts.secret_key_file.parent
        paths = [save(folder / f"{number}.json", content) for number, content in enumerate(files)]
        report = await take(parts, *paths)
        records = await kept(parts)
    page = Page(records, len(records))
    return report, [_page_bytes(page, 0, language, masks=True) for language in LANGUAGES]


def _page_bytes(page: Page, offset: int, language: Language, *, masks: bool) -> bytes:
    return page_json(
        page,
        offset=offset,
        limit=len(page.records),
        words=ReaderWords(CATALOGUE.words(language)),
        masks_numbers=masks,
    )


@hypothesis_settings(max_examples=40, deadline=None)
@given(ways_to_cut(), st.integers(0, 1000))
def test_any_pages_of_a_meeting_give_the_same_ledger_as_one(
    engine: str, cut: tuple[int, list[tuple[int, int, Language, bool]]], seed: int
) -> None:
    """However a meeting is cut into pages, in any order, languages and starring, it is one."""
    length, pages = cut
    meeting = generated_meeting(records=length, seed=seed).records
    whole = _page_bytes(Page(meeting, length), 0, "zh-CN", masks=False)
    pieces = [
        _page_bytes(Page(meeting[start:end], length), start, language, masks=masks)
        for start, end, language, masks in pages
    ]

    _, expected = anyio.run(partial(_served_after, engine, [whole]))
    report, served = anyio.run(partial(_served_after, engine, pieces))

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
        read_records(path)
    except InvalidFile as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - being read is right as well


@given(_TEXTS)
def test_a_starred_text_is_the_same_in_the_same_place(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Whatever text a page holds, the ledger tells it for the same with its numbers starred."""
    folder = tmp_path_factory.getbasetemp()
    clear, starred = (
        read_records(
            save_page(folder / "page.json", [said(operationObject=shown, operator=shown)]),
            CONFERENCE,
        ).batches[CONFERENCE]
        for shown in (text, mask_numbers(text))
    )

    assert clear[0].says_the_same_as(starred[0])
