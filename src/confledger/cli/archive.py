"""`confledger archive`: another ledger's records, kept in this one."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from confledger.app import Parts
from confledger.archive.pace import Limits
from confledger.archive.pull import Archive, PullReport, Tell
from confledger.archive.remote import RemoteLedger
from confledger.archive.transport import Remote
from confledger.cli.moments import Moment, written
from confledger.cli.options import (
    APP_KEY_VARIABLE,
    Command,
    CorpId,
    corp_option,
    json_option,
    option,
    run_with_parts,
    store_options,
)
from confledger.cli.telling import printable, say
from confledger.errors import RemoteError, SettingError, StoreBusy
from confledger.ledger.archive import ArchiveSource

_DAY_MS: Final = 24 * 60 * 60 * 1000
_KEPT_BY_THE_VENDOR_MS: Final = 366 * _DAY_MS
_LOOKED_AT_AGAIN_MS: Final = 7 * _DAY_MS
_PROBLEMS_SHOWN_MAX: Final = 20


@click.group
def archive() -> None:
    """Archive another ledger: Huawei Cloud Meeting, or another confledger."""


def _remote_options(command: Command) -> Command:
    """Where the other ledger is, and who we are there."""
    for declare in (
        option(
            "--requests-per-second",
            type=click.FloatRange(0.01, 1000),
            default=5.0,
            show_default=True,
            help="How often the other ledger is asked at most.",
        ),
        option(
            "--ca-file",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Certificates to trust in place of the system's.",
        ),
        option(
            "--remote-corp",
            type=CorpId(),
            metavar="CORP",
            help="Which corp a multi-tenant app acts for.",
        ),
        corp_option("Whose ledger takes them."),
        option(
            "--app-key-file",
            type=click.Path(path_type=Path, dir_okay=False),
            help=f"Holds the app's key. Without it, {APP_KEY_VARIABLE} does.",
        ),
        option("--app-id", required=True, metavar="ID", help="The app by which we log in there."),
        option("--from", "url", required=True, metavar="URL", help="The address, as https://HOST."),
    ):
        command = declare(command)
    return command


@archive.command
@_remote_options
@option(
    "--since",
    "since_ms",
    type=Moment(is_end=False),
    metavar="DAY",
    show_default="366 days ago",
    help="When the first meeting began: 2026-01-31, or 2026-01-31T08:00+08:00.",
)
@option(
    "--until",
    "until_ms",
    type=Moment(is_end=True),
    metavar="DAY",
    show_default="now",
    help="When the last one began.",
)
@json_option
@store_options
def pull(
    *,
    url: str,
    app_id: str,
    app_key_file: Path | None,
    corp: str,
    remote_corp: str | None,
    ca_file: Path | None,
    requests_per_second: float,
    since_ms: int | None,
    until_ms: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Take every meeting that ended there, with its records in both languages.

    It may be stopped at any moment and run again: what is here already is not
    taken twice, and of a meeting that grew the rest is taken.
    """
    remote = Remote(url, app_id, _app_key(app_key_file), remote_corp or "", ca_file)
    limits = Limits(requests_per_second=requests_per_second)
    now_ms = time.time_ns() // 1_000_000
    first_ms = now_ms - _KEPT_BY_THE_VENDOR_MS if since_ms is None else since_ms
    last_ms = now_ms if until_ms is None else until_ms
    if last_ms < first_ms:
        raise click.BadParameter("must not be before --since", param_hint="--until")

    async def work(parts: Parts) -> PullReport:
        with _progress() as tell:
            return await _pull(parts, remote, limits, corp, (first_ms, last_ms), tell=tell)

    report = run_with_parts(work, options)
    _print_report(report, as_json=as_json)
    if report.problems:
        sys.exit(1)


@archive.command
@_remote_options
@option(
    "--every",
    "every_minutes",
    type=click.FloatRange(0.01, 7 * 24 * 60),
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="From the end of one pull to the beginning of the next.",
)
@store_options
def run(
    *,
    url: str,
    app_id: str,
    app_key_file: Path | None,
    corp: str,
    remote_corp: str | None,
    ca_file: Path | None,
    requests_per_second: float,
    every_minutes: float,
    **options: Any,
) -> None:
    """Pull again and again, until stopped.

    The first time as `pull` does; once all of that is here, whatever began since
    seven days before the end of it. What fails is told, and tried again the next time.
    """
    remote = Remote(url, app_id, _app_key(app_key_file), remote_corp or "", ca_file)
    limits = Limits(requests_per_second=requests_per_second)

    async def work(parts: Parts) -> None:
        while True:
            now_ms = time.time_ns() // 1_000_000
            try:
                known = await parts.stores.archive.sources(corp)
                first_ms = first_of_run(known, remote.url, now_ms)
                with _progress() as tell:
                    report = await _pull(parts, remote, limits, corp, (first_ms, now_ms), tell=tell)
                _print_report(report, as_json=False)
            except (RemoteError, StoreBusy) as error:
                say(f"Error: {error}")
            await asyncio.sleep(every_minutes * 60)

    run_with_parts(work, options)


def first_of_run(known: Sequence[ArchiveSource], source: str, now_ms: int) -> int:
    """From when on `archive run` asks a source: UTC, milliseconds since 1970."""
    first_ms = now_ms - _KEPT_BY_THE_VENDOR_MS
    for each in known:
        # What is here may begin later than what is kept there.
        if each.source == source and each.since_ms <= first_ms:
            return max(first_ms, each.reached_ms - _LOOKED_AT_AGAIN_MS)
    return first_ms


@archive.command
@corp_option("Whose archive.")
@json_option
@store_options
def status(*, corp: str, as_json: bool, **options: Any) -> None:
    """Tell when each source was last archived, how far, and what could not be had."""

    async def work(parts: Parts) -> list[dict[str, Any]]:
        shown = []
        for source in await parts.stores.archive.sources(corp):
            problems, count = await parts.stores.archive.problems(
                corp, source.source, limit=_PROBLEMS_SHOWN_MAX
            )
            shown.append(
                {
                    "source": source.source,
                    "started": written(source.started_time_ms),
                    "ended": written(source.ended_time_ms) if source.ended_time_ms else None,
                    "from": written(source.since_ms),
                    "reached": written(source.reached_ms),
                    "until": written(source.until_ms),
                    "conferences": source.conference_count,
                    "records": source.record_count,
                    "problem": source.problem,
                    "conferencesWithProblem": count,
                    "problems": {each.conference_uuid: each.problem for each in problems},
                }
            )
        return shown

    shown = run_with_parts(work, options, make_store=False)
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    if not shown:
        click.echo("none")
    for each in shown:
        for name, value in each.items():
            if name != "problems":
                click.echo(printable(f"{name:24}{'' if value is None else value}"))
        for conference_uuid, problem in each["problems"].items():
            click.echo(printable(f"{conference_uuid}: {problem}"))


def _app_key(file: Path | None) -> str:
    if file is None:
        key = os.environ.get(APP_KEY_VARIABLE, "")
    else:
        try:
            key = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise SettingError(f"the app key file {file} can't be read: {reason}") from error
    if not key.strip():
        raise SettingError(
            f"there is no app key: --app-key-file names no file that holds one,"
            f" and {APP_KEY_VARIABLE} is not set"
        )
    return key.strip()


async def _pull(
    parts: Parts,
    remote: Remote,
    limits: Limits,
    corp_id: str,
    window_ms: tuple[int, int],
    *,
    tell: Tell,
) -> PullReport:
    async with RemoteLedger(remote, limits) as ledger:
        taking = Archive(
            ledger,
            remote.url,
            parts.intake,
            parts.stores.conferences,
            parts.stores.phrases,
            parts.stores.archive,
            parts.catalogue,
        )
        return await taking.pull(corp_id, *window_ms, tell)


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show how a pull gets on: a bar on a terminal, else a line for each window."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _tell_of_windows()
        return
    columns = (
        TextColumn("weeks"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.fields[conferences]:,} meetings, {task.fields[records]:,} new records,"),
        TextColumn("{task.fields[rate]:,.0f} a second,"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None, conferences=0, records=0, rate=0.0)
        started = time.monotonic()

        def tell(report: PullReport) -> None:
            seconds = max(time.monotonic() - started, 0.001)
            bar.update(
                task,
                total=report.windows,
                completed=report.windows_done,
                conferences=report.conferences,
                records=report.records,
                rate=report.records / seconds,
            )

        yield tell


def _tell_of_windows() -> Tell:
    told = 0

    def tell(report: PullReport) -> None:
        nonlocal told
        if report.windows_done > told:
            told = report.windows_done
            click.echo(
                f"week {told} of {report.windows}: {report.conferences:,} meetings,"
                f" {report.records:,} new records, {len(report.problems):,} problems",
                err=True,
            )

    return tell


def _print_report(report: PullReport, *, as_json: bool) -> None:
    if as_json:
        shown = {
            "conferences": report.conferences,
            "changed": report.changed,
            "records": report.records,
            "problems": report.problems,
            "otherWords": report.other_words,
        }
        click.echo(msgspec.json.encode(shown))
        return
    for conference_uuid, problem in report.problems.items():
        say(f"Error: {conference_uuid}: {problem}")
    for ours, theirs in report.other_words.items():
        say(f"Note: what we call {ours!r}, the source calls {theirs!r}")
    click.echo(
        f"meetings: {report.conferences:,}, new or grown: {report.changed:,},"
        f" new records: {report.records:,}, not had: {len(report.problems):,}"
    )
