"""The console for whoever has no mouse, hears its pages, or holds them in one hand."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from acceptance.service import run
from console.browser.store import PASSWORD, RUNNING, SAMPLE
from console.browser.viewing import Console, Viewer

_AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_RUN_AXE: Final = """async (isAgain) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const colours = ["color-contrast", "link-in-text-block"];
  const alike =
    ".list .row:nth-child(n+4), #records .record:nth-child(n+6), tbody tr:nth-child(n+12)";
  for (const it of document.querySelectorAll(alike)) it.style.display = "none";
  const { violations, passes } = await axe.run(document, {
    runOnly: isAgain ? { type: "rule", values: colours } : { type: "tag", values: tags },
    resultTypes: ["violations"],
  });
  const told = violations.map(({ id, help, nodes }) => {
    const first = nodes.slice(0, 3).map((node) => `${node.target}: ${node.failureSummary}`);
    return `${id}: ${help}\\n  ${first.join("\\n  ")}`;
  });
  return { violations: told, looked: passes.length };
}"""
"""In another scheme only the colours of a page are others. Of rows that are alike the first are
looked at, for each takes its time."""
_LOOKED_LEAST: Final = 10
"""How many of axe's rules find something to look at, on the smallest page."""

_AT: Final = "?at=1574119946000&record=10"
"""The sample meeting with a cursor, and a record that is looked at."""
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
_LANGUAGES: Final = ("en-US", "zh-CN")
_PHONE: Final = {"width": 360, "height": 740}
_STEPS_MAX: Final = 60
"""How often Tab is pressed at most to get somewhere."""


class _Watch:
    """Looks at one page after the other, in light and in dark."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.found: list[str] = []

    def look(self, name: str) -> None:
        """Note what axe finds on the page as it is."""
        page = self._viewer.page
        page.evaluate(_AXE)
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            told = page.evaluate(_RUN_AXE, scheme == "dark")
            assert told["looked"] >= (1 if scheme == "dark" else _LOOKED_LEAST), name
            self.found += [f"{name}, {scheme}: {each}" for each in told["violations"]]


def _unfold(page: Page) -> None:
    """Open what can be opened on the page, at once."""
    page.locator("main details").first.wait_for()
    page.evaluate("() => document.querySelectorAll('main details').forEach((it) => it.open = true)")


def _login_link(command: str, console: Console, folder: Any) -> str:
    """A link that signs in once, as the command prints it."""
    told = run(
        command,
        "console",
        "login-link",
        "--data-folder",
        str(console.service.data_folder),
        folder=folder,
    )
    found = re.search(r"#link=\S+", told.stdout)
    assert found, told.stdout + told.stderr
    return found[0]


@contextmanager
def _opened(browser: Browser, console: Console, **options: Any) -> Iterator[Viewer]:
    with Viewer.opened(browser, console, reduced_motion="reduce", **options) as viewer:
        yield viewer


@pytest.mark.parametrize("language", _LANGUAGES)
def test_axe_finds_nothing_before_somebody_signs_in(
    chromium: Browser, console: Console, command: str, tmp_path: Any, language: str
) -> None:
    """The form, the form with an error, and that of a link: no violation in light and dark."""
    with _opened(chromium, console, locale=language) as viewer:
        page, watch = viewer.page, _Watch(viewer)
        viewer.go("sign-in")
        expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language[:2]}"))
        watch.look("form")
        viewer.fill_form("nobody", PASSWORD)
        expect(page.get_by_role("alert")).to_be_visible()
        watch.look("wrong password")
        page.goto("about:blank")
        viewer.go("sign-in" + _login_link(command, console, tmp_path))
        expect(page.locator("input")).to_have_count(0)
        watch.look("link")
    assert watch.found == []


@pytest.mark.parametrize("language", _LANGUAGES)
def test_axe_finds_nothing_on_any_page(chromium: Browser, console: Console, language: str) -> None:
    """Every page, with all of it unfolded, has no violation in light and dark."""
    with _opened(chromium, console, locale=language) as viewer:
        page, watch = viewer.page, _Watch(viewer)
        viewer.sign_in()
        expect(page.locator(".list .row").first).to_be_visible()
        watch.look("meetings")
        viewer.go("?q=nothing+is+called+so")
        expect(page.locator(".empty")).to_be_visible()
        watch.look("no meeting")
        viewer.open_meeting(SAMPLE, _AT)
        watch.look("meeting")
        _unfold(page)
        watch.look("meeting, unfolded")
        viewer.open_meeting(SAMPLE, "?q=nothing+is+called+so")
        watch.look("no record")
        viewer.open_meeting(console.filled.middle, "?result=FAILED")
        expect(page.locator(".has-failed").first).to_be_visible()
        watch.look("failed records")
        viewer.open_meeting(RUNNING)
        expect(page.locator("#live")).to_be_visible()
        watch.look("running meeting")
        viewer.go(f"meetings/{SAMPLE}/print")
        expect(page.locator("main table").last.locator("tbody tr").first).to_be_visible()
        watch.look("print")
        viewer.go(f"meetings/{'0' * 32}")
        expect(page.get_by_role("alert")).to_be_visible()
        watch.look("unknown meeting")
        viewer.go("nowhere")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        watch.look("no such page")
    assert watch.found == []


@pytest.mark.parametrize("language", _LANGUAGES)
def test_axe_finds_nothing_about_people(chromium: Browser, console: Console, language: str) -> None:
    """The list of people, a search that finds nobody, and one person: no violation either."""
    with _opened(chromium, console, locale=language) as viewer:
        page, watch = viewer.page, _Watch(viewer)
        viewer.sign_in()
        viewer.go("people?q=nobody+is+called+so")
        expect(page.locator(".empty")).to_be_visible()
        watch.look("nobody")
        viewer.go("people")
        expect(page.get_by_role("search")).to_be_visible()
        watch.look("nobody asked for")
        viewer.go("people?q=irene")
        expect(page.locator(".list .row").first).to_be_visible()
        watch.look("people")
        page.locator(".list .row a").first.click()
        expect(page).to_have_url(re.compile(r"/people/."))
        expect(page.locator("main .list, main .empty").first).to_be_visible()
        watch.look("person")
    assert watch.found == []


def _focused(page: Page) -> str:
    """What has the focus, in a form that a test can look for."""
    told: str = page.evaluate(
        """() => {
          const it = document.activeElement;
          const name = it.name || it.getAttribute("aria-label") || it.textContent.trim();
          return [it.tagName.toLowerCase(), it.id && `#${it.id}`, name.slice(0, 60)].join(" ");
        }"""
    )
    return told


def _tab_to(page: Page, there: Callable[[str], object], *, key: str = "Tab") -> str:
    """Press Tab until something has the focus, which must then be seen to have it."""
    passed = []
    for _ in range(_STEPS_MAX):
        page.keyboard.press(key)
        focused = _focused(page)
        if there(focused):
            assert page.evaluate(
                """() => {
                  const style = getComputedStyle(document.activeElement);
                  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
                  return ring || style.boxShadow !== "none";
                }"""
            ), f"nothing shows that it has the focus: {focused}"
            return focused
        passed.append(focused)
    pytest.fail(f"not reached by {key}: {passed}")


def _walk_the_timeline(page: Page) -> None:
    """From record to record, by small steps, near and far, and into the table."""
    keys = page.keyboard
    slider = page.get_by_role("slider")
    _tab_to(page, lambda _: slider.evaluate("it => it === document.activeElement"))
    keys.press("Home")
    expect(page.locator("#state")).to_contain_text("23:31:53.464 UTC")
    keys.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Call participant"))
    keys.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Start voice activation"))
    keys.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("End meeting"))
    keys.press("Shift+ArrowLeft")
    expect(slider).not_to_have_attribute("aria-valuetext", re.compile("End meeting"))
    keys.press("End")
    keys.press("+")
    keys.press("+")
    keys.press("0")
    keys.press("Enter")
    expect(page.locator("#records")).to_be_focused()
    chosen = page.locator("#records [aria-selected=true]")
    expect(chosen).to_contain_text("End meeting")
    keys.press("ArrowUp")
    expect(chosen).to_contain_text("Disconnect participant")
    expect(page.locator("#record")).to_contain_text("Disconnect participant")


def test_the_main_job_is_done_by_keyboard_alone(viewer: Viewer) -> None:
    """Sign in, find a meeting, move and zoom in its timeline, go to the record, filter, take a
    file: without a pointer, and the focus is always seen.
    """
    page = viewer.page
    keys = page.keyboard
    viewer.go()
    expect(page.locator("input[name=account]")).to_be_focused()
    keys.type("ann")
    _tab_to(page, lambda it: it.endswith(" password"))
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Meetings")

    _tab_to(page, lambda it: it.startswith("input") and it.endswith(" q"))
    keys.type("sample meeting")
    keys.press("Enter")
    expect(page.locator(".list .row")).to_have_count(1)
    _tab_to(page, lambda it: it.startswith("a") and "sample meeting" in it)
    keys.press("Enter")
    viewer.wait_for_meeting(SAMPLE)
    expect(page.get_by_role("heading", level=1)).to_be_focused()

    _walk_the_timeline(page)
    _tab_to(page, lambda it: it.startswith("select") and "operation" in it, key="Shift+Tab")
    keys.type("Unmute p")
    expect(page.locator("#found")).to_have_text("3 of 23 records")
    expect(page).to_have_url(re.compile("operation=UNMUTE_PARTICIPANT"))

    _tab_to(page, lambda it: it.startswith("summary") and "Take away" in it, key="Shift+Tab")
    keys.press("Enter")
    _tab_to(page, lambda it: "#export-csv" in it)
    with page.expect_download() as download:
        keys.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")


def test_the_first_stop_of_the_keyboard_skips_to_the_content(ann: Viewer) -> None:
    """The first Tab on a page is a link past the header, and it works."""
    page = ann.page
    ann.go("people")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def _is_as_wide_as_the_window(page: Page) -> bool:
    """Whether nothing sticks out sideways."""
    fits: bool = page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return fits


@pytest.mark.parametrize("language", _LANGUAGES)
def test_every_page_fits_a_phone(chromium: Browser, console: Console, language: str) -> None:
    """At 360 pixels no page scrolls sideways; axe finds nothing; a tap on the timeline tells the
    state, and one on a row its record.
    """
    with _opened(
        chromium, console, locale=language, viewport=_PHONE, has_touch=True, is_mobile=True
    ) as viewer:
        page, watch = viewer.page, _Watch(viewer)
        viewer.go()
        assert _is_as_wide_as_the_window(page)
        viewer.sign_in()
        expect(page.locator(".list .row").first).to_be_visible()
        assert _is_as_wide_as_the_window(page)
        for address in ("people", "nowhere"):
            viewer.go(address)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert _is_as_wide_as_the_window(page), address

        viewer.open_meeting(SAMPLE)
        canvas = page.get_by_role("slider").locator("canvas")
        box = canvas.bounding_box()
        assert box
        page.touchscreen.tap(box["x"] + box["width"] * 0.8, box["y"] + 60)
        expect(page.locator("#state time").first).to_be_attached()
        row = page.locator("#records .body .record").nth(3)
        row.tap()
        expect(row).to_have_attribute("aria-selected", "true")
        expect(page.locator("#record")).to_be_visible()
        for summary in page.locator("main summary").all():
            summary.tap()
            assert _is_as_wide_as_the_window(page), summary.inner_text()
            summary.tap()
        watch.look("meeting")
    assert watch.found == []
