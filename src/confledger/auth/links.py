"""Links by which somebody signs in to the console once."""

import secrets
import time
from dataclasses import dataclass
from typing import Final

from confledger.auth.accounts import AccountStore, User
from confledger.auth.tokens import API_CLIENT_TYPE, Session, Tokens, hash_token
from confledger.errors import AccountDisabled, LinkRejected

MINUTES_DEFAULT: Final = 10
MINUTES_MAX: Final = 24 * 60

_SECRET_BYTES: Final = 32
_SECRET_CHARACTERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links, and lets in who brings one. Of its secret the store keeps a hash.

    A secret has 256 random bits, so one plain hash is enough, and so is looking for it: how long
    that takes tells nothing of a secret that is there.
    """

    accounts: AccountStore
    tokens: Tokens

    async def make(self, user: User, *, minutes: int = MINUTES_DEFAULT) -> str:
        """A new secret for a user, good for so many minutes, once.

        Raises:
            NoSuchUser: the user is gone.
        """
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        now_ms = time.time_ns() // 1_000_000
        await self.accounts.add_link(
            hash_token(secret), user, now_ms=now_ms, expire_time_ms=now_ms + minutes * 60_000
        )
        return secret

    async def log_in(self, secret: str) -> Session:
        """Let in who brings a link's secret; it is used up.

        Raises:
            LinkRejected: it is wrong, was used, or is over.
            AccountDisabled: it is right, and the user or corp disabled.
        """
        if not secret or len(secret) > _SECRET_CHARACTERS_MAX:
            raise LinkRejected
        login = await self.accounts.take_link(hash_token(secret), time.time_ns() // 1_000_000)
        if login is None:
            raise LinkRejected
        if login.is_disabled:
            raise AccountDisabled
        return await self.tokens.issue(
            login.user, None, API_CLIENT_TYPE, password_hash=login.password_hash
        )
