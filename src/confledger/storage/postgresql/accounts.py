"""The account store on PostgreSQL."""

import time
from dataclasses import asdict, dataclass
from typing import Final, cast

import asyncpg

from confledger.auth.accounts import App, Corp, Grant, Login, Principal, TokenHashes, User
from confledger.errors import NoSuchUser, StoreBusy, TokenRejected
from confledger.storage.postgresql.database import Database, Session
from confledger.storage.rows import (
    app_of,
    corp_of,
    grant_of,
    login_of,
    principal_of,
    row_of_grant,
    row_of_user,
    user_of,
)

_TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class PostgreSQLAccountStore:
    """`auth.accounts.AccountStore` in one PostgreSQL database."""

    database: Database

    async def secret_key_id(self) -> str | None:
        """See `AccountStore.secret_key_id`."""
        rows = await self.database.read("secret_key_id", {})
        return cast("str", rows[0][0]) if rows else None

    async def pin_secret_key(self, key_id: str) -> str:
        """See `AccountStore.pin_secret_key`."""

        async def work(session: Session) -> str:
            await session.rows("pin_secret_key", {"key_id": key_id})
            ((pinned,),) = await session.rows("secret_key_id", {})
            return cast("str", pinned)

        return await self.database.write(work)

    async def corp(self, corp_id: str) -> Corp | None:
        """See `AccountStore.corp`."""
        rows = await self.database.read("corp", {"corp_id": corp_id})
        return corp_of(rows[0]) if rows else None

    async def app(self, app_id: str) -> App | None:
        """See `AccountStore.app`."""
        rows = await self.database.read("app", {"app_id": app_id})
        return app_of(rows[0]) if rows else None

    async def user(self, candidate: User) -> User:
        """See `AccountStore.user`."""
        query = "user" if candidate.account else "default_administrator"
        key = {"corp_id": candidate.corp_id, "account": candidate.account}
        # Most logins say nothing new of their user; those cost no write.
        if rows := await self.database.read(query, key):
            known = user_of(rows[0])
            if candidate.directory.adds_nothing_to(known.directory):
                return known

        async def work(session: Session) -> User:
            known = await session.rows(query, key)
            if known:
                told = {"user_id": user_of(known[0]).user_id, **asdict(candidate.directory)}
                await session.rows("change_directory", told)
            else:
                await session.rows("add_user", row_of_user(candidate, ""))
            rows = await session.rows(query, key)
            if not rows:
                raise StoreBusy("the user was removed just now")
            return user_of(rows[0])

        for _ in range(_TRIES_MAX - 1):
            try:
                return await self.database.write(work)
            except asyncpg.UniqueViolationError:
                continue  # another login has just made the user, whom the next try finds
        return await self.database.write(work)

    async def keep_grant(
        self,
        hashes: TokenHashes,
        grant: Grant,
        *,
        grants_max: int,
        replaces: bytes | None = None,
        password_hash: str | None = None,
    ) -> None:
        """See `AccountStore.keep_grant`."""
        row = row_of_grant(hashes, grant)

        async def work(session: Session) -> None:
            # The app before the user, as whoever removes a corp has it.
            if grant.app:
                keys = await session.rows("app_of_grant", row)
                if not keys or keys[0][0] != grant.app.encrypted_key:
                    raise TokenRejected
            passwords = await session.rows("user_of_grant", row)
            if not passwords or password_hash not in (None, passwords[0][0]):
                raise TokenRejected
            if replaces is not None and not await session.rows(
                "end_grant", {"access_hash": replaces}
            ):
                raise TokenRejected
            # The new one is added after the others have made room for it, so that
            # it stays even where several were made in the same millisecond.
            await session.rows("end_oldest_grants", {**row, "grants_max": grants_max - 1})
            await session.rows("add_grant", row)
            ended = await session.rows("ended_grants", {"now_ms": grant.created_time_ms})
            if ended:
                hashes_ended = {"access_hashes": [row[0] for row in ended]}
                await session.rows("forget_ended_grants", hashes_ended)

        await self.database.write(work, changes_accounts=True)

    async def grant(self, token_hash: bytes, now_ms: int) -> tuple[bytes, Grant] | None:
        """See `AccountStore.grant`."""
        rows = await self.database.read("grant", {"token_hash": token_hash, "now_ms": now_ms})
        return grant_of(rows[0]) if rows else None

    async def end_grant(self, access_hash: bytes) -> bool:
        """See `AccountStore.end_grant`."""
        key = {"access_hash": access_hash}
        ended = await self.database.write(
            lambda session: session.rows("end_grant", key), changes_accounts=True
        )
        return bool(ended)

    def generation(self) -> int:
        """See `AccountStore.generation`. What other processes change is told by the clock."""
        return self.database.account_changes << 32 | int(time.monotonic())

    async def principal(self, access_hash: bytes, now_ms: int) -> Principal | None:
        """See `AccountStore.principal`."""
        key = {"access_hash": access_hash, "now_ms": now_ms}
        rows = await self.database.read("principal", key)
        return principal_of(rows[0]) if rows else None

    async def login(self, account: str) -> Login | None:
        """See `AccountStore.login`."""
        rows = await self.database.read("login", {"account": account})
        return login_of(rows[0]) if rows else None

    async def add_link(
        self, link_hash: bytes, user: User, *, now_ms: int, expire_time_ms: int
    ) -> None:
        """See `AccountStore.add_link`."""
        row = {
            "link_hash": link_hash,
            "user_id": user.user_id,
            "now_ms": now_ms,
            "expire_time_ms": expire_time_ms,
        }

        async def work(session: Session) -> None:
            if not await session.rows("user_of_grant", row):
                raise NoSuchUser(user.corp_id, user.account)
            if old := await session.rows("old_links", row):
                await session.rows("forget_old_links", {"link_hashes": [each[0] for each in old]})
            await session.rows("add_link", row)

        await self.database.write(work)

    async def take_link(self, link_hash: bytes, now_ms: int) -> Login | None:
        """See `AccountStore.take_link`."""
        key = {"link_hash": link_hash, "now_ms": now_ms}
        if not await self.database.read("link", key):
            return None  # whoever only guesses makes nobody wait for a writer

        async def work(session: Session) -> Login | None:
            taken = await session.rows("take_link", key)
            rows = await session.rows("login_of_user", {"user_id": taken[0][0]}) if taken else []
            return login_of(rows[0]) if rows else None

        return await self.database.write(work)

    async def begin_attempt(
        self, account: str, now_ms: int, *, failures_max: int, lock_ms: int
    ) -> bool:
        """See `AccountStore.begin_attempt`."""
        attempt = {
            "account": _keepable(account),
            "now_ms": now_ms,
            "before_ms": now_ms - lock_ms,
            "failures_max": failures_max,
        }

        async def work(session: Session) -> bool:
            may = await session.rows("count_attempt", attempt)
            old = await session.rows("old_failed_logins", attempt)
            if old:
                accounts = {"accounts": [row[0] for row in old]}
                await session.rows("forget_old_failed_logins", accounts)
            return bool(may)

        return await self.database.write(work)

    async def end_attempts(self, account: str) -> None:
        """See `AccountStore.end_attempts`."""
        key = {"account": _keepable(account)}
        await self.database.write(lambda session: session.rows("forget_failed_login", key))


def _keepable(account: str) -> str:
    """An account that somebody claims to have, as PostgreSQL can keep it.

    Nobody has one with U+0000, and attempts on it are counted like any other's.
    """
    return account.replace("\0", "\N{REPLACEMENT CHARACTER}")
