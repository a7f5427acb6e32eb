"""Takes the pictures of the console for the docs: each page, in both languages and schemes.

`make screenshots`. The meetings are made up, and the same each time.
"""

import base64
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import anyio
from playwright.sync_api import Browser, Page, sync_playwright

from acceptance.service import running
from confledger.app import open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.generator.meetings import GeneratedMeeting, generated_meeting
from confledger.generator.putting import put_meetings
from confledger.settings import Settings
from console.browser.store import Filled, fill
from console.browser.viewing import Console, Viewer, chromium_path

FOLDER: Final = Path(__file__).parents[3] / "docs" / "images" / "console"
_QUALITY: Final = 60
_SEEDS: Final = {"en": 2, "zh-CN": 11}
"""Of a meeting whose subject is in the language of the pictures."""


class Scene(NamedTuple):
    """A picture to take."""

    name: str
    address: str
    prepare: Callable[[Page], object] = lambda _: None
    width: int = 1280
    height: int = 860


def meeting_of(language: str) -> GeneratedMeeting:
    """What the pictures in a language show."""
    return generated_meeting(records=420, seed=_SEEDS[language], people=9)


def scenes_of(language: str) -> list[Scene]:
    """The pictures in a language."""
    meeting = meeting_of(language)
    uuid = meeting.conference.conference_uuid
    times = sorted(record.operate_time_ms for record in meeting.records)
    start, end = times[len(times) // 3], times[len(times) // 3 + 60]
    mute = next(
        place
        for place, record in enumerate(meeting.records)
        if record.operation == "ROLL_CALL_PARTICIPANT" and start < record.operate_time_ms < end
    )
    at = meeting.records[mute].operate_time_ms
    person = {"en": "Irene", "zh-CN": "张"}[language]
    return [
        Scene("meetings", ""),
        Scene("meeting", f"meetings/{uuid}?at={at}&record={mute}", show_whole, height=1180),
        Scene("timeline", f"meetings/{uuid}?at={at}&record={mute}", zoom_in, height=980),
        Scene("people", f"people?q={person}", height=520),
        Scene("person", f"people?q={person}", lambda page: page.locator(".row a").first.click()),
        Scene("print", f"meetings/{uuid}/print", height=1000),
        Scene("phone", f"meetings/{uuid}?at={at}&record={mute}", width=390, height=844),
        Scene("sign-in", "sign-in", height=640),
    ]


def show_whole(page: Page) -> None:
    """The whole meeting, and the records that failed."""
    page.locator("select[name=result]").select_option("FAILED")


def zoom_in(page: Page) -> None:
    """A part of the meeting, a lane from nearby, and what the bars mean."""
    for _ in range(4):
        page.locator("#zoom-in").click()
    page.locator(".legend summary").click()
    page.locator("#compact").uncheck()
    page.locator("#state .chip").first.click()


def take(page: Page, target: Path) -> None:
    """Take a picture of what is in the window, as WebP, which Playwright's own can't."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    target.write_bytes(base64.b64decode(taken["data"]))


def take_all(browser: Browser, console: Console) -> None:
    """Take all of them."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for language in _SEEDS:
        for scheme in ("light", "dark"):
            with Viewer.opened(browser, console, locale=language, color_scheme=scheme) as viewer:
                page = viewer.page
                viewer.sign_in()
                for scene in scenes_of(language):
                    if scene.name == "sign-in":
                        viewer.context.clear_cookies()
                    page.set_viewport_size({"width": scene.width, "height": scene.height})
                    viewer.go(scene.address)
                    if "meetings/" in scene.address:
                        page.locator("main[data-loaded]").wait_for()
                    scene.prepare(page)
                    page.wait_for_load_state("networkidle")
                    take(page, FOLDER / f"{scene.name}.{language}.{scheme}.webp")


async def fill_for_pictures(folder: Path) -> Filled:
    """The store of the tests, and the meetings of the pictures."""
    filled = await fill(folder)
    async with open_parts(Settings(data_folder=folder)) as parts:
        meetings = [meeting_of(language) for language in _SEEDS]
        await put_meetings(parts.intake, parts.stores.conferences, DEFAULT_CORP_ID, meetings)
    return filled


def main() -> None:
    """Fill a store, serve it, and take the pictures."""
    executable = chromium_path()
    if executable is None:
        sys.exit("no Chromium: install it, or name one in CONFLEDGER_TEST_CHROMIUM")
    command = str(Path(sys.executable).with_name("confledger"))
    with tempfile.TemporaryDirectory(prefix="confledger-pictures-") as name:
        folder = Path(name)
        filled = anyio.run(fill_for_pictures, folder / "data")
        with running(command, folder=folder) as service, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable)
            take_all(browser, Console(service, filled))
            browser.close()


if __name__ == "__main__":
    main()
