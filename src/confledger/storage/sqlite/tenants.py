"""The tenant store on SQLite."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import apsw

from confledger.auth.accounts import AdminType, App, Corp, User
from confledger.errors import NameTaken, NoSuchApp, NoSuchCorp, NoSuchUser, StillInUse
from confledger.storage.rows import app_of, corp_of, row_of_app, row_of_user, user_of
from confledger.storage.sqlite.database import QUERIES, Database, Read, Row
from confledger.storage.sqlite.generations import ACCOUNTS

_TAKEN: Final = (apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_UNIQUE)


@dataclass(frozen=True, slots=True)
class SQLiteTenantStore:
    """`auth.tenants.TenantStore` in one SQLite file."""

    database: Database

    async def corps(self) -> list[Corp]:
        """See `TenantStore.corps`."""
        return [corp_of(row) for row in self.database.read("corps", {})]

    async def add_corp(self, corp_id: str, name: str) -> bool:
        """See `TenantStore.add_corp`."""

        def work(connection: apsw.Connection) -> bool:
            connection.execute(QUERIES["add_corp"], {"corp_id": corp_id, "name": name})
            return connection.changes() > 0

        return await self.database.write(work, [ACCOUNTS])

    async def change_corp(
        self, corp_id: str, *, is_disabled: bool | None = None, masks_numbers: bool | None = None
    ) -> Corp:
        """See `TenantStore.change_corp`."""
        key = {"corp_id": corp_id}
        changes = {**key, "is_disabled": is_disabled, "masks_numbers": masks_numbers}

        def work(connection: apsw.Connection) -> Corp:
            changed = _change(connection, "change_corp", changes, NoSuchCorp(corp_id))
            if is_disabled:
                connection.execute(QUERIES["end_grants_of_corp"], key)
                connection.execute(QUERIES["end_links_of_corp"], key)
            return corp_of(changed)

        return await self.database.write(work, [ACCOUNTS])

    async def delete_corp(self, corp_id: str) -> Corp:
        """See `TenantStore.delete_corp`."""

        def work(connection: apsw.Connection) -> Corp:
            key = {"corp_id": corp_id}
            if connection.execute(QUERIES["conference_of_corp"], key).fetchall():
                raise StillInUse(f"the corp {corp_id!r} has conferences; they are kept")
            connection.execute(QUERIES["delete_apps_of_corp"], key)
            connection.execute(QUERIES["delete_users_of_corp"], key)
            return corp_of(_change(connection, "delete_corp", key, NoSuchCorp(corp_id)))

        return await self.database.write(work, [ACCOUNTS])

    async def users(self, corp_id: str) -> list[User]:
        """See `TenantStore.users`."""
        return [user_of(row) for row in await self._rows_of_corp("users", corp_id)]

    async def add_user(self, user: User, password_hash: str) -> None:
        """See `TenantStore.add_user`."""
        row = row_of_user(user, password_hash)

        def work(connection: apsw.Connection) -> None:
            if user.admin_type is AdminType.DEFAULT_ADMINISTRATOR:
                for known in connection.execute(QUERIES["default_administrator"], row):
                    raise NameTaken(
                        f"the corp {user.corp_id!r} has a default administrator already,"
                        f" the user {user_of(known).account!r}; delete that one first"
                    )
            _add(connection, "add_user", row)

        with name_taken(f"the account {user.account!r}, or the id {user.user_id}, is taken"):
            await self.database.write(work, [ACCOUNTS])

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

        def work(connection: apsw.Connection) -> User:
            changed = _change(connection, "change_user", changes, NoSuchUser(corp_id, account))
            if is_disabled or password_hash is not None:
                connection.execute(QUERIES["end_grants_of_user"], key)
                connection.execute(QUERIES["end_links_of_user"], key)
            return user_of(changed)

        with name_taken(f"another corp has the account {account!r} with a password"):
            return await self.database.write(work, [ACCOUNTS])

    async def delete_user(self, corp_id: str, account: str) -> User:
        """See `TenantStore.delete_user`."""
        key = {"corp_id": corp_id, "account": account}
        missing = NoSuchUser(corp_id, account)
        return await self.database.write(
            lambda connection: user_of(_change(connection, "delete_user", key, missing)),
            [ACCOUNTS],
        )

    async def apps(self, corp_id: str) -> list[App]:
        """See `TenantStore.apps`."""
        return [app_of(row) for row in await self._rows_of_corp("apps", corp_id)]

    async def add_app(self, app: App) -> None:
        """See `TenantStore.add_app`."""
        row = row_of_app(app)
        await self.database.write(lambda connection: _add(connection, "add_app", row), [ACCOUNTS])

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

        def work(connection: apsw.Connection) -> App:
            changed = _change(connection, "change_app", changes, NoSuchApp(app_id))
            if is_disabled or encrypted_key is not None:
                connection.execute(QUERIES["end_grants_of_app"], key)
            return app_of(changed)

        return await self.database.write(work, [ACCOUNTS])

    async def delete_app(self, app_id: str) -> App:
        """See `TenantStore.delete_app`."""
        key = {"app_id": app_id}
        missing = NoSuchApp(app_id)
        return await self.database.write(
            lambda connection: app_of(_change(connection, "delete_app", key, missing)),
            [ACCOUNTS],
        )

    async def _rows_of_corp(self, query: str, corp_id: str) -> list[Row]:
        key = {"corp_id": corp_id}

        def work(read: Read) -> list[Row]:
            if not read("corp", key):
                raise NoSuchCorp(corp_id)
            return read(query, key)

        return await self.database.search(work)


def _add(connection: apsw.Connection, query: str, row: dict[str, Any]) -> None:
    """Add a row that belongs to a corp, which has to be there."""
    if not connection.execute(QUERIES["corp"], row).fetchall():
        raise NoSuchCorp(row["corp_id"])
    connection.execute(QUERIES[query], row)


def _change(
    connection: apsw.Connection, query: str, bindings: dict[str, Any], missing: Exception
) -> Row:
    """Run a statement that changes or removes one row, which it returns; none is an error."""
    rows = connection.execute(QUERIES[query], bindings).fetchall()
    if not rows:
        raise missing
    return cast("Row", rows[0])


@contextmanager
def name_taken(sentence: str) -> Iterator[None]:
    """Tell in a sentence that a key is taken; a row that breaks another rule is our mistake."""
    try:
        yield
    except apsw.ConstraintError as error:
        if error.extendedresult not in _TAKEN:  # type: ignore[attr-defined] # not in the stubs
            raise
        raise NameTaken(sentence) from error
