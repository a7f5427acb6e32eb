"""`confledger import`: records from files, on the command line."""

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

from cli.running import GOLDEN, LINE, Run, bring_sample, names_in
from conftest import CONFERENCE

OTHER_CONFERENCE = "00000000000000000000000000000001"

NOTHING = {"conferences": 0, "records": 0, "duplicates": 0}


def save_pages(folder: Path) -> list[Path]:
    """The documented page as three pages, of which two overlap."""
    records = json.loads(GOLDEN.read_text("utf-8"))["data"]
    paths = []
    for offset, end in ((0, 8), (6, 14), (14, 20)):
        page = {"data": records[offset:end], "offset": offset, "limit": 8, "count": 20}
        paths.append(folder / f"page-{offset}.json")
        paths[-1].write_text(json.dumps(page), "utf-8")
    return paths


def test_a_page_is_taken_and_counted(run: Run) -> None:
    """With --json the figures are printed, in the order of the manual."""
    ran = run("import", GOLDEN, "--conference", CONFERENCE, "--json")

    assert (ran.code, ran.err) == (0, "")
    assert list(ran.json.items()) == [("conferences", 1), ("records", 20), ("duplicates", 0)]


def test_a_person_is_told_the_same(run: Run) -> None:
    """Without --json there is a sentence with the figures."""
    ran = run("import", GOLDEN, "--conference", CONFERENCE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "new records: 20, already there: 0, conferences: 1\n"

    ran = run("import", GOLDEN, "--conference", CONFERENCE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "new records: 0, already there: 20, conferences: 1\n"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_pages_may_be_named_in_any_order(run: Run, tmp_path: Path, order: tuple[int, ...]) -> None:
    """Several pages of a meeting, in whichever order, give the meeting as it was."""
    pages = save_pages(tmp_path)

    ran = run("import", *(pages[number] for number in order), "--conference", CONFERENCE, "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.json == {"conferences": 1, "records": 20, "duplicates": 2}
    shown = run("records", CONFERENCE, "--format", "json").json
    assert shown["data"] == json.loads(GOLDEN.read_text("utf-8"))["data"]


def test_the_conference_may_be_in_capitals(run: Run) -> None:
    """The id of a conference is the same in either case."""
    assert run("import", GOLDEN, "--conference", CONFERENCE.upper()).code == 0

    ran = run("import", GOLDEN, "--conference", CONFERENCE, "--json")
    assert ran.json == {"conferences": 1, "records": 0, "duplicates": 20}


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_what_records_prints_is_taken_again(run: Run, tmp_path: Path, language: str) -> None:
    """The page that `records --format json` prints is known again, in either language."""
    bring_sample(run)
    page = tmp_path / "page.json"
    page.write_text(
        run("records", CONFERENCE, "--format", "json", "--language", language).out, "utf-8"
    )

    ran = run("import", page, "--conference", CONFERENCE, "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.json == {"conferences": 1, "records": 0, "duplicates": 20}


def test_lines_may_name_their_conference(run: Run, tmp_path: Path) -> None:
    """JSON Lines of several conferences need no --conference."""
    path = tmp_path / "records.jsonl"
    named = [LINE | {"confUUID": uuid} for uuid in (CONFERENCE, OTHER_CONFERENCE, CONFERENCE)]
    path.write_text("".join(json.dumps(record) + "\n" for record in named))

    ran = run("import", path, "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.json == {"conferences": 2, "records": 3, "duplicates": 0}


def test_a_note_does_not_disturb_the_json(run: Run, tmp_path: Path) -> None:
    """A page brought before an earlier one is taken; the note stands on the standard error."""
    page = save_pages(tmp_path)[2]

    ran = run("import", page, "--conference", CONFERENCE, "--json")

    assert ran.code == 0
    assert ran.json == {"conferences": 1, "records": 6, "duplicates": 0}
    assert ran.err.startswith(f"Note: {page}: ")
    assert ran.err.count("\n") == 1


def test_a_broken_line_fails_its_file_and_no_other(run: Run, tmp_path: Path) -> None:
    """File, line and field are told on the standard error, and the exit code is 1."""
    broken = tmp_path / "broken.jsonl"
    broken.write_text(json.dumps(LINE) + '\n{"operateTime": "now", "operateCode": "x"}\n')

    ran = run("import", broken, GOLDEN, "--conference", CONFERENCE, "--json")

    assert ran.code == 1
    assert ran.json == {"conferences": 1, "records": 20, "duplicates": 0}
    assert ran.err.startswith(f"Error: {broken}: line 2: operateTime must be ")
    assert ran.err.count("\n") == 1


def test_every_broken_file_is_told(run: Run, tmp_path: Path) -> None:
    """Each file that fails has a line of its own, and the figures are those of the rest."""
    empty = tmp_path / "empty.json"
    empty.touch()
    missing = tmp_path / "missing.json"

    folder = tmp_path / "folder"
    folder.mkdir()

    ran = run("import", missing, empty, folder, "--conference", CONFERENCE, "--json")

    assert ran.code == 1
    assert ran.json == NOTHING
    assert ran.err.splitlines() == [
        f"Error: {missing}: can't be read: No such file or directory",
        f"Error: {empty}: is empty",
        f"Error: {folder}: has no file of .json or .jsonl",
    ]


def test_a_page_needs_to_be_told_its_meeting(run: Run) -> None:
    """Without --conference a page is refused, and the error says what to give."""
    ran = run("import", GOLDEN, "--json")

    assert (ran.code, ran.json) == (1, NOTHING)
    assert ran.err.startswith(f"Error: {GOLDEN}: ")
    assert "--conference" in ran.err


def test_a_conflict_is_told_and_nothing_changes(run: Run, tmp_path: Path) -> None:
    """A page of another meeting under the same id is refused."""
    bring_sample(run)
    before = run("records", CONFERENCE, "--format", "json").out
    page = json.loads(GOLDEN.read_text("utf-8"))
    page["data"][3]["operateTime"] += 1
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page))

    ran = run("import", path, "--conference", CONFERENCE, "--json")

    assert (ran.code, ran.json) == (1, NOTHING)
    assert ran.err.startswith(f"Error: {path}: ")
    assert run("records", CONFERENCE, "--format", "json").out == before


@pytest.mark.parametrize("value", ["", "zz", CONFERENCE[1:], CONFERENCE + "0", f"{CONFERENCE}\n"])
def test_a_conference_that_can_be_none_is_refused(run: Run, tmp_path: Path, value: str) -> None:
    """A wrong --conference is a wrong command; the error tells the rule, and nothing is made."""
    ran = run("import", GOLDEN, "--conference", value)

    assert (ran.code, ran.out) == (2, "")
    assert "'--conference'" in ran.err
    assert "32 hexadecimal digits" in ran.err
    assert names_in(tmp_path) == set()


def test_a_file_has_to_be_named(run: Run, tmp_path: Path) -> None:
    """Without a file the command is wrong, and nothing is made."""
    ran = run("import")

    assert (ran.code, ran.out) == (2, "")
    assert "PATH" in ran.err
    assert names_in(tmp_path) == set()


def test_an_unknown_corp_is_told_how_it_is_made(run: Run) -> None:
    """Importing for a corp that is not there fails, and works once it has an app."""
    arguments = ("import", GOLDEN, "--conference", CONFERENCE, "--corp", "acme", "--json")

    ran = run(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert "'acme'" in ran.err
    assert "confledger corp create acme" in ran.err

    assert run("app", "create", "portal", "--corp", "acme").code == 0
    assert run(*arguments).json == {"conferences": 1, "records": 20, "duplicates": 0}
    assert run("records", CONFERENCE).code == 1
    assert run("records", CONFERENCE, "--corp", "acme").code == 0


def test_a_file_name_may_be_any_bytes(command: str, tmp_path: Path, data_folder: Path) -> None:
    """A file whose name is no UTF-8 is read, and named in an error without a traceback."""
    good, broken = (os.fsencode(tmp_path) + name for name in (b"/good\xff", b"/broken\xff"))
    Path(os.fsdecode(good)).write_bytes(GOLDEN.read_bytes())
    Path(os.fsdecode(broken)).touch()

    ran = subprocess.run(
        [command, "import", good, broken, "--conference", CONFERENCE, "--json"],
        capture_output=True,
        check=False,
    )

    assert ran.returncode == 1
    assert json.loads(ran.stdout) == {"conferences": 1, "records": 20, "duplicates": 0}
    assert ran.stderr.startswith(b"Error: ")
    assert b"broken" in ran.stderr
    assert ran.stderr.endswith(b": is empty\n")
    assert data_folder.exists()


def test_what_a_file_says_gives_no_orders_to_a_terminal(run: Run, tmp_path: Path) -> None:
    """Control characters of a file are not printed with what is wrong in it."""
    lines = tmp_path / "records.jsonl"
    lines.write_text('{"operateTime": 1, "\\u001b]0;pwned\\u0007": 1}\n', "utf-8")

    ran = run("import", lines, "--conference", CONFERENCE)

    assert ran.code == 1
    assert "]0;pwned" in ran.err
    assert "\x1b" not in ran.err
    assert "\x07" not in ran.err
