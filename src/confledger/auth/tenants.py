"""Who belongs to the ledger, as its owner arranges it; and what that asks of storage."""

from typing import Protocol

from confledger.auth.accounts import App, Corp, User


class TenantStore(Protocol):
    """Where corps, users and apps are made, changed and removed.

    A change answers with the thing as it now is, a removal with it as it was.
    Whatever disables or removes one ends its tokens and sign-in links in the same
    transaction. Every method raises `StoreBusy` or `StoreUnusable` where the store can't do it, and
    those that name something raise `NoSuchCorp`, `NoSuchUser` or `NoSuchApp`.
    """

    async def corps(self) -> list[Corp]:
        """Every corp, by id."""

    async def add_corp(self, corp_id: str, name: str) -> bool:
        """Make a corp, if it is missing; a corp that is there stays as it is.

        Returns:
            Whether it was missing.
        """

    async def change_corp(
        self, corp_id: str, *, is_disabled: bool | None = None, masks_numbers: bool | None = None
    ) -> Corp:
        """Change what is given of a corp."""

    async def delete_corp(self, corp_id: str) -> Corp:
        """Remove a corp with its users and apps.

        Raises:
            StillInUse: it has conferences.
        """

    async def users(self, corp_id: str) -> list[User]:
        """Every user of a corp, by account."""

    async def add_user(self, user: User, password_hash: str) -> None:
        """Make a user.

        Raises:
            NameTaken: the corp has that account, or a default administrator where the
                user is to be one, or, with a password, another corp has the account
                with a password too.
        """

    async def change_user(
        self,
        corp_id: str,
        account: str,
        *,
        is_disabled: bool | None = None,
        password_hash: str | None = None,
    ) -> User:
        """Change what is given of a user. A new password ends the user's tokens and links.

        Raises:
            NameTaken: another corp has that account with a password.
        """

    async def delete_user(self, corp_id: str, account: str) -> User:
        """Remove a user."""

    async def apps(self, corp_id: str) -> list[App]:
        """Every app of a corp, the oldest first."""

    async def add_app(self, app: App) -> None:
        """Keep a new app."""

    async def change_app(
        self,
        app_id: str,
        *,
        is_disabled: bool | None = None,
        encrypted_key: bytes | None = None,
    ) -> App:
        """Change what is given of an app. A new key ends the app's tokens."""

    async def delete_app(self, app_id: str) -> App:
        """Remove an app."""
