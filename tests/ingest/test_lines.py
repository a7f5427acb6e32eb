"""JSON Lines: taken whole or not at all, and once."""

import json
import re
from pathlib import Path

import pytest

from confledger.app import Parts
from confledger.ingest import files
from conftest import CONFERENCE
from ingest.made_files import (
    BOM,
    OTHER_CONFERENCE,
    SAMPLE,
    TIME_MAX,
    Record,
    figures,
    in_english,
    kept,
    line,
    moments,
    only_failure,
    page_of,
    problem_of,
    read_lines,
    read_records,
    said,
    save,
    save_lines,
    take,
    times_kept,
)


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
    """`operation` and `result` hold codes, for the words beside them: the record is the same."""
    by_words, by_codes = read_lines(
        tmp_path,
        [
            said(),
            said(
                operateCode=None,
                operation="MUTE_PARTICIPANT",
                operateResult=None,
                result="SUCCESS",
            ),
        ],
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
    file = read_records(
        save_lines(tmp_path / "records.jsonl", [said() | {"confUUID": named}]),
        CONFERENCE,
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

    file = read_records(path)

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


# --- Files that are too large for one transaction ------------------------------


@pytest.fixture
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files count as large from 100 bytes on, and be taken three lines at a time."""
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 100)
    monkeypatch.setattr(files, "_STEP_LINES", 3)


@pytest.mark.usefixtures("_small_steps")
@pytest.mark.parametrize("begin", [b"", BOM])
async def test_a_large_file_is_taken_step_by_step(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    """Its lines are taken a few at a time, each once, and again nothing is added."""
    steps: list[int] = []
    append = type(parts.stores.records).append

    async def noted(self: object, corp_id: str, batches: dict[str, list[object]]) -> object:
        steps.append(sum(map(len, batches.values())))
        return await append(self, corp_id, batches)  # type: ignore[arg-type] # as it came

    monkeypatch.setattr(type(parts.stores.records), "append", noted)
    records = [said(operateTime=time, eventId=f"e{time}") for time in range(8)]
    large = save_lines(tmp_path / "large.jsonl", [*records, records[0]])
    large.write_bytes(begin + large.read_bytes())

    assert figures(await take(parts, large)) == (1, 8, 1)
    assert figures(await take(parts, large)) == (1, 0, 9)
    assert await times_kept(parts) == list(range(8))
    assert steps == [3, 3, 3] * 2


@pytest.mark.usefixtures("_small_steps")
@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("{}", "line 8: operateTime is missing"),
        ('{"operateTime":1,"operation":"MUTE_ALL"}', "line 8: eventId is missing"),
        ("[1,", "line 8: "),
    ],
)
async def test_a_large_file_is_checked_before_any_of_it_is_taken(
    parts: Parts, tmp_path: Path, last: str, problem: str
) -> None:
    """What is wrong with its last line is named, and no line before it is taken."""
    records = [said(operateTime=time, eventId=f"e{time}") for time in range(7)]
    large = save_lines(tmp_path / "large.jsonl", records)
    save(large, large.read_text("utf-8").rstrip("\n") + "\n" + last)

    assert problem in only_failure(await take(parts, large))
    assert await times_kept(parts) == []


@pytest.mark.usefixtures("_small_steps")
async def test_a_large_file_that_is_no_lines_is_refused(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that is longer than any record, as a page in one line is, is refused unread."""
    monkeypatch.setattr(files, "_LINE_BYTES_MAX", 1000)
    page = save(tmp_path / "page.json", json.dumps(page_of(moments(50))))

    assert "line 1: is longer than 1000 bytes" in only_failure(await take(parts, page))
    assert await times_kept(parts) == []
