"""Folders of files: which are read, in which order, and what belongs to which conference."""

import json
from pathlib import Path

import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.ingest.files import ImportReport
from confledger.ingest.folders import groups_in
from conftest import CONFERENCE
from ingest.made_files import (
    OTHER_CONFERENCE,
    figures,
    kept,
    line,
    moments,
    only_failure,
    said,
    save,
    save_lines,
    save_page,
    take,
    times_kept,
)


def new_folder(path: Path) -> Path:
    """A folder, and those above it."""
    path.mkdir(parents=True)
    return path


def test_files_are_found_in_their_order(tmp_path: Path) -> None:
    """Numbers go by size, the first language is first, and what is no record file is left out."""
    inner = new_folder(tmp_path / CONFERENCE.upper())
    names = [
        "records-000500.zh-CN.json",
        "records-000500.en-US.json",
        "records-999500.zh-CN.json",
        "records-1000000.zh-CN.json",
    ]
    for name in (*reversed(names), ".hidden.json", "notes.txt"):
        (inner / name).touch()
    for name in ("page-10.json", "page-9.json", "lines.jsonl"):
        (tmp_path / name).touch()
    (new_folder(tmp_path / ".git") / "x.json").touch()

    report = ImportReport()

    groups = list(groups_in(tmp_path, None, report.failures))

    assert report.failures == []
    assert groups == [
        [(tmp_path / name, None) for name in ("lines.jsonl", "page-9.json", "page-10.json")],
        [(inner / name, CONFERENCE) for name in names],
    ]


async def test_a_folder_names_the_conference_of_its_pages(parts: Parts, tmp_path: Path) -> None:
    """Pages of two conferences in two folders are each taken into their own."""
    for conference, count in ((CONFERENCE, 2), (OTHER_CONFERENCE, 3)):
        save_page(new_folder(tmp_path / "deep" / conference) / "page.json", moments(count))

    assert figures(await take(parts, tmp_path, conference=None)) == (2, 5, 0)
    assert (len(await kept(parts)), len(await kept(parts, OTHER_CONFERENCE))) == (2, 3)

    named = tmp_path / "deep" / CONFERENCE
    assert figures(await take(parts, named, conference=None)) == (1, 0, 2)


async def test_pages_stand_by_their_offsets_whatever_their_names(
    parts: Parts, tmp_path: Path
) -> None:
    """In a folder, as among files that are named, the meeting's order is that of the offsets."""
    save_page(tmp_path / "a.json", moments(2, first=2), offset=2)
    save_page(tmp_path / "b.json", moments(2))

    report = await take(parts, tmp_path)

    assert (report.failures, report.notes) == ([], [])
    assert await times_kept(parts) == [0, 1, 2, 3]


async def test_a_broken_page_holds_up_its_own_conference_only(parts: Parts, tmp_path: Path) -> None:
    """Pages beside a broken one wait; those of another conference do not."""
    folder = new_folder(tmp_path / CONFERENCE)
    save(folder / "page-0.json", '{"data": [')
    save_page(folder / "page-1.json", moments(2, first=2), offset=2)
    save_page(new_folder(tmp_path / OTHER_CONFERENCE) / "page-0.json", moments(3))

    report = await take(parts, tmp_path, conference=None)

    assert [str(each).partition(": ")[0] for each in report.failures] == [
        str(folder / "page-0.json"),
        str(folder / "page-1.json"),
    ]
    assert (await kept(parts), len(await kept(parts, OTHER_CONFERENCE))) == ([], 3)


async def test_a_folder_of_another_conference_is_refused(parts: Parts, tmp_path: Path) -> None:
    """Where a folder is named by one conference and the command by another, nothing is taken."""
    folder = new_folder(tmp_path / OTHER_CONFERENCE)
    save_page(folder / "page.json", moments(2))

    assert CONFERENCE in only_failure(await take(parts, tmp_path))
    assert await kept(parts, OTHER_CONFERENCE) == []


async def test_a_folder_without_files_is_told(parts: Parts, tmp_path: Path) -> None:
    """A wrong folder is more likely than an empty ledger."""
    save(tmp_path / "notes.txt", "hello")
    assert only_failure(await take(parts, tmp_path)).startswith(f"{tmp_path}: has no file of ")


async def test_files_and_folders_may_be_named_together(parts: Parts, tmp_path: Path) -> None:
    """Lines, a page and a folder of pages, in one command."""
    lines = save_lines(tmp_path / "lines.jsonl", [said(confUUID=OTHER_CONFERENCE)])
    save_page(new_folder(tmp_path / "pages" / CONFERENCE) / "page.json", moments(2))

    report = await take(parts, lines, tmp_path / "pages", conference=None)

    assert figures(report) == (2, 3, 0)


async def test_a_list_is_known_before_what_is_told_of_one(parts: Parts, tmp_path: Path) -> None:
    """A list beside the folders, and a detail in one of them, are one conference."""
    page = {"offset": 0, "limit": 500, "count": 1}
    listed = {"confUUID": CONFERENCE, "subject": "Planning", "startTime": "2019-11-18 23:31"}
    save(tmp_path / "conferences-000000.json", json.dumps({"data": [listed], **page}))
    told = {"conferenceID": "914583037", "startTime": "2019-11-18 23:31"}
    detail = {"conferenceData": told, "data": {"data": [], **page, "count": 0}}
    save(new_folder(tmp_path / CONFERENCE) / "detail-000000.json", json.dumps(detail))

    report = await take(parts, tmp_path, conference=None)

    assert (report.failures, report.conferences) == ([], {CONFERENCE})
    known = await parts.stores.conferences.get(DEFAULT_CORP_ID, CONFERENCE)
    assert known is not None
    assert (known.subject, known.conference_id) == ("Planning", "914583037")


@pytest.mark.parametrize("key", ["startTimeMs", "endTimeMs"])
async def test_a_wrong_time_is_named(parts: Parts, tmp_path: Path, key: str) -> None:
    """Our two keys are checked as the others are."""
    told = {"confUUID": CONFERENCE, "startTime": "2019-11-18 23:31", key: "now"}
    page = {"data": [told], "offset": 0, "limit": 500, "count": 1}
    path = save(tmp_path / "list.json", json.dumps(page))

    assert f"data[0].{key} must be an integer" in only_failure(await take(parts, path))


async def test_lines_in_a_folder_may_leave_their_conference_out(
    parts: Parts, tmp_path: Path
) -> None:
    """The folder's name says it for them, and a line of another conference is refused."""
    folder = new_folder(tmp_path / CONFERENCE)
    save(folder / "a.jsonl", line())
    save(folder / "b.jsonl", line(confUUID=OTHER_CONFERENCE))

    report = await take(parts, tmp_path, conference=None)

    assert "b.jsonl: line 1: confUUID must be" in only_failure(report)
    assert len(await kept(parts)) == 1
