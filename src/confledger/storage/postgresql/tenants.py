"""The tenant store on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from confledger.auth.accounts import AdminType, App, Corp, User
from confledger.errors import NameTaken, NoSuchApp, NoSuchCorp, NoSuchUser, StillInUse
from confledger.storage.postgresql.database import Database, Session
from confledger.storage.postgresql.missing import corp_missing, require_corp
from confledger.storage.rows import (
    Row,
    app_of,
    corp_of,
    row_of_app,
    row_of_user,
    user_of,
)


@dataclass(frozen=True, slots=True)
class PostgreSQLTenantStore:
    """`auth.tenants.TenantStore` in one PostgreSQL database."""

    database: Database

    async def corps(self) -> list[Corp]:
        """See `TenantStore.corps`."""
        return [corp_of(row) for row in await self.database.read("corps", {})]

    async def add_corp(self, corp_id: str, name: str) -> bool:
        """See `TenantStore.add_corp`."""
        row = {"corp_id": corp_id, "name": name}
        return bool(await self.database.write(lambda session: session.rows("add_corp", row)))

    async def change_corp(
        self, corp_id: str, *, is_disabled: bool | None = None, masks_numbers: bool | None = None
    ) -> Corp:
        """See `TenantStore.change_corp`."""
        key = {"corp_id": corp_id}
        changes = {**key, "is_disabled": is_disabled, "masks_numbers": masks_numbers}

        async def work(session: Session) -> Corp:
            changed = await _change(session, "change_corp", changes, NoSuchCorp(corp_id))
            if is_disabled:
                await session.rows("end_grants_of_corp", key)
                await session.rows("end_links_of_corp", key)
            return corp_of(changed)

        return await self.database.write(work, changes_accounts=True)

    async def delete_corp(self, corp_id: str) -> Corp:
        """See `TenantStore.delete_corp`."""
        in_use = f"the corp {corp_id!r} has conferences; they are kept"

        async def work(session: Session) -> Corp:
            key = {"corp_id": corp_id}
            await session.rows("lock_corp", key)
            if await session.rows("conference_of_corp", key):
                raise StillInUse(in_use)
            await session.rows("delete_apps_of_corp", key)
            await session.rows("delete_users_of_corp", key)
            return corp_of(await _change(session, "delete_corp", key, NoSuchCorp(corp_id)))

        try:
            return await self.database.write(work, changes_accounts=True)
        except asyncpg.ForeignKeyViolationError as error:
            # On a distributed server the lock is one node's, and does not keep every writer away.
            raise StillInUse(in_use) from error

    async def users(self, corp_id: str) -> list[User]:
        """See `TenantStore.users`."""
        return [user_of(row) for row in await self._rows_of_corp("users", corp_id)]

    async def add_user(self, user: User, password_hash: str) -> None:
        """See `TenantStore.add_user`."""
        row = row_of_user(user, password_hash)

        async def work(session: Session) -> None:
            if user.admin_type is AdminType.DEFAULT_ADMINISTRATOR:
                for known in await session.rows("default_administrator", row):
                    raise NameTaken(
                        f"the corp {user.corp_id!r} has a default administrator already,"
                        f" the user {user_of(known).account!r}; delete that one first"
                    )
            await _add(session, "add_user", row)

        taken = f"the account {user.account!r}, or the id {user.user_id}, is taken"
        with name_taken(taken), corp_missing(user.corp_id):
            await self.database.write(work, changes_accounts=True)

    async def change_user(
        self,
        corp_id: str,
        account: str,
        *,
        is_disabled: bool | None = None,
        password_hash: str | None = None,
    ) -> User:
        """See `TenantStore.change_user`."""
        key = {"corp_id": corp_id, "account": account}
        changes = {**key, "is_disabled": is_disabled, "password_hash": password_hash}

        async def work(session: Session) -> User:
            changed = await _change(session, "change_user", changes, NoSuchUser(corp_id, account))
            if is_disabled or password_hash is not None:
                await session.rows("end_grants_of_user", key)
                await session.rows("end_links_of_user", key)
            return user_of(changed)

        with name_taken(f"another corp has the account {account!r} with a password"):
            return await self.database.write(work, changes_accounts=True)

    async def delete_user(self, corp_id: str, account: str) -> User:
        """See `TenantStore.delete_user`."""
        key = {"corp_id": corp_id, "account": account}

        async def work(session: Session) -> User:
            return user_of(await _change(session, "delete_user", key, NoSuchUser(corp_id, account)))

        return await self.database.write(work, changes_accounts=True)

    async def apps(self, corp_id: str) -> list[App]:
        """See `TenantStore.apps`."""
        return [app_of(row) for row in await self._rows_of_corp("apps", corp_id)]

    async def add_app(self, app: App) -> None:
        """See `TenantStore.add_app`."""
        row = row_of_app(app)
        with corp_missing(app.corp_id):
            await self.database.write(lambda session: _add(session, "add_app", row))

    async def change_app(
        self,
        app_id: str,
        *,
        is_disabled: bool | None = None,
        encrypted_key: bytes | None = None,
    ) -> App:
        """See `TenantStore.change_app`."""
        key = {"app_id": app_id}
        changes = {**key, "is_disabled": is_disabled, "encrypted_key": encrypted_key}

        async def work(session: Session) -> App:
            changed = await _change(session, "change_app", changes, NoSuchApp(app_id))
            if is_disabled or encrypted_key is not None:
                await session.rows("end_grants_of_app", key)
            return app_of(changed)

        return await self.database.write(work, changes_accounts=True)

    async def delete_app(self, app_id: str) -> App:
        """See `TenantStore.delete_app`."""

        async def work(session: Session) -> App:
            key = {"app_id": app_id}
            return app_of(await _change(session, "delete_app", key, NoSuchApp(app_id)))

        return await self.database.write(work, changes_accounts=True)

    async def _rows_of_corp(self, query: str, corp_id: str) -> list[Row]:
        async def work(session: Session) -> list[Row]:
            await require_corp(session, corp_id)
            return await session.rows(query, {"corp_id": corp_id})

        return await self.database.search(work)


async def _add(session: Session, query: str, row: dict[str, Any]) -> None:
    """Add a row that belongs to a corp, which has to be there."""
    await require_corp(session, row["corp_id"])
    await session.rows(query, row)


async def _change(
    session: Session, query: str, bindings: dict[str, Any], missing: Exception
) -> Row:
    """Run a statement that changes or removes one row, which it returns; none is an error."""
    rows = await session.rows(query, bindings)
    if not rows:
        raise missing
    return rows[0]


@contextmanager
def name_taken(sentence: str) -> Iterator[None]:
    """Tell in a sentence that a key is taken; a row that breaks another rule is our mistake."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(sentence) from error
