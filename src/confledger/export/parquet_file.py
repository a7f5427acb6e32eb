"""Parquet for analysis: typed columns, texts as they are."""

from collections.abc import Sequence
from typing import Any, BinaryIO, Final

from confledger.errors import SettingError
from confledger.export.rows import Row

try:
    import pyarrow as pa
    from pyarrow import parquet
except ModuleNotFoundError:  # the extra is not installed
    pa = None

ROW_GROUP_ROWS: Final = 32_768


class ParquetWriter:
    """Writes row groups of at most `ROW_GROUP_ROWS` rows, compressed with zstd.

    Raises:
        SettingError: pyarrow is not installed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        if pa is None:
            raise SettingError("--format parquet needs pyarrow: pip install 'confledger[parquet]'")
        self._schema = _schema()
        self._writer = parquet.ParquetWriter(stream, self._schema, compression="zstd")
        self._batches: list[Any] = []
        self._rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        """See `RowWriter.write`."""
        for first in range(0, len(rows), ROW_GROUP_ROWS):
            part = rows[first : first + ROW_GROUP_ROWS]
            if self._rows + len(part) > ROW_GROUP_ROWS:
                self._write_group()
            columns = zip(*map(_values, part), strict=True)
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(columns, self._schema, strict=True)
            ]
            self._batches.append(pa.record_batch(arrays, schema=self._schema))
            self._rows += len(part)

    def close(self) -> None:
        """See `RowWriter.close`."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._batches:
            # Each batch has dictionaries of its own.
            table = pa.Table.from_batches(self._batches).unify_dictionaries()
            self._writer.write_table(table, ROW_GROUP_ROWS)
        self._batches, self._rows = [], 0


def _schema() -> Any:  # noqa: ANN401 - pyarrow has no types
    words, text = pa.dictionary(pa.int32(), pa.string()), pa.string()
    time = pa.timestamp("ms", tz="UTC")
    return pa.schema(
        [
            pa.field("conference_uuid", words, nullable=False),
            pa.field("conference_id", words, nullable=False),
            pa.field("subject", words, nullable=False),
            pa.field("seq", pa.int64(), nullable=False),
            pa.field("operate_time", time, nullable=False),
            pa.field("source", words, nullable=False),
            pa.field("operator", words, nullable=False),
            pa.field("operator_basis", words, nullable=False),
            pa.field("operation_code", words),
            pa.field("operation", words, nullable=False),
            pa.field("object", text, nullable=False),
            pa.field("result_code", words),
            pa.field("result", words, nullable=False),
            pa.field("detail", text, nullable=False),
            pa.field("event_id", text, nullable=False),
            pa.field("received_time", time, nullable=False),
        ]
    )


def _values(row: Row) -> tuple[Any, ...]:
    record = row.record
    return (
        row.conference_uuid,
        row.conference_id,
        row.subject,
        row.seq,
        record.operate_time_ms,
        record.source,
        record.operator,
        record.operator_basis,
        record.operation,
        row.operation,
        record.object,
        record.result,
        row.result,
        record.detail,
        record.event_id,
        record.received_time_ms,
    )
