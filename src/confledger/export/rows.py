"""What every format writes: a row for each record, and what its columns are called."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Protocol

from confledger.catalogue.language import Language
from confledger.ledger.record import ControlRecord

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Controls but tab and line ends, and what is no character: XML can't hold them.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A record with what a reader has to be told about it."""

    conference_uuid: str
    conference_id: str
    subject: str
    seq: int
    record: ControlRecord
    operation: str
    """What was done, in the words of the language."""
    result: str
    """Likewise."""


@dataclass(frozen=True, slots=True)
class Manner:
    """For whom a table is written."""

    language: Language
    zone: tzinfo
    """Of times."""
    zone_name: str


class RowWriter(Protocol):
    """Writes rows to a binary stream that it was made with, and keeps no more than a part of them.

    Whatever can't be written is an `OSError`.
    """

    def write(self, rows: Sequence[Row]) -> None:
        """Write some rows behind those before."""

    def close(self) -> None:
        """Write what is still to be written; the stream stays open."""


TITLES: Final[Mapping[Language, Mapping[str, str]]] = {
    "zh-CN": {
        "conference_uuid": "会议 UUID",
        "conference_id": "会议 ID",
        "subject": "会议主题",
        "seq": "序号",
        "time": "操作时间",
        "operate_time_ms": "操作时间（UTC 毫秒）",
        "source": "操作来源",
        "operator": "操作者",
        "operator_basis": "操作者依据",
        "operation_code": "操作代码",
        "operation": "操作",
        "object": "操作对象",
        "result_code": "结果代码",
        "result": "操作结果",
        "detail": "详情",
        "event_id": "事件 ID",
        "received_time": "接收时间",
    },
    "en-US": {
        "conference_uuid": "Conference UUID",
        "conference_id": "Conference ID",
        "subject": "Subject",
        "seq": "Seq",
        "time": "Time",
        "operate_time_ms": "Time (UTC ms)",
        "source": "Source",
        "operator": "Operator",
        "operator_basis": "Operator basis",
        "operation_code": "Operation code",
        "operation": "Operation",
        "object": "Object",
        "result_code": "Result code",
        "result": "Result",
        "detail": "Detail",
        "event_id": "Event ID",
        "received_time": "Received",
    },
}
"""The columns of a table, in their order, and what each is called."""


def cells_of(row: Row, zone: tzinfo) -> list[str | int | datetime]:
    """A row as the cells of a table, in the order of `TITLES`; the texts can be shown."""
    record = row.record
    return [
        row.conference_uuid,
        shown(row.conference_id),
        shown(row.subject),
        row.seq,
        moment_in(zone, record.operate_time_ms),
        record.operate_time_ms,
        shown(record.source),
        shown(record.operator),
        record.operator_basis,
        record.operation or "",
        shown(row.operation),
        shown(record.object),
        record.result or "",
        shown(row.result),
        shown(record.detail),
        shown(record.event_id),
        moment_in(zone, record.received_time_ms),
    ]


def shown(text: str) -> str:
    """A text with U+FFFD in the place of each character that a table can't show."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def moment_in(zone: tzinfo, time_ms: int) -> datetime:
    """A moment by the clocks of a zone; in UTC where their year would be 10000."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment
