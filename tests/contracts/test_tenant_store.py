"""What every tenant store has to do: `auth.tenants.TenantStore`, on each engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from confledger.auth.accounts import (
    DEFAULT_CORP_ID,
    AdminType,
    App,
    Corp,
    Directory,
    Grant,
    TokenHashes,
    User,
)
from confledger.auth.tenants import TenantStore
from confledger.errors import NameTaken, NoSuchApp, NoSuchCorp, NoSuchUser, StillInUse
from confledger.storage import Stores
from conftest import CONFERENCE, MakeRecord
from engines import ENGINES

NOW_MS = 1_700_000_000_000

ANN = User("a" * 32, "acme", "ann", AdminType.ORDINARY, Directory(name="Ann"))
BOB = User("b" * 32, "acme", "bob", AdminType.ADMINISTRATOR, Directory())
APP = App(
    "1" * 32,
    "acme",
    "portal",
    frozenset({"read"}),
    is_multi_tenant=False,
    encrypted_key=b"sealed",
    created_time_ms=1,
)


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """A new, empty store of each engine in turn."""
    async with ENGINES[request.param]() as opened:
        yield opened


@pytest.fixture
async def tenants(stores: Stores) -> TenantStore:
    """One with a corp that has two users and an app."""
    await stores.tenants.add_corp("acme", "Acme")
    await stores.tenants.add_user(ANN, "a hash")
    await stores.tenants.add_user(BOB, "")
    await stores.tenants.add_app(APP)
    return stores.tenants


async def log_in(stores: Stores, token: str, user: User, app: App | None) -> None:
    """Grant somebody a token."""
    grant = Grant(user, app, 72, NOW_MS, NOW_MS // 1000 + 100, NOW_MS // 1000 + 200)
    hashes = TokenHashes(token.encode(), b"refresh " + token.encode())
    await stores.accounts.keep_grant(hashes, grant, grants_max=64)


async def alive(stores: Stores) -> set[str]:
    """Which of the test's tokens still speak for somebody."""
    tokens = ("ann by app", "ann", "bob", "stranger by app")
    return {token for token in tokens if await stores.accounts.principal(token.encode(), NOW_MS)}


async def test_what_was_made_is_listed(tenants: TenantStore) -> None:
    """Corps by id, users by account, apps by age; nothing of another corp."""
    assert await tenants.corps() == [
        Corp("acme", "Acme", masks_numbers=True),
        Corp(DEFAULT_CORP_ID, "default", masks_numbers=True),
    ]
    assert await tenants.users("acme") == [ANN, BOB]
    assert await tenants.apps("acme") == [APP]
    assert await tenants.users(DEFAULT_CORP_ID) == []
    assert await tenants.apps(DEFAULT_CORP_ID) == []


async def test_a_corp_is_made_once(tenants: TenantStore) -> None:
    """Adding a corp says whether it was missing; one that is there stays as it is."""
    assert await tenants.add_corp("new", "New")
    assert not await tenants.add_corp("acme", "Another name")
    assert [corp.name for corp in await tenants.corps()] == ["Acme", "default", "New"]


async def test_a_corp_has_one_default_administrator(stores: Stores, tenants: TenantStore) -> None:
    """A second one is refused, whoever made the first, until that one is gone."""
    boss = User("e" * 32, "acme", "boss", AdminType.DEFAULT_ADMINISTRATOR, Directory())
    chief = replace(boss, user_id="f" * 32, account="chief")
    await tenants.add_user(boss, "")
    with pytest.raises(NameTaken, match=r"'acme' has a default administrator already.* 'boss'"):
        await tenants.add_user(chief, "")
    await tenants.add_user(replace(chief, corp_id=DEFAULT_CORP_ID), "")

    await tenants.delete_user("acme", "boss")
    await stores.accounts.user(replace(boss, account="", is_automatic=True))
    with pytest.raises(NameTaken, match=r"'acme' has a default administrator already.* ''"):
        await tenants.add_user(chief, "")

    await tenants.delete_user("acme", "")
    await tenants.add_user(replace(chief, user_id="0" * 32), "")
    assert [user.account for user in await tenants.users("acme")] == ["ann", "bob", "chief"]


async def test_of_many_who_make_a_corp_at_once_one_has_made_it(stores: Stores) -> None:
    """Whoever is told that the corp was missing is the one whose name it has."""
    names = [f"name {number}" for number in range(5)]
    made = await asyncio.gather(*(stores.tenants.add_corp("acme", name) for name in names))

    assert made.count(True) == 1
    acme = await stores.accounts.corp("acme")
    assert acme is not None
    assert acme.name == names[made.index(True)]


async def test_names_are_taken_once(tenants: TenantStore) -> None:
    """A corp has an account once, and of all corps one may have it with a password."""
    elsewhere = replace(ANN, user_id="c" * 32, corp_id=DEFAULT_CORP_ID)
    with pytest.raises(NameTaken):
        await tenants.add_user(replace(ANN, user_id="c" * 32), "")
    with pytest.raises(NameTaken):
        await tenants.add_user(elsewhere, "another hash")

    await tenants.add_user(elsewhere, "")
    with pytest.raises(NameTaken):
        await tenants.change_user(DEFAULT_CORP_ID, "ann", password_hash="another hash")

    await tenants.change_user("acme", "ann", password_hash="")
    await tenants.change_user(DEFAULT_CORP_ID, "ann", password_hash="another hash")


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (NoSuchCorp, lambda store: store.change_corp("nowhere", is_disabled=True)),
        (NoSuchCorp, lambda store: store.delete_corp("nowhere")),
        (NoSuchCorp, lambda store: store.users("nowhere")),
        (NoSuchCorp, lambda store: store.apps("nowhere")),
        (NoSuchCorp, lambda store: store.add_user(replace(ANN, corp_id="nowhere"), "")),
        (NoSuchCorp, lambda store: store.add_app(replace(APP, corp_id="nowhere"))),
        (NoSuchUser, lambda store: store.change_user("acme", "nobody", is_disabled=True)),
        (NoSuchUser, lambda store: store.delete_user("acme", "nobody")),
        (NoSuchUser, lambda store: store.delete_user(DEFAULT_CORP_ID, "ann")),
        (NoSuchApp, lambda store: store.change_app("0" * 32, is_disabled=True)),
        (NoSuchApp, lambda store: store.delete_app("0" * 32)),
    ],
)
async def test_what_is_not_there_is_an_error(
    tenants: TenantStore, error: type[Exception], call: Callable[[TenantStore], Awaitable[None]]
) -> None:
    """Whoever names a corp, user or app that is not there is told so."""
    with pytest.raises(error):
        await call(tenants)


async def test_a_change_answers_with_what_it_left_and_a_removal_with_what_it_took(
    tenants: TenantStore,
) -> None:
    """Whoever changes or removes something learns what it is, or was, from the answer."""
    acme = Corp("acme", "Acme", masks_numbers=False, is_disabled=True)
    assert await tenants.change_corp("acme", is_disabled=True, masks_numbers=False) == acme
    assert await tenants.change_user("acme", "bob", is_disabled=True) == replace(
        BOB, is_disabled=True
    )
    assert await tenants.change_user("acme", "ann", password_hash="another") == ANN
    assert await tenants.change_app(APP.app_id, is_disabled=True) == replace(APP, is_disabled=True)
    changed = replace(APP, is_disabled=True, encrypted_key=b"new")
    assert await tenants.change_app(APP.app_id, encrypted_key=b"new") == changed

    assert await tenants.delete_app(APP.app_id) == changed
    assert await tenants.delete_user("acme", "ann") == ANN
    assert await tenants.delete_corp("acme") == acme
    assert [corp.corp_id for corp in await tenants.corps()] == [DEFAULT_CORP_ID]


@pytest.mark.parametrize(
    ("call", "left"),
    [
        (lambda store: store.change_corp("acme", is_disabled=True), set()),
        (lambda store: store.delete_corp("acme"), set()),
        (
            lambda store: store.change_user("acme", "ann", is_disabled=True),
            {"bob", "stranger by app"},
        ),
        (
            lambda store: store.change_user("acme", "ann", password_hash="x"),
            {"bob", "stranger by app"},
        ),
        (lambda store: store.delete_user("acme", "ann"), {"bob", "stranger by app"}),
        (lambda store: store.change_app("1" * 32, is_disabled=True), {"ann", "bob"}),
        (lambda store: store.change_app("1" * 32, encrypted_key=b"new"), {"ann", "bob"}),
        (lambda store: store.delete_app("1" * 32), {"ann", "bob"}),
        (
            lambda store: store.change_corp("acme", masks_numbers=False),
            {"ann by app", "ann", "bob", "stranger by app"},
        ),
    ],
)
async def test_tokens_end_with_what_they_stand_on(
    stores: Stores,
    tenants: TenantStore,
    call: Callable[[TenantStore], Awaitable[None]],
    left: set[str],
) -> None:
    """Disabling or removing a corp, user or app, or a new secret, ends its tokens and no others."""
    stranger = User("d" * 32, DEFAULT_CORP_ID, "dan", AdminType.ORDINARY, Directory())
    await tenants.add_user(stranger, "")
    await log_in(stores, "ann by app", ANN, APP)
    await log_in(stores, "ann", ANN, None)
    await log_in(stores, "bob", BOB, None)
    await log_in(stores, "stranger by app", stranger, APP)
    assert await alive(stores) == {"ann by app", "ann", "bob", "stranger by app"}

    await call(tenants)

    assert await alive(stores) == left


async def test_who_was_disabled_may_come_back(stores: Stores, tenants: TenantStore) -> None:
    """Enabling undoes disabling, but for the tokens, which have ended."""
    await log_in(stores, "ann", ANN, None)
    await tenants.change_user("acme", "ann", is_disabled=True)
    login = await stores.accounts.login("ann")
    assert login is not None
    assert login.is_disabled

    await tenants.change_user("acme", "ann", is_disabled=False)

    assert await tenants.users("acme") == [ANN, BOB]
    assert await alive(stores) == set()


async def test_a_token_made_while_its_user_was_being_disabled_speaks_for_nobody(
    stores: Stores, tenants: TenantStore
) -> None:
    """A login that was under way when its user, app or corp was disabled comes to nothing."""
    await tenants.change_corp("acme", is_disabled=True)
    await log_in(stores, "ann", ANN, None)
    await log_in(stores, "ann by app", ANN, APP)
    assert await alive(stores) == set()
    assert await stores.accounts.grant(b"ann", NOW_MS) is None


async def test_a_corp_with_conferences_stays(
    stores: Stores, tenants: TenantStore, make_record: MakeRecord
) -> None:
    """Removing a corp never removes a record."""
    await stores.records.append("acme", {CONFERENCE: [make_record(event_id="1")]})

    with pytest.raises(StillInUse):
        await tenants.delete_corp("acme")

    assert await tenants.users("acme") == [ANN, BOB]
