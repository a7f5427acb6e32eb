"""Asks every call as everybody, and writes down what is answered: the rights matrix.

`generate.py` makes `reference/rights.md` of it; a test holds it against what is expected.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx

from confledger.app import Parts, create_app, open_parts
from confledger.auth.accounts import (
    AdminType,
    App,
    Directory,
    Grant,
    Scope,
    TokenHashes,
    User,
)
from confledger.auth.apps import Apps
from confledger.auth.tokens import API_CLIENT_TYPE, hash_token
from confledger.ledger.conference import (
    Attendance,
    Conference,
    person_by_account,
    person_by_id,
)
from confledger.ledger.record import ControlRecord
from confledger.settings import Settings

CORP: Final = "acme"
OTHER_CORP: Final = "other"
PROVIDER: Final = "provider"
CONFERENCE: Final = "9a0fa6d10a5b11eaae5e191763c22c0e"
HISTORY: Final = "/v1/mmc/management/conferences/history"
ABOUT_TOKENS: Final = "/v1/usg/acs/token"

CALLS: Final = {
    "list": ("GET", f"{HISTORY}?startDate=0&endDate=2000000000000&queryAll=true"),
    "detail": ("GET", f"{HISTORY}/confDetail?confUUID={CONFERENCE}"),
    "attendees": ("GET", f"{HISTORY}/confAttendeeRecord?confUUID={CONFERENCE}"),
    "control records": ("GET", f"{HISTORY}/confCtlRecord?confUUID={CONFERENCE}"),
    "unknown conference": ("GET", f"{HISTORY}/confCtlRecord?confUUID={'0' * 32}"),
    "validate": ("POST", f"{ABOUT_TOKENS}/validate"),
    "refresh": ("PUT", ABOUT_TOKENS),
    "delete": ("DELETE", ABOUT_TOKENS),
}

Answer = tuple[int, str]
"""A status, and a code; of the list, how many conferences it counts."""


async def matrix() -> dict[str, dict[str, Answer]]:
    """What each call answers to everybody: by who asks, then by call."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_parts(Settings(data_folder=Path(folder))) as parts:
            apps = await parts.open_apps()
            people = await _people(parts, apps)
            transport = httpx.ASGITransport(create_app(parts, apps))
            async with httpx.AsyncClient(transport=transport, base_url="https://ledger") as client:
                return {
                    who: {call: await _ask(client, call, await token()) for call in CALLS}
                    for who, token in people.items()
                }


async def _ask(client: httpx.AsyncClient, call: str, token: str | None) -> Answer:
    method, url = CALLS[call]
    headers = {"X-Access-Token": token} if token is not None else {}
    body = {"token": token or "", "needGenNewToken": False} if method == "POST" else None
    answer = await client.request(method, url, headers=headers, json=body)
    if answer.status_code != httpx.codes.OK:
        return answer.status_code, answer.json()["error_code"]
    return answer.status_code, f"count {answer.json()['count']}" if call == "list" else ""


async def _people(parts: Parts, apps: Apps) -> dict[str, Callable[[], Awaitable[str | None]]]:
    """Who asks, each with a way to a new token."""
    tenants, accounts = parts.stores.tenants, parts.stores.accounts

    async def app(name: str, corp_id: str, *scopes: Scope, is_multi_tenant: bool = False) -> App:
        made, _ = await apps.create(
            name, corp_id, frozenset(scopes), is_multi_tenant=is_multi_tenant
        )
        return made

    for corp_id in (CORP, OTHER_CORP, PROVIDER):
        await tenants.add_corp(corp_id, corp_id)
    portal = await app("portal", CORP, "read", "write", "admin")
    reader, writer = await app("reader", CORP, "read"), await app("writer", CORP, "write")
    theirs = await app("theirs", OTHER_CORP, "read", "write", "admin")
    provider = await app("provider", PROVIDER, "read", is_multi_tenant=True)

    async def user(account: str) -> User:
        made = User(
            account.encode().hex().ljust(32, "0")[:32],
            CORP,
            account,
            AdminType.ORDINARY,
            Directory(name=account),
        )
        await tenants.add_user(made, "")
        return made

    scheduler, invited = await user("scheduler"), await user("invited user")
    walk_in, stranger = await user("walk-in"), await user("stranger")
    await _fill(parts, scheduler, invited, walk_in)

    def logged_in(who: User, through: App) -> Callable[[], Awaitable[str]]:
        async def token() -> str:
            return (await parts.tokens.issue(who, through, API_CLIENT_TYPE)).access_token

        return token

    administrator = await apps.default_administrator(CORP)

    async def revoked() -> str:
        token = await logged_in(administrator, portal)()
        await parts.tokens.end(token)
        return token

    async def expired() -> str:
        token = "expired" + str(time.monotonic_ns())
        now_s = int(time.time())
        grant = Grant(administrator, portal, API_CLIENT_TYPE, now_s * 1000, now_s - 1, now_s + 9)
        hashes = TokenHashes(hash_token(token), hash_token("refresh " + token))
        await accounts.keep_grant(hashes, grant, grants_max=64)
        return token

    async def none() -> None:
        return None

    return {
        "SP administrator": logged_in(await apps.default_administrator(PROVIDER), provider),
        "SP app for the corp": logged_in(administrator, provider),
        "administrator": logged_in(administrator, portal),
        "scheduler": logged_in(scheduler, portal),
        "invited user": logged_in(invited, portal),
        "walk-in": logged_in(walk_in, portal),
        "stranger of the corp": logged_in(stranger, portal),
        "other corp": logged_in(await apps.default_administrator(OTHER_CORP), theirs),
        "read-only app": logged_in(administrator, reader),
        "write-only app": logged_in(administrator, writer),
        "revoked token": revoked,
        "expired token": expired,
        "no token": none,
    }


async def _fill(parts: Parts, scheduler: User, invited: User, walk_in: User) -> None:
    """One ended conference, which one user scheduled, one was invited to, and one walked into."""
    conference = Conference(
        conference_uuid=CONFERENCE,
        conference_id="914583037",
        subject="matrix",
        start_time_ms=1_574_119_913_000,
        end_time_ms=1_574_119_957_000,
        scheduler_name="scheduler",
        has_recording=False,
        viewers=frozenset({person_by_id(scheduler.user_id), person_by_account(invited.account)}),
        details="{}",
    )
    stay = Attendance(
        display_name=walk_in.directory.name,
        call_number="+991116004380",
        device_type="",
        join_time_ms=1_574_119_914_000,
        left_time_ms=None,
        media_type="",
        dept_name="",
    )
    record = ControlRecord(
        operate_time_ms=1_574_119_914_000, operator_basis="unknown", operation="MUTE_ALL"
    )
    await parts.stores.conferences.put(CORP, [conference])
    await parts.stores.conferences.put_attendance(CORP, CONFERENCE, 0, [stay])
    await parts.intake.take(CORP, {CONFERENCE: [record]})


def page() -> str:
    """The matrix as a page."""
    seen = asyncio.run(matrix())
    introduction = (
        "Every call that takes a token, asked by everybody: the status, and the error code or,"
        " of the list, how many conferences it counts. The conference was scheduled by one user of"
        " its corp, another was invited to it, and a third walked in."
    )
    lines = [
        f"# Rights\n\n{introduction}\n",
        f"| who | {' | '.join(CALLS)} |",
        "| --- |" + " --- |" * len(CALLS),
    ]
    for who, answers in seen.items():
        cells = (" ".join(filter(None, (str(status), code))) for status, code in answers.values())
        lines.append(f"| {who} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
