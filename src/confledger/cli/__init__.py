"""The command line: one file for each command."""

import importlib
import io
import os
import signal
import sys
import tempfile
import traceback
from typing import Final

import click

from confledger import __version__
from confledger.cli.options import APP_KEY_VARIABLE, environment_variables_of
from confledger.cli.telling import say
from confledger.errors import ConfledgerError, SettingError
from confledger.settings import ENVIRONMENT_PREFIX

_MODULES: Final = {
    "demo": "demo",
    "serve": "serve",
    "corp": "corp",
    "user": "user",
    "app": "app",
    "console": "console",
    "import": "import_records",
    "export": "export",
    "records": "records",
    "archive": "archive",
    "store": "store",
    "generate": "generate",
}
"""In which module of this package each command is, by the name of the module."""


class Commands(click.Group):
    """Commands that are read when they are used: most need what no other needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Their names, in the order of the table."""
        return [*_MODULES, *(name for name in self.commands if name not in _MODULES)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - as click calls it
        cmd_name: str,
    ) -> click.Command | None:
        """A command, read if it has not been yet."""
        self.read(cmd_name)
        return self.commands.get(cmd_name)

    def read(self, *names: str) -> None:
        """Read some commands, where they are ours and have not been read yet."""
        for name in names:
            if name in _MODULES and name not in self.commands:
                module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
                self.add_command(getattr(module, _MODULES[name]))

    def read_all(self) -> None:
        """Read every command."""
        self.read(*_MODULES)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="confledger")
@click.pass_context
def confledger(context: click.Context) -> None:
    """A self-hosted ledger of conference-control records.

    Who did what, in which meeting, when, with what result: kept as long as you
    want, and served by the history API of Huawei Cloud Meeting.

    Each option is also an environment variable: --store is CONFLEDGER_STORE.
    """
    given = [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]
    if given:
        confledger.read_all()
        known = environment_variables_of(context.command) | {APP_KEY_VARIABLE}
        for name in given:
            if name not in known:
                raise SettingError(f"the environment variable {name} is no option of confledger")


def main() -> None:
    """Run the command line.

    Exit codes: 0 it is done, 1 it failed, 2 the command or a setting is wrong; 130
    after Ctrl+C, which stops `serve` and `demo` in the ordinary way: 0.
    """
    # Whoever is told to end cleans up first.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without Chinese shows escapes rather than nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = confledger.main(prog_name="confledger", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:  # which is also what click makes of Ctrl+C
        sys.exit(130)
    except ConfledgerError as error:
        say(f"Error: {error}")
        sys.exit(2 if isinstance(error, SettingError) else 1)
    except BrokenPipeError:  # whoever read our output has seen enough
        _forget_output()
        sys.exit(1)
    except OSError as error:
        _forget_output()
        what = f": {error.filename}" if error.filename else ""
        say(f"Error: the system refuses something: {error.strerror or error}{what}")
        sys.exit(1)
    except Exception:  # noqa: BLE001 - the last resort: a person gets a sentence, a developer the file
        click.echo(
            f"Error: something unexpected happened; {_traceback_file()} tells more", err=True
        )
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _forget_output() -> None:
    """Keep Python from writing the rest of the output, and from complaining, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _traceback_file() -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="confledger-error-", suffix=".txt", delete=False
    ) as file:
        traceback.print_exc(file=file)
    return file.name
