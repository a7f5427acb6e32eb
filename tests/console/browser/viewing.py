"""A person in front of the console: a window of a browser, and what they do in it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import environ
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from acceptance.service import Service
from acceptance.vendor import token_by_login, trusting
from console.browser.store import ACCOUNT, PASSWORD, Filled

PATH: Final = "/console/"

CHROMIUM: Final = "CONFLEDGER_TEST_CHROMIUM"
"""The environment variable that names a browser to test with."""
_CHROMIUM_NAMED: Final = environ.get(CHROMIUM)
"""Read at once, for no test sees the settings of whoever runs it."""
_CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

_EXPECTED: Final = re.compile(r"Failed to load resource|net::ERR_")
"""What Chromium writes to its console for an answer that is an error on purpose."""


def chromium_path() -> str | None:
    """The browser to test with, if there is one."""
    return _CHROMIUM_NAMED or next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)


@dataclass(frozen=True, slots=True)
class Console:
    """A console that is served."""

    service: Service
    filled: Filled

    @property
    def url(self) -> str:
        """Its first page."""
        return self.service.url + PATH

    def meeting(self, conference_uuid: str, query: str = "") -> str:
        """The page of a meeting."""
        return f"{self.url}meetings/{conference_uuid}{query}"

    def push(self, call: str, content: object, method: str = "POST") -> None:
        """Push, as a meeting system does: `call` is a meeting's UUID, and the path after it."""
        trust = trusting(self.service.certificate)
        with httpx.Client(base_url=self.service.url, verify=trust, trust_env=False) as client:
            token = token_by_login(client, self.filled.app_id, self.filled.app_key)
            headers = {"X-Access-Token": token}
            path = f"/ledger/v1/conferences/{call}"
            answer = client.request(method, path, json=content, headers=headers)
            assert answer.is_success, answer.text


@dataclass(slots=True)
class Viewer:
    """Somebody with a window."""

    page: Page
    context: BrowserContext
    console: Console
    problems: list[str] = field(default_factory=list)
    """What went wrong in the page's scripts, and what the policy of the page stopped."""

    @classmethod
    @contextmanager
    def opened(cls, browser: Browser, console: Console, **options: Any) -> Iterator["Viewer"]:
        """A new window, with nothing of another's; `options` are Playwright's."""
        chosen = {
            "viewport": {"width": 1280, "height": 900},
            "locale": "en-US",
            "timezone_id": "Asia/Shanghai",
            "ignore_https_errors": True,
        }
        context = browser.new_context(**{**chosen, **options})
        context.set_default_timeout(15_000)
        page = context.new_page()
        viewer = cls(page, context, console)
        page.on("pageerror", lambda error: viewer.problems.append(str(error)))
        page.on("console", lambda message: viewer._note(message.type, message.text))
        try:
            yield viewer
            assert viewer.problems == []
        finally:
            context.close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not _EXPECTED.search(text):
            self.problems.append(text)

    def go(self, address: str = "") -> None:
        """Open an address below `/console/`, and wait until its scripts run."""
        self.page.goto(self.console.url + address)
        self.page.locator("html[data-ready]").wait_for()

    def sign_in(self, account: str = ACCOUNT, password: str = PASSWORD) -> None:
        """Fill the form that is there, or go to it, and wait for the page behind it."""
        if not self.page.url.startswith(self.console.url):
            self.go()
        self.fill_form(account, password)
        expect(self.page.locator("header nav")).to_be_visible()

    def fill_form(self, account: str, password: str) -> None:
        """Send the form to sign in."""
        self.page.locator("input[name=account]").fill(account)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("main form button").click()

    def open_meeting(self, conference_uuid: str, query: str = "") -> None:
        """Open the page of a meeting, and wait until all of it is there."""
        self.go(f"meetings/{conference_uuid}{query}")
        self.wait_for_meeting(conference_uuid)

    def wait_for_meeting(self, conference_uuid: str) -> None:
        """Wait until all records of a meeting are on the page."""
        self.page.locator(f"main[data-loaded='{conference_uuid}']").wait_for()
