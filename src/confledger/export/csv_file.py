"""CSV for spreadsheets: RFC 4180, UTF-8 with a byte order mark."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO, Final

from confledger.export.rows import TITLES, Manner, Row, cells_of

# What makes a spreadsheet take a text for a formula, in both widths.
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BREAKS: Final = ("\t", "\r", "\n")
_BOM: Final = "\ufeff"


class CSVWriter:
    """Writes a table whose texts are `harmless`.

    All cells are quoted, so that a program that separates by something else than
    commas does not take a part of a text for a cell.
    """

    def __init__(self, stream: BinaryIO, manner: Manner) -> None:
        self._stream = stream
        self._manner = manner
        self._text = io.StringIO(newline="")
        self._csv = csv.writer(self._text, quoting=csv.QUOTE_ALL)
        self._text.write(_BOM)
        self._csv.writerow(TITLES[manner.language].values())
        self._pass_on()

    def write(self, rows: Sequence[Row]) -> None:
        """See `RowWriter.write`."""
        for row in rows:
            self._csv.writerow([_cell(value) for value in cells_of(row, self._manner.zone)])
        self._pass_on()

    def close(self) -> None:
        """See `RowWriter.close`."""

    def _pass_on(self) -> None:
        self._stream.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def _cell(value: str | int | datetime) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """A text with an apostrophe before it, if a spreadsheet might run it.

    It might if the text begins with a tab or a line end, or if its first character
    that is no space is `=`, `+`, `-` or `@`, of either width.
    """
    if text.startswith(_BREAKS) or text.lstrip().startswith(_FORMULA_SIGNS):
        return f"'{text}"
    return text
