"""Workbooks of Excel, written row by row."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxFileError

from confledger.export.rows import TITLES, Manner, Row, cells_of

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

ROWS_MAX: Final = 1_048_576
"""Of a sheet, with its header."""

_UNITS_MAX: Final = 32_767
"""Of a cell, in UTF-16."""

_CUT: Final = "…"
_TIME_FORMAT: Final = "yyyy-mm-dd hh:mm:ss.000"
_WIDTHS: Final = {"conference_uuid": 34, "time": 24, "operate_time_ms": 15, "received_time": 24}
_WIDTH: Final = 18


class XLSXWriter:
    """Writes sheets of records, with a header that stays and filters.

    Args:
        stream: where the workbook goes, at the end.
        manner: for whom.
        folder: where the sheets are kept until then; whoever made it removes it.
        rows_max: of a sheet.
    """

    def __init__(
        self, stream: BinaryIO, manner: Manner, folder: Path, rows_max: int = ROWS_MAX
    ) -> None:
        self._manner = manner
        self._rows_max = rows_max
        # Sheets are kept on the disk, and no text is looked at for a formula or an address.
        self._workbook = Workbook(
            stream,
            {
                "constant_memory": True,
                "tmpdir": str(folder),
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        self._workbook.use_zip64()
        self._time_format = self._workbook.add_format({"num_format": _TIME_FORMAT})
        self._bold = self._workbook.add_format({"bold": True})
        self._sheet = self._new_sheet()

    def write(self, rows: Sequence[Row]) -> None:
        """See `RowWriter.write`."""
        for row in rows:
            if self._row == self._rows_max:
                self._end_sheet()
                self._sheet = self._new_sheet()
            for column, value in enumerate(cells_of(row, self._manner.zone)):
                if isinstance(value, datetime):
                    # Excel knows no zones: the title of the column names it.
                    local = value.replace(tzinfo=None)
                    self._sheet.write_datetime(self._row, column, local, self._time_format)
                elif isinstance(value, int):
                    self._sheet.write_number(self._row, column, value)
                elif value:
                    self._sheet.write_string(self._row, column, fitting(value))
            self._row += 1

    def close(self) -> None:
        """See `RowWriter.close`."""
        try:
            self._end_sheet()
            self._workbook.close()
        except XlsxFileError as error:
            raise OSError(str(error)) from error

    def _new_sheet(self) -> "Worksheet":
        sheet = self._workbook.add_worksheet()
        sheet.freeze_panes(1, 0)
        for column, (name, title) in enumerate(TITLES[self._manner.language].items()):
            is_time = name in ("time", "received_time")
            sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH))
            named = f"{title} ({self._manner.zone_name})" if is_time else title
            sheet.write_string(0, column, named, self._bold)
        self._row = 1
        return sheet

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, self._row - 1, len(TITLES[self._manner.language]) - 1)


def fitting(text: str) -> str:
    """A text as a cell can hold it: cut where it is too long, and with one kind of line end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode("utf-16-le")) <= 2 * _UNITS_MAX:
        return text
    cut = text.encode("utf-16-le")[: 2 * (_UNITS_MAX - 1)]
    return cut.decode("utf-16-le", "ignore") + _CUT
