"""Apps: how one is made, and how one logs in."""

import hmac
import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from confledger.auth.accounts import (
    AccountStore,
    AdminType,
    App,
    Directory,
    Scope,
    User,
)
from confledger.auth.secret_box import SecretBox, load_secret_box
from confledger.auth.signature import Authorization, sign
from confledger.auth.tenants import TenantStore
from confledger.auth.tokens import Session, Tokens
from confledger.errors import AccountDisabled, SettingError, SignatureExpired, SignatureRejected
from confledger.observability.logging import logger


@dataclass(frozen=True, slots=True)
class AppLogin:
    """What an app says when it logs in. Empty means that it said nothing."""

    app_id: str
    corp_id: str
    user_account: str
    expire_time_s: int
    """Until when the signature is good: UTC seconds; 0 means for ever."""
    nonce: str
    client_type: int
    directory: Directory


@dataclass(frozen=True, slots=True)
class Apps:
    """Makes apps and checks their logins."""

    accounts: AccountStore
    tenants: TenantStore
    tokens: Tokens
    box: SecretBox

    async def create(
        self, name: str, corp_id: str, scopes: frozenset[Scope], *, is_multi_tenant: bool = False
    ) -> tuple[App, str]:
        """Make an app of a corp.

        Returns:
            The app, and its key, which nobody is shown again.

        Raises:
            NoSuchCorp: there is no such corp.
        """
        app_id, app_key = uuid.uuid4().hex, secrets.token_hex(32)
        app = App(
            app_id=app_id,
            corp_id=corp_id,
            name=name,
            scopes=scopes,
            is_multi_tenant=is_multi_tenant,
            encrypted_key=self.box.seal(app_key, owner=app_id),
            created_time_ms=time.time_ns() // 1_000_000,
        )
        await self.tenants.add_app(app)
        return app, app_key

    async def reset_key(self, app_id: str) -> str:
        """Give an app a new key, and end its tokens.

        Returns:
            The key, which nobody is shown again.

        Raises:
            NoSuchApp: there is no such app.
        """
        app_key = secrets.token_hex(32)
        await self.tenants.change_app(app_id, encrypted_key=self.box.seal(app_key, owner=app_id))
        return app_key

    async def default_administrator(self, corp_id: str) -> User:
        """Whom a login without a user means; made if missing."""
        return await default_administrator(self.accounts, corp_id)

    async def log_in(self, login: AppLogin, authorization: Authorization | None) -> Session:
        """Check a login's signature and let its user in; an unknown user is made on the fly.

        Raises:
            SignatureRejected: app, key, corp or signature don't belong together.
            SignatureExpired: the signature is right, and over.
            AccountDisabled: the app, the user or the corp is disabled.
        """
        app = await self._signer_of(login, authorization)
        home = await self.accounts.corp(app.corp_id)
        corp = await self.accounts.corp(login.corp_id) if login.corp_id else home
        if corp is None or home is None:
            raise SignatureRejected
        if app.is_disabled or home.is_disabled or corp.is_disabled:
            raise AccountDisabled
        user = await self.accounts.user(
            _candidate(corp.corp_id, login.user_account, login.directory)
        )
        if user.is_disabled:
            raise AccountDisabled
        return await self.tokens.issue(user, app, login.client_type)

    async def _signer_of(self, login: AppLogin, authorization: Authorization | None) -> App:
        """The app that has signed a login, after all has been checked that its key can prove."""
        app = await self.accounts.app(login.app_id)
        if app is None or authorization is None:
            raise SignatureRejected
        if authorization.app_id not in (None, login.app_id):
            raise SignatureRejected
        if login.corp_id and not app.is_multi_tenant:
            raise SignatureRejected
        try:
            app_key = self.box.open(app.encrypted_key, owner=app.app_id)
        except SettingError as error:
            logger.error("app key can't be opened", extra={"reason": str(error)})
            raise SignatureRejected from error
        is_signed = False
        for signed in _signed_forms(login, is_multi_tenant=app.is_multi_tenant):
            is_signed |= hmac.compare_digest(sign(app_key, *signed), authorization.signature)
        if not is_signed:
            raise SignatureRejected
        if 0 < login.expire_time_s < time.time():
            raise SignatureExpired
        return app


def _signed_forms(login: AppLogin, *, is_multi_tenant: bool) -> Iterator[tuple[str, ...]]:
    """What the signature of a login may have been made of.

    A multi-tenant app signs its corp id too. Without a corp, some clients sign an
    empty one (the vendor's SDKs) and some none; a single-tenant app never signs one.

    No two logins of an app may share a signed string: of the values only the user's
    account may hold a colon, and where there are two forms, not even that in the
    one without a corp.
    """
    rest = (login.user_account, str(login.expire_time_s), login.nonce)
    if is_multi_tenant:
        yield (login.app_id, login.corp_id, *rest)
        if login.corp_id or ":" in login.user_account:
            return
    yield (login.app_id, *rest)


def _candidate(corp_id: str, account: str, directory: Directory) -> User:
    return User(
        user_id=uuid.uuid4().hex,
        corp_id=corp_id,
        account=account,
        admin_type=AdminType.ORDINARY if account else AdminType.DEFAULT_ADMINISTRATOR,
        directory=directory,
        is_automatic=True,
    )


async def default_administrator(accounts: AccountStore, corp_id: str) -> User:
    """Whom whoever names no user means; made if missing."""
    return await accounts.user(_candidate(corp_id, "", Directory()))


async def open_apps(
    accounts: AccountStore, tenants: TenantStore, tokens: Tokens, secret_key_file: Path
) -> Apps:
    """The apps of a store. A new store gets a secret key file of its own, if that is missing.

    Raises:
        SettingError: the secret key file can't be used, or is not this store's.
    """
    pinned = await accounts.secret_key_id()
    box = load_secret_box(secret_key_file, make=pinned is None)
    if pinned is None:
        pinned = await accounts.pin_secret_key(box.key_id)
    if pinned != box.key_id:
        raise SettingError(
            f"the secret key file {secret_key_file} is not the one that belongs to this store"
            f" (the store wants key {pinned}, the file holds {box.key_id})"
        )
    return Apps(accounts, tenants, tokens, box)
