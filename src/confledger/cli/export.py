"""`confledger export`: records to files."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from confledger.app import Parts
from confledger.catalogue.language import LANGUAGES, Language
from confledger.cli.moments import RULE, moment_ms
from confledger.cli.options import (
    ConferenceUUID,
    corp_option,
    option,
    run_with_parts,
    store_options,
    store_read_option,
)
from confledger.errors import NoSuchCorp
from confledger.export.csv_file import CSVWriter
from confledger.export.jsonl_file import JSONLinesWriter
from confledger.export.output import new_file, new_folder, reasons_told, temporary_folder
from confledger.export.rows import Manner, RowWriter
from confledger.export.selection import Ledger, Selection, Size
from confledger.export.tables import export_rows
from confledger.export.wire_folder import export_folder

_STDOUT: Final = Path("-")


class Zone(click.ParamType[tuple[str, tzinfo]]):
    """The name of a time zone, and the zone."""

    name = "zone"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tzinfo]:
        """Look the zone up."""
        name = str(value)
        if name == "UTC":
            return name, UTC
        try:
            return name, ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"must be a time zone such as Asia/Shanghai, not {name!r}", param, ctx)


@click.command
@click.argument("conferences", nargs=-1, metavar="[UUID]...", type=ConferenceUUID())
@option(
    "--format",
    "form",
    type=click.Choice(["csv", "xlsx", "jsonl", "parquet", "wire"]),
    required=True,
    help="wire is a folder of saved answers; it and jsonl are what `import` reads.",
)
@option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="The file, or the folder of wire; - is the standard output, for csv and jsonl.",
)
@option("--force", is_flag=True, help="Replace an output that exists.")
@option(
    "--since",
    metavar="DATE",
    help="Only conferences that began then or later: 2026-01-31, or with a time: "
    "2026-01-31T08:00+08:00.",
)
@option(
    "--until",
    metavar="DATE",
    help="Only those that began then or earlier; a day counts to its end.",
)
@option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="Of the titles and words in csv, xlsx and parquet.",
)
@option(
    "--time-zone",
    type=Zone(),
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Of the times in csv and xlsx, and of a DATE that names none.",
)
@corp_option("Whose conferences.")
@store_options
@store_read_option
def export(
    *,
    conferences: tuple[str, ...],
    form: str,
    output: Path,
    force: bool,
    since: str | None,
    until: str | None,
    language: Language,
    time_zone: tuple[str, tzinfo],
    corp: str,
    **options: Any,
) -> None:
    """Write the control records of conferences to a file.

    Of the conferences named, or of all that began in a window: those that run, too,
    and those of which only records are known. Numbers are in clear. The output
    gets its name when it is whole.
    """
    zone_name, zone = time_zone
    if output == _STDOUT and form not in ("csv", "jsonl"):
        raise click.UsageError(f"--output - is for csv and jsonl, not for {form}")
    if conferences and (since or until):
        raise click.UsageError("name conferences, or give --since and --until, but not both")
    selection = Selection(
        corp, conferences, _moment("--since", since, zone), _moment("--until", until, zone)
    )
    if (
        selection.since_ms is not None
        and selection.until_ms is not None
        and selection.until_ms < selection.since_ms
    ):
        raise click.BadParameter("must not be before --since", param_hint="--until")
    manner = Manner(language, zone, zone_name)

    async def work(parts: Parts) -> Size:
        if await parts.stores.accounts.corp(corp) is None:
            raise NoSuchCorp(corp)
        stores = parts.stores
        ledger = Ledger(
            stores.read_conferences, stores.read_records, stores.phrases, parts.catalogue
        )
        size = await ledger.size_of(selection)
        if form == "wire":
            with new_folder(output, replaces=force) as folder, _progress(size) as advance:
                return await export_folder(ledger, selection, folder, size, advance)
        with (
            _stream(output, replaces=force) as stream,
            _writer(form, stream, manner, output) as writer,
            _progress(size) as advance,
        ):
            written = await export_rows(ledger, selection, language, writer, advance)
            writer.close()
            return written

    size = run_with_parts(work, options, make_store=False)
    click.echo(
        f"conferences: {size.conferences:,}, records: {size.records:,}, written to {output}",
        err=output == _STDOUT,
    )


def _moment(name: str, text: str | None, zone: tzinfo) -> int | None:
    """Milliseconds since 1970; of a day, its first or, for --until, its last."""
    if not text:
        return None
    try:
        return moment_ms(text, zone, is_end=name == "--until")
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(RULE, param_hint=name) from error


@contextmanager
def _stream(output: Path, *, replaces: bool) -> Iterator[BinaryIO]:
    if output == _STDOUT:
        stream = sys.stdout.buffer
        with reasons_told(Path("the standard output")):
            yield stream
            stream.flush()
        return
    with new_file(output, replaces=replaces) as stream:
        yield stream


@contextmanager
def _writer(form: str, stream: BinaryIO, manner: Manner, output: Path) -> Iterator[RowWriter]:
    if form == "csv":
        yield CSVWriter(stream, manner)
    elif form == "jsonl":
        yield JSONLinesWriter(stream)
    elif form == "xlsx":
        from confledger.export.xlsx_file import XLSXWriter  # noqa: PLC0415 - large, for this alone

        with temporary_folder(beside=output) as folder:
            yield XLSXWriter(stream, manner, folder)
    else:
        from confledger.export.parquet_file import ParquetWriter  # noqa: PLC0415 - large, and an extra

        yield ParquetWriter(stream)


@contextmanager
def _progress(size: Size) -> Iterator[Callable[[int], object]]:
    """Shows on a terminal how much is done; is told of records that are."""
    columns = (TextColumn("records"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task("", total=size.records)

        def advance(records: int) -> None:
            bar.advance(task, records)

        yield advance
