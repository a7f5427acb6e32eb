"""The console as somebody without code uses it: in Chromium, over TLS, on a real store."""

import csv
import io
import json
import re
from functools import partial
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Download, Locator, Page, expect

from acceptance.service import run
from console.browser.cable import Cable
from console.browser.store import ACCOUNT, PASSWORD, RUNNING, SAMPLE, STRANGER
from console.browser.viewing import Console, Viewer

A = "**********380 · 9bd1c8…"
B = "**********905 · a5db36…"
"""The two people of the sample whom records name by id: by their starred numbers, for they have no
names, and the beginnings of their ids, for others have these numbers, too."""


def test_somebody_signs_in_finds_a_meeting_and_opens_it(viewer: Viewer, console: Console) -> None:
    """The form lets them in; a part of the subject finds the meeting; a click opens it, with its
    facts, its timeline and its records.
    """
    page = viewer.page
    viewer.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("Meetings")

    page.get_by_label("Find a meeting").fill("Night shift")
    expect(page.locator(".list .row")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=Night\+shift$"))
    page.get_by_label("Find a meeting").fill(console.filled.middle_subject)
    page.locator(".row", has_text="5,000 records").get_by_role("link").click()

    viewer.wait_for_meeting(console.filled.middle)
    expect(page.get_by_role("heading", level=1)).to_have_text(console.filled.middle_subject)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("#found")).to_have_text("5,000 records")
    expect(page.get_by_role("slider")).to_be_visible()
    expect(page).to_have_title(f"{console.filled.middle_subject} · confledger")


def test_a_wrong_password_is_told_and_tried_again(viewer: Viewer) -> None:
    """The form says what is wrong, and lets in whoever then gets it right."""
    viewer.go()
    viewer.fill_form(ACCOUNT, "wrong")
    expect(viewer.page.get_by_role("alert")).to_have_text("The account or the password is wrong.")
    viewer.sign_in()


def test_a_link_signs_in_once(viewer: Viewer, command: str, tmp_path: Path) -> None:
    """The link of `confledger console login-link` lets in whoever opens it first, and leaves
    no secret in the address; after that it says that a new one is needed.
    """
    service = viewer.console.service
    options = ["--url", service.url, "--user", ACCOUNT, "--data-folder", str(service.data_folder)]
    done = run(command, "console", "login-link", *options, folder=tmp_path)
    found = re.search(r"https://\S+#link=\S+", done.stdout)
    assert found, done.stdout + done.stderr
    page = viewer.page

    page.goto(found[0])
    expect(page.get_by_text("At present")).to_have_count(0)
    page.get_by_role("button", name="Sign in with this link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Meetings")
    assert "link" not in page.url

    page.goto(found[0])
    expect(page.get_by_text("At present Ann Example is signed in")).to_be_visible()
    page.goto("about:blank")
    page.goto(viewer.console.url)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(found[0])
    page.get_by_role("button", name="Sign in with this link").click()
    expect(page.get_by_role("alert")).to_contain_text("Ask for a new one")


def test_dates_and_pages_of_the_list_are_in_the_address(ann: Viewer) -> None:
    """A range of days, and the step to older meetings, can be sent to a colleague: the address
    has them, and the way back leads back.
    """
    page = ann.page
    first = page.locator(".row .what a").first.inner_text()
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    expect(page.locator(".row .what a").first).not_to_have_text(first)
    older = page.url
    page.go_back()
    expect(page.locator(".row .what a").first).to_have_text(first)

    page.goto(older)
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    page.goto(ann.console.url)
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2026-01-02")
    expect(page.locator(".list .row")).to_have_count(1)
    assert "from=1767196800000&to=1767369599999" in page.url  # days of Shanghai
    page.get_by_label("From", exact=True).fill("2026-01-03")
    expect(page.get_by_role("alert")).to_contain_text("The first day is after the last")
    page.get_by_label("To", exact=True).fill("2026-01-04")
    expect(page.get_by_role("heading", name="No meeting matches")).to_be_visible()


def test_the_filters_narrow_the_records_and_are_in_the_address(ann: Viewer) -> None:
    """Operation, person, result and words narrow the table together, and whoever opens the address
    sees the same.
    """
    ann.open_meeting(SAMPLE)
    page = ann.page
    found = page.locator("#found")
    page.get_by_label("Operation").select_option("MUTE_PARTICIPANT")
    expect(found).to_have_text("3 of 23 records")
    page.get_by_label("Person", exact=True).fill("9bd1")
    expect(found).to_have_text("2 of 23 records")
    page.get_by_label("Search in the records").fill("portal success")
    expect(found).to_have_text("1 of 23 records")
    expect(page.locator(".body .record")).to_have_count(1)
    expect(page).to_have_url(re.compile("operation=MUTE_PARTICIPANT.*person=9bd1.*q=portal"))

    page.reload()
    expect(found).to_have_text("1 of 23 records")
    page.get_by_label("Search in the records").fill("there is no such word")
    expect(page.get_by_text("No record matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    expect(found).to_have_text("23 records")


def test_zoom_narrows_the_view_and_the_table_with_it(ann: Viewer) -> None:
    """With buttons, wheel and keys the timeline shows less; the table follows where that is
    asked for; and the whole can be had back.
    """
    ann.open_meeting(ann.console.filled.middle)
    page = ann.page
    found = page.locator("#found")
    page.get_by_label("Only what the timeline shows").check()
    expect(found).to_have_text("5,000 records")

    counts = [5_000]
    canvas = page.locator(".stage canvas")
    zooms = [
        partial(page.get_by_role("button", name="Zoom in").click),
        partial(wheel, page, canvas, -400),
        partial(page.get_by_role("slider").press, "+"),
    ]
    for zoom in zooms:
        zoom()
        expect(found).to_have_text(re.compile(r" of 5,000 records$"))
        expect(found).not_to_have_text(f"{counts[-1]:,} of 5,000 records")
        counts.append(int(found.inner_text().split()[0].replace(",", "")))
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < 2_500

    shown = page.url
    page.goto(shown)
    expect(found).to_have_text(f"{counts[-1]:,} of 5,000 records")
    canvas.hover()
    page.mouse.down()
    page.mouse.move(300, 400, steps=3)
    page.mouse.up()
    expect(page).not_to_have_url(shown)  # another part of the meeting, as long as before
    page.get_by_role("button", name="Show all").click()
    expect(found).to_have_text("5,000 records")


def wheel(page: Page, canvas: Locator, delta: int) -> None:
    """Turn the wheel in the middle of something, with Ctrl."""
    canvas.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, delta)
    page.keyboard.up("Control")


def test_the_cursor_tells_the_state_that_was_worked_out_by_hand(ann: Viewer) -> None:
    """At two instants of the sample meeting the page says what the documentation's table says."""
    page = ann.page

    def told(title: str) -> str:
        return page.locator("#state dt", has_text=title).locator("+ dd").inner_text()

    ann.open_meeting(SAMPLE, "?at=1574119946000")
    assert told("Host") == A
    assert told("Being broadcast") == B
    assert told("Has the floor") == B
    assert told("Microphone open").splitlines() == [A, B]
    assert "Voice activation: off" in told("The meeting itself")

    ann.open_meeting(SAMPLE, "?at=1574119917000")
    assert told("Host") == "unknown"
    assert told("Has the floor") == "unknown"
    assert told("Microphone open") == "–"
    assert page.locator("#state dt", has_text="Microphone unknown").inner_text().endswith("3")
    assert "Voice activation: on" in told("The meeting itself")


def test_a_click_on_a_bar_finds_its_record_and_the_way_back(ann: Viewer) -> None:
    """A click on a bar selects the record that began it, in the table too, and hovering tells of
    it; a click on a row moves the cursor there.
    """
    ann.open_meeting(SAMPLE)
    page = ann.page
    stage = page.get_by_role("slider")
    first, last = (
        int(stage.get_attribute(name) or 0) for name in ("aria-valuemin", "aria-valuemax")
    )
    canvas = page.locator(".stage canvas")
    box = canvas.bounding_box()
    assert box
    gutter = 156
    x = gutter + (1574119930000 - first) / (last - first) * (box["width"] - gutter)
    y = 73  # the microphone of A, below the axis and the lane of the meeting

    canvas.hover(position={"x": x, "y": y})
    expect(page.locator(".tip")).to_contain_text("Microphone open")
    expect(page.locator(".tip")).to_contain_text("9bd1c8b20a5b11eab31381603f51d3ae")
    canvas.click(position={"x": x, "y": y})
    expect(page.locator("#record")).to_contain_text("Unmute participant")
    expect(page.locator("#record-3")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(r"at=15741199\d+&record=3"))

    page.locator("#record-8").click()
    expect(page.locator("#record")).to_contain_text("Give floor to participant")
    expect(page.locator("#record")).to_contain_text("The system reacted with")
    expect(stage).to_have_attribute("aria-valuenow", "1574119944636")
    page.locator("#record").get_by_role("button", name="Stop voice activation").click()
    expect(page.locator("#record")).to_contain_text("Followed from")


def test_a_meeting_is_taken_away_in_each_format(ann: Viewer) -> None:
    """CSV, XLSX and JSON Lines are downloads with all records of the meeting; the print page has
    facts, timeline, every record, and who printed it when.
    """
    ann.open_meeting(SAMPLE)
    page = ann.page

    table = list(csv.reader(io.StringIO(taken(page, "csv").read_text("utf-8-sig"))))
    assert len(table) == 1 + 23
    lines = taken(page, "jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["operateTime"] == 1574119913464
    assert len(lines) == 23
    with ZipFile(taken(page, "xlsx")) as book:
        assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") >= 1 + 23

    page.locator("#export-print").click()
    ann.wait_for_meeting(SAMPLE)
    paper = page.locator(".sheet-of-paper")
    expect(paper.locator(".paper-records tbody tr")).to_have_count(23)
    expect(paper.locator("#sheets canvas")).to_have_count(1)
    expect(paper).to_contain_text("Ann Example (ann)")
    expect(paper).to_contain_text(
        re.compile(r"Printed\s*20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC")
    )
    assert page.pdf().startswith(b"%PDF")


def taken(page: Page, form: str) -> Path:
    """The file that the menu gives in a format."""
    if not page.locator("#take-away[open]").count():
        page.locator("#take-away summary").click()
    with page.expect_download() as download:
        page.locator(f"#export-{form}").click()
    file: Download = download.value
    assert file.suggested_filename.endswith(f".{form}")
    return Path(file.path())


def test_the_language_is_switched_in_place(ann: Viewer) -> None:
    """One click, and the page, its title and the words of the records are Chinese, at the same
    address and the same record; so it stays.
    """
    ann.open_meeting(SAMPLE, "?at=1574119945000&record=8")
    page = ann.page
    before = page.url
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#record")).to_contain_text("点名与会方")
    expect(page.locator("#record-8 .operation")).to_have_text("点名与会方")
    expect(page.get_by_role("heading", name="时间线")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert page.url == before

    page.goto(ann.console.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("会议")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Meetings")


def test_colours_follow_the_system_or_the_viewer(chromium: Browser, console: Console) -> None:
    """Pages are dark where the system is, until the viewer chooses; the choice stays."""
    with Viewer.opened(chromium, console, color_scheme="dark") as viewer:
        page = viewer.page
        viewer.go()

        def is_dark() -> bool:
            dark: bool = page.evaluate(
                "getComputedStyle(document.documentElement).colorScheme === 'dark'"
            )
            return dark

        assert is_dark()
        page.get_by_role("button", name="Colours follow the system").click()
        assert not is_dark()
        page.reload()
        expect(page.get_by_role("button", name="Light colours")).to_be_visible()
        assert not is_dark()


def test_each_text_stands_in_every_language(viewer: Viewer) -> None:
    """The modules of texts have the same keys, of the same kinds, and no empty text."""
    viewer.go()
    shapes = viewer.page.evaluate(
        """async () => {
          const shape = (value) =>
            Array.isArray(value) ? value.length
            : value && typeof value === "object"
              ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, shape(value[key])]))
            : value === "" ? "empty" : typeof value;
          const files = ["en", "zh"].map((name) => import(`/console/texts/${name}.js`));
          return (await Promise.all(files)).map(({ texts }) => shape(texts));
        }"""
    )
    english, chinese = shapes
    assert english == chinese
    assert "empty" not in str(english)


def test_times_are_the_viewers_and_utc_is_at_hand(ann: Viewer) -> None:
    """Times are those of the viewer's zone, with UTC beside them; a switch turns all to UTC."""
    ann.open_meeting(SAMPLE)
    page = ann.page
    time = page.locator("#record-0 .time")
    expect(time).to_have_text("07:31:53.464")
    expect(time).to_have_attribute("title", re.compile("2019-11-18 23:31:53.464 UTC"))
    page.get_by_role("button", name="Times are in Asia/Shanghai; change").click()
    expect(time).to_have_text("23:31:53.464")


def test_a_meeting_that_runs_grows_while_it_is_watched(chromium: Browser, console: Console) -> None:
    """Records that are pushed appear by themselves, in the table and in the timeline; what comes
    while the connection is broken appears when it is back, once and in its place.
    """
    with Cable.to(console.service.port) as cable, Viewer.opened(chromium, console) as viewer:
        page = viewer.page
        page.goto(f"https://127.0.0.1:{cable.port}/console/meetings/{RUNNING}")
        viewer.fill_form(ACCOUNT, PASSWORD)
        viewer.wait_for_meeting(RUNNING)
        expect(page.locator("#live")).to_have_text("Live")
        have = int(page.locator("#found").inner_text().split()[0])

        def push(first: int, many: int) -> None:
            records = [
                {"operateTime": 1_767_225_700_000 + place, "operation": "MUTE_PARTICIPANT",
                 "operationObject": f"bed-{place}", "result": "SUCCESS"}
                for place in range(first, first + many)
            ]  # fmt: skip
            console.push(f"{RUNNING}/records", records)

        push(have, 2)
        expect(page.locator("#found")).to_have_text(f"{have + 2} records")
        expect(page.locator("#announcer")).to_have_text(re.compile("new record"))
        stage = page.get_by_role("slider")
        stage.press("End")
        expect(page.locator("#state")).to_contain_text(f"bed-{have + 1}")

        cable.cut()
        expect(page.locator("#live")).to_have_text("Connection lost; trying again")
        push(have + 2, 3)
        cable.mend()
        expect(page.locator("#live")).to_have_text("Live", timeout=10_000)
        expect(page.locator("#found")).to_have_text(f"{have + 5} records")
        stage.press("End")
        expect(page.locator("#record")).to_contain_text(f"bed-{have + 4}")


def test_the_end_of_a_meeting_is_seen_by_whoever_watches(ann: Viewer) -> None:
    """When a meeting that is watched ends, the page says so, and has its end among the facts."""
    conference_uuid = uuid4().hex
    begin = {"startTime": 1_767_300_000_000, "subject": "Fire drill"}
    ann.console.push(conference_uuid, begin, "PUT")
    ann.open_meeting(conference_uuid)
    page = ann.page
    expect(page.get_by_text("No record yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Live")

    ann.console.push(f"{conference_uuid}/end", {"endTime": 1_767_300_120_000})
    expect(page.locator("#live")).to_have_text("The meeting has ended", timeout=10_000)
    expect(page.locator(".facts")).to_contain_text("2 min")


def test_a_stranger_sees_no_meeting_of_others(viewer: Viewer) -> None:
    """Somebody with an account who was invited to nothing finds nothing, and an address that they
    were sent tells them what to do, and nothing of the meeting.
    """
    viewer.sign_in(STRANGER)
    page = viewer.page
    expect(page.get_by_role("heading", name="No meeting yet")).to_be_visible()
    viewer.go(f"meetings/{SAMPLE}")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("link", name="Meetings").first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("sample meeting")
    viewer.go(f"meetings/{'0' * 32}")
    expect(page.get_by_role("alert")).to_be_visible()


def test_whoever_signs_in_again_is_back_where_they_were(viewer: Viewer) -> None:
    """A session that has ended shows the form in place of the page; after it the page is there
    again, at the same address. An open live view notices by itself.
    """
    page = viewer.page
    viewer.sign_in()
    viewer.open_meeting(RUNNING, "?at=1767225602000")
    expect(page.locator("#live")).to_have_text("Live")
    address = page.url
    other = viewer.context.new_page()
    other.goto(viewer.console.url)
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Password")).to_be_visible()

    expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=10_000)
    assert page.url == address
    viewer.fill_form(ACCOUNT, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Night shift handover")
    expect(page.locator("#state")).to_contain_text("ward-3")
    assert page.url == address
    expect(page.locator("#live")).to_have_text("Live")


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(ann: Viewer) -> None:
    """Every request of a visit goes to the service itself, and the strict policy stops nothing
    (a viewer fails on what it would stop).
    """
    asked: list[str] = []
    ann.page.on("request", lambda request: asked.append(request.url))
    ann.open_meeting(SAMPLE, "?at=1574119945000&record=8")
    ann.go("people")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("People")
    ann.go("no/such/page")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    assert len(asked) > 20
    assert all(url.startswith(ann.console.service.url) for url in asked if url[:5] != "data:")


def test_nothing_of_one_viewer_is_left_for_the_next(viewer: Viewer) -> None:
    """When somebody else signs in where a session has ended, the page is opened anew for them."""
    page = viewer.page
    viewer.sign_in()
    viewer.open_meeting(SAMPLE)
    viewer.context.clear_cookies()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_text("登录已过期")).to_be_visible()

    viewer.fill_form(STRANGER, PASSWORD)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("sample meeting")
    expect(page.locator("#records")).to_have_count(0)


def another_window(viewer: Viewer) -> Page:
    """Another window of the same browser, at the form to sign in."""
    other = viewer.context.new_page()
    other.goto(f"{viewer.console.url}sign-in")
    return other


def sign_in_elsewhere(other: Page, account: str) -> None:
    """Sign in through the form of another window."""
    other.get_by_label("Account").fill(account)
    other.get_by_label("Password").fill(PASSWORD)
    other.locator("main form button").click()
    expect(other.locator("header nav")).to_be_visible()


def test_windows_follow_who_signs_out_and_in_elsewhere(viewer: Viewer) -> None:
    """When somebody signs out in one window, the others show nothing more of what they saw; when
    another then signs in, they are opened for that one, at once.
    """
    page = viewer.page
    viewer.sign_in()
    viewer.open_meeting(SAMPLE)
    other = another_window(viewer)
    sign_in_elsewhere(other, ACCOUNT)
    expect(page.get_by_role("heading", level=1)).to_have_text("sample meeting")
    other.get_by_role("button", name="Sign out").click()

    expect(page.get_by_text("Your session has ended")).to_be_visible()
    expect(page.locator("#records")).to_have_count(0)
    sign_in_elsewhere(other, STRANGER)
    expect(page.get_by_role("button", name="Sign out (Sam Stranger)")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("sample meeting")


DEAF = "window.BroadcastChannel = class extends EventTarget { postMessage() {} }"
"""Makes windows that hear nothing of each other, as frozen ones don't."""

LOOKS = {
    "it is looked at again": "document.dispatchEvent(new Event('visibilitychange'))",
    "the browser brings it back": "dispatchEvent(new PageTransitionEvent('pageshow', "
    "{persisted: true}))",
    "a file is asked for": "document.querySelector('#export-csv').click()",
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_window_that_heard_nothing_asks_who_is_signed_in(viewer: Viewer, look: str) -> None:
    """A window that missed that another user signed in is opened for that one."""
    page = viewer.page
    viewer.context.add_init_script(DEAF)
    viewer.sign_in()
    viewer.open_meeting(SAMPLE)
    sign_in_elsewhere(another_window(viewer), STRANGER)
    expect(page.get_by_role("button", name="Sign out (Ann Example)")).to_be_visible()

    page.evaluate(look)
    expect(page.get_by_role("button", name="Sign out (Sam Stranger)")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("sample meeting")


def test_paper_names_who_is_signed_in_by_now(viewer: Viewer) -> None:
    """A print page of a window that missed that another user's session took
    the place of its own never names the one before.
    """
    page = viewer.page
    viewer.context.add_init_script(DEAF)
    viewer.sign_in()
    viewer.open_meeting(SAMPLE)
    sign_in_elsewhere(another_window(viewer), STRANGER)

    page.locator("#take-away summary").click()
    page.locator("#export-print").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out (Sam Stranger)")).to_be_visible()
    expect(page.locator(".paper-facts")).to_have_count(0)


def test_sign_out_works_where_the_session_was_replaced(viewer: Viewer) -> None:
    """Who signs out in a window that missed a new session is signed out; where that fails the
    page says so.
    """
    page = viewer.page
    viewer.context.add_init_script(DEAF)
    viewer.sign_in()
    viewer.open_meeting(SAMPLE)
    other = another_window(viewer)
    sign_in_elsewhere(other, ACCOUNT)

    page.route("**/console/api/session", lambda route: route.abort())
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("alert")).to_contain_text("You are still signed in.")
    page.unroute("**/console/api/session")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page).to_have_url(re.compile("/sign-in$"))
    other.reload()
    expect(other.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        (f"meetings/{SAMPLE}?at=9999999999999999&record=9999999999999999", "sample meeting"),
        (f"meetings/{SAMPLE}?at=8640000000000000", "sample meeting"),
        (f"meetings/{SAMPLE}?from=9999999999999998&to=9999999999999999", "sample meeting"),
        ("?from=9999999999999999&to=9999999999999999", "Meetings"),
        ("?from=8640000000000000", "Meetings"),
        ("meetings/%", "There is no such page"),
        ("people/%E0%A4%A", "There is no such page"),
        ("sign-in#link=%", "Sign in to confledger"),
    ],
)
def test_a_crafted_address_breaks_no_page(ann: Viewer, address: str, heading: str) -> None:
    """What no time can be, and what was never encoded, counts as absent (a viewer fails on what
    goes wrong in the scripts).
    """
    ann.go(address)
    expect(ann.page.get_by_role("heading", level=1)).to_have_text(heading)
    if "meetings/9" in address:
        ann.wait_for_meeting(SAMPLE)
    if "9999" in address and SAMPLE in address:
        expect(ann.page.locator("#found")).to_have_text("23 records")
        expect(ann.page.locator("#state")).to_contain_text("Move the cursor")
    if "link" in address:
        expect(ann.page.get_by_label("Password")).to_be_visible()


def test_a_file_that_is_refused_leaves_the_page(ann: Viewer) -> None:
    """Whoever may no longer have a file reads why, and keeps the page."""
    ann.open_meeting(SAMPLE)
    page = ann.page
    # What the service says of a meeting that is not there.
    page.route(
        "**/export.csv*",
        lambda route: route.continue_(url=route.request.url.replace(SAMPLE, "0" * 32)),
    )
    page.locator("#take-away summary").click()
    page.locator("#export-csv").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("sample meeting")


def test_a_live_view_shows_the_refusal_when_the_right_is_lost(viewer: Viewer) -> None:
    """The rows give way to what the service says."""
    page = viewer.page
    page.add_init_script(
        "window.EventSource = class extends EventSource {"
        "constructor(url) { super(url); window.events = this; } }"
    )
    viewer.sign_in()
    viewer.open_meeting(RUNNING)
    expect(page.locator("#live")).to_have_text("Live")
    # From now on the service answers as it does to somebody who may not see the meeting.
    page.route(
        f"**/conferences/{RUNNING}**",
        lambda route: route.continue_(url=route.request.url.replace(RUNNING, "0" * 32)),
    )
    page.evaluate("events.dispatchEvent(new MessageEvent('forbidden', {data: '{}'}))")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#records")).to_have_count(0)
    expect(page.locator("main")).not_to_contain_text("Night shift handover")
    assert page.evaluate("events.readyState") == 2


def test_a_service_that_is_away_is_told_and_tried_again(ann: Viewer) -> None:
    """Where nothing answers, the page says what to do, and goes on when the service is back."""
    page = ann.page
    page.route("**/console/api/**", lambda route: route.abort())
    page.goto(ann.console.meeting(SAMPLE))
    expect(page.get_by_role("alert")).to_contain_text("The service can't be reached.")
    page.unroute("**/console/api/**")
    page.get_by_role("button", name="Try again").click()
    ann.wait_for_meeting(SAMPLE)
    expect(page.get_by_role("heading", level=1)).to_have_text("sample meeting")
