"""Hands the records of a selection to whatever writes rows."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec

from confledger.catalogue.language import Language
from confledger.export.rows import Row, RowWriter
from confledger.export.selection import Ledger, Selection, Size
from confledger.ledger.conference import Conference
from confledger.ledger.masking import mask_numbers
from confledger.ledger.record import ControlRecord
from confledger.wire.record_json import ReaderWords, record_json, words_for


async def export_rows(
    ledger: Ledger,
    selection: Selection,
    language: Language,
    writer: RowWriter,
    advance: Callable[[int], object],
) -> Size:
    """Write every record, and say how much was written.

    Args:
        ledger: what is read.
        selection: which conferences.
        language: of the words.
        writer: takes the rows; whoever made it closes it.
        advance: is told how many records more are written.

    Raises:
        StoreError: the store could not tell.
        OSError: the writer could not write.
    """
    conferences = records = 0
    async for conference_uuid in ledger.uuids(selection):
        conferences += 1
        async for rows in rows_of(ledger, selection.corp_id, conference_uuid, language):
            writer.write(rows)
            records += len(rows)
            advance(len(rows))
    return Size(conferences=conferences, records=records)


async def rows_of(
    ledger: Ledger,
    corp_id: str,
    conference_uuid: str,
    language: Language,
    *,
    masks_numbers: bool = False,
) -> AsyncIterator[list[Row]]:
    """The rows of a conference, page by page; with numbers starred, if that is wanted.

    Raises:
        StoreError: the store could not tell.
    """
    known = await ledger.conferences.get(corp_id, conference_uuid)
    async for offset, page in ledger.pages(corp_id, conference_uuid):
        words = await words_for(page.records, corp_id, language, ledger.catalogue, ledger.phrases)
        records = [starred(record) for record in page.records] if masks_numbers else page.records
        yield _rows(records, offset, conference_uuid, known, words)


_OF_CONTENT: Final = "content:"


def starred(record: ControlRecord) -> ControlRecord:
    """A record as somebody may have it who sees no numbers.

    An event id that was made of the content goes too: of a number of which all but a few
    digits are starred it would tell those, to whoever tries them all.
    """
    return msgspec.structs.replace(
        record,
        operator=mask_numbers(record.operator),
        operation_text=mask_numbers(record.operation_text),
        object=mask_numbers(record.object),
        result_text=mask_numbers(record.result_text),
        detail=mask_numbers(record.detail),
        event_id="" if record.event_id.startswith(_OF_CONTENT) else mask_numbers(record.event_id),
    )


def _rows(
    records: Sequence[ControlRecord],
    first_seq: int,
    conference_uuid: str,
    known: Conference | None,
    words: ReaderWords,
) -> list[Row]:
    rows = []
    for seq, record in enumerate(records, first_seq):
        told = record_json(record, words, masks_numbers=False)
        rows.append(
            Row(
                conference_uuid,
                known.conference_id if known else "",
                known.subject if known else "",
                seq,
                record,
                told.operateCode or "",
                told.operateResult or "",
            )
        )
    return rows
