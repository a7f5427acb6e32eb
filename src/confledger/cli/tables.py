"""Tables and lists of things, for a person or for a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from confledger.cli.telling import printable

_WIDTH_OF_NO_TERMINAL: Final = 200


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, below: str = "") -> None:
    """Print a table, as wide as the terminal, and a line below it."""
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_NO_TERMINAL)
    table = Table(*headings)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)
    if below:
        console.print(below, highlight=False)


def print_list(things: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print things of one kind, a row each, or a JSON array of objects."""
    if as_json:
        click.echo(msgspec.json.encode(things))
    elif not things:
        click.echo("none")
    else:
        print_table(list(things[0]), ([_cell(value) for value in each.values()] for each in things))


def print_done(sentence: str, thing: Mapping[str, object], *, as_json: bool) -> None:
    """Print what happened to a thing: a line, or the thing as the only one of a list."""
    if as_json:
        print_list([thing], as_json=True)
    else:
        click.echo(printable(sentence))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value)
    return str(value)
