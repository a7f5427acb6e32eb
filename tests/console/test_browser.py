"""The console as somebody without code uses it: in Chromium, over TLS, on a real store."""

import re

from playwright.sync_api import expect

from console.browser.viewing import Console, Viewer


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
    expect(page.locator(".much", has_text="5,000 records")).to_be_visible()
    page.locator(".row", has_text="5,000 records").get_by_role("link").click()

    viewer.wait_for_meeting(console.filled.middle)
    expect(page.get_by_role("heading", level=1)).to_have_text(console.filled.middle_subject)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("#found")).to_have_text("5,000 records")
    expect(page.get_by_role("slider")).to_be_visible()
    assert page.title() == f"{console.filled.middle_subject} · confledger"
