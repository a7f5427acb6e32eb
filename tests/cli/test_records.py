"""`confledger records`: a conference, shown to people and to programs."""

import csv
import io
import json
import os
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import anyio
import pytest

from cli.running import GOLDEN, UNKNOWN_CONFERENCE, Run, bring, bring_sample, names_in
from confledger.app import open_parts
from confledger.settings import Settings
from conftest import CONFERENCE, PATH, client_of, token_of

KEYS = [
    "operateTime",
    "operateSource",
    "operator",
    "operateCode",
    "operationObject",
    "operateResult",
    "detail",
]
FORMATS = ["table", "json", "csv", "jsonl"]

TIME_MAX = 253_402_300_799_999


def in_key_order(text: str) -> Any:
    """A JSON document with its objects as lists of pairs, so that the order of keys counts."""
    return json.loads(text, object_pairs_hook=list)


def answer_of_the_call(data_folder: Path, query: str, language: str) -> str:
    """What the service answers."""

    async def ask() -> str:
        settings = Settings(data_folder=data_folder)
        async with open_parts(settings) as parts, client_of(parts) as client:
            headers = {"X-Access-Token": await token_of(parts), "Accept-Language": language}
            return (await client.get(f"{PATH}?{query}", headers=headers)).text

    return anyio.run(ask)


def rows_of(out: str) -> list[list[str]]:
    """The rows of a CSV text, read as any program reads them."""
    return list(csv.reader(io.StringIO(out, newline=""), strict=True))


def table_row(out: str, number: int) -> list[str]:
    """The cells of a row of the table."""
    (row,) = [line for line in out.splitlines() if line.startswith(f"│ {number} ")]
    return [cell.strip() for cell in row.strip("│").split("│")]


# --- json


def test_json_equals_the_documented_page(run: Run) -> None:
    """By default the first twenty records are shown, and as JSON they are the documented page."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--format", "json")

    assert (ran.code, ran.err) == (0, "")
    assert in_key_order(ran.out) == in_key_order(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
@pytest.mark.parametrize(("offset", "limit"), [(0, 20), (3, 5), (20, 20), (23, 1), (500, 500)])
def test_json_is_what_the_call_answers(
    run: Run, data_folder: Path, language: str, offset: int, limit: int
) -> None:
    """Key by key, `--format json` is the answer of the service to the same question."""
    bring_sample(run)
    options = ("--offset", str(offset), "--limit", str(limit), "--language", language)

    ran = run("records", CONFERENCE, "--format", "json", *options)

    query = f"confUUID={CONFERENCE}&offset={offset}&limit={limit}"
    assert ran.out == answer_of_the_call(data_folder, query, language) + "\n"
    assert list(ran.json) == ["data", "offset", "limit", "count"]


# --- jsonl


def test_jsonl_is_a_record_a_line(run: Run) -> None:
    """Each line is a record of the page, with the same keys in the same order."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--format", "jsonl", "--limit", "100")

    page = run("records", CONFERENCE, "--format", "json", "--limit", "100").out
    assert (ran.code, ran.err) == (0, "")
    assert [in_key_order(line) for line in ran.out.splitlines()] == in_key_order(page)[0][1]
    assert ran.out.count("\n") == 23


def test_a_line_stays_a_line(run: Run, tmp_path: Path) -> None:
    """A text with line ends in it breaks no line of the output."""
    bring(run, tmp_path / "x.jsonl", {"detail": "a\nb\r\nc"}, {})

    ran = run("records", CONFERENCE, "--format", "jsonl")

    first, _ = ran.out.rstrip("\n").split("\n")
    assert json.loads(first)["detail"] == "a\nb\r\nc"


# --- csv


def test_csv_has_a_column_for_each_key(run: Run) -> None:
    """The header has the wire's keys, and each row a record; what is not said is empty."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--format", "csv", "--limit", "100")

    page = run("records", CONFERENCE, "--format", "json", "--limit", "100").json["data"]
    header, *rows = rows_of(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert header == KEYS
    assert rows == [[str(record.get(key, "")) for key in KEYS] for record in page]


@pytest.mark.parametrize("key", [key for key in KEYS if key != "operateTime"])
@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(run: Run, tmp_path: Path, key: str, beginning: str) -> None:
    """A text that a spreadsheet would run is shown with an apostrophe before it."""
    text = beginning + 'cmd|" /C calc"!A0'
    bring(run, tmp_path / "x.jsonl", {key: text})

    _, row = rows_of(run("records", CONFERENCE, "--format", "csv").out)

    assert row[KEYS.index(key)] == "'" + text


@pytest.mark.parametrize(
    "text", ["plain", 'quo"te', "a,b", "a;b", "a\nb", "a\r\nb", "a=b", "**********905", "会议 ok"]
)
def test_other_cells_are_as_they_are(run: Run, tmp_path: Path, text: str) -> None:
    """Commas, quotes and line ends inside a text stay inside their cell."""
    bring(run, tmp_path / "x.jsonl", {"detail": text})

    _, row = rows_of(run("records", CONFERENCE, "--format", "csv").out)

    assert row[KEYS.index("detail")] == text


def test_a_carriage_return_begins_no_row(run: Run, tmp_path: Path) -> None:
    """A lone carriage return, which many programs take for a line end, is within quotes."""
    bring(run, tmp_path / "x.jsonl", {"detail": "a\r=1+1", "operateSource": "\r"})

    _, row = rows_of(run("records", CONFERENCE, "--format", "csv").out)

    assert (row[1], row[-1]) == ("'\r", "a\r=1+1")


def test_the_first_moment_of_all_is_a_time(run: Run, tmp_path: Path) -> None:
    """A record of the time 0 has a 0 in its cell, and not nothing."""
    bring(run, tmp_path / "x.jsonl", {"operateTime": 0})

    _, row = rows_of(run("records", CONFERENCE, "--format", "csv").out)

    assert row[0] == "0"


# --- table


def test_the_table_is_for_people(run: Run) -> None:
    """It has number, time, and words; and tells how many records there are."""
    bring_sample(run)

    ran = run("records", CONFERENCE)

    assert (ran.code, ran.err) == (0, "")
    header = ran.out.splitlines()[1]
    assert [cell.strip() for cell in header.strip("┃").split("┃")] == [
        *("", "UTC", "source", "operator", "operation", "object", "result", "detail")
    ]
    assert table_row(ran.out, 5) == [
        *("5", "2019-11-18 23:32:12.913", "Portal", "Conference Operator"),
        *("添加与会方", "**********905", "成功", ""),
    ]
    assert ran.out.endswith("\n20 of 23 records\n")


def test_the_table_counts_from_the_offset(run: Run) -> None:
    """The number of a row is the record's place in its conference."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--offset", "7", "--limit", "2")

    assert table_row(ran.out, 7)[1] == "2019-11-18 23:32:15.465"
    assert table_row(ran.out, 8)[4] == "点名与会方"
    assert ran.out.endswith("\n2 of 23 records\n")


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0, "1970-01-01 00:00:00.000"),
        (1, "1970-01-01 00:00:00.001"),
        (951_782_399_999, "2000-02-28 23:59:59.999"),
        (4_102_444_800_001, "2100-01-01 00:00:00.001"),
        (TIME_MAX, "9999-12-31 23:59:59.999"),
    ],
)
def test_the_table_shows_the_millisecond(run: Run, tmp_path: Path, time: int, shown: str) -> None:
    """Every time that a record can have is shown exactly."""
    bring(run, tmp_path / "x.jsonl", {"operateTime": time})

    assert table_row(run("records", CONFERENCE).out, 0)[1] == shown


@pytest.mark.parametrize("key", [key for key in KEYS if key != "operateTime"])
def test_nothing_gives_orders_to_the_terminal(run: Run, tmp_path: Path, key: str) -> None:
    """Control characters, and those that turn the direction of writing, are shown as such."""
    bad = "\x1b[31m\x07\x08\x0d\x0a\x09\x7f\x9b\x01\u200b\u202e\u2066\u2028\ufeff"
    bring(run, tmp_path / "x.jsonl", {key: f"<{bad}>"})

    ran = run("records", CONFERENCE)

    assert "<" + bad.translate(dict.fromkeys(map(ord, set(bad) - set("[31m")), "\ufffd")) in ran.out
    for character in ran.out.replace("\n", ""):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Zl", "Zp"}


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", "[/]", "[link=http://x]y", ":smile:", "\\[bold]", "会\u3000议"]
)
def test_the_table_shows_a_text_as_it_is(run: Run, tmp_path: Path, text: str) -> None:
    """Nothing in a text is taken for markup, and a full-width space is a space."""
    bring(run, tmp_path / "x.jsonl", {"detail": text})

    assert table_row(run("records", CONFERENCE).out, 0)[-1] == text


# --- all of them


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_speaks_english(run: Run, form: str) -> None:
    """With --language en-US operation and result are English, and the rest is as it came."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--format", form, "--language", "en-US", "--limit", "1")

    assert (ran.code, ran.err) == (0, "")
    assert "Start voice activation" in ran.out
    assert "Success" in ran.out
    assert "启动声控" not in ran.out
    assert "MCU" in ran.out


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_stars_numbers(run: Run, tmp_path: Path, form: str) -> None:
    """Numbers are shown starred, wherever in a record they stand."""
    number = "+991116005905"
    bring(
        run,
        tmp_path / "x.jsonl",
        dict.fromkeys(
            ("operator", "operateCode", "operationObject", "operateResult", "detail"),
            f"Ann {number}",
        ),
    )

    ran = run("records", CONFERENCE, "--format", form)

    assert ran.out.count("Ann **********905") == 5
    assert number[:8] not in ran.out


@pytest.mark.parametrize("form", FORMATS)
def test_past_the_end_there_is_nothing(run: Run, form: str) -> None:
    """An offset past the end is no error: the page is empty."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--format", form, "--offset", "23")

    assert (ran.code, ran.err) == (0, "")
    if form == "json":
        assert ran.json == {"data": [], "offset": 23, "limit": 20, "count": 23}
    elif form == "csv":
        assert rows_of(ran.out) == [KEYS]
    elif form == "jsonl":
        assert not ran.out
    else:
        assert ran.out.endswith("\n0 of 23 records\n")


@pytest.mark.parametrize("offset", [2**31, 2**63 - 1, 2**63, 10**30])
def test_no_offset_is_too_much_for_a_sentence(run: Run, offset: int) -> None:
    """However large an offset is, the page is empty or the command is told to be wrong."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--format", "jsonl", "--offset", str(offset))

    assert ran.code == 2 if "'--offset'" in ran.err else (ran.code, ran.err) == (0, "")
    assert not ran.out


@pytest.mark.parametrize("form", FORMATS)
def test_an_unknown_conference_is_told(run: Run, form: str) -> None:
    """A conference that is not there fails, is named, and nothing is printed."""
    bring_sample(run)

    ran = run("records", UNKNOWN_CONFERENCE, "--format", form)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Error: there is no conference {UNKNOWN_CONFERENCE} in this corp\n"


def test_the_conference_may_be_in_capitals(run: Run) -> None:
    """The id of a conference is the same in either case."""
    bring_sample(run)

    assert run("records", CONFERENCE.upper()).code == 0


def test_a_conference_of_another_corp_is_not_there(run: Run) -> None:
    """What one corp has, another does not."""
    bring_sample(run)
    run("app", "create", "portal", "--corp", "acme")

    ran = run("records", CONFERENCE, "--corp", "acme")

    assert (ran.code, ran.out) == (1, "")
    assert CONFERENCE in ran.err


def test_an_unknown_corp_is_told(run: Run) -> None:
    """A corp that is not there fails, and is named."""
    bring_sample(run)

    ran = run("records", CONFERENCE, "--corp", "nobody")

    assert (ran.code, ran.out) == (1, "")
    assert "'nobody'" in ran.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "UUID"),
        (("zz",), "UUID"),
        ((CONFERENCE[1:],), "32 hexadecimal digits"),
        ((CONFERENCE, "--offset", "-1"), "'--offset'"),
        ((CONFERENCE, "--offset", "x"), "'--offset'"),
        ((CONFERENCE, "--limit", "0"), "'--limit'"),
        ((CONFERENCE, "--limit", "100001"), "'--limit'"),
        ((CONFERENCE, "--language", "fr"), "'--language'"),
        ((CONFERENCE, "--format", "xml"), "'--format'"),
        ((CONFERENCE, "--corp", "a b"), "'--corp'"),
        ((CONFERENCE, CONFERENCE), "unexpected extra argument"),
    ],
)
def test_a_wrong_command_is_told_what_is_wrong(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    """A wrong argument or option is named, the exit code is 2, and nothing is made."""
    ran = run("records", *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize("form", FORMATS)
def test_the_output_is_readable_in_any_locale(run: Run, command: str, form: str) -> None:
    """Where the standard output has no Chinese characters, the records are shown all the same."""
    bring_sample(run)

    ran = subprocess.run(
        [command, "records", CONFERENCE, "--format", form],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"Conference System" in ran.stdout


@pytest.mark.parametrize("form", FORMATS)
def test_whoever_reads_may_stop(run: Run, command: str, form: str) -> None:
    """A reader who closes the pipe ends the command without a complaint."""
    bring_sample(run)

    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [command, "records", CONFERENCE, "--format", form],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)

    assert (ran.returncode, ran.stderr) == (1, b"")
