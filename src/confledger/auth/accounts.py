"""Who there is: corps, their users, their apps; and what auth asks of storage."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, Protocol, get_args

Scope = Literal["read", "write", "admin"]
"""What an app may do: read records, push records, manage its corp."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

DEFAULT_CORP_ID: Final = "default"
"""The corp that every new store has, for whoever needs only one."""


class AdminType(IntEnum):
    """What a user is in the corp. The values are the wire's (`adminType`)."""

    DEFAULT_ADMINISTRATOR = 0
    ADMINISTRATOR = 1
    ORDINARY = 2


@dataclass(frozen=True, slots=True)
class Corp:
    """A tenant. Whatever belongs to one is out of reach of every other."""

    corp_id: str
    name: str
    masks_numbers: bool
    """Whether numbers in its records are served starred."""


@dataclass(frozen=True, slots=True)
class App:
    """A program that may log in for users of its corp."""

    app_id: str
    corp_id: str
    name: str
    scopes: frozenset[Scope]
    is_multi_tenant: bool
    """Whether it may name another corp than its own when it logs in (an SP app)."""
    encrypted_key: bytes
    """The app key, as `SecretBox` sealed it: only with it can a signature be checked."""
    created_time_ms: int


@dataclass(frozen=True, slots=True)
class Directory:
    """What a login says of its user for the corp's directory; empty where it says nothing."""

    name: str = ""
    email: str = ""
    phone: str = ""
    dept_code: str = ""

    def adds_nothing_to(self, known: "Directory") -> bool:
        """Whether all that this says is known."""
        said = (self.name, self.email, self.phone, self.dept_code)
        as_known = (known.name, known.email, known.phone, known.dept_code)
        return all(new in ("", old) for new, old in zip(said, as_known, strict=True))


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of a corp."""

    user_id: str
    """Ours: 32 hexadecimal digits."""
    corp_id: str
    account: str
    """What the corp's own programs call the user; empty for the default administrator."""
    admin_type: AdminType
    directory: Directory


@dataclass(frozen=True, slots=True)
class Session:
    """A login that has been granted, with its two secrets in clear.

    They are shown to the caller once; the store gets their hashes.
    """

    access_token: str
    refresh_token: str
    app: App
    user: User
    client_type: int
    created_time_ms: int
    expire_time_s: int
    refresh_expire_time_s: int


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for, and what they may do."""

    corp_id: str
    user_id: str
    app_id: str
    admin_type: AdminType
    scopes: frozenset[Scope]
    masks_numbers: bool
    """Whether the corp wants numbers starred."""

    @property
    def is_administrator(self) -> bool:
        """Whether the user sees every conference of the corp."""
        return self.admin_type is not AdminType.ORDINARY


class AccountStore(Protocol):
    """Where corps, apps, users and tokens are kept.

    Every method raises `StoreBusy` or `StoreUnusable` where the store can't do it.
    """

    async def secret_key_id(self) -> str | None:
        """The id of the secret key that the app keys are sealed with, if that is settled."""

    async def pin_secret_key(self, key_id: str) -> str:
        """Settle for good which secret key that is, unless it is settled; its id."""

    async def add_corp(self, corp_id: str, name: str) -> Corp:
        """The corp of this id, made if it is missing; a corp that is there stays as it is."""

    async def corp(self, corp_id: str) -> Corp | None:
        """The corp of this id."""

    async def add_app(self, app: App) -> None:
        """Keep a new app. Its id is new, and its corp is there."""

    async def app(self, app_id: str) -> App | None:
        """The app of this id."""

    async def user(self, candidate: User) -> User:
        """The user of the candidate's corp and account, made from the candidate if missing.

        Of a user who is there already, what the candidate's directory entry says
        is written over what was known; what it leaves empty stays.
        """

    async def keep_session(
        self, access_hash: bytes, refresh_hash: bytes, session: Session, *, sessions_max: int
    ) -> None:
        """Keep a session by its tokens' hashes.

        Of its user's sessions of the same client type the newest `sessions_max`
        stay, this one included; the others end. Sessions of anybody whose refresh
        token has expired are forgotten.
        """

    async def principal(self, access_hash: bytes, now_ms: int) -> Principal | None:
        """Who the access token of this hash speaks for, unless it is unknown or has expired."""
