"""The account store on SQLite."""

from dataclasses import asdict, dataclass
from typing import cast

import apsw

from confledger.auth.accounts import (
    AdminType,
    App,
    Corp,
    Directory,
    Principal,
    Scope,
    Session,
    User,
)
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

    async def add_corp(self, corp_id: str, name: str) -> Corp:
        """See `AccountStore.add_corp`."""

        def work(connection: apsw.Connection) -> Corp:
            connection.execute(QUERIES["add_corp"], {"corp_id": corp_id, "name": name})
            (row,) = connection.execute(QUERIES["corp"], {"corp_id": corp_id})
            return _corp_of(row)

        return await self.database.write(work)

    async def corp(self, corp_id: str) -> Corp | None:
        """See `AccountStore.corp`."""
        rows = self.database.read("corp", {"corp_id": corp_id})
        return _corp_of(rows[0]) if rows else None

    async def add_app(self, app: App) -> None:
        """See `AccountStore.add_app`."""
        row = {**asdict(app), "scopes": ",".join(sorted(app.scopes))}
        await self.database.write(lambda connection: connection.execute(QUERIES["add_app"], row))

    async def app(self, app_id: str) -> App | None:
        """See `AccountStore.app`."""
        rows = self.database.read("app", {"app_id": app_id})
        if not rows:
            return None
        app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms = rows[0]
        return App(
            app_id=app_id,
            corp_id=corp_id,
            name=name,
            scopes=_scopes_of(scopes),
            is_multi_tenant=bool(is_multi_tenant),
            encrypted_key=encrypted_key,
            created_time_ms=created_time_ms,
        )

    async def user(self, candidate: User) -> User:
        """See `AccountStore.user`."""
        key = {"corp_id": candidate.corp_id, "account": candidate.account}
        # Most logins say nothing new of their user; those cost no write.
        if rows := self.database.read("user", key):
            known = _user_of(rows[0])
            if candidate.directory.adds_nothing_to(known.directory):
                return known
        row = {
            **key,
            "user_id": candidate.user_id,
            "admin_type": int(candidate.admin_type),
            **asdict(candidate.directory),
        }

        def work(connection: apsw.Connection) -> User:
            connection.execute(QUERIES["put_user"], row)
            (stored,) = connection.execute(QUERIES["user"], key)
            return _user_of(stored)

        return await self.database.write(work)

    async def keep_session(
        self, access_hash: bytes, refresh_hash: bytes, session: Session, *, sessions_max: int
    ) -> None:
        """See `AccountStore.keep_session`."""
        owner = {"user_id": session.user.user_id, "client_type": session.client_type}
        row = {
            **owner,
            "access_hash": access_hash,
            "refresh_hash": refresh_hash,
            "app_id": session.app.app_id,
            "created_time_ms": session.created_time_ms,
            "expire_time_ms": session.expire_time_s * 1000,
            "refresh_expire_time_ms": session.refresh_expire_time_s * 1000,
        }

        def work(connection: apsw.Connection) -> None:
            # The new one is added after the others have made room for it, so that
            # it stays even where several were made in the same millisecond.
            connection.execute(
                QUERIES["end_oldest_sessions"], {**owner, "sessions_max": sessions_max - 1}
            )
            connection.execute(QUERIES["add_session"], row)
            now = {"now_ms": session.created_time_ms}
            connection.execute(QUERIES["forget_ended_sessions"], now)

        await self.database.write(work)

    async def principal(self, access_hash: bytes, now_ms: int) -> Principal | None:
        """See `AccountStore.principal`."""
        rows = self.database.read("principal", {"access_hash": access_hash, "now_ms": now_ms})
        if not rows:
            return None
        corp_id, user_id, app_id, admin_type, scopes, masks_numbers = rows[0]
        return Principal(
            corp_id=corp_id,
            user_id=user_id,
            app_id=app_id,
            admin_type=AdminType(admin_type),
            scopes=_scopes_of(scopes),
            masks_numbers=bool(masks_numbers),
        )


def _corp_of(row: Row) -> Corp:
    corp_id, name, masks_numbers = row
    return Corp(corp_id, name, bool(masks_numbers))


def _user_of(row: Row) -> User:
    user_id, corp_id, account, admin_type, *directory = row
    return User(user_id, corp_id, account, AdminType(admin_type), Directory(*directory))


def _scopes_of(text: str) -> frozenset[Scope]:
    return frozenset(cast("list[Scope]", text.split(",")))
