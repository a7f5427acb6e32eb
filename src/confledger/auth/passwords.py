"""Logging in with an account and a password."""

import asyncio
import os
import time
from typing import Final

from confledger.auth.accounts import AccountStore, Login
from confledger.auth.tokens import Session, Tokens
from confledger.errors import AccountDisabled, AccountLocked, PasswordRejected, StoreBusy

PASSWORD_CHARACTERS_MIN: Final = 8
PASSWORD_CHARACTERS_MAX: Final = 32
"""The bounds that the vendor documents."""

FAILURES_MAX: Final = 5
LOCK_SECONDS: Final = 60
"""After five wrong passwords an account is locked for a minute from the last."""

# What OWASP advises for Argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32

_HASHING_AT_ONCE: Final = 2
"""How many passwords are checked at once: each takes a core, and 19 MiB, for a while."""


def hash_password(password: str) -> str:
    """The Argon2id hash of a password, in PHC form, with a salt of its own."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415 - large

    kdf = Argon2id(
        salt=os.urandom(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return kdf.derive_phc_encoded(password.encode())


def _is_password_of(password: str, password_hash: str) -> bool:
    from cryptography.exceptions import InvalidKey  # noqa: PLC0415 - large
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # noqa: PLC0415

    try:
        Argon2id.verify_phc_encoded(password.encode(), password_hash)
    except InvalidKey:
        return False
    return True


_WAITING_MAX: Final = 32
"""How many more may wait for their turn: some seconds' worth."""

# For accounts that nobody has: they cost the same work, and nothing equals it.
_NOBODYS_HASH: Final = (
    f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}"
    "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


class Passwords:
    """Checks passwords, a few at a time.

    Args:
        accounts: who has which.
        tokens: what who is let in gets.
    """

    def __init__(self, accounts: AccountStore, tokens: Tokens) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._turn = asyncio.Semaphore(_HASHING_AT_ONCE)
        self._waiting = 0

    async def log_in(
        self, account: str, password: str, client_type: int, *, makes_token: bool
    ) -> Session | None:
        """Let a user in.

        Returns:
            The session; None where only the password was to be checked.

        Raises:
            PasswordRejected: nobody has that account, or another password.
            AccountLocked: there were too many wrong passwords.
            AccountDisabled: the password is right, and the user or corp disabled.
            StoreBusy: too many others are waiting for their turn.
        """
        if self._waiting >= _WAITING_MAX:
            raise StoreBusy("too many passwords are waiting to be checked")
        self._waiting += 1
        try:
            # Nothing is written before it is one's turn, so that whoever only
            # guesses takes no more of the store than of the processors.
            async with self._turn:
                login = await self._check(account, password)
        finally:
            self._waiting -= 1
        if login.is_disabled:
            raise AccountDisabled
        if not makes_token:
            return None
        return await self._tokens.issue(
            login.user, None, client_type, password_hash=login.password_hash
        )

    async def _check(self, account: str, password: str) -> Login:
        may_go_on = await self._accounts.begin_attempt(
            account,
            time.time_ns() // 1_000_000,
            failures_max=FAILURES_MAX,
            lock_ms=LOCK_SECONDS * 1000,
        )
        if not may_go_on:
            raise AccountLocked(LOCK_SECONDS)
        login = await self._accounts.login(account)
        password_hash = login.password_hash if login else _NOBODYS_HASH
        is_right = await asyncio.to_thread(_is_password_of, password, password_hash)
        if login is None or not is_right:
            raise PasswordRejected
        await self._accounts.end_attempts(account)
        return login
