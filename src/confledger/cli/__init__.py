"""The command line: one file for each command."""

import io
import os
import signal
import sys
import tempfile
import traceback

import click

from confledger import __version__
from confledger.cli.app import app
from confledger.cli.archive import APP_KEY_VARIABLE, archive
from confledger.cli.corp import corp
from confledger.cli.demo import demo
from confledger.cli.export import export
from confledger.cli.generate import generate
from confledger.cli.import_records import import_records
from confledger.cli.options import environment_variables_of
from confledger.cli.records import records
from confledger.cli.serve import serve
from confledger.cli.user import user
from confledger.errors import ConfledgerError, SettingError
from confledger.settings import ENVIRONMENT_PREFIX


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="confledger")
@click.pass_context
def confledger(context: click.Context) -> None:
    """A self-hosted ledger of conference-control records.

    Who did what, in which meeting, when, with what result: kept as long as you
    want, and served by the history API of Huawei Cloud Meeting.

    Each option is also an environment variable: --store is CONFLEDGER_STORE.
    """
    known = environment_variables_of(context.command) | {APP_KEY_VARIABLE}
    for name in os.environ:
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            raise SettingError(f"the environment variable {name} is no option of confledger")


for command in (
    demo,
    serve,
    corp,
    user,
    app,
    import_records,
    export,
    records,
    archive,
    generate,
):
    confledger.add_command(command)


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
        click.echo(f"Error: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingError) else 1)
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain once more
        # when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception:  # noqa: BLE001 - the last resort: a person gets a sentence, a developer the file
        click.echo(
            f"Error: something unexpected happened; {_traceback_file()} tells more", err=True
        )
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _traceback_file() -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="confledger-error-", suffix=".txt", delete=False
    ) as file:
        traceback.print_exc(file=file)
    return file.name
