"""The tables: CSV, workbooks and Parquet."""

import csv
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from confledger.export.csv_file import CSVWriter, harmless
from confledger.export.parquet_file import ROW_GROUP_ROWS, ParquetWriter
from confledger.export.rows import TITLES, Manner, Row
from confledger.export.xlsx_file import XLSXWriter, fitting
from confledger.ledger.record import ControlRecord
from conftest import CONFERENCE, MakeRecord

UTC_MANNER = Manner("en-US", UTC, "UTC")
SHANGHAI = Manner("zh-CN", ZoneInfo("Asia/Shanghai"), "Asia/Shanghai")
TIME_MAX = 253_402_300_799_999
SHEET = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
COLUMNS = list(TITLES["en-US"])


def row_of(record: ControlRecord, seq: int = 0, **texts: str) -> Row:
    """A row, of which only what matters to the test need be said."""
    ordinary = {"conference_id": "914583037", "subject": "季度会议", "operation": "", "result": ""}
    return Row(conference_uuid=CONFERENCE, seq=seq, record=record, **(ordinary | texts))


def csv_of(*rows: Row, manner: Manner = UTC_MANNER) -> bytes:
    """The bytes of a CSV file."""
    stream = io.BytesIO()
    writer = CSVWriter(stream, manner)
    writer.write(rows)
    writer.close()
    return stream.getvalue()


def cells(*rows: Row, manner: Manner = UTC_MANNER) -> list[dict[str, str]]:
    """What a reader of CSV makes of some rows, by column."""
    text = csv_of(*rows, manner=manner).decode("utf-8-sig")
    _, *read = csv.reader(io.StringIO(text, newline=""))
    return [dict(zip(COLUMNS, line, strict=True)) for line in read]


def test_csv_is_what_the_standard_says(make_record: MakeRecord) -> None:
    """A byte order mark, a line of titles, CR LF, and quotes around every cell."""
    record = make_record(
        operate_time_ms=1, received_time_ms=2, detail='a "b", c\nd', event_id="e", source=""
    )

    titles = (
        "Conference UUID,Conference ID,Subject,Seq,Time,Time (UTC ms),Source,Operator,"
        "Operator basis,Operation code,Operation,Object,Result code,Result,Detail,Event ID,"
        "Received"
    )
    cells = (
        f"{CONFERENCE},914583037,季度会议,0,1970-01-01T00:00:00.001+00:00,1,,"
        "Conference Operator,stated,MUTE_PARTICIPANT,Mute,9bd1c8b20a5b11eab31381603f51d3ae,"
        "SUCCESS,Success"
    )
    quoted_titles, quoted_cells = (
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in (titles, cells)
    )
    last = '"a ""b"", c\nd","e","1970-01-01T00:00:00.002+00:00"'
    assert csv_of(row_of(record, operation="Mute", result="Success"), manner=UTC_MANNER) == (
        f"\ufeff{quoted_titles}\r\n{quoted_cells},{last}\r\n".encode()
    )


def test_both_languages_have_titles_for_the_same_columns() -> None:
    """No column lacks a title in a language, and no two have the same."""
    assert list(TITLES["zh-CN"]) == COLUMNS
    for titles in TITLES.values():
        assert len(set(titles.values())) == len(COLUMNS)


def test_times_are_those_of_the_zone(make_record: MakeRecord) -> None:
    """A time has the offset of its zone; where that would be the year 10000, it is in UTC."""
    last = row_of(make_record(operate_time_ms=TIME_MAX))
    first, second = cells(row_of(make_record()), last, manner=SHANGHAI)

    assert first["time"] == "2019-11-19T07:31:53.464+08:00"
    assert second["time"] == "9999-12-31T23:59:59.999+00:00"


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+991116005905", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"),
        *("＝1", "＋1", "－1", "＠x", " =1", "\u3000=1", "\xa0＝1", "\t=1", "=", "+"),
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    """A formula's beginning in either width, behind spaces too, and a break at the beginning."""
    assert harmless(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", " ", "a=1", "1+1", "'=1", "MCU", "主持人", "1-2", ",=1", '"=1']
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    """A sign within a text, or a text of digits, is left alone."""
    assert harmless(text) == text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_a_text_is_read_back_from_csv(text: str) -> None:
    """Whatever a text without controls is, a reader gets it, with no more than an apostrophe."""
    record = ControlRecord(operate_time_ms=0, operator_basis="unknown", detail=text)
    (read,) = cells(row_of(record))
    assert read["detail"] in (text, "'" + text)
    assert (read["detail"] == text) == (harmless(text) == text)


def test_controls_are_replaced(make_record: MakeRecord) -> None:
    """U+0000 and other controls become U+FFFD; tabs and line ends stay."""
    (read,) = cells(row_of(make_record(detail="a\0b\x1bc\x7fd\x85e\tf\r\ng\ud800")))
    assert read["detail"] == "a�b�c�d�e\tf\r\ng�"


# --- Workbooks ----------------------------------------------------------------


def workbook(folder: Path, *rows: Row, manner: Manner = UTC_MANNER, rows_max: int = 10) -> bytes:
    """The bytes of a workbook."""
    stream = io.BytesIO()
    writer = XLSXWriter(stream, manner, folder, rows_max)
    writer.write(rows)
    writer.close()
    assert not list(folder.iterdir())
    return stream.getvalue()


def sheets(content: bytes) -> Iterator[ET.Element]:
    """The sheets of a workbook, each of which has to be good XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        for name in sorted(names, key=lambda name: int(re.sub(r"\D", "", name))):
            yield ET.fromstring(parts.read(name))  # noqa: S314 - what we wrote ourselves


def texts_of(sheet: ET.Element, row: int) -> dict[str, str]:
    """The texts and numbers of a row of a sheet, by the letter of the column."""
    return {
        str(cell.get("r")).rstrip("0123456789"): "".join(cell.itertext())
        for cell in sheet.iterfind(f".//s:row[@r='{row}']/s:c", SHEET)
    }


def test_a_workbook_has_texts_numbers_and_times(make_record: MakeRecord, tmp_path: Path) -> None:
    """Texts are texts, whatever they look like; times are numbers of days, in the zone."""
    record = make_record(operator="=1+1", object="https://x.example/", detail="123")
    (sheet,) = sheets(workbook(tmp_path, row_of(record, seq=7), manner=SHANGHAI))

    titles, read = texts_of(sheet, 1), texts_of(sheet, 2)
    assert (titles["E"], titles["F"]) == ("操作时间 (Asia/Shanghai)", "操作时间（UTC 毫秒）")
    assert (read["H"], read["L"], read["O"]) == ("=1+1", "https://x.example/", "123")
    assert not list(sheet.iterfind(".//s:f", SHEET))
    assert not list(sheet.iterfind(".//s:hyperlink", SHEET))
    kinds = {str(cell.get("r")): cell.get("t") for cell in sheet.iterfind(".//s:c", SHEET)}
    assert [kinds[f"{column}2"] for column in "HLO"] == ["inlineStr"] * 3
    assert [kinds[f"{column}2"] for column in "DEFQ"] == [None] * 4
    assert (read["D"], read["F"]) == ("7", "1574119913464")
    local = datetime(2019, 11, 19, 7, 31, 53, 464_000)  # noqa: DTZ001 - as Excel has it
    days = (local - datetime(1899, 12, 30)).total_seconds() / 86400  # noqa: DTZ001 - see above
    assert float(read["E"]) == pytest.approx(days, abs=1e-8)
    assert sheet.find(".//s:pane[@state='frozen'][@ySplit='1']", SHEET) is not None
    assert sheet.find(".//s:autoFilter[@ref='A1:Q2']", SHEET) is not None


def test_a_full_sheet_is_followed_by_another(make_record: MakeRecord, tmp_path: Path) -> None:
    """Each sheet has titles and as many rows as it may; none is lost, and none is empty."""
    rows = [row_of(make_record(), seq=seq) for seq in range(6)]
    read = [
        [texts_of(sheet, row).get("D") for row in range(1, 5)]
        for sheet in sheets(workbook(tmp_path, *rows, rows_max=4))
    ]
    assert read == [["Seq", "0", "1", "2"], ["Seq", "3", "4", "5"]]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a\0b\x0bc", "a�b�c"),
        ("a\ufffeb", "a�b"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        (" <&>\"' ", " <&>\"' "),
        ("_x0041_", "_x005F_x0041_"),  # which is how Excel writes these seven characters
    ],
)
def test_a_text_fits_into_xml(
    make_record: MakeRecord, tmp_path: Path, text: str, read: str
) -> None:
    """What XML can't hold is replaced, and what it could mistake is escaped."""
    (sheet,) = sheets(workbook(tmp_path, row_of(make_record(detail=text))))
    assert texts_of(sheet, 2)["O"] == read


def test_a_text_is_cut_to_what_a_cell_holds() -> None:
    """32,767 units of UTF-16 are the most, and half a character is never left."""
    assert fitting("a" * 32_767) == "a" * 32_767
    assert fitting("a" * 32_768) == "a" * 32_766 + "…"
    assert fitting("a" + "😀" * 16_384) == "a" + "😀" * 16_382 + "…"


def test_a_workbook_without_records_has_titles(tmp_path: Path) -> None:
    """Nothing to export is a table without rows."""
    (sheet,) = sheets(workbook(tmp_path))
    assert texts_of(sheet, 1)["A"] == "Conference UUID"


# --- Parquet ------------------------------------------------------------------


def test_parquet_has_typed_columns_and_exact_texts(make_record: MakeRecord) -> None:
    """Times are moments in UTC, codes may be null, and no text is touched."""
    stream = io.BytesIO()
    writer = ParquetWriter(stream)
    record = make_record(object="=+\0x", received_time_ms=TIME_MAX)
    odd = make_record(operation=None, operation_text="挥手", result=None)
    writer.write([row_of(record, operation="Mute"), row_of(odd, seq=1, operation="挥手")])
    writer.close()

    table = parquet.read_table(io.BytesIO(stream.getvalue()))
    first, second = table.to_pylist()
    assert first["object"] == "=+\0x"
    assert first["operate_time"] == datetime(2019, 11, 18, 23, 31, 53, 464_000, tzinfo=UTC)
    assert first["received_time"] == datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert (first["operation_code"], first["result_code"]) == ("MUTE_PARTICIPANT", "SUCCESS")
    assert (second["operation_code"], second["operation"]) == (None, "挥手")
    assert (second["result_code"], second["seq"]) == (None, 1)
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["operate_time"] == kinds["received_time"] == "timestamp[ms, tz=UTC]"
    assert kinds["operator"].startswith("dictionary<values=string")


def test_row_groups_are_bounded(make_record: MakeRecord) -> None:
    """However the rows come, no group is larger than it may be, and none of them is lost."""
    stream, record = io.BytesIO(), make_record()
    writer = ParquetWriter(stream)
    written = 0
    for count in (1, ROW_GROUP_ROWS + 5, 500, ROW_GROUP_ROWS):
        rows = [row_of(record, seq) for seq in range(written, written + count)]
        writer.write(rows)
        written += count
    writer.close()

    file = parquet.ParquetFile(io.BytesIO(stream.getvalue()))
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    assert max(group.num_rows for group in groups) <= ROW_GROUP_ROWS
    assert groups[0].column(0).compression == "ZSTD"
    assert file.read(["seq"]).column(0).to_pylist() == list(range(written))


def test_parquet_of_nothing_can_be_read() -> None:
    """Nothing to export is a table without rows."""
    stream = io.BytesIO()
    ParquetWriter(stream).close()
    assert parquet.read_table(io.BytesIO(stream.getvalue())).num_rows == 0
