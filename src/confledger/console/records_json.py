"""Records as the pages get them: arrays, since there are tens of thousands."""

from collections.abc import Sequence
from typing import Final

import msgspec

from confledger.ledger.record import ControlRecord
from confledger.wire.record_json import ReaderWords, record_json

RecordRow = tuple[int, str, str, str, str | None, str, str, str | None, str, str, int]
"""Time, source, operator, basis, operation code or null, operation text, object, result code or
null, result text, detail, when it was received. A text is empty where there is a code."""

_encoder: Final = msgspec.json.Encoder()


class RecordsJSON(msgspec.Struct):
    """Some records, one after the other: `count` of the meeting, the seq of the first."""

    count: int
    first: int
    records: list[RecordRow]


def record_row(record: ControlRecord, words: ReaderWords, *, masks_numbers: bool) -> RecordRow:
    """A record as a page gets it: starred, and in words, as the API tells it."""
    told = record_json(record, words, masks_numbers=masks_numbers)
    return (
        record.operate_time_ms,
        record.source,
        told.operator or "",
        record.operator_basis,
        record.operation,
        "" if record.operation else told.operateCode or "",
        told.operationObject or "",
        record.result,
        "" if record.result else told.operateResult or "",
        told.detail or "",
        record.received_time_ms,
    )


def records_json(
    records: Sequence[ControlRecord],
    *,
    count: int,
    first: int,
    words: ReaderWords,
    masks_numbers: bool,
) -> bytes:
    """Some records of a meeting as JSON."""
    rows = [record_row(record, words, masks_numbers=masks_numbers) for record in records]
    return _encoder.encode(RecordsJSON(count, first, rows))
