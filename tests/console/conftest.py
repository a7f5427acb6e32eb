"""What the browser's tests share: a service over TLS with a filled store, and Chromium."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from acceptance.service import running
from console.browser.store import fill
from console.browser.viewing import CHROMIUM, Console, Viewer, chromium_path


@pytest.fixture(scope="session")
def console(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The console of a service that is up."""
    folder = tmp_path_factory.mktemp("console")
    # In a thread of its own, for Playwright's loop may be running in this one.
    with ThreadPoolExecutor(1) as threads:
        filled = threads.submit(anyio.run, fill, folder / "data").result()
    with running(command, folder=folder) as service:
        yield Console(service, filled)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the tests are skipped, and say so.

    For one module, since while it is there no other test can have a loop in this thread.
    """
    executable = chromium_path()
    if executable is None:
        pytest.skip(f"no Chromium: install it, or name one in {CHROMIUM}")
    if not Path(executable).exists():
        pytest.fail(f"{CHROMIUM} names {executable}, which is not there")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        yield browser
        browser.close()


@pytest.fixture
def viewer(chromium: Browser, console: Console) -> Iterator[Viewer]:
    """A browser's window in which nobody has signed in; at the end no script may have failed."""
    with Viewer.opened(chromium, console) as opened:
        yield opened


@pytest.fixture(scope="module")
def session_of_ann(chromium: Browser, console: Console) -> StorageState:
    """What a browser keeps of an administrator who has signed in; nobody may sign out."""
    with Viewer.opened(chromium, console) as opened:
        opened.sign_in()
        return opened.context.storage_state()


@pytest.fixture
def ann(chromium: Browser, console: Console, session_of_ann: StorageState) -> Iterator[Viewer]:
    """A window of an administrator who has signed in."""
    with Viewer.opened(chromium, console, storage_state=session_of_ann) as opened:
        opened.go()
        yield opened
