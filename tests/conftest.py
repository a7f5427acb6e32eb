"""What every test may use: an open store, the parts of the service, a client, records."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from confledger.app import Parts, create_app, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, Scope
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.ledger.record import ControlRecord
from confledger.settings import ENVIRONMENT_PREFIX, Settings
from postgresql import new_store, stop_server

CONFERENCE = "9a0fa6d10a5b11eaae5e191763c22c0e"
PATH = "/v1/mmc/management/conferences/history/confCtlRecord"

MakeRecord = Callable[..., ControlRecord]


def pytest_configure() -> None:
    """No setting of whoever runs the tests may reach them."""
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        del os.environ[name]


def pytest_unconfigure() -> None:
    """The server of the run goes with it."""
    stop_server()


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture
def make_record() -> MakeRecord:
    """Make a record, of which only what matters to the test need be said."""

    def make(**fields: Any) -> ControlRecord:
        ordinary: dict[str, Any] = {
            "operate_time_ms": 1_574_119_913_464,
            "source": "Portal",
            "operator": "Conference Operator",
            "operator_basis": "stated",
            "operation": "MUTE_PARTICIPANT",
            "object": "9bd1c8b20a5b11eab31381603f51d3ae",
            "result": "SUCCESS",
        }
        return ControlRecord(**(ordinary | fields))

    return make


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what has a store on each engine: a service must not show which one it stands on."""
    if "engine" in metafunc.fixturenames:
        is_about_a_file = metafunc.definition.get_closest_marker("sqlite")
        engines = ["sqlite"] if is_about_a_file else list(STORES)
        metafunc.parametrize("engine", engines, scope="module")


@pytest.fixture
async def store_url(engine: str) -> AsyncIterator[str]:
    """The URL of a new, empty store; empty for the default one, on SQLite."""
    async with STORES[engine]() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, store_url: str) -> Settings:
    """The settings of a service that keeps everything in places of the test's own."""
    return Settings(data_folder=tmp_path, store=store_url)


@pytest.fixture
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    """The parts of a service with a new, empty store."""
    async with open_parts(settings) as opened:
        yield opened


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, in process."""
    async with client_of(parts) as opened:
        yield opened


@asynccontextmanager
async def no_url() -> AsyncIterator[str]:
    """The URL of a store in the data folder: none."""
    yield ""


STORES: dict[str, Callable[[], AbstractAsyncContextManager[str]]] = {
    "sqlite": no_url,
    "postgresql": new_store,
}
"""Makes the URL of a new, empty store, by engine."""


@asynccontextmanager
async def new_parts(engine: str) -> AsyncIterator[Parts]:
    """The parts of a service with a new, empty store, for a test that needs several in turn."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            STORES[engine]() as url,
            open_parts(Settings(data_folder=Path(folder), store=url)) as opened,
        ):
            yield opened


@asynccontextmanager
async def client_of(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application made of some parts; a failure is answered, and not raised."""
    app = create_app(parts, await parts.open_apps())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://ledger.test") as opened:
        yield opened


async def token_of(parts: Parts, *, corp_id: str = DEFAULT_CORP_ID, scope: Scope = "read") -> str:
    """An access token of the default administrator of a corp, by a new app."""
    apps = await parts.open_apps()
    app, _ = await apps.create("test", corp_id, frozenset({scope}))
    user = await apps.default_administrator(corp_id)
    return (await parts.tokens.issue(user, app, API_CLIENT_TYPE)).access_token


@pytest.fixture(scope="session")
def command() -> str:
    """The installed `confledger` command."""
    path = shutil.which("confledger", path=str(Path(sys.executable).parent))
    assert path, "the package is not installed"
    return path
