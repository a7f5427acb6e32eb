"""Asks every call as everybody, beside what is expected: the rights matrix.

`generate.py` makes `reference/rights.md` of it; a test holds the two against each other.
"""

import asyncio
import base64
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx

from confledger.app import Parts, create_app, open_parts
from confledger.auth.accounts import AdminType, App, Directory, Grant, Scope, TokenHashes, User
from confledger.auth.apps import Apps
from confledger.auth.passwords import hash_password
from confledger.auth.signature import sign
from confledger.auth.tokens import API_CLIENT_TYPE, hash_token
from confledger.console.sessions import COOKIE
from confledger.ledger.conference import (
    Attendance,
    Conference,
    ConferenceNews,
    person_by_account,
    person_by_id,
)
from confledger.ledger.record import ControlRecord
from confledger.settings import Settings
from confledger.wire import account_auth, app_auth, push

CORP: Final = "acme"
OTHER_CORP: Final = "other"
PROVIDER: Final = "provider"
CONFERENCE: Final = "9a0fa6d10a5b11eaae5e191763c22c0e"
HISTORY: Final = "/v1/mmc/management/conferences/history"
ABOUT_TOKENS: Final = "/v1/usg/acs/token"
CONSOLE: Final = "/console/api/conferences"
PASSWORD: Final = "correct horse"  # noqa: S105 - of users who are gone with their store
NONCE: Final = "n" * 32
BEGAN_MS: Final = 1_574_119_913_000
JOINED_MS: Final = BEGAN_MS + 1_000
NUMBER: Final = "+991116004380"

CALLS: Final = {
    "app id login": ("POST", app_auth.PATH),
    "account login": ("POST", account_auth.PATH),
    "list": ("GET", f"{HISTORY}?startDate=0&endDate=2000000000000&queryAll=true"),
    "detail": ("GET", f"{HISTORY}/confDetail?confUUID={CONFERENCE}"),
    "attendees": ("GET", f"{HISTORY}/confAttendeeRecord?confUUID={CONFERENCE}"),
    "control records": ("GET", f"{HISTORY}/confCtlRecord?confUUID={CONFERENCE}"),
    "unknown conference": ("GET", f"{HISTORY}/confCtlRecord?confUUID={'0' * 32}"),
    "console list": ("GET", CONSOLE),
    "console meeting": ("GET", f"{CONSOLE}/{CONFERENCE}"),
    "console records": ("GET", f"{CONSOLE}/{CONFERENCE}/records"),
    "console timeline": ("GET", f"{CONSOLE}/{CONFERENCE}/timeline"),
    "console live": ("GET", f"{CONSOLE}/{CONFERENCE}/events"),
    "console file": ("GET", f"{CONSOLE}/{CONFERENCE}/export.csv"),
    "console unknown": ("GET", f"{CONSOLE}/{'0' * 32}/records"),
    "push conference": ("PUT", push.PATH.format(conference_uuid=CONFERENCE)),
    "push records": ("POST", push.RECORDS_PATH.format(conference_uuid=CONFERENCE)),
    "push attendees": ("POST", push.ATTENDEES_PATH.format(conference_uuid=CONFERENCE)),
    "push end": ("POST", push.END_PATH.format(conference_uuid=CONFERENCE)),
    "validate": ("POST", f"{ABOUT_TOKENS}/validate"),
    "refresh": ("PUT", ABOUT_TOKENS),
    "delete": ("DELETE", ABOUT_TOKENS),
}

LOGINS: Final = ("app id login", "account login")
LISTS: Final = ("list", "console list")

# What is pushed is what the conference's corp knows already, so it changes nothing there.
PUSHED: Final[dict[str, Any]] = {
    "push conference": {"subject": "matrix", "startTime": BEGAN_MS},
    "push records": [{"operateTime": JOINED_MS, "operation": "MUTE_ALL"}],
    "push attendees": [{"displayName": "walk-in", "callNumber": NUMBER, "joinTime": JOINED_MS}],
    "push end": {},
}

Answer = tuple[int, str]
"""A status, and a code; of a list, how many conferences it has."""

DONE: Final = (200, "")
MADE: Final = (201, "")
ONE: Final = (200, "count 1")
NONE: Final = (200, "count 0")
UNKNOWN: Final = (400, "MMC.111070005")
NOT_PERMITTED: Final = (403, "MMC.111070002")
NO_TOKEN: Final = (401, "USG.000000004")
WRONG_SIGNATURE: Final = (401, "USG.206010025")
WRONG_PASSWORD: Final = (401, "USG.206010000")

# The parts of a row: both logins; list, detail, attendees, control records and an
# unknown conference; list, meeting, records, timeline, live view, file and an unknown
# conference of the console; the four pushes; validate, refresh and delete.
LOGS_IN: Final = (DONE,) * 2
SEES_IT: Final = (ONE, DONE, DONE, DONE, UNKNOWN, ONE, *(DONE,) * 5, UNKNOWN)
SEES_NOTHING: Final = (NONE, *(UNKNOWN,) * 4, NONE, *(UNKNOWN,) * 6)
MAY_NOT_SEE_IT: Final = (
    *(NONE, *(NOT_PERMITTED,) * 3, UNKNOWN),
    *(NONE, *(NOT_PERMITTED,) * 5, UNKNOWN),
)
PUSHES: Final = (DONE,) * 4
PUSHES_ANOTHER: Final = (MADE, DONE, DONE, DONE)
MAY_NOT_PUSH: Final = (NOT_PERMITTED,) * 4
HAS_A_TOKEN: Final = (DONE,) * 3
HAS_CREDENTIALS_ONLY: Final = LOGS_IN + (NO_TOKEN,) * 19
HAS_NOTHING: Final = (WRONG_SIGNATURE, WRONG_PASSWORD) + (NO_TOKEN,) * 19

EXPECTED: Final[dict[str, tuple[Answer, ...]]] = {
    "SP administrator": LOGS_IN + SEES_NOTHING + PUSHES_ANOTHER + HAS_A_TOKEN,
    "SP app for the corp": LOGS_IN + SEES_IT + PUSHES + HAS_A_TOKEN,
    "administrator": LOGS_IN + SEES_IT + PUSHES + HAS_A_TOKEN,
    "scheduler": LOGS_IN + SEES_IT + MAY_NOT_PUSH + HAS_A_TOKEN,
    "invited user": LOGS_IN + SEES_IT + MAY_NOT_PUSH + HAS_A_TOKEN,
    "walk-in": LOGS_IN + MAY_NOT_SEE_IT + MAY_NOT_PUSH + HAS_A_TOKEN,
    "stranger of the corp": LOGS_IN + MAY_NOT_SEE_IT + MAY_NOT_PUSH + HAS_A_TOKEN,
    "other corp": LOGS_IN + SEES_NOTHING + PUSHES_ANOTHER + HAS_A_TOKEN,
    "read-only app": LOGS_IN + SEES_IT + MAY_NOT_PUSH + HAS_A_TOKEN,
    "write-only app": LOGS_IN + (NOT_PERMITTED,) * 12 + PUSHES + HAS_A_TOKEN,
    "revoked token": HAS_CREDENTIALS_ONLY,
    "expired token": HAS_CREDENTIALS_ONLY,
    "wrong token": HAS_NOTHING,
    "no token": HAS_NOTHING,
}
"""What the rules say: by who asks, in the order of `CALLS`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks, with what they have."""

    token: Callable[[], Awaitable[str | None]]
    """A way to a new token, which is sent with every call: to the console as its cookie."""
    user_id: str
    """Whom a login has to let in."""
    app_login: Mapping[str, str]
    """Whom the app login names: `appId`, and `corpId` and `userId` where it says them."""
    signature: str | None
    """That of the app login; None: it is not signed."""
    account: str
    password: str | None
    """None: none is sent."""


async def matrix(store: str = "") -> dict[str, dict[str, Answer]]:
    """What each call answers to everybody: by who asks, then by call.

    Args:
        store: the URL of an empty one; without it, a file that goes again.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with open_parts(Settings(data_folder=Path(folder), store=store)) as parts:
            apps = await parts.open_apps()
            callers = await _callers(parts, apps)
            transport = httpx.ASGITransport(create_app(parts, apps))
            async with httpx.AsyncClient(transport=transport, base_url="https://ledger") as client:
                return {
                    who: {call: await _ask(client, call, caller) for call in CALLS}
                    for who, caller in callers.items()
                }


async def _ask(client: httpx.AsyncClient, call: str, caller: Caller) -> Answer:
    method, url = CALLS[call]
    token = await caller.token()
    headers = _headers(url, token)
    body: Any = PUSHED.get(call)
    if call == "app id login":
        body = {"clientType": API_CLIENT_TYPE, "expireTime": 0, "nonce": NONCE, **caller.app_login}
        if caller.signature is not None:
            headers["Authorization"] = f"HMAC-SHA256 signature={caller.signature}"
    elif call == "account login":
        body = {"clientType": API_CLIENT_TYPE, "account": caller.account}
        if caller.password is not None:
            credentials = f"{caller.account}:{caller.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
    elif call == "validate":
        body = {"token": token or "", "needGenNewToken": False}
    answer = await client.request(method, url, headers=headers, json=body)
    if not answer.is_success:
        return answer.status_code, answer.json()["error_code"]
    if call in LISTS:
        told = answer.json()
        return answer.status_code, f"count {told.get('count', len(told['data']))}"
    if call in LOGINS and answer.json()["user"]["userId"] != caller.user_id:
        return answer.status_code, "another user"
    return answer.status_code, ""


def _headers(url: str, token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    if url.startswith(CONSOLE):
        return {"Cookie": f"{COOKIE}={token}"}
    return {"X-Access-Token": token}


async def _callers(parts: Parts, apps: Apps) -> dict[str, Caller]:
    """Who asks."""
    tenants, accounts = parts.stores.tenants, parts.stores.accounts
    password_hash = hash_password(PASSWORD)
    keys: dict[str, str] = {}

    async def app(name: str, corp_id: str, *scopes: Scope, is_multi_tenant: bool = False) -> App:
        made, keys[made.app_id] = await apps.create(
            name, corp_id, frozenset(scopes), is_multi_tenant=is_multi_tenant
        )
        return made

    for corp_id in (CORP, OTHER_CORP, PROVIDER):
        await tenants.add_corp(corp_id, corp_id)
    portal = await app("portal", CORP, "read", "write", "admin")
    reader, writer = await app("reader", CORP, "read"), await app("writer", CORP, "write")
    theirs = await app("theirs", OTHER_CORP, "read", "write", "admin")
    provider = await app("provider", PROVIDER, "read", "write", is_multi_tenant=True)

    async def user(
        account: str, corp_id: str = CORP, admin_type: AdminType = AdminType.ORDINARY
    ) -> User:
        user_id = account.encode().hex().ljust(32, "0")[:32]
        made = User(user_id, corp_id, account, admin_type, Directory(name=account))
        await tenants.add_user(made, password_hash)
        return made

    scheduler, invited = await user("scheduler"), await user("invited user")
    walk_in, stranger = await user("walk-in"), await user("stranger")
    administrator, their_administrator, provider_administrator = [
        await user(f"{corp_id} administrator", corp_id, AdminType.DEFAULT_ADMINISTRATOR)
        for corp_id in (CORP, OTHER_CORP, PROVIDER)
    ]
    await _fill(parts, scheduler, invited, walk_in)

    def caller(
        who: User, through: App, token: Callable[[], Awaitable[str | None]] | None = None
    ) -> Caller:
        async def new_token() -> str:
            return (await parts.tokens.issue(who, through, API_CLIENT_TYPE)).access_token

        is_default = who.admin_type is AdminType.DEFAULT_ADMINISTRATOR
        said = {"userId": "" if is_default else who.account}
        if through.is_multi_tenant:
            said = {"corpId": "" if who.corp_id == through.corp_id else who.corp_id, **said}
        signature = sign(keys[through.app_id], through.app_id, *said.values(), "0", NONCE)
        return Caller(
            token or new_token,
            who.user_id,
            {"appId": through.app_id, **said},
            signature,
            who.account,
            PASSWORD,
        )

    as_administrator = caller(administrator, portal)

    async def revoked() -> str:
        token = (await parts.tokens.issue(administrator, portal, API_CLIENT_TYPE)).access_token
        await parts.tokens.end(token)
        return token

    async def expired() -> str:
        token = "expired" + str(time.monotonic_ns())
        now_s = int(time.time())
        grant = Grant(administrator, portal, API_CLIENT_TYPE, now_s * 1000, now_s - 1, now_s + 9)
        hashes = TokenHashes(hash_token(token), hash_token("refresh " + token))
        await accounts.keep_grant(hashes, grant, grants_max=64)
        return token

    return {
        "SP administrator": caller(provider_administrator, provider),
        "SP app for the corp": caller(administrator, provider),
        "administrator": as_administrator,
        "scheduler": caller(scheduler, portal),
        "invited user": caller(invited, portal),
        "walk-in": caller(walk_in, portal),
        "stranger of the corp": caller(stranger, portal),
        "other corp": caller(their_administrator, theirs),
        "read-only app": caller(administrator, reader),
        "write-only app": caller(administrator, writer),
        "revoked token": replace(as_administrator, token=revoked),
        "expired token": replace(as_administrator, token=expired),
        "wrong token": replace(
            as_administrator, token=_made_up, signature="0" * 64, password=PASSWORD.upper()
        ),
        "no token": replace(as_administrator, token=_none, signature=None, password=None),
    }


async def _made_up() -> str:
    return "cfl" + "0" * 33


async def _none() -> None:
    return None


async def _fill(parts: Parts, scheduler: User, invited: User, walk_in: User) -> None:
    """One ended conference, which one user scheduled, one was invited to, and one walked into."""
    conference = Conference(
        conference_uuid=CONFERENCE,
        conference_id="914583037",
        subject="matrix",
        start_time_ms=BEGAN_MS,
        end_time_ms=BEGAN_MS + 44_000,
        scheduler_name="scheduler",
        has_recording=False,
        viewers=frozenset({person_by_id(scheduler.user_id), person_by_account(invited.account)}),
        details="{}",
    )
    stay = Attendance(
        display_name=walk_in.directory.name,
        call_number=NUMBER,
        device_type="",
        join_time_ms=JOINED_MS,
        left_time_ms=None,
        media_type="",
        dept_name="",
    )
    record = ControlRecord(
        operate_time_ms=JOINED_MS, operator_basis="unknown", operation="MUTE_ALL"
    )
    news = ConferenceNews(conference_uuid=CONFERENCE, conference=conference, stays=[stay])
    await parts.stores.conferences.put(CORP, [news])
    await parts.intake.take(CORP, {CONFERENCE: [record]})


def page() -> str:
    """The matrix as a page."""
    seen = asyncio.run(matrix())
    lines = [
        _INTRODUCTION,
        f"| who | {' | '.join(CALLS)} |",
        "| --- |" + " --- |" * len(CALLS),
    ]
    for who, answers in seen.items():
        cells = map(cell, EXPECTED[who], answers.values())
        lines.append(f"| {who} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(expected: Answer, seen: Answer) -> str:
    """What is expected and what was seen: once with a mark where it is the same."""
    wanted, got = (" ".join(filter(None, (str(status), code))) for status, code in (expected, seen))
    return f"✓ {got}" if wanted == got else f"✗ expected {wanted}, seen {got}"


_INTRODUCTION: Final = """\
# Rights

Every call, asked by everybody: the status, and the error code or, of a list, how many
conferences it has.

- ✓ what the rules say, and what the service answered when this page was made, are both this;
- ✗ they differ, and both are given. A test allows none.

The conference was scheduled by one user of its corp, another was invited to it, and a third walked
in. Each asks with a token that an app got for them, and logs in with what they have:

- **app id login**: the app's id, and a signature with its key, for that user. A default
  administrator is named by no user id; the SP app names the corp, unless it is its own.
- **account login**: the user's account and password, without any app. All have a password.

What is pushed is what the ledger knows of the conference already. An administrator of another corp
who pushes it makes another conference, of that corp, with the same id: 201.

The console asks with the same token, as the cookie of its session, and answers everybody as the
API does.

A login looks at these alone: the token is sent along, and does not matter. Why an SP app, which is
multi-tenant, acts for every corp is [a decision](../decisions/0011-multi-tenant-apps.md).

| who | is |
| --- | --- |
| SP administrator | the default administrator of a multi-tenant app's own corp, through that app |
| SP app for the corp | the default administrator of the conference's corp, through that app |
| administrator | the default administrator of the conference's corp, through an app of its own |
| scheduler, invited user | the two who may see the conference, through the same app |
| walk-in | somebody who was in the conference without an invitation, likewise |
| stranger of the corp | somebody who has nothing to do with the conference, likewise |
| other corp | the default administrator of another corp, through an app of that corp |
| read-only app, write-only app | the administrator, through an app that has only that scope |
| revoked token, expired token | the administrator, whose token ended; key and password are right |
| wrong token | somebody who made up the token, the signature and the password |
| no token | somebody who sends none of the three |
"""
