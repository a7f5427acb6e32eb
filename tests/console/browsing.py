"""A browser of the console without its pages: it keeps the cookie, and asks as they do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from confledger.app import Parts, create_app
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.passwords import hash_password

API = "/console/api"
ORIGIN = "https://ledger.test"
PASSWORD = "correct horse"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en-US"}


@asynccontextmanager
async def browser_of(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody has signed in with."""
    app = create_app(parts, await parts.open_apps())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=ORIGIN, headers=SAME_ORIGIN
    ) as opened:
        yield opened


async def add_user(
    parts: Parts,
    account: str,
    *,
    corp_id: str = DEFAULT_CORP_ID,
    admin_type: AdminType = AdminType.ORDINARY,
) -> User:
    """A user with `PASSWORD`."""
    user_id = f"{corp_id}.{account}".encode().hex().ljust(32, "0")[:32]
    user = User(user_id, corp_id, account, admin_type, Directory(name=account.title()))
    await parts.stores.tenants.add_corp(corp_id, corp_id)
    await parts.stores.tenants.add_user(user, hash_password(PASSWORD))
    return user


async def sign_in(browser: httpx.AsyncClient, account: str) -> dict[str, Any]:
    """Sign in with a password; the session as the page is told."""
    body = {"account": account, "password": PASSWORD}
    answer = await browser.post(f"{API}/session", json=body)
    assert answer.status_code == 200, answer.text
    session: dict[str, Any] = answer.json()
    return session
