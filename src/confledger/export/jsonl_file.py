"""JSON Lines as `confledger import` reads them: all that the ledger has of a record."""

from collections.abc import Sequence
from typing import BinaryIO

import msgspec

from confledger.export.rows import Row
from confledger.wire.record_json import ledger_json


class JSONLinesWriter:
    """Writes a record a line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._encoder = msgspec.json.Encoder()

    def write(self, rows: Sequence[Row]) -> None:
        """See `RowWriter.write`."""
        lines = [ledger_json(row.record, row.conference_uuid) for row in rows]
        self._stream.write(self._encoder.encode_lines(lines))

    def close(self) -> None:
        """See `RowWriter.close`."""
