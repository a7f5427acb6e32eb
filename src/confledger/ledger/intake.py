"""The one way in: whatever brings records hands them to `Intake`."""

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import msgspec

from confledger.ledger.record import (
    CONTENT_EVENT_PREFIX,
    ControlRecord,
    Delivery,
    Receipt,
)
from confledger.ledger.store import RecordStore

_CONFERENCE_UUID: Final = re.compile(r"[0-9a-fA-F]{32}")

_DIGEST_BYTES: Final = 16


def conference_uuid_from(text: str) -> str | None:
    """The canonical form of a conference's id, or None where the text is none.

    32 hexadecimal digits, without hyphens; upper case is folded to lower.
    """
    return text.lower() if _CONFERENCE_UUID.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Intake:
    """Settles what the ledger itself has to say about a record, and appends."""

    store: RecordStore

    async def take(
        self,
        corp_id: str,
        batches: Mapping[str, Sequence[ControlRecord]],
        delivery: Delivery | None = None,
    ) -> dict[str, Receipt]:
        """Append records by conference, all or none.

        A record without an `event_id` gets one made of its content, so that the
        same records brought again are known again. Two records of one batch with
        the same content are two events: the second gets another id than the first.
        In a delivery that has a key, each gets one made of the key and its place instead,
        by the store.

        Returns, raises: as `RecordStore.append`.
        """
        received_time_ms = time.time_ns() // 1_000_000
        if delivery:
            delivery = replace(delivery, received_time_ms=received_time_ms)
            return await self.store.append(corp_id, batches, delivery)
        settled = {
            conference_uuid: self._settled(records, received_time_ms)
            for conference_uuid, records in batches.items()
        }
        return await self.store.append(corp_id, settled)

    @staticmethod
    def _settled(records: Sequence[ControlRecord], received_time_ms: int) -> list[ControlRecord]:
        seen: Counter[str] = Counter()
        settled = []
        for record in records:
            event_id = record.event_id
            if not event_id:
                content = _content_id(record)
                seen[content] += 1
                event_id = content if seen[content] == 1 else f"{content}:{seen[content]}"
            settled.append(_replace(record, event_id=event_id, received_time_ms=received_time_ms))
        return settled


_replace: Final = msgspec.structs.replace
_cells: Final = msgspec.structs.astuple
_encode: Final = msgspec.json.Encoder().encode


def _content_id(record: ControlRecord) -> str:
    *content, _, _ = _cells(record)
    digest = blake2b(_encode(content), digest_size=_DIGEST_BYTES).hexdigest()
    return CONTENT_EVENT_PREFIX + digest
