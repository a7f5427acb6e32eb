"""Who there is: corps, their users, their apps; and what auth asks of storage."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, Protocol, get_args

Scope = Literal["read", "write", "admin"]
"""What an app may do: read records, push records, manage its corp."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

PASSWORD_SCOPES: Final[frozenset[Scope]] = frozenset({"read"})
"""What a user may do who came with a password and through no app."""

DEFAULT_CORP_ID: Final = "default"
"""The corp that every new store has, for whoever needs only one."""


class AdminType(IntEnum):
    """What a user is in the corp. The values are the wire's (`adminType`)."""

    DEFAULT_ADMINISTRATOR = 0
    """Whom an app logs in that names no user; a corp has one at most."""
    ADMINISTRATOR = 1
    ORDINARY = 2


@dataclass(frozen=True, slots=True)
class Corp:
    """A tenant. Whatever belongs to one is out of reach of every other."""

    corp_id: str
    name: str
    masks_numbers: bool
    """Whether numbers in its records are served starred."""
    is_disabled: bool = False


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
    is_disabled: bool = False


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
    """What the corp's own programs call the user; empty for a default administrator
    whom an app's login made."""
    admin_type: AdminType
    directory: Directory
    is_automatic: bool = False
    """Whether an app's login made the user, and no command."""
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """That somebody is logged in, from when and until when."""

    user: User
    app: App | None
    """The app that they came through; None where they gave their own password."""
    client_type: int
    created_time_ms: int
    expire_time_s: int
    """Until when the access token is good."""
    refresh_expire_time_s: int
    """Until when the refresh token is."""


@dataclass(frozen=True, slots=True)
class TokenHashes:
    """What the store knows a grant's two tokens by."""

    access: bytes
    refresh: bytes


@dataclass(frozen=True, slots=True)
class Login:
    """What is known of somebody who may log in with a password."""

    user: User
    password_hash: str
    """An Argon2id hash in PHC form."""
    is_disabled: bool
    """Whether the user is, or the corp."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for, and what they may do."""

    corp_id: str
    user_id: str
    account: str
    """Empty for a default administrator whom an app's login made."""
    app_id: str
    """Empty where the user gave their own password."""
    is_administrator: bool
    """Whether the user sees every conference of the corp."""
    scopes: frozenset[Scope]
    masks_numbers: bool
    """Whether the corp wants numbers starred."""
    expire_time_ms: int
    """Until when the token is good."""


class AccountStore(Protocol):
    """Where corps, apps, users and tokens are kept.

    Every method raises `StoreBusy` or `StoreUnusable` where the store can't do it.
    """

    async def secret_key_id(self) -> str | None:
        """The id of the secret key that the app keys are sealed with, if that is settled."""

    async def pin_secret_key(self, key_id: str) -> str:
        """Settle for good which secret key that is, unless it is settled; its id."""

    async def corp(self, corp_id: str) -> Corp | None:
        """The corp of this id."""

    async def app(self, app_id: str) -> App | None:
        """The app of this id."""

    async def user(self, candidate: User) -> User:
        """The user of the candidate's corp and account, made from the candidate if missing.

        Without an account it is the corp's default administrator, whatever their account.

        Of a user who is there already, what the candidate's directory entry says
        is written over what was known; what it leaves empty stays.
        """

    async def keep_grant(
        self,
        hashes: TokenHashes,
        grant: Grant,
        *,
        grants_max: int,
        replaces: bytes | None = None,
        password_hash: str | None = None,
    ) -> None:
        """Keep a grant by the hashes of its tokens, if what it stands on still holds.

        Between a look at a secret and this there is time, in which the user may have
        been removed, the secret changed, or the grant that is replaced ended.

        Of its user's grants of the same client type the newest `grants_max` stay,
        this one included; the others end. Grants of anybody whose refresh token has
        expired are forgotten.

        Args:
            hashes: of the new tokens.
            grant: what they give.
            grants_max: how many the user may have of this client type.
            replaces: the access hash of a grant that ends with this one.
            password_hash: the one that was checked, where a password was.

        Raises:
            TokenRejected: the user is gone, or the app, or its key or the password is
                another one by now, or there is no grant to replace any more.
        """

    async def grant(self, token_hash: bytes, now_ms: int) -> tuple[bytes, Grant] | None:
        """The grant that an access token or a refresh token stands for, and its access hash.

        None where the token is unknown or has expired, or where its user, app or
        corp is disabled.
        """

    async def end_grant(self, access_hash: bytes) -> bool:
        """End a grant: neither of its tokens is good any more.

        Returns:
            Whether there was one to end.
        """

    def generation(self) -> int:
        """What is another number after a token, or what one stands for, has changed.

        In this process or another one; where those may be on other machines, at the
        latest a second after it. Whoever keeps a principal asks for it before they read.
        """

    async def principal(self, access_hash: bytes, now_ms: int) -> Principal | None:
        """Who an access token speaks for; None as for `grant`."""

    async def login(self, account: str) -> Login | None:
        """Whoever may log in with this account and a password."""

    async def add_link(
        self, link_hash: bytes, user: User, *, now_ms: int, expire_time_ms: int
    ) -> None:
        """Keep a link, by the hash of its secret, with which a user may sign in once.

        Links that are over are forgotten.

        Raises:
            NoSuchUser: the user is gone.
        """

    async def take_link(self, link_hash: bytes, now_ms: int) -> Login | None:
        """Whoever may sign in with a link, which is used up by that; None where it is over."""

    async def begin_attempt(
        self, account: str, now_ms: int, *, failures_max: int, lock_ms: int
    ) -> bool:
        """Count an attempt to log in with a password as failed, before it is known to be.

        So nobody can make more attempts at once than one after the other. An
        account that nobody has is counted like any other.

        Returns:
            Whether the attempt may go on: there were fewer than `failures_max`
            before it, or the last of them is `lock_ms` ago, which starts anew.
        """

    async def end_attempts(self, account: str) -> None:
        """Forget the attempts of an account that has logged in."""
