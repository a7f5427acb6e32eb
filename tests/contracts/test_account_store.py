"""What every account store has to do: `auth.accounts.AccountStore`, on each engine."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from confledger.auth.accounts import (
    DEFAULT_CORP_ID,
    AccountStore,
    AdminType,
    App,
    Directory,
    Grant,
    TokenHashes,
    User,
)
from confledger.errors import NoSuchUser
from confledger.storage import Stores
from engines import ENGINES

NOW_MS = 1_700_000_000_000


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with ENGINES[request.param]() as opened:
        yield opened


@pytest.fixture
def accounts(stores: Stores) -> AccountStore:
    """Its part for those who log in."""
    return stores.accounts


def app(**fields: object) -> App:
    """An app of the default corp."""
    ordinary: dict[str, object] = {
        "app_id": "1" * 32,
        "corp_id": DEFAULT_CORP_ID,
        "name": "test",
        "scopes": frozenset({"read", "write"}),
        "is_multi_tenant": False,
        "encrypted_key": b"sealed\0",
        "created_time_ms": NOW_MS,
    }
    return App(**(ordinary | fields))  # type: ignore[arg-type] # a factory of keywords


def user(account: str = "", user_id: str = "2" * 32, **directory: str) -> User:
    """A user of the default corp."""
    return User(user_id, DEFAULT_CORP_ID, account, AdminType.ORDINARY, Directory(**directory))


def grant(number: int, owner: User, **fields: Any) -> Grant:
    """The `number`th login of somebody."""
    ordinary: dict[str, Any] = {
        "user": owner,
        "app": app(),
        "client_type": 72,
        "created_time_ms": NOW_MS + number,
        "expire_time_s": NOW_MS // 1000 + 86_400,
        "refresh_expire_time_s": NOW_MS // 1000 + 2_592_000,
    }
    return Grant(**(ordinary | fields))


async def keep(
    accounts: AccountStore,
    number: int,
    kept: Grant,
    grants_max: int = 64,
    replaces: bytes | None = None,
) -> None:
    """Keep a grant under hashes that tell its number."""
    hashes = TokenHashes(f"access {number}".encode(), f"refresh {number}".encode())
    await accounts.keep_grant(hashes, kept, grants_max=grants_max, replaces=replaces)


async def is_alive(accounts: AccountStore, number: int) -> bool:
    """Whether a grant's access token speaks for anybody."""
    return await accounts.principal(f"access {number}".encode(), NOW_MS) is not None


async def test_a_new_store_has_the_default_corp(accounts: AccountStore) -> None:
    """Whoever needs one corp only finds it there, with its numbers starred."""
    corp = await accounts.corp(DEFAULT_CORP_ID)

    assert corp is not None
    assert corp.masks_numbers


async def test_a_user_is_made_once_and_told_more_about_later(accounts: AccountStore) -> None:
    """A later login adds to what is known of a user, and what it leaves out stays."""
    made = await accounts.user(user("ann", name="Ann", email="a@example.com"))

    later = await accounts.user(
        User(
            "3" * 32,
            DEFAULT_CORP_ID,
            "ann",
            AdminType.DEFAULT_ADMINISTRATOR,
            Directory(email="ann@example.com", phone="+86123"),
        )
    )

    assert made == user("ann", name="Ann", email="a@example.com")
    assert later == user("ann", name="Ann", email="ann@example.com", phone="+86123")
    assert await accounts.user(user("ann")) == later


async def test_a_user_stays_what_they_were_made_as(stores: Stores, accounts: AccountStore) -> None:
    """Whether a login or a command made a user is kept, whatever logs in later."""
    by_login = replace(user("ann"), is_automatic=True)
    by_command = user("bob", "3" * 32)
    await stores.tenants.add_user(by_command, "a hash")

    assert await accounts.user(by_login) == by_login
    assert (await accounts.user(user("ann", name="Ann"))).is_automatic
    told_more = replace(by_command, is_automatic=True, directory=Directory(name="Bob"))
    assert await accounts.user(told_more) == replace(told_more, is_automatic=False)

    assert [each.is_automatic for each in await stores.tenants.users(DEFAULT_CORP_ID)] == [
        True,
        False,
    ]
    login = await accounts.login("bob")
    assert login is not None
    assert not login.user.is_automatic
    made = grant(1, await accounts.user(user("ann")), app=None)
    await keep(accounts, 1, made)
    assert await accounts.grant(b"access 1", NOW_MS) == (b"access 1", made)


async def test_without_an_account_it_is_the_default_administrator(
    stores: Stores, accounts: AccountStore
) -> None:
    """The one whom a command made if there is one, whatever their account; else one made now."""
    nobody = User(
        "2" * 32,
        DEFAULT_CORP_ID,
        "",
        AdminType.DEFAULT_ADMINISTRATOR,
        Directory(phone="+86123"),
        is_automatic=True,
    )
    boss = User(
        "3" * 32,
        DEFAULT_CORP_ID,
        "boss",
        AdminType.DEFAULT_ADMINISTRATOR,
        Directory(name="The Boss"),
    )
    await stores.tenants.add_user(user("ann", "4" * 32), "")

    assert await accounts.user(nobody) == nobody
    assert await accounts.user(replace(nobody, user_id="5" * 32)) == nobody

    await stores.tenants.delete_user(DEFAULT_CORP_ID, "")
    await stores.tenants.add_user(boss, "")

    told = replace(boss, directory=Directory(name="The Boss", phone="+86123"))
    assert await accounts.user(nobody) == told
    assert await accounts.user(replace(nobody, directory=Directory())) == told
    assert await accounts.user(replace(nobody, account="boss")) == told
    assert told in await stores.tenants.users(DEFAULT_CORP_ID)
    assert len(await stores.tenants.users(DEFAULT_CORP_ID)) == 2


async def test_the_same_account_in_two_corps_is_two_users(
    stores: Stores, accounts: AccountStore
) -> None:
    """An account belongs to its corp."""
    await stores.tenants.add_corp("other", "Other")
    await accounts.user(user("ann", name="Ann"))

    other = await accounts.user(
        User("3" * 32, "other", "ann", AdminType.ORDINARY, Directory(name="Another Ann"))
    )

    assert other.user_id == "3" * 32
    assert (await accounts.user(user("ann"))).directory.name == "Ann"


async def test_a_token_speaks_for_its_user_until_it_expires(
    stores: Stores, accounts: AccountStore
) -> None:
    """An access token gives the corp, the user and the scopes; after its time, nothing."""
    await stores.tenants.add_app(app())
    made = grant(1, await accounts.user(user("ann")))
    await keep(accounts, 1, made)

    principal = await accounts.principal(b"access 1", NOW_MS)

    assert principal is not None
    assert (principal.corp_id, principal.user_id) == (DEFAULT_CORP_ID, "2" * 32)
    assert principal.scopes == frozenset({"read", "write"})
    assert principal.masks_numbers
    assert not principal.is_administrator
    assert await accounts.principal(b"access 1", made.expire_time_s * 1000 - 1) == principal
    assert await accounts.principal(b"access 1", made.expire_time_s * 1000) is None
    assert await accounts.principal(b"refresh 1", NOW_MS) is None
    assert await accounts.principal(b"access 2", NOW_MS) is None


async def test_a_grant_is_found_by_either_token_while_that_is_good(
    stores: Stores, accounts: AccountStore
) -> None:
    """The access token finds its grant for a day, the refresh token for a month."""
    await stores.tenants.add_app(app())
    made = grant(1, await accounts.user(user("ann", name="Ann")))
    await keep(accounts, 1, made)
    end_ms, refresh_end_ms = made.expire_time_s * 1000, made.refresh_expire_time_s * 1000

    assert await accounts.grant(b"access 1", end_ms - 1) == (b"access 1", made)
    assert await accounts.grant(b"access 1", end_ms) is None
    assert await accounts.grant(b"refresh 1", refresh_end_ms - 1) == (b"access 1", made)
    assert await accounts.grant(b"refresh 1", refresh_end_ms) is None
    assert await accounts.grant(b"other", NOW_MS) is None


async def test_a_grant_by_password_has_no_app(accounts: AccountStore) -> None:
    """Who came with a password may read, and no app is named."""
    made = grant(1, await accounts.user(user("ann")), app=None)
    await keep(accounts, 1, made)

    principal = await accounts.principal(b"access 1", NOW_MS)

    assert principal is not None
    assert (principal.app_id, principal.scopes) == ("", frozenset({"read"}))
    assert await accounts.grant(b"access 1", NOW_MS) == (b"access 1", made)


async def test_a_grant_may_replace_another_and_may_end(
    stores: Stores, accounts: AccountStore
) -> None:
    """Of a grant that is replaced or ended neither token is good any more."""
    await stores.tenants.add_app(app())
    ann = await accounts.user(user("ann"))
    await keep(accounts, 1, grant(1, ann))
    await keep(accounts, 2, grant(2, ann), replaces=b"access 1")
    assert not await accounts.end_grant(b"nothing")

    assert [await is_alive(accounts, number) for number in (1, 2)] == [False, True]
    assert await accounts.grant(b"refresh 1", NOW_MS) is None

    assert await accounts.end_grant(b"access 2")

    assert not await is_alive(accounts, 2)
    assert await accounts.grant(b"refresh 2", NOW_MS) is None


async def test_the_oldest_grant_makes_room(stores: Stores, accounts: AccountStore) -> None:
    """Beyond the number that a user may have, the oldest grant of that client type ends."""
    await stores.tenants.add_app(app())
    ann = await accounts.user(user("ann"))
    bob = await accounts.user(user("bob", "3" * 32))
    await keep(accounts, 0, grant(0, bob), grants_max=3)
    await keep(accounts, 1, grant(1, ann, client_type=50), grants_max=3)
    for number in range(2, 7):
        await keep(accounts, number, grant(number, ann), grants_max=3)

    alive = [number for number in range(7) if await is_alive(accounts, number)]

    assert alive == [0, 1, 4, 5, 6]


async def test_grants_of_one_moment_push_out_others_never_the_new_one(
    stores: Stores, accounts: AccountStore
) -> None:
    """Of several logins in the same millisecond the one that is being granted stays."""
    await stores.tenants.add_app(app())
    ann = await accounts.user(user("ann"))
    for number in range(5):
        await keep(accounts, number, grant(0, ann), grants_max=1)
        assert await is_alive(accounts, number)
        assert not await is_alive(accounts, number - 1)


async def test_ended_grants_are_forgotten(stores: Stores, accounts: AccountStore) -> None:
    """A grant whose refresh token has expired is gone once anybody logs in again."""
    await stores.tenants.add_app(app())
    ann = await accounts.user(user("ann"))
    bob = await accounts.user(user("bob", "3" * 32))
    await keep(accounts, 1, grant(1, ann, refresh_expire_time_s=NOW_MS // 1000 + 1))
    assert await is_alive(accounts, 1)

    await keep(accounts, 2, grant(2, bob, created_time_ms=NOW_MS + 1000))

    assert not await is_alive(accounts, 1)
    assert await is_alive(accounts, 2)


async def test_a_password_is_known_by_its_account(stores: Stores, accounts: AccountStore) -> None:
    """Only who has a password can be asked for by account alone."""
    await stores.tenants.add_user(user("ann"), "a hash")
    await stores.tenants.add_user(user("bob", "3" * 32), "")

    login = await accounts.login("ann")

    assert login is not None
    assert (login.user, login.password_hash, login.is_disabled) == (user("ann"), "a hash", False)
    assert await accounts.login("bob") is None
    assert await accounts.login("nobody") is None


async def test_attempts_are_counted_until_one_is_right_or_time_has_passed(
    accounts: AccountStore,
) -> None:
    """So many wrong passwords lock an account; the time runs from the last that was tried."""

    async def attempt(account: str, now_ms: int) -> bool:
        return await accounts.begin_attempt(account, now_ms, failures_max=3, lock_ms=100)

    assert [await attempt("ann", now) for now in (0, 10, 20, 30, 119)] == [True] * 3 + [False] * 2
    assert await attempt("bob", 30)
    assert await attempt("ann", 120)
    await accounts.end_attempts("ann")
    assert [await attempt("ann", now) for now in (121, 122, 123, 124)] == [True] * 3 + [False]


async def test_a_store_belongs_to_the_first_secret_key(accounts: AccountStore) -> None:
    """The first secret key that a store is told of is the one that it names from then on."""
    assert await accounts.secret_key_id() is None
    assert await accounts.pin_secret_key("first") == "first"
    assert await accounts.pin_secret_key("second") == "first"
    assert await accounts.secret_key_id() == "first"


async def test_another_generation_follows_when_a_token_may_stand_for_something_else(
    accounts: AccountStore,
) -> None:
    """Whoever remembers who a token speaks for learns that it has ended, or may have."""
    owner = await accounts.user(user("ann"))
    await keep(accounts, 1, grant(1, owner, app=None))
    seen = [accounts.generation()]
    await keep(accounts, 2, grant(2, owner, app=None), replaces=b"access 1")
    seen.append(accounts.generation())
    assert await accounts.end_grant(b"access 2")
    seen.append(accounts.generation())
    assert len(set(seen)) == len(seen)


async def test_a_link_is_taken_once_and_in_time(accounts: AccountStore) -> None:
    """A link tells its user once, before its end, and no longer than the user is there."""
    ann = await accounts.user(user("ann"))
    for link_hash in (b"first", b"second"):
        await accounts.add_link(link_hash, ann, now_ms=NOW_MS, expire_time_ms=NOW_MS + 10)

    assert await accounts.take_link(b"other", NOW_MS) is None
    assert await accounts.take_link(b"first", NOW_MS + 10) is None
    taken = await accounts.take_link(b"first", NOW_MS + 9)
    assert taken is not None
    assert (taken.user, taken.password_hash, taken.is_disabled) == (ann, "", False)
    assert await accounts.take_link(b"first", NOW_MS) is None
    # Making one forgets those that are over.
    await accounts.add_link(b"third", ann, now_ms=NOW_MS + 10, expire_time_ms=NOW_MS + 20)
    assert await accounts.take_link(b"second", NOW_MS) is None


async def test_a_link_goes_with_its_user(stores: Stores) -> None:
    """Who is disabled or removed, alone or with the corp, has no links; nor gets new ones."""
    accounts, tenants = stores.accounts, stores.tenants

    async def link(number: int) -> User:
        ann = await accounts.user(user("ann", f"{number}" * 32))
        await accounts.add_link(b"%d" % number, ann, now_ms=NOW_MS, expire_time_ms=NOW_MS + 10)
        return ann

    await link(0)
    await tenants.change_corp(DEFAULT_CORP_ID, is_disabled=True)
    await link(1)
    await tenants.change_user(DEFAULT_CORP_ID, "ann", is_disabled=True)
    await link(2)
    await tenants.change_user(DEFAULT_CORP_ID, "ann", password_hash="new")
    ann = await link(3)
    await tenants.delete_user(DEFAULT_CORP_ID, "ann")

    for number in range(4):
        assert await accounts.take_link(b"%d" % number, NOW_MS) is None
    with pytest.raises(NoSuchUser):
        await accounts.add_link(b"late", ann, now_ms=NOW_MS, expire_time_ms=NOW_MS + 10)
