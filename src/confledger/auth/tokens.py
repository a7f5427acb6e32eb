"""From a token to the one it speaks for."""

import hashlib
import secrets
import string
import time
from dataclasses import dataclass
from typing import Final

from confledger.auth.accounts import AccountStore, App, Principal, Session, User
from confledger.errors import TokenRejected

ACCESS_TOKEN_SECONDS: Final = 24 * 60 * 60
"""How long an access token lives. The vendor's SDK keeps one for 12 hours by its
own clock and never logs in again on a 401, so it must not be shorter than that."""

REFRESH_TOKEN_SECONDS: Final = 30 * 24 * 60 * 60

API_CLIENT_TYPE: Final = 72
"""The client type of programs, as against phones, desktops and rooms."""

_SESSIONS_MAX_OF_PROGRAMS: Final = 64
_SESSIONS_MAX_OF_DEVICES: Final = 1

_ALPHABET: Final = string.ascii_letters + string.digits
_PREFIX: Final = "cfl"
_TOKEN_CHARACTERS: Final = 36
_TOKEN_CHARACTERS_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues access tokens, and tells who one speaks for."""

    accounts: AccountStore

    async def issue(self, app: App, user: User, client_type: int) -> Session:
        """Log a user in through an app.

        A user may have 64 sessions of programs at once and one of each other
        client type; a further one ends the oldest.
        """
        now_ms = time.time_ns() // 1_000_000
        session = Session(
            access_token=_new_token(),
            refresh_token=_new_token(),
            app=app,
            user=user,
            client_type=client_type,
            created_time_ms=now_ms,
            expire_time_s=now_ms // 1000 + ACCESS_TOKEN_SECONDS,
            refresh_expire_time_s=now_ms // 1000 + REFRESH_TOKEN_SECONDS,
        )
        is_program = client_type == API_CLIENT_TYPE
        await self.accounts.keep_session(
            _hash(session.access_token),
            _hash(session.refresh_token),
            session,
            sessions_max=_SESSIONS_MAX_OF_PROGRAMS if is_program else _SESSIONS_MAX_OF_DEVICES,
        )
        return session

    async def verify(self, access_token: str | None) -> Principal:
        """Who is asking.

        The store is asked each time, so a token that ends stops working in every
        process at once.

        Raises:
            TokenRejected: there is no such token, or it has ended.
        """
        if not access_token or len(access_token) > _TOKEN_CHARACTERS_MAX:
            raise TokenRejected
        principal = await self.accounts.principal(_hash(access_token), time.time_ns() // 1_000_000)
        if principal is None:
            raise TokenRejected
        return principal


def _new_token() -> str:
    """A new token in the shape of the vendor's: a prefix of three letters, 36 characters in all."""
    random = (secrets.choice(_ALPHABET) for _ in range(_TOKEN_CHARACTERS - len(_PREFIX)))
    return _PREFIX + "".join(random)


def _hash(token: str) -> bytes:
    """What the store keeps of a token. It has 196 random bits, so one plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()
