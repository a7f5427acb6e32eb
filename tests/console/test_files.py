"""The files of the console's pages: how they are served, and what is no file."""

from collections.abc import AsyncIterator

import httpx
import pytest

from confledger.app import Parts
from console.browsing import browser_of

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.fixture
async def browser(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody has signed in with."""
    async with browser_of(parts) as opened:
        yield opened


PAGES = ["", "sign-in", "meetings/" + "0" * 32, "meetings/x/print", "people", "people/a.js"]


@pytest.mark.parametrize("page", PAGES)
async def test_the_shell_is_every_page(browser: httpx.AsyncClient, page: str) -> None:
    """A link that somebody sends works: the shell needs no session, and reads the address."""
    answer = await browser.get(f"/console/{page}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (await browser.get("/console/")).content
    assert answer.headers["x-request-id"]


async def test_nothing_can_be_loaded_from_elsewhere(browser: httpx.AsyncClient) -> None:
    """The policy allows no inline script or style, no other host, and no frame around it."""
    headers = (await browser.get("/console/")).headers
    policy = set(headers["content-security-policy"].split("; "))
    assert policy > POLICY
    assert not any("unsafe" in each or "http" in each or "*" in each for each in policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


async def test_a_file_is_asked_for_again_and_not_sent_again(browser: httpx.AsyncClient) -> None:
    """A browser that has it is told so, for the packed form and for the plain one."""
    for encoding in ("gzip", "identity"):
        asked = {"Accept-Encoding": encoding}
        first = await browser.get("/console/", headers=asked)
        assert first.headers["cache-control"] == "no-cache"
        known = {**asked, "If-None-Match": f'"x", W/{first.headers["etag"]}'}
        again = await browser.get("/console/", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
        other = await browser.get("/console/", headers={**asked, "If-None-Match": '"x"'})
        assert other.status_code == 200


async def test_files_are_packed_once_for_who_can_unpack(browser: httpx.AsyncClient) -> None:
    """The packed form has another tag, says so, and is the same file."""
    packed = await browser.get("/console/main.js", headers={"Accept-Encoding": "gzip"})
    plain = await browser.get("/console/main.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_head_is_get_without_a_body(browser: httpx.AsyncClient) -> None:
    """Whoever only looks gets the headers."""
    head, get = await browser.head("/console/"), await browser.get("/console/")
    assert head.status_code == 200
    assert head.content == b""
    names = ("etag", "content-length", "content-type", "content-security-policy")
    assert {name: head.headers[name] for name in names} == {
        name: get.headers[name] for name in names
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing.js", 404),
        ("GET", "vendor/nothing.css", 404),
        ("GET", "../answers.py", 404),
        ("GET", "%2e%2e/pages/index.html", 404),
        ("GET", "api/nothing", 404),
        ("GET", "api/", 404),
        ("POST", "", 405),
        ("POST", "api/conferences", 405),
        ("PUT", "api/session", 405),
    ],
)
async def test_what_is_not_there_is_an_error(
    browser: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """No path leads out of the folder, and what is missing is told in a sentence."""
    answer = await browser.request(method, f"/console/{path}")
    assert answer.status_code == status
    assert answer.json()["error_msg"]
    assert answer.headers["x-request-id"]


async def test_the_address_without_a_slash_leads_there(browser: httpx.AsyncClient) -> None:
    """Somebody types `/console`."""
    answer = await browser.get("/console")
    assert answer.is_redirect
    assert answer.headers["location"] == "/console/"
