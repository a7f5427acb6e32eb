"""`confledger generate`: made-up meetings, as many as wanted."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import click
import msgspec
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from confledger.app import Parts
from confledger.cli.options import (
    corp_option,
    json_option,
    option,
    run_with_parts,
    store_options,
)
from confledger.generator.meetings import GeneratedMeeting, generated_meetings
from confledger.generator.putting import put_meetings

_BATCH_RECORDS: Final = 5_000
_BATCH_MEETINGS: Final = 100
_FIGURE_MAX: Final = 1_000_000_000


@dataclass(slots=True)
class _Done:
    """What was put so far."""

    conferences: int = 0
    records: int = 0
    duplicates: int = 0


@click.command
@option(
    "--meetings",
    type=click.IntRange(1, _FIGURE_MAX),
    default=100,
    show_default=True,
    help="How many.",
)
@option(
    "--records",
    type=click.IntRange(1, _FIGURE_MAX),
    default=10_000,
    show_default=True,
    help="How many control records they have in all, at least one for each.",
)
@option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Another seed gives other meetings.",
)
@corp_option("Whose people meet, and whose ledger takes it.")
@json_option
@store_options
def generate(
    *, meetings: int, records: int, seed: int, corp: str, as_json: bool, **options: Any
) -> None:
    """Fill a ledger with made-up meetings, to try it with more data.

    They lie in the year 2025, and the same figures and seed give the same meetings:
    run again, nothing is added. Records can't be deleted, so the ledger has to be named.
    """
    context = click.get_current_context()
    named = [context.get_parameter_source(name) for name in ("store", "data_folder")]
    if all(source is ParameterSource.DEFAULT for source in named):
        raise click.UsageError("say with --store or --data-folder which ledger shall have them")
    if records < meetings:
        raise click.BadParameter("must be at least as many as --meetings", param_hint="'--records'")

    async def work(parts: Parts) -> _Done:
        done = _Done()
        told = generated_meetings(meetings=meetings, records=records, seed=seed, corp_id=corp)
        with _progress() as progress:
            bar = progress.add_task("", total=records, meetings=0, rate=0)
            for batch in _batches(told):
                receipts = await put_meetings(parts.intake, parts.stores.conferences, corp, batch)
                done.conferences += len(receipts)
                done.records += sum(receipt.accepted for receipt in receipts.values())
                done.duplicates += sum(receipt.duplicates for receipt in receipts.values())
                put = done.records + done.duplicates
                rate = int(put / max(progress.tasks[bar].elapsed or 0, 0.001))
                progress.update(bar, completed=put, meetings=done.conferences, rate=rate)
        return done

    done = run_with_parts(work, options)
    if as_json:
        click.echo(msgspec.json.encode(done))
    else:
        click.echo(
            f"new records: {done.records:,}, already there: {done.duplicates:,},"
            f" conferences: {done.conferences:,}"
        )


def _progress() -> Progress:
    """A bar on the standard error, where that is a terminal."""
    return Progress(
        BarColumn(),
        TextColumn("{task.fields[meetings]:,} meetings, {task.completed:,} records"),
        TextColumn("{task.fields[rate]:,} records/s"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _batches(meetings: Iterable[GeneratedMeeting]) -> Iterator[list[GeneratedMeeting]]:
    """Several meetings at a time, for each batch is written at once."""
    batch: list[GeneratedMeeting] = []
    records = 0
    for meeting in meetings:
        batch.append(meeting)
        records += len(meeting.records)
        if records >= _BATCH_RECORDS or len(batch) >= _BATCH_MEETINGS:
            yield batch
            batch, records = [], 0
    if batch:
        yield batch
