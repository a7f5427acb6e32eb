"""The account store on SQLite."""

from dataclasses import asdict, dataclass
from typing import cast

import apsw

from confledger.auth.accounts import App, Corp, Grant, Login, Principal, TokenHashes, User
from confledger.errors import NoSuchUser, TokenRejected
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
from confledger.storage.sqlite.database import QUERIES, Database
from confledger.storage.sqlite.generations import ACCOUNTS


@dataclass(frozen=True, slots=True)
class SQLiteAccountStore:
    """`auth.accounts.AccountStore` in one SQLite file."""

    database: Database

    async def secret_key_id(self) -> str | None:
        """See `AccountStore.secret_key_id`."""
        rows = self.database.read("secret_key_id", {})
        return cast("str", rows[0][0]) if rows else None

    async def pin_secret_key(self, key_id: str) -> str:
        """See `AccountStore.pin_secret_key`."""

        def work(connection: apsw.Connection) -> str:
            connection.execute(QUERIES["pin_secret_key"], {"key_id": key_id})
            ((pinned,),) = connection.execute(QUERIES["secret_key_id"])
            return cast("str", pinned)

        return await self.database.write(work, [])

    async def corp(self, corp_id: str) -> Corp | None:
        """See `AccountStore.corp`."""
        rows = self.database.read("corp", {"corp_id": corp_id})
        return corp_of(rows[0]) if rows else None

    async def app(self, app_id: str) -> App | None:
        """See `AccountStore.app`."""
        rows = self.database.read("app", {"app_id": app_id})
        return app_of(rows[0]) if rows else None

    async def user(self, candidate: User) -> User:
        """See `AccountStore.user`."""
        query = "user" if candidate.account else "default_administrator"
        key = {"corp_id": candidate.corp_id, "account": candidate.account}
        # Most logins say nothing new of their user; those cost no write.
        if rows := self.database.read(query, key):
            known = user_of(rows[0])
            if candidate.directory.adds_nothing_to(known.directory):
                return known

        def work(connection: apsw.Connection) -> User:
            known = connection.execute(QUERIES[query], key).fetchall()
            if known:
                told = {"user_id": user_of(known[0]).user_id, **asdict(candidate.directory)}
                connection.execute(QUERIES["change_directory"], told)
            else:
                connection.execute(QUERIES["add_user"], row_of_user(candidate, ""))
            (stored,) = connection.execute(QUERIES[query], key)
            return user_of(stored)

        return await self.database.write(work, [ACCOUNTS])

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
        owner = {"user_id": grant.user.user_id, "client_type": grant.client_type}
        row = row_of_grant(hashes, grant)

        def work(connection: apsw.Connection) -> None:
            secrets = connection.execute(QUERIES["secrets_of_grant"], row).fetchall()
            app_key = grant.app.encrypted_key if grant.app else None
            if not secrets or secrets[0][1] != app_key:
                raise TokenRejected
            if password_hash not in (None, secrets[0][0]):
                raise TokenRejected
            if replaces is not None:
                replaced = connection.execute(QUERIES["end_grant"], {"access_hash": replaces})
                if not replaced.fetchall():
                    raise TokenRejected
            # The new one is added after the others have made room for it, so that
            # it stays even where several were made in the same millisecond.
            connection.execute(
                QUERIES["end_oldest_grants"], {**owner, "grants_max": grants_max - 1}
            )
            connection.execute(QUERIES["add_grant"], row)
            now = {"now_ms": grant.created_time_ms}
            connection.execute(QUERIES["forget_ended_grants"], now)

        await self.database.write(work, [ACCOUNTS])

    async def grant(self, token_hash: bytes, now_ms: int) -> tuple[bytes, Grant] | None:
        """See `AccountStore.grant`."""
        rows = self.database.read("grant", {"token_hash": token_hash, "now_ms": now_ms})
        return grant_of(rows[0]) if rows else None

    async def end_grant(self, access_hash: bytes) -> bool:
        """See `AccountStore.end_grant`."""
        key = {"access_hash": access_hash}
        return await self.database.write(
            lambda connection: bool(connection.execute(QUERIES["end_grant"], key).fetchall()),
            [ACCOUNTS],
        )

    def generation(self) -> int:
        """See `AccountStore.generation`."""
        return self.database.generations.of(ACCOUNTS)

    async def principal(self, access_hash: bytes, now_ms: int) -> Principal | None:
        """See `AccountStore.principal`."""
        rows = self.database.read("principal", {"access_hash": access_hash, "now_ms": now_ms})
        return principal_of(rows[0]) if rows else None

    async def login(self, account: str) -> Login | None:
        """See `AccountStore.login`."""
        rows = self.database.read("login", {"account": account})
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

        def work(connection: apsw.Connection) -> None:
            connection.execute(QUERIES["forget_old_links"], row)
            if not connection.execute(QUERIES["login_of_user"], row).fetchall():
                raise NoSuchUser(user.corp_id, user.account)
            connection.execute(QUERIES["add_link"], row)

        await self.database.write(work, [])

    async def take_link(self, link_hash: bytes, now_ms: int) -> Login | None:
        """See `AccountStore.take_link`."""
        key = {"link_hash": link_hash, "now_ms": now_ms}
        if not self.database.read("link", key):
            return None  # whoever only guesses makes nobody wait for the writer

        def work(connection: apsw.Connection) -> Login | None:
            for (user_id,) in connection.execute(QUERIES["take_link"], key).fetchall():
                owner = {"user_id": user_id}
                for row in connection.execute(QUERIES["login_of_user"], owner).fetchall():
                    return login_of(row)
            return None

        return await self.database.write(work, [])

    async def begin_attempt(
        self, account: str, now_ms: int, *, failures_max: int, lock_ms: int
    ) -> bool:
        """See `AccountStore.begin_attempt`."""

        def work(connection: apsw.Connection) -> bool:
            connection.execute(QUERIES["forget_old_failed_logins"], {"before_ms": now_ms - lock_ms})
            rows = connection.execute(QUERIES["failed_login"], {"account": account}).fetchall()
            failures = cast("int", rows[0][0]) if rows else 0
            if failures >= failures_max:
                return False
            connection.execute(
                QUERIES["put_failed_login"],
                {"account": account, "failures": failures + 1, "now_ms": now_ms},
            )
            return True

        return await self.database.write(work, [])

    async def end_attempts(self, account: str) -> None:
        """See `AccountStore.end_attempts`."""
        await self.database.write(
            lambda connection: connection.execute(
                QUERIES["forget_failed_login"], {"account": account}
            ),
            [],
        )
