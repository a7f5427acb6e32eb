"""What every account store has to do: `auth.accounts.AccountStore`, on each engine."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from engines import ENGINES

from confledger.auth.accounts import (
    DEFAULT_CORP_ID,
    AccountStore,
    AdminType,
    App,
    Directory,
    Session,
    User,
)

NOW_MS = 1_700_000_000_000


@pytest.fixture(params=ENGINES)
def accounts(request: pytest.FixtureRequest) -> Iterator[AccountStore]:
    """A new, empty store of each engine in turn."""
    with ENGINES[request.param]() as opened:
        yield opened.accounts


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


def user(account: str = "", **directory: str) -> User:
    """A user of the default corp."""
    return User("2" * 32, DEFAULT_CORP_ID, account, AdminType.ORDINARY, Directory(**directory))


def session(number: int, owner: User, client_type: int = 72) -> Session:
    """The `number`th login of somebody."""
    return Session(
        access_token=f"access {number}",
        refresh_token=f"refresh {number}",
        app=app(),
        user=owner,
        client_type=client_type,
        created_time_ms=NOW_MS + number,
        expire_time_s=NOW_MS // 1000 + 86_400,
        refresh_expire_time_s=NOW_MS // 1000 + 2_592_000,
    )


async def keep(accounts: AccountStore, made: Session, sessions_max: int = 64) -> None:
    """Keep a session under hashes that can be told from its tokens."""
    await accounts.keep_session(
        made.access_token.encode(), made.refresh_token.encode(), made, sessions_max=sessions_max
    )


async def test_a_new_store_has_the_default_corp(accounts: AccountStore) -> None:
    """Whoever needs one corp only finds it there, with its numbers starred."""
    corp = await accounts.corp(DEFAULT_CORP_ID)

    assert corp is not None
    assert corp.masks_numbers


async def test_a_corp_is_made_once(accounts: AccountStore) -> None:
    """Adding a corp that is there changes nothing."""
    assert await accounts.corp("other") is None

    await accounts.add_corp("other", "Other")
    again = await accounts.add_corp("other", "Another name")

    assert again.name == "Other"
    assert await accounts.corp("other") == again


async def test_an_app_comes_back_as_it_was_added(accounts: AccountStore) -> None:
    """An app keeps every field; an unknown one is None."""
    assert await accounts.app("1" * 32) is None

    await accounts.add_app(app(is_multi_tenant=True))

    assert await accounts.app("1" * 32) == app(is_multi_tenant=True)


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


async def test_the_same_account_in_two_corps_is_two_users(accounts: AccountStore) -> None:
    """An account belongs to its corp."""
    await accounts.add_corp("other", "Other")
    await accounts.user(user("ann", name="Ann"))

    other = await accounts.user(
        User("3" * 32, "other", "ann", AdminType.ORDINARY, Directory(name="Another Ann"))
    )

    assert other.user_id == "3" * 32
    assert (await accounts.user(user("ann"))).directory.name == "Ann"


async def test_a_token_speaks_for_its_user_until_it_expires(accounts: AccountStore) -> None:
    """An access token gives the corp, the user and the scopes; after its time, nothing."""
    await accounts.add_app(app())
    made = session(1, await accounts.user(user("ann")))
    await keep(accounts, made)

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


async def test_the_oldest_session_makes_room(accounts: AccountStore) -> None:
    """Beyond the number that a user may have, the oldest session of that client type ends."""
    await accounts.add_app(app())
    ann, bob = await accounts.user(user("ann")), None
    bob = await accounts.user(
        User("3" * 32, DEFAULT_CORP_ID, "bob", AdminType.ORDINARY, Directory())
    )
    await keep(accounts, session(0, bob), sessions_max=3)
    await keep(accounts, session(1, ann, client_type=50), sessions_max=3)
    for number in range(2, 7):
        await keep(accounts, session(number, ann), sessions_max=3)

    alive = [
        number
        for number in range(7)
        if await accounts.principal(f"access {number}".encode(), NOW_MS)
    ]

    assert alive == [0, 1, 4, 5, 6]


async def test_sessions_of_one_moment_push_out_others_never_the_new_one(
    accounts: AccountStore,
) -> None:
    """Of several logins in the same millisecond the one that is being granted stays."""
    await accounts.add_app(app())
    ann = await accounts.user(user("ann"))
    for number in range(5):
        made = session(number, ann)
        twin = Session(**{f: getattr(made, f) for f in Session.__slots__} | {"created_time_ms": 1})
        await keep(accounts, twin, sessions_max=1)
        assert await accounts.principal(f"access {number}".encode(), NOW_MS)
        assert not await accounts.principal(f"access {number - 1}".encode(), NOW_MS)


async def test_ended_sessions_are_forgotten(accounts: AccountStore) -> None:
    """A session whose refresh token has expired is gone once anybody logs in again."""
    await accounts.add_app(app())
    ann = await accounts.user(user("ann"))
    bob = await accounts.user(
        User("3" * 32, DEFAULT_CORP_ID, "bob", AdminType.ORDINARY, Directory())
    )
    await keep(accounts, replace(session(1, ann), refresh_expire_time_s=NOW_MS // 1000 + 1))
    assert await accounts.principal(b"access 1", NOW_MS)

    await keep(accounts, replace(session(2, bob), created_time_ms=NOW_MS + 1000))

    assert not await accounts.principal(b"access 1", NOW_MS)
    assert await accounts.principal(b"access 2", NOW_MS)


async def test_a_store_belongs_to_the_first_secret_key(accounts: AccountStore) -> None:
    """The first secret key that a store is told of is the one that it names from then on."""
    assert await accounts.secret_key_id() is None
    assert await accounts.pin_secret_key("first") == "first"
    assert await accounts.pin_secret_key("second") == "first"
    assert await accounts.secret_key_id() == "first"
