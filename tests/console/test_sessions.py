"""Signing in to the console, and out of it: cookies, links, and what other pages can't do."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Grant, TokenHashes
from confledger.auth.passwords import FAILURES_MAX
from confledger.auth.tokens import API_CLIENT_TYPE, hash_token
from confledger.console.sessions import COOKIE, csrf_token
from console.browsing import API, ORIGIN, PASSWORD, add_user, browser_of, sign_in

SESSION = f"{API}/session"
BODY = {"account": "ann", "password": PASSWORD}


@pytest.fixture
async def browser(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with which nobody has signed in, of a store with ann, an administrator."""
    await add_user(parts, "ann", admin_type=AdminType.ADMINISTRATOR)
    async with browser_of(parts) as opened:
        yield opened


async def link_of(parts: Parts, account: str = "ann", *, minutes: int = 10) -> str:
    """The secret of a new link."""
    users = {each.account: each for each in await parts.stores.tenants.users(DEFAULT_CORP_ID)}
    return await parts.links.make(users[account], minutes=minutes)


async def test_a_password_gives_a_session(parts: Parts, browser: httpx.AsyncClient) -> None:
    """The answer tells who is signed in, and so does each later question."""
    session = await sign_in(browser, "ann")

    assert session["user"]["account"] == "ann"
    assert session["user"]["isAdministrator"] is True
    assert session["corp"] == {"id": "default", "name": "default"}
    assert session["masksNumbers"] is True
    assert session["expireTimeMs"] > time.time() * 1000
    assert (await browser.get(SESSION)).json() == session
    token = browser.cookies[COOKIE]
    assert session["csrfToken"] == csrf_token(token) != token
    assert (await parts.tokens.verify(token)).account == "ann"


async def test_no_script_and_no_other_site_gets_the_cookie(browser: httpx.AsyncClient) -> None:
    """The cookie is for TLS alone, for no script, for no other site, and for this host."""
    answer = await browser.post(SESSION, json=BODY)

    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert cookie.startswith("__Host-confledger=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} < set(attributes)
    assert not any(each.startswith("Domain") for each in attributes)
    (max_age,) = (each for each in attributes if each.startswith("Max-Age="))
    assert 0 < int(max_age.removeprefix("Max-Age=")) <= 24 * 3600
    assert browser.cookies[COOKIE] not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_signing_out_ends_the_session(browser: httpx.AsyncClient) -> None:
    """The cookie goes, and whoever has kept it is refused."""
    session = await sign_in(browser, "ann")
    token = browser.cookies[COOKIE]

    answer = await browser.delete(SESSION, headers={"X-CSRF-Token": session["csrfToken"]})

    assert answer.status_code == 204
    assert COOKIE not in browser.cookies
    kept = {"Cookie": f"{COOKIE}={token}"}
    assert (await browser.get(SESSION, headers=kept)).status_code == 401
    assert (await browser.get(f"{API}/conferences", headers=kept)).status_code == 401


@pytest.mark.parametrize("call", ["session", "conferences", "conferences/" + "0" * 32])
async def test_without_a_session_nothing_is_told(browser: httpx.AsyncClient, call: str) -> None:
    """Without a cookie, and with a made-up one, the answer is that one has to sign in."""
    for headers in ({}, {"Cookie": f"{COOKIE}=cfl{'0' * 33}"}, {"X-Access-Token": "x"}):
        answer = await browser.get(f"{API}/{call}", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "USG.000000004")
        assert answer.headers["x-request-id"]


async def test_a_session_that_is_over_is_refused(parts: Parts, browser: httpx.AsyncClient) -> None:
    """At its end, and when the user is disabled, a session is no session any more."""
    (ann,) = await parts.stores.tenants.users(DEFAULT_CORP_ID)
    now_s = int(time.time())
    grant = Grant(ann, None, API_CLIENT_TYPE, now_s * 1000, now_s - 1, now_s + 900)
    hashes = TokenHashes(hash_token("over"), hash_token("refresh"))
    await parts.stores.accounts.keep_grant(hashes, grant, grants_max=64)
    over = {"Cookie": f"{COOKIE}=over"}
    assert (await browser.get(SESSION, headers=over)).status_code == 401

    await sign_in(browser, "ann")
    await parts.stores.tenants.change_user(DEFAULT_CORP_ID, "ann", is_disabled=True)
    assert (await browser.get(SESSION)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": ORIGIN + ".evil.test"},
        {},
    ],
)
async def test_another_site_can_neither_sign_in_nor_out(
    parts: Parts, browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """What comes from another origin, or from nobody knows where, changes nothing."""
    session = await sign_in(browser, "ann")
    cookie = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    async with browser_of(parts) as other:
        del other.headers["Sec-Fetch-Site"]
        signed_in = await other.post(SESSION, json=BODY, headers=headers)
        csrf = {"X-CSRF-Token": session["csrfToken"]}
        signed_out = await other.delete(SESSION, headers={**headers, **cookie, **csrf})
    for answer in (signed_in, signed_out):
        assert (answer.status_code, answer.json()["error_code"]) == (403, "LEDGER.000000403")
        assert "set-cookie" not in answer.headers
    assert (await browser.get(SESSION)).status_code == 200


async def test_an_old_browser_names_its_origin(browser: httpx.AsyncClient) -> None:
    """Where a browser does not say `Sec-Fetch-Site`, the origin has to have the host asked."""
    del browser.headers["Sec-Fetch-Site"]
    answer = await browser.post(SESSION, json=BODY, headers={"Origin": ORIGIN})
    assert answer.status_code == 200


@pytest.mark.parametrize("shown", [None, "", "0" * 64, "ä"])
async def test_signing_out_needs_the_csrf_token(
    browser: httpx.AsyncClient, shown: str | None
) -> None:
    """A page that was not told the token of the session can't end it."""
    await sign_in(browser, "ann")
    headers = (
        httpx.Headers() if shown is None else httpx.Headers([("X-CSRF-Token", shown)], "utf-8")
    )
    answer = await browser.delete(SESSION, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "LEDGER.000000403")
    assert (await browser.get(SESSION)).status_code == 200


async def test_signing_in_again_ends_the_session_before(browser: httpx.AsyncClient) -> None:
    """A browser has one session: nobody has the cookie of the other any more."""
    await sign_in(browser, "ann")
    before = browser.cookies[COOKIE]
    await sign_in(browser, "ann")
    assert browser.cookies[COOKIE] != before
    answer = await browser.get(SESSION, headers={"Cookie": f"{COOKIE}={before}"})
    assert answer.status_code == 401


async def test_a_wrong_password_is_counted(browser: httpx.AsyncClient) -> None:
    """The count is the API's: after five the account is locked, for the right password too."""
    for _ in range(FAILURES_MAX):
        answer = await browser.post(SESSION, json={**BODY, "password": "wrong"})
        assert (answer.status_code, answer.json()["error_code"]) == (401, "USG.206010000")
        assert "set-cookie" not in answer.headers
    answer = await browser.post(SESSION, json=BODY)
    assert answer.status_code == 423
    assert "wait" in answer.json()["error_msg"].lower()


async def test_a_corp_has_to_be_the_users(browser: httpx.AsyncClient) -> None:
    """Who names a corp is let into that one, or not at all."""
    wrong = await browser.post(SESSION, json={**BODY, "corp": "other"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    right = await browser.post(SESSION, json={**BODY, "corp": "default"})
    assert right.status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "account"),
        ({"account": "ann"}, "password"),
        ({"account": 7, "password": "x"}, "account"),
        ({"link": "x", "account": "ann"}, "link"),
        ({"user": "ann"}, "user"),
        ({"account": "a" * 256, "password": "x"}, "account"),
    ],
)
async def test_a_wrong_body_names_the_field(
    browser: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    """What is missing or malformed is told, in the reader's language."""
    answer = await browser.post(SESSION, json=body)
    assert answer.status_code == 400
    assert answer.json()["error_msg"].startswith(f"{field} ")
    chinese = await browser.post(SESSION, json=body, headers={"Accept-Language": "zh-CN"})
    assert f"请求中的 {field} 不符合要求" in chinese.json()["error_msg"]


async def test_a_form_of_another_page_is_no_json(browser: httpx.AsyncClient) -> None:
    """A body that a plain form could send is not read."""
    answer = await browser.post(SESSION, data={"account": "ann", "password": PASSWORD})
    assert answer.status_code == 415


async def test_a_link_signs_in_once(parts: Parts, browser: httpx.AsyncClient) -> None:
    """Of many that use it at once one is let in, and after that nobody."""
    secret = await link_of(parts)

    answers = await asyncio.gather(
        *(browser.post(SESSION, json={"link": secret}) for _ in range(5)),
    )

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 401, 401, 401, 401]
    (session,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert session["user"]["account"] == "ann"
    late = await browser.post(SESSION, json={"link": secret})
    assert (late.status_code, late.json()["error_code"]) == (401, "LEDGER.000000401")


async def test_a_link_ends_with_its_time(parts: Parts, browser: httpx.AsyncClient) -> None:
    """A link is good for its minutes, and the next one that is made takes the old ones away."""
    secret = await link_of(parts, minutes=0)
    other = await link_of(parts)
    assert (await browser.post(SESSION, json={"link": secret})).status_code == 401
    assert (await browser.post(SESSION, json={"link": other})).status_code == 200


@pytest.mark.parametrize("change", [{"is_disabled": True}, {"password_hash": ""}])
async def test_a_link_ends_with_what_it_stands_on(
    parts: Parts, browser: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    """Whoever is disabled, or gets another password, has no link any more."""
    secret = await link_of(parts)
    await parts.stores.tenants.change_user(DEFAULT_CORP_ID, "ann", **change)
    await parts.stores.tenants.change_user(DEFAULT_CORP_ID, "ann", is_disabled=False)
    assert (await browser.post(SESSION, json={"link": secret})).status_code == 401


async def test_the_store_keeps_no_secret_of_a_link(parts: Parts) -> None:
    """What is kept is a hash, by which nobody can sign in."""
    await add_user(parts, "ann")
    secret = await link_of(parts)
    assert await parts.stores.accounts.take_link(secret.encode(), 0) is None
    login = await parts.stores.accounts.take_link(hash_token(secret), 0)
    assert login
    assert replace(login.user, is_disabled=False).account == "ann"


@pytest.mark.parametrize("secret", ["", "x", "x" * 200, "\0", "é"])
async def test_a_made_up_link_is_refused(browser: httpx.AsyncClient, secret: str) -> None:
    """Whatever is no secret of ours is a wrong link."""
    answer = await browser.post(SESSION, json={"link": secret})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "LEDGER.000000401")
