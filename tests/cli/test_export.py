"""`confledger export`: records to files, on the command line."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from cli.running import UNKNOWN_CONFERENCE, Ran, Run, bring, bring_sample, names_in
from confledger.export import parquet_file
from conftest import CONFERENCE

OTHER = "00000000000000000000000000000001"
FORMATS = ["csv", "xlsx", "jsonl", "parquet", "wire"]
SAMPLE_DAY = "2019-11-18"
"""In UTC; in China it is the day after."""


@pytest.fixture(autouse=True)
def _filled(run: Run, tmp_path: Path) -> None:
    """The sample's meeting, and another one of one record a day later."""
    bring_sample(run)
    path = tmp_path / "other.jsonl"
    bring(run, path, {"operateTime": 1_574_208_000_000}, conference=OTHER)
    path.unlink()


def csv_rows(ran: Ran) -> list[list[str]]:
    """What came to the standard output, without the titles."""
    assert (ran.code, ran.out[:1]) == (0, "\ufeff")
    _, *rows = csv.reader(io.StringIO(ran.out[1:], newline=""))
    return rows


def exported(run: Run, *arguments: str) -> set[str]:
    """Of which conferences there are records in an export."""
    return {
        row[0] for row in csv_rows(run("export", "--format", "csv", "--output", "-", *arguments))
    }


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written(run: Run, tmp_path: Path, form: str) -> None:
    """The output is there, a line tells what is in it, and nothing is left beside it."""
    before = names_in(tmp_path)
    output = tmp_path / "out"

    ran = run("export", "--format", form, "--output", output)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"conferences: 2, records: 24, written to {output}\n"
    new = names_in(tmp_path) - before
    assert {name.partition("/")[0] for name in new} == {"out"}
    if form == "xlsx":
        assert zipfile.is_zipfile(output)
    elif form == "parquet":
        assert output.read_bytes()[:4] == b"PAR1"


def test_lines_go_to_the_standard_output(run: Run) -> None:
    """With - the records are alone there, and the summary is on the standard error."""
    ran = run("export", CONFERENCE, "--format", "jsonl", "--output", "-")

    assert (ran.code, ran.err) == (0, "conferences: 1, records: 23, written to -\n")
    lines = [json.loads(each) for each in ran.out.splitlines()]
    assert {each["confUUID"] for each in lines} == {CONFERENCE}
    assert len(lines) == 23


@pytest.mark.parametrize("form", ["jsonl", "wire"])
def test_what_is_exported_is_known_again(run: Run, tmp_path: Path, form: str) -> None:
    """What import reads adds nothing to the ledger from which it came."""
    output = tmp_path / f"out.{form}"
    assert run("export", OTHER, "--format", "jsonl", "--output", tmp_path / "x").code == 0
    assert run("export", CONFERENCE, "--format", form, "--output", output).code == 0
    if form == "wire":
        # Of records that came with ids of their own the positions are no ids.
        ran = run("import", output, "--store", f"sqlite:///{tmp_path}/new.sqlite3", "--json")
        assert ran.json == {"conferences": 1, "records": 23, "duplicates": 23}
    else:
        assert run("import", output, "--json").json["duplicates"] == 23


def test_words_titles_and_times_are_the_readers(run: Run) -> None:
    """The language chooses titles and words, the zone the clock."""
    asked = ("export", CONFERENCE, "--format", "csv", "--output", "-")
    chinese = run(*asked, "--time-zone", "Asia/Shanghai")
    english = run(*asked, "--language", "en-US")

    assert chinese.out.startswith('\ufeff"会议 UUID",')
    assert english.out.startswith('\ufeff"Conference UUID",')
    zh, en = csv_rows(chinese)[0], csv_rows(english)[0]
    assert (zh[4], en[4]) == ("2019-11-19T07:31:53.464+08:00", "2019-11-18T23:31:53.464+00:00")
    assert (zh[13], en[13]) == ("成功", "Success")
    assert zh[9] == en[9]


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ([], {CONFERENCE, OTHER}),
        (["--since", "2019-11-20"], {OTHER}),
        (["--until", "2019-11-19"], {CONFERENCE}),
        (["--since", SAMPLE_DAY, "--until", SAMPLE_DAY], {CONFERENCE}),
        (["--until", SAMPLE_DAY, "--time-zone", "Asia/Shanghai"], set()),
        (["--since", "2019-11-19", "--until", "2019-11-19", "--time-zone", "Asia/Shanghai"],
         {CONFERENCE}),
        (["--since", "2019-11-20T00:00Z", "--until", "2019-11-20T00:00Z"], {OTHER}),
        (["--since", "2019-11-20T00:00:00.001Z"], set()),
        (["--since", "2019-11-20T08:00+08:00"], {OTHER}),
        (["--since", "2019-11-20T08:00", "--time-zone", "Asia/Shanghai"], {OTHER}),
    ],
)  # fmt: skip
def test_a_window_is_about_when_a_conference_began(
    run: Run, window: list[str], found: set[str]
) -> None:
    """A day is one of the zone and counts to its end; where only records are known they tell."""
    assert exported(run, *window) == found


@pytest.mark.parametrize("form", FORMATS)
def test_an_unknown_conference_is_an_error(run: Run, tmp_path: Path, form: str) -> None:
    """Nothing is written, not even of the conferences that are there."""
    before = names_in(tmp_path)

    ran = run(
        "export", CONFERENCE, UNKNOWN_CONFERENCE, "--format", form, "--output", tmp_path / "o"
    )

    assert (ran.code, ran.out) == (1, "")
    assert UNKNOWN_CONFERENCE in ran.err
    assert names_in(tmp_path) == before


def test_a_conference_that_is_named_twice_is_exported_once(run: Run) -> None:
    """In either case of its letters."""
    arguments = (OTHER, CONFERENCE.upper(), CONFERENCE, "--format", "jsonl", "--output", "-")
    assert len(run("export", *arguments).out.splitlines()) == 24


@pytest.mark.parametrize("form", FORMATS)
def test_what_exists_is_replaced_only_by_force(run: Run, tmp_path: Path, form: str) -> None:
    """Without --force the command fails and what is there stays."""
    arguments = ("export", "--format", form, "--output", str(tmp_path / "out"))
    assert run(*arguments, OTHER).code == 0

    ran = run(*arguments)
    assert ran.code == 1
    assert "--force" in ran.err

    assert run(*arguments, "--force").out.startswith("conferences: 2, records: 24")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "xlsx", "--output", "-"], "--output -"),
        (["--format", "wire", "--output", "-"], "--output -"),
        (["--format", "csv"], "--output"),
        (["--output", "-"], "--format"),
        (["--format", "csv", "--output", "-", "--since", "yesterday"], "--since"),
        (["--format", "csv", "--output", "-", "--until", "2026-02-30"], "--until"),
        (["--format", "csv", "--output", "-", "--since", "0001-01-01T00:00+14:00"], ""),
        (["--format", "csv", "--output", "-", "--since", "2026-02-02", "--until", "2026-02-01"],
         "--until"),
        (["--format", "csv", "--output", "-", "--time-zone", "Mars"], "--time-zone"),
        (["--format", "csv", "--output", "-", "--time-zone", "../etc"], "--time-zone"),
        (["--format", "csv", "--output", "-", "--since", "2026-01-01", CONFERENCE], "--since"),
        (["--format", "csv", "--output", "-", "zz"], "32 hexadecimal digits"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_told_what_is_wrong(run: Run, arguments: list[str], said: str) -> None:
    """The error names the option, and the exit code is 2; a time that is far off is no error."""
    ran = run("export", *arguments)
    assert said in ran.err
    assert ran.code == (2 if said else 0)


def test_an_unknown_corp_is_an_error(run: Run) -> None:
    """Whose conferences these are has to be somebody."""
    ran = run("export", "--format", "csv", "--output", "-", "--corp", "acme")
    assert (ran.code, ran.out) == (1, "")
    assert "'acme'" in ran.err


def test_a_store_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    """Nothing can be exported from it, and the command says so."""
    ran = run("export", "--format", "csv", "--output", "-", "--store", f"sqlite:///{tmp_path}/no")
    assert (ran.code, ran.out) == (1, "")
    assert not (tmp_path / "no").exists()


def test_without_the_library_parquet_is_told_how_to_get_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named, and nothing is left."""
    monkeypatch.setattr(parquet_file, "pa", None)
    ran = run("export", "--format", "parquet", "--output", tmp_path / "out")
    assert ran.code == 2
    assert "pip install 'confledger[parquet]'" in ran.err
    assert not (tmp_path / "out").exists()
