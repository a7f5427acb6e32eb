"""`confledger records`: look at a conference."""

import csv
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click

from confledger.app import Parts
from confledger.catalogue.language import LANGUAGES, Language
from confledger.cli.options import (
    ConferenceUUID,
    corp_option,
    option,
    run_with_parts,
    store_options,
)
from confledger.cli.tables import print_table
from confledger.errors import NoSuchCorp
from confledger.export.csv_file import harmless
from confledger.ledger.record import Page
from confledger.wire.record_json import (
    ReaderWords,
    RecordJSON,
    encode_records,
    page_json,
    record_json,
    words_for,
)

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - all times of the table are UTC
_OFFSET_MAX: Final = 2**31 - 1
_LIMIT_MAX: Final = 100_000


@click.command
@click.argument("conference", metavar="UUID", type=ConferenceUUID())
@option(
    "--offset",
    type=click.IntRange(0, _OFFSET_MAX),
    default=0,
    show_default=True,
    help="The first record to show.",
)
@option(
    "--limit", type=click.IntRange(1, _LIMIT_MAX), default=20, show_default=True, help="How many."
)
@option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="In which language.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "jsonl"]),
    default="table",
    show_default=True,
    help="json is the answer of the wire call; jsonl is one record a line.",
)
@corp_option("Whose ledger is read.")
@store_options
def records(
    *,
    conference: str,
    offset: int,
    limit: int,
    language: Language,
    form: str,
    corp: str,
    **options: Any,
) -> None:
    """Show the control records of a conference, in the order of their arrival.

    For people and scripts, as the API shows them: in a language, and with numbers
    starred. It is no backup: the ids of events are not part of it.
    """

    async def work(parts: Parts) -> tuple[Page, ReaderWords, bool]:
        owner = await parts.stores.accounts.corp(corp)
        if owner is None:
            raise NoSuchCorp(corp)
        page = await parts.stores.records.page(corp, conference, offset=offset, limit=limit)
        words = await words_for(page.records, corp, language, parts.catalogue, parts.stores.phrases)
        return page, words, owner.masks_numbers

    page, words, masks = run_with_parts(work, options, make_store=False)
    if form == "json":
        click.echo(page_json(page, offset=offset, limit=limit, words=words, masks_numbers=masks))
        return
    shown = [record_json(record, words, masks_numbers=masks) for record in page.records]
    if form == "jsonl":
        for line in encode_records(shown):
            click.echo(line)
    elif form == "csv":
        _print_csv(shown)
    else:
        _print_table(shown, page, offset)


def _cells(record: RecordJSON) -> list[str]:
    values = [getattr(record, name) for name in RecordJSON.__struct_fields__]
    return ["" if value is None else str(value) for value in values]


def _print_csv(shown: Sequence[RecordJSON]) -> None:
    writer = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL)
    writer.writerow(RecordJSON.__struct_fields__)
    for record in shown:
        writer.writerow(harmless(cell) for cell in _cells(record))


def _print_table(shown: Sequence[RecordJSON], page: Page, offset: int) -> None:
    rows = []
    for seq, record in enumerate(shown, offset):
        time = _EPOCH + timedelta(milliseconds=record.operateTime)
        rows.append([str(seq), time.isoformat(" ", "milliseconds"), *_cells(record)[1:]])
    print_table(
        ["", "UTC", "source", "operator", "operation", "object", "result", "detail"],
        rows,
        below=f"{len(shown):,} of {page.count:,} records",
    )
