"""From a token to the one it speaks for."""

import hashlib
import secrets
import string
import time
from dataclasses import dataclass, field
from typing import Final

from confledger.auth.accounts import (
    AccountStore,
    App,
    Grant,
    Principal,
    TokenHashes,
    User,
)
from confledger.errors import TokenRejected

ACCESS_TOKEN_SECONDS: Final = 24 * 60 * 60
"""How long an access token lives. The vendor's SDK keeps one for 12 hours by its
own clock and never logs in again on a 401, so it must not be shorter than that."""

REFRESH_TOKEN_SECONDS: Final = 30 * 24 * 60 * 60

API_CLIENT_TYPE: Final = 72
"""The client type of programs, as against phones, desktops and rooms."""

_GRANTS_MAX_OF_PROGRAMS: Final = 64
_GRANTS_MAX_OF_DEVICES: Final = 1

_KNOWN_MAX: Final = 10_000
"""Of how many tokens a process remembers who they speak for."""

_ALPHABET: Final = string.ascii_letters + string.digits
_PREFIX: Final = "cfl"
_TOKEN_CHARACTERS: Final = 36
_TOKEN_CHARACTERS_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Session:
    """A grant with its tokens in clear, for the one who logged in and nobody else."""

    grant: Grant
    access_token: str
    refresh_token: str
    """Empty where it is not known: it is shown only when it is made."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues tokens, and tells who one speaks for.

    Who a token speaks for is remembered until the store tells of a change, so a token that
    ends stops working in every process of the machine at once, and where several machines
    serve one store, in all of them within a second.
    """

    accounts: AccountStore
    _known: dict[bytes, tuple[int, Principal]] = field(default_factory=dict)
    """By the hash of a token: who it speaks for, and the generation that was true of."""

    async def issue(
        self, user: User, app: App | None, client_type: int, *, password_hash: str | None = None
    ) -> Session:
        """Log a user in, through an app or with their own password, whose hash was checked.

        A user may have 64 grants of programs at once and one of each other client
        type; a further one ends the oldest.

        Raises:
            TokenRejected: the secret that was checked is not the user's or app's any more.
        """
        return await self._issue(user, app, client_type, password_hash=password_hash)

    async def refresh(self, token: str | None) -> Session:
        """New tokens for a refresh token, or for an access token that is still good.

        The old ones end at that moment.

        Raises:
            TokenRejected: there is no such token, or it has ended.
        """
        access_hash, grant = await self._grant(token)
        return await self._issue(grant.user, grant.app, grant.client_type, replaces=access_hash)

    async def validate(self, token: str | None) -> Session:
        """What an access token stands for.

        Raises:
            TokenRejected: there is no such token, or it has ended.
        """
        access_hash, grant = await self._grant(token)
        if token is None or hash_token(token) != access_hash:
            raise TokenRejected
        return Session(grant, token, "")

    async def end(self, token: str | None) -> None:
        """Log out: end the grant of an access token.

        Raises:
            TokenRejected: there is no such token, or it has ended.
        """
        session = await self.validate(token)
        # It may have been refreshed since, and then the new one goes on.
        if not await self.accounts.end_grant(hash_token(session.access_token)):
            raise TokenRejected

    async def _issue(
        self,
        user: User,
        app: App | None,
        client_type: int,
        *,
        replaces: bytes | None = None,
        password_hash: str | None = None,
    ) -> Session:
        now_ms = time.time_ns() // 1_000_000
        grant = Grant(
            user=user,
            app=app,
            client_type=client_type,
            created_time_ms=now_ms,
            expire_time_s=now_ms // 1000 + ACCESS_TOKEN_SECONDS,
            refresh_expire_time_s=now_ms // 1000 + REFRESH_TOKEN_SECONDS,
        )
        session = Session(grant, _new_token(), _new_token())
        is_program = client_type == API_CLIENT_TYPE
        await self.accounts.keep_grant(
            TokenHashes(hash_token(session.access_token), hash_token(session.refresh_token)),
            grant,
            grants_max=_GRANTS_MAX_OF_PROGRAMS if is_program else _GRANTS_MAX_OF_DEVICES,
            replaces=replaces,
            password_hash=password_hash,
        )
        return session

    async def _grant(self, token: str | None) -> tuple[bytes, Grant]:
        if not token or len(token) > _TOKEN_CHARACTERS_MAX:
            raise TokenRejected
        found = await self.accounts.grant(hash_token(token), time.time_ns() // 1_000_000)
        if found is None:
            raise TokenRejected
        return found

    def known(self, token_hash: bytes) -> Principal | None:
        """Who is asking, as far as that is remembered and still true."""
        known = self._known.get(token_hash)
        if known is None:
            return None
        generation, principal = known
        is_true = generation == self.accounts.generation()
        is_alive = time.time_ns() // 1_000_000 < principal.expire_time_ms
        return principal if is_true and is_alive else None

    async def verify(self, access_token: str | None) -> Principal:
        """Who is asking.

        Raises:
            TokenRejected: there is no such token, or it has ended.
        """
        if not access_token or len(access_token) > _TOKEN_CHARACTERS_MAX:
            raise TokenRejected
        token_hash = hash_token(access_token)
        if principal := self.known(token_hash):
            return principal
        # Before anything is read: what is committed meanwhile is another generation.
        generation = self.accounts.generation()
        found = await self.accounts.principal(token_hash, time.time_ns() // 1_000_000)
        if found is None:
            raise TokenRejected
        if len(self._known) >= _KNOWN_MAX:
            self._known.pop(next(iter(self._known)))
        self._known[token_hash] = generation, found
        return found


def _new_token() -> str:
    """A new token in the shape of the vendor's: a prefix of three letters, 36 characters in all."""
    random = (secrets.choice(_ALPHABET) for _ in range(_TOKEN_CHARACTERS - len(_PREFIX)))
    return _PREFIX + "".join(random)


def hash_token(token: str) -> bytes:
    """What the store keeps of a token. It has 196 random bits, so one plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()
