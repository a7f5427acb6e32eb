"""Options that several commands have, and what all options have in common."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from confledger.app import Parts, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.ledger.intake import conference_uuid_from
from confledger.settings import ENVIRONMENT_PREFIX, Settings, default_data_folder

Command = TypeVar("Command", bound=Callable[..., Any])

T = TypeVar("T")

APP_KEY_VARIABLE: Final = ENVIRONMENT_PREFIX + "APP_KEY"
"""Holds the app key for whoever keeps no file; it is no option, which others could see."""

_NAME_CHARACTERS_MAX: Final = 255
_CORP_ID: Final = re.compile(r"[0-9A-Za-z_.-]{1,64}", re.ASCII)


class Option(click.Option):
    """An option that is also an environment variable, by the one rule for all."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        name = max(self.opts, key=len).removeprefix("--").replace("-", "_").upper()
        self.envvar = ENVIRONMENT_PREFIX + name
        self.show_envvar = True


def option(*declarations: str, **keywords: Any) -> Callable[[Command], Command]:
    """Declare an option of a command, as `click.option`."""
    return click.option(*declarations, cls=Option, **keywords)


def environment_variables_of(command: click.Command) -> set[str]:
    """The environment variables that a command and its subcommands read."""
    names = {
        parameter.envvar
        for parameter in command.params
        if isinstance(parameter, Option) and isinstance(parameter.envvar, str)
    }
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            names |= environment_variables_of(subcommand)
    return names


def not_empty(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse an empty value that somebody gave: it is most likely a variable that is not set."""
    source = context.get_parameter_source(parameter.name or "")
    if not value and source is not ParameterSource.DEFAULT:
        raise click.BadParameter("must not be empty")
    return value


def store_options(command: Command) -> Command:
    """The options that say which store; they reach the command by the names of `Settings`."""
    for declare in (
        option(
            "--data-folder",
            type=click.Path(path_type=Path, file_okay=False),
            default=default_data_folder,
            show_default="the user's data folder",
            help="Holds the default store and the service's own certificate.",
        ),
        option(
            "--store",
            metavar="URL",
            default="",
            callback=not_empty,
            show_default="a file in the data folder",
            help=(
                "sqlite:///PATH; an absolute path gives four slashes: sqlite:////var/lib/x.sqlite3."
                " Or postgresql://USER@HOST/DATABASE, the password best in ~/.pgpass or PGPASSWORD."
            ),
        ),
    ):
        command = declare(command)
    return command


store_read_option = option(
    "--store-read",
    metavar="URL",
    default="",
    callback=not_empty,
    show_default="the store",
    help=(
        "postgresql://USER@HOST/DATABASE of a replica of the store, from which is read what may be"
        " a moment late: records, conferences, participants and attendance."
    ),
)

secret_key_option = option(
    "--secret-key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    show_default="beside the store; of PostgreSQL, in the data folder",
    help="Holds the key that app keys are encrypted with.",
)


def run_with_parts(
    work: Callable[[Parts], Awaitable[T]], options: Mapping[str, Any], *, make_store: bool = True
) -> T:
    """Do some work with the parts of the store that a command's `store_options` name."""

    async def run() -> T:
        async with open_parts(Settings(**options), make_store=make_store) as parts:
            return await work(parts)

    return asyncio.run(run())


def check_name(name: str, hint: str) -> str:
    """A name that people can read, without spaces around it.

    Raises:
        click.BadParameter: it is empty, too long, or has characters that nobody sees.
    """
    name = name.strip()
    if not (1 <= len(name) <= _NAME_CHARACTERS_MAX and name.isprintable()):
        raise click.BadParameter(
            f"must have 1 to {_NAME_CHARACTERS_MAX} printable characters", param_hint=hint
        )
    return name


class CorpId(click.ParamType[str]):
    """The id of a corp."""

    name = "corp"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check the id."""
        if not _CORP_ID.fullmatch(str(value)):
            self.fail("must be 1 to 64 letters, digits, dots, hyphens or underscores", param, ctx)
        return str(value)


class ConferenceUUID(click.ParamType[str]):
    """The id of a conference."""

    name = "UUID"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check the id, and fold its case."""
        conference_uuid = conference_uuid_from(str(value))
        if conference_uuid is None:
            self.fail(f"must be 32 hexadecimal digits, not {value!r}", param, ctx)
        return conference_uuid


def corp_option(help_text: str) -> Callable[[Command], Command]:
    """The option that says which corp."""
    return option(
        "--corp",
        type=CorpId(),
        metavar="CORP",
        default=DEFAULT_CORP_ID,
        show_default=True,
        help=help_text,
    )


json_option = option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
