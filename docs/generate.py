"""Writes the pages of `docs/reference/` that say what the code says.

`make docs` runs it; a test fails where a page is not what it would write.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

import rights
from confledger.catalogue.operations import OPERATIONS, RESULTS
from confledger.catalogue.words import load_catalogue
from confledger.cli import confledger
from confledger.cli.options import Option
from confledger.wire.errors import (
    CONNECTIONS_EXCEEDED,
    HEAD_TOO_LARGE,
    MALFORMED,
    NO_SUCH_CALL,
    STOPPING,
    UNEXPECTED,
    WIRE_ERRORS,
    WRONG_METHOD,
)

REFERENCE: Final = Path(__file__).parent / "reference"
NOTICE: Final = "<!-- Written by docs/generate.py (`make docs`); changes here are lost. -->\n"


def pages() -> dict[Path, str]:
    """Every generated page, by its path."""
    return {
        REFERENCE / "command-line.md": "\n".join([NOTICE, *_command_line()]),
        REFERENCE / "errors.md": "\n".join([NOTICE, *_errors()]),
        REFERENCE / "rights.md": f"{NOTICE}\n{rights.page()}",
        REFERENCE / "operations.md": "\n".join([NOTICE, *_operations()]),
    }


def _command_line() -> Iterator[str]:
    yield "# The command line\n"
    yield (
        "Every option is an environment variable too, named in the tables; an option given on the"
        " command line wins. A variable that begins with `CONFLEDGER_` and is none of these stops"
        " the command, since it is probably misspelt. (In Kubernetes a service named `confledger`"
        " makes such variables: set `enableServiceLinks: false`.) Exit codes: 0 it is done, 1 it"
        " failed, 2 the command or a setting is wrong.\n"
    )
    confledger.read_all()
    yield from _commands("confledger", confledger)


def _commands(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        # In an order that does not depend on which of them were used before.
        for subcommand in command.list_commands(click.Context(command)):
            yield from _commands(f"{name} {subcommand}", command.commands[subcommand])
        return
    # Click keeps the help option that it makes, and a test in the same process uses it.
    context = click.Context(command, info_name=name, help_option_names=["-h", "--help"])
    yield f"## {name}\n"
    yield f"    {' '.join([name, *command.collect_usage_pieces(context)])}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    yield "| option | environment | default | |"
    yield "| --- | --- | --- | --- |"
    for option in command.params:
        if isinstance(option, Option):
            meaning = " ".join(filter(None, (option.help, _values(option))))
            cells = (f"`{option.opts[-1]}`", f"`{option.envvar}`", _default(option), meaning)
            yield f"| {' | '.join(str(cell) for cell in cells)} |"
    yield ""


def _values(option: Option) -> str:
    """What an option takes, where that is a choice or a range."""
    if isinstance(option.type, click.Choice):
        return "One of " + ", ".join(f"`{value}`" for value in option.type.choices) + "."
    if isinstance(option.type, click.IntRange):
        least, most = option.type.min, option.type.max
        return f"From {least} to {most}." if most is not None else f"From {least}."
    return ""


def _default(option: Option) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag or option.default in (None, "") or callable(option.default):
        return ""
    return f"`{option.default}`" if isinstance(option.default, (str, int, float)) else ""


def _errors() -> Iterator[str]:
    yield "# Errors of the wire API\n"
    yield (
        "Every answer with a status of 400 or more has the keys `error_code` and `error_msg`, and"
        " its request id in the header `X-Request-Id`. Where `error_msg` is a constant of the"
        " vendor's, a wrong parameter is told in a third key, `error_detail`.\n"
    )
    yield "| status | error_code | error_msg | when |"
    yield "| --- | --- | --- | --- |"
    rows = [(row, str(error.__doc__).partition("\n")[0]) for error, row in WIRE_ERRORS.items()]
    rows += [
        (MALFORMED, "What came is no HTTP request."),
        (NO_SUCH_CALL, "The path is no call."),
        (WRONG_METHOD, "The path is a call, by another method."),
        (HEAD_TOO_LARGE, "The request line and the headers go beyond their limit."),
        (STOPPING, "The service stops, and the request could not be finished in time."),
        (CONNECTIONS_EXCEEDED, "The process holds as many connections as it may."),
        (UNEXPECTED, "Something went wrong that nobody foresaw."),
    ]
    for row, when in sorted(rows, key=lambda pair: (pair[0].status, pair[0].code)):
        yield f"| {row.status} | `{row.code}` | {row.message or '(a sentence)'} | {when} |"
    yield ""


def _operations() -> Iterator[str]:
    catalogue = load_catalogue()
    chinese, english = catalogue.words("zh-CN"), catalogue.words("en-US")
    yield "# Operations and results\n"
    yield (
        "The ledger stores the code; a reader gets the words of their language. A text becomes a"
        " code only where it equals one of these words exactly; any other text is kept and served"
        " as it came.\n"
    )
    yield (
        "Where a word comes from: `verbatim` from a record that the vendor served, `api` from the"
        " vendor's API titles and descriptions, `manual` from a manual or the user interface,"
        " `ours` from us.\n"
    )
    yield "| code | zh-CN | | en-US | | acts on | usually by |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for operation in OPERATIONS:
        zh, en = chinese.operations[operation.code], english.operations[operation.code]
        acts_on, actor = operation.object_kind.value, operation.actor.source
        yield (
            f"| `{operation.code}` | {zh.text} | {zh.origin} | {en.text} | {en.origin}"
            f" | {acts_on} | {actor} |"
        )
    yield "\n| result | zh-CN | | en-US | |"
    yield "| --- | --- | --- | --- | --- |"
    for result in RESULTS:
        zh, en = chinese.results[result], english.results[result]
        yield f"| `{result}` | {zh.text} | {zh.origin} | {en.text} | {en.origin} |"
    yield ""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
