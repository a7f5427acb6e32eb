"""Hands the records of a selection to whatever writes rows."""

from collections.abc import Callable, Sequence

from confledger.catalogue.language import Language
from confledger.export.rows import Row, RowWriter
from confledger.export.selection import Ledger, Selection, Size
from confledger.ledger.conference import Conference
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
        known = await ledger.conferences.get(selection.corp_id, conference_uuid)
        async for offset, page in ledger.pages(selection.corp_id, conference_uuid):
            words = await words_for(
                page.records, selection.corp_id, language, ledger.catalogue, ledger.phrases
            )
            writer.write(_rows(page.records, offset, conference_uuid, known, words))
            records += len(page.records)
            advance(len(page.records))
    return Size(conferences=conferences, records=records)


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
