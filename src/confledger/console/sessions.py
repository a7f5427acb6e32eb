"""Signing in and out: `POST`, `GET` and `DELETE` of `session`.

A session is an ordinary access token in a cookie. What a page of somebody else's makes the
browser do is refused: it can't read the CSRF token, which is told to the console's own pages.
"""

import hashlib
import hmac
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.accounts import AccountStore, AdminType, Principal
from confledger.auth.links import Links
from confledger.auth.passwords import Passwords
from confledger.auth.tokens import API_CLIENT_TYPE, Session, Tokens
from confledger.console.answers import ConsoleJSON, answer
from confledger.errors import (
    ForeignRequest,
    InvalidLogin,
    PasswordRejected,
    TokenRejected,
    UnknownMedia,
)
from confledger.wire.bodies import read_json
from confledger.wire.reading import as_reader

COOKIE: Final = "__Host-confledger"
"""The prefix makes browsers take it only over TLS, for this host and all its paths."""

CSRF_HEADER: Final = "X-CSRF-Token"

_JSON: Final = "application/json"
_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Strict"

_Short = Annotated[str, msgspec.Meta(max_length=255)]


class SignInJSON(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a sign-in: account and password, or a link's secret. Null counts as absent."""

    account: _Short | None = None
    password: _Short | None = None
    corp: _Short | None = None
    link: _Short | None = None


class UserJSON(msgspec.Struct):
    """Who is signed in."""

    id: str
    name: str
    account: str
    isAdministrator: bool


class CorpJSON(msgspec.Struct):
    """The corp whose meetings they see."""

    id: str
    name: str


class SessionJSON(msgspec.Struct):
    """A session, for the page that it belongs to."""

    user: UserJSON
    corp: CorpJSON
    csrfToken: str
    expireTimeMs: int
    masksNumbers: bool


def session_token(request: Request) -> str | None:
    """The access token in a request's cookie, if it has one."""
    return request.cookies.get(COOKIE)


def csrf_token(access_token: str) -> str:
    """What a page of the console has to show beside the cookie."""
    return hmac.new(access_token.encode(), b"confledger console csrf", hashlib.sha256).hexdigest()


def require_same_origin(request: Request) -> None:
    """Let only the console's own pages make the browser ask.

    `Sec-Fetch-Site` is the browser's own word, and is right behind any proxy. A browser too old to
    say it names the origin of the page, which has to have the host that is asked.

    Raises:
        ForeignRequest: it is another page, or nobody says which.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_own = site == "same-origin"
    else:
        host = request.headers.get("host", "")
        try:
            origin = urlsplit(request.headers.get("origin", "")).netloc
        except ValueError:
            origin = ""
        is_own = bool(host) and origin == host
    if not is_own:
        raise ForeignRequest


def require_csrf_token(request: Request, access_token: str) -> None:
    """Let only a page that was told the session's CSRF token go on.

    Raises:
        ForeignRequest: it shows none, or another.
    """
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), csrf_token(access_token).encode()):
        raise ForeignRequest


@dataclass(frozen=True, slots=True)
class Readers:
    """Tells who is signed in."""

    tokens: Tokens

    async def of(self, request: Request) -> Principal:
        """Who asks to read.

        Raises:
            TokenRejected: there is no session, or it has ended.
            NotPermitted: the app that the token came through may not read.
        """
        return as_reader(await self.tokens.verify(session_token(request)))


@dataclass(frozen=True, slots=True)
class SessionCalls:
    """Signs in and out, and tells who is signed in."""

    tokens: Tokens
    accounts: AccountStore
    passwords: Passwords
    links: Links

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method == "POST":
            return await self._sign_in(request)
        if request.method == "DELETE":
            return await self._sign_out(request)
        return await self._tell(await self.tokens.validate(session_token(request)))

    async def _sign_in(self, request: Request) -> Response:
        require_same_origin(request)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != _JSON:
            raise UnknownMedia("Content-Type", (_JSON,))
        body = await read_json(request, SignInJSON, InvalidLogin)
        session = await self._session_of(body)
        if before := session_token(request):
            # Nobody has its cookie any more.
            with suppress(TokenRejected):
                await self.tokens.end(before)
        told = await self._tell(session)
        seconds = max(0, session.grant.expire_time_s - int(time.time()))
        told.headers["set-cookie"] = (
            f"{COOKIE}={session.access_token}; Max-Age={seconds}; {_ATTRIBUTES}"
        )
        return told

    async def _session_of(self, body: SignInJSON) -> Session:
        if body.link is not None:
            if body.account is not None or body.password is not None:
                raise InvalidLogin("link", "must be given alone, without account and password")
            return await self.links.log_in(body.link)
        if not body.account:
            raise InvalidLogin("account", "is missing")
        if body.password is None:
            raise InvalidLogin("password", "is missing")
        session = await self.passwords.log_in(
            body.account, body.password, API_CLIENT_TYPE, makes_token=True
        )
        if session is None:
            raise PasswordRejected
        if body.corp and body.corp != session.grant.user.corp_id:
            await self.tokens.end(session.access_token)
            raise PasswordRejected
        return session

    async def _sign_out(self, request: Request) -> Response:
        require_same_origin(request)
        token = session_token(request)
        if token is None:
            raise TokenRejected
        require_csrf_token(request, token)
        await self.tokens.end(token)
        told = ConsoleJSON(b"", 204)
        del told.headers["content-length"]
        told.headers["set-cookie"] = f"{COOKIE}=; Max-Age=0; {_ATTRIBUTES}"
        return told

    async def _tell(self, session: Session) -> ConsoleJSON:
        as_reader(await self.tokens.verify(session.access_token))
        user = session.grant.user
        corp = await self.accounts.corp(user.corp_id)
        if corp is None:
            raise TokenRejected
        return answer(
            SessionJSON(
                user=UserJSON(
                    id=user.user_id,
                    name=user.directory.name or user.account,
                    account=user.account,
                    isAdministrator=user.admin_type is not AdminType.ORDINARY,
                ),
                corp=CorpJSON(id=corp.corp_id, name=corp.name),
                csrfToken=csrf_token(session.access_token),
                expireTimeMs=session.grant.expire_time_s * 1000,
                masksNumbers=corp.masks_numbers,
            )
        )
