"""`confledger records`: look at a conference."""

import csv
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import anyio
import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from confledger.app import open_parts
from confledger.catalogue.language import LANGUAGES, Language
from confledger.cli.options import (
    ConferenceUUID,
    corp_option,
    option,
    store_options,
)
from confledger.errors import NoSuchCorp
from confledger.ledger.record import Page
from confledger.settings import Settings
from confledger.wire.record_json import RecordJSON, encode_records, page_json, record_json

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - all times of the table are UTC
_OFFSET_MAX: Final = 2**31 - 1
_LIMIT_MAX: Final = 100_000
_WIDTH_OF_NO_TERMINAL: Final = 200
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


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
    "--lang",
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
def records(  # noqa: PLR0913 - an argument for each option
    *,
    conference: str,
    offset: int,
    limit: int,
    lang: Language,
    form: str,
    corp: str,
    **options: Any,
) -> None:
    """Show the control records of a conference, in the order of their arrival.

    For people and scripts, as the API shows them: in a language, and with numbers
    starred. It is no backup: the ids of events are not part of it.
    """

    async def run(settings: Settings) -> None:
        async with open_parts(settings, make_store=False) as parts:
            owner = await parts.stores.accounts.corp(corp)
            if owner is None:
                raise NoSuchCorp(corp)
            page = await parts.stores.records.page(corp, conference, offset=offset, limit=limit)
            words = parts.catalogue.words(lang)
            masks = owner.masks_numbers
            if form == "json":
                click.echo(
                    page_json(page, offset=offset, limit=limit, words=words, masks_numbers=masks)
                )
                return
            shown = [record_json(record, words, masks_numbers=masks) for record in page.records]
            if form == "jsonl":
                for line in encode_records(shown):
                    click.echo(line)
            elif form == "csv":
                _print_csv(shown)
            else:
                _print_table(shown, page, offset)

    anyio.run(run, Settings(**options))


def _cells(record: RecordJSON) -> list[str]:
    values = [getattr(record, name) for name in RecordJSON.__struct_fields__]
    return ["" if value is None else str(value) for value in values]


def _print_csv(shown: Sequence[RecordJSON]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(RecordJSON.__struct_fields__)
    for record in shown:
        # A spreadsheet would run a cell that begins like a formula.
        writer.writerow(
            "'" + cell if cell.startswith(_FORMULA_SIGNS) else cell for cell in _cells(record)
        )


def _print_table(shown: Sequence[RecordJSON], page: Page, offset: int) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_NO_TERMINAL)
    table = Table("", "UTC", "source", "operator", "operation", "object", "result", "detail")
    for seq, record in enumerate(shown, offset):
        time = _EPOCH + timedelta(milliseconds=record.operateTime)
        cells = [str(seq), time.isoformat(" ", "milliseconds"), *_cells(record)[1:]]
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    console.print(table)
    console.print(f"{len(shown):,} of {page.count:,} records", highlight=False)


def _printable(text: str) -> str:
    """A text that can't give orders to a terminal: spaces of any script stay, controls do not."""
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
