"""The account store on SQLite."""

from dataclasses import asdict, dataclass
from typing import Any, cast

import apsw

from confledger.auth.accounts import (
    PASSWORD_SCOPES,
    AdminType,
    App,
    Corp,
    Directory,
    Grant,
    Login,
    Principal,
    Scope,
    TokenHashes,
    User,
)
from confledger.errors import TokenRejected
from confledger.storage.sqlite.database import QUERIES, Database, Row


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

        return await self.database.write(work)

    async def corp(self, corp_id: str) -> Corp | None:
        """See `AccountStore.corp`."""
        rows = self.database.read("corp", {"corp_id": corp_id})
        return corp_of(rows[0]) if rows else None

    async def app(self, app_id: str) -> App | None:
        """See `AccountStore.app`."""
        rows = self.database.read("app", {"app_id": app_id})
        if not rows:
            return None
        return app_of(rows[0])

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
        owner = {"user_id": grant.user.user_id, "client_type": grant.client_type}
        row = {
            **owner,
            "access_hash": hashes.access,
            "refresh_hash": hashes.refresh,
            "app_id": grant.app.app_id if grant.app else None,
            "created_time_ms": grant.created_time_ms,
            "expire_time_ms": grant.expire_time_s * 1000,
            "refresh_expire_time_ms": grant.refresh_expire_time_s * 1000,
        }

        def work(connection: apsw.Connection) -> None:
            secrets = connection.execute(QUERIES["secrets_of_grant"], row).fetchall()
            app_key = grant.app.encrypted_key if grant.app else None
            if not secrets or secrets[0][1] != app_key:
                raise TokenRejected
            if password_hash not in (None, secrets[0][0]):
                raise TokenRejected
            if replaces is not None:
                connection.execute(QUERIES["end_grant"], {"access_hash": replaces})
                if not connection.changes():
                    raise TokenRejected
            # The new one is added after the others have made room for it, so that
            # it stays even where several were made in the same millisecond.
            connection.execute(
                QUERIES["end_oldest_grants"], {**owner, "grants_max": grants_max - 1}
            )
            connection.execute(QUERIES["add_grant"], row)
            now = {"now_ms": grant.created_time_ms}
            connection.execute(QUERIES["forget_ended_grants"], now)

        await self.database.write(work)

    async def grant(self, token_hash: bytes, now_ms: int) -> tuple[bytes, Grant] | None:
        """See `AccountStore.grant`."""
        rows = self.database.read("grant", {"token_hash": token_hash, "now_ms": now_ms})
        if not rows:
            return None
        access_hash, client_type, created_ms, expire_ms, refresh_expire_ms = rows[0][:5]
        user, app = rows[0][5:15], rows[0][15:]
        return access_hash, Grant(
            user=user_of(user),
            app=app_of(app) if app[0] else None,
            client_type=client_type,
            created_time_ms=created_ms,
            expire_time_s=expire_ms // 1000,
            refresh_expire_time_s=refresh_expire_ms // 1000,
        )

    async def end_grant(self, access_hash: bytes) -> None:
        """See `AccountStore.end_grant`."""
        await self.database.write(
            lambda connection: connection.execute(
                QUERIES["end_grant"], {"access_hash": access_hash}
            )
        )

    async def principal(self, access_hash: bytes, now_ms: int) -> Principal | None:
        """See `AccountStore.principal`."""
        rows = self.database.read("principal", {"access_hash": access_hash, "now_ms": now_ms})
        if not rows:
            return None
        corp_id, user_id, account, app_id, admin_type, scopes, masks_numbers = rows[0]
        return Principal(
            corp_id=corp_id,
            user_id=user_id,
            account=account,
            app_id=app_id or "",
            admin_type=AdminType(admin_type),
            scopes=_scopes_of(scopes) if app_id else PASSWORD_SCOPES,
            masks_numbers=bool(masks_numbers),
        )

    async def login(self, account: str) -> Login | None:
        """See `AccountStore.login`."""
        rows = self.database.read("login", {"account": account})
        if not rows:
            return None
        *user, password_hash, is_disabled = rows[0]
        return Login(user_of(tuple(user)), password_hash, bool(is_disabled))

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

        return await self.database.write(work)

    async def end_attempts(self, account: str) -> None:
        """See `AccountStore.end_attempts`."""
        await self.database.write(
            lambda connection: connection.execute(
                QUERIES["forget_failed_login"], {"account": account}
            )
        )


def corp_of(row: Row) -> Corp:
    """A corp, from the columns of the query `corp`."""
    corp_id, name, masks_numbers, is_disabled = row
    return Corp(corp_id, name, bool(masks_numbers), bool(is_disabled))


def user_of(row: Row) -> User:
    """A user, from the columns of the query `user`."""
    user_id, corp_id, account, admin_type, *directory, is_automatic, is_disabled = row
    return User(
        user_id=user_id,
        corp_id=corp_id,
        account=account,
        admin_type=AdminType(admin_type),
        directory=Directory(*directory),
        is_automatic=bool(is_automatic),
        is_disabled=bool(is_disabled),
    )


def row_of_user(user: User, password_hash: str) -> dict[str, Any]:
    """What the query `add_user` takes."""
    return {
        "user_id": user.user_id,
        "corp_id": user.corp_id,
        "account": user.account,
        "admin_type": int(user.admin_type),
        **asdict(user.directory),
        "is_automatic": user.is_automatic,
        "password_hash": password_hash,
    }


def app_of(row: Row) -> App:
    """An app, from the columns of the query `app`."""
    app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_ms, is_disabled = row
    return App(
        app_id=app_id,
        corp_id=corp_id,
        name=name,
        scopes=_scopes_of(scopes),
        is_multi_tenant=bool(is_multi_tenant),
        encrypted_key=encrypted_key,
        created_time_ms=created_ms,
        is_disabled=bool(is_disabled),
    )


def _scopes_of(text: str) -> frozenset[Scope]:
    return frozenset(cast("list[Scope]", text.split(",")))
