"""`confledger import`: records from files."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from confledger.app import Parts
from confledger.cli.options import (
    ConferenceUUID,
    corp_option,
    json_option,
    option,
    run_with_parts,
    store_options,
)
from confledger.cli.telling import say
from confledger.ingest.files import ImportReport


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@option(
    "--conference",
    type=ConferenceUUID(),
    metavar="UUID",
    help="The meeting of the records; JSON Lines (in confUUID) and folders may name it themselves.",
)
@corp_option("Whose ledger takes them.")
@json_option
@store_options
def import_records(
    *,
    files: tuple[Path, ...],
    conference: str | None,
    corp: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Take the records of files into the ledger.

    A PATH is a saved answer of a history call, one page a file, in either language;
    or JSON Lines, a record a line; or a folder of such files, as `export` writes one.
    In a folder that is named by a conference's UUID are that conference's files.

    Each file is taken whole or not at all, but for lines of more than 8 MiB: all of
    them are checked, then taken step by step. What the ledger has already is not
    added again.
    """

    async def work(parts: Parts) -> ImportReport:
        return await parts.importer.take(files, corp, conference)

    report = run_with_parts(work, options)
    for note in report.notes:
        say(f"Note: {note}")
    for failure in report.failures:
        say(f"Error: {failure}")
    if as_json:
        shown = {
            "conferences": len(report.conferences),
            "records": report.records,
            "duplicates": report.duplicates,
        }
        click.echo(msgspec.json.encode(shown))
    else:
        click.echo(
            f"new records: {report.records:,}, already there: {report.duplicates:,},"
            f" conferences: {len(report.conferences):,}"
        )
    if report.failures:
        sys.exit(1)
