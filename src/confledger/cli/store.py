"""`confledger store`: what a store holds, and a store in another place."""

import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final

import anyio
import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from confledger.cli.options import json_option, option, store_options
from confledger.cli.telling import printable, say
from confledger.errors import SettingError
from confledger.settings import Settings
from confledger.storage import check_url, migrate_store, open_tables, version_of
from confledger.storage.checking import check_store
from confledger.storage.copying import Tell, copy_store, require_whole
from confledger.storage.tables import RECORDS, TABLES, Table

_COUNTED: Final = {"corps": "corp", "users": "user", "apps": "app", "conferences": "conference"}
_FINDINGS_MAX: Final = 1_000
_LINE_ROWS: Final = 100_000
"""Where there is no terminal, a line is told each time so many rows are done."""


class StoreURL(click.ParamType[str]):
    """The URL of a store."""

    name = "URL"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check the URL; what is wrong is not repeated, for it may hold a password."""
        try:
            check_url(str(value))
        except SettingError:
            self.fail(
                "must be sqlite:///PATH, a file, or postgresql://USER@HOST/DATABASE, where a"
                " character that has a meaning in a URL is percent-encoded",
                param,
                ctx,
            )
        return str(value)


@click.group
def store() -> None:
    """Look at a store, migrate it, and copy it to another place or engine."""


@store.command
@json_option
@store_options
def info(*, as_json: bool, **options: Any) -> None:
    """Print where a store is, of which schema version, and how much it holds.

    Of a store of another version than this program's, only the first two.
    """

    async def work() -> dict[str, str | int]:
        url = Settings(**options).store_url
        look = await version_of(url)
        facts: dict[str, str | int] = {
            "engine": look.engine,
            "address": look.address,
            "schemaVersion": look.version,
            "programSchemaVersion": look.program_version,
        }
        if look.version != look.program_version:
            is_newer = look.version > look.program_version
            todo = "upgrade this program" if is_newer else "run `confledger store migrate`"
            say(f"more is told only of a store of this program's version; {todo}")
            return facts
        async with open_tables(url, make=False) as tables:
            await require_whole(tables)
            by_name = {table.name: table for table in TABLES}
            return facts | {
                **{word: await tables.count(by_name[name]) for word, name in _COUNTED.items()},
                "records": await tables.record_count(None),
                "sizeBytes": await tables.size_bytes(),
            }

    facts = anyio.run(work)
    if as_json:
        click.echo(msgspec.json.encode(facts))
        return
    for word, value in facts.items():
        told = f"{value:,}" if isinstance(value, int) else value
        click.echo(f"{_TITLES.get(word, word)}: {printable(told)}")


_TITLES: Final = {
    "schemaVersion": "schema version",
    "programSchemaVersion": "schema version of this program",
    "sizeBytes": "size in bytes",
}


@store.command
@json_option
@store_options
def migrate(*, as_json: bool, **options: Any) -> None:
    """Bring a store to the schema version that this program works with.

    Make a backup first: there is no way back. Each step is done as a whole or not at all, and
    the command may be run again. Processes of the version before may serve meanwhile; of
    SQLite, their writes may be refused while a step takes long.
    """
    done = anyio.run(migrate_store, Settings(**options).store_url, say)
    if as_json:
        facts = {
            "address": done.address,
            "fromVersion": done.from_version,
            "toVersion": done.to_version,
            "steps": done.steps,
        }
        click.echo(msgspec.json.encode(facts))
    elif done.steps:
        click.echo(
            printable(
                f"the store {done.address} went from the schema version {done.from_version}"
                f" to {done.to_version}"
            )
        )
    else:
        click.echo(
            printable(
                f"there is nothing to do: the store {done.address} has the schema version"
                f" {done.to_version}, which this program works with"
            )
        )


@store.command
@json_option
@store_options
def check(*, as_json: bool, **options: Any) -> None:
    """Look through a whole store for what does not fit together.

    Stop what serves it first: what is written meanwhile may look wrong. Each finding is a
    line; with one or more, the exit code is 1.
    """

    async def work() -> list[str]:
        found: list[str] = []
        async with open_tables(Settings(**options).store_url, make=False) as tables:
            await require_whole(tables)
            async with aclosing(check_store(tables)) as findings:
                async for sentence in findings:
                    found.append(sentence)
                    if not as_json:
                        click.echo(printable(sentence))
                    if len(found) == _FINDINGS_MAX:
                        say(f"these are the first {_FINDINGS_MAX:,} findings")
                        break
        return found

    found = anyio.run(work)
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif not found:
        click.echo("everything fits together")
    if found:
        sys.exit(1)


@store.command
@option("--from", "source_url", type=StoreURL(), required=True, help="The store to copy.")
@option("--to", "target_url", type=StoreURL(), required=True, help="An empty one, or a new file.")
@json_option
def copy(*, source_url: str, target_url: str, as_json: bool) -> None:
    """Copy a whole store to another place or engine.

    Stop what serves the two first. Everything is copied as it is, app keys and
    passwords too, so the same --secret-key-file serves the copy; only logins are not:
    people and programs log in again. A copy that was broken off goes on where it
    was when the command is run again, and can't be served before it is whole. At
    the end both stores are read once more, and every row is compared.
    """

    async def work() -> dict[str, int]:
        async with (
            open_tables(source_url, make=False) as source,
            open_tables(target_url, make=True) as target,
        ):
            with _progress(await source.record_count(None)) as tell:
                return await copy_store(source, target, tell)

    counts = anyio.run(work)
    if as_json:
        click.echo(msgspec.json.encode(counts))
    else:
        words = [f"{word}: {counts[name]:,}" for word, name in _COUNTED.items()]
        click.echo(f"copied and compared: {', '.join(words)}, records: {counts['record']:,}")
        click.echo("logins are not copied: people and programs log in again")


@contextmanager
def _progress(records: int) -> Iterator[Tell]:
    """Two bars on a terminal, of the records; lines elsewhere, of every table."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {
            done: bar.add_task(f"records {done}", total=records) for done in ("copied", "compared")
        }

        def tell(done: str, table: Table, rows: int) -> None:
            if table is RECORDS:
                bar.advance(tasks[done], rows)

        yield tell


class _Lines:
    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], int] = {}

    def __call__(self, done: str, table: Table, rows: int) -> None:
        before = self._rows.get((done, table.name), 0)
        self._rows[done, table.name] = before + rows
        if not before or (before + rows) // _LINE_ROWS > before // _LINE_ROWS:
            say(f"{table.name}, rows {done}: {before + rows:,}")
