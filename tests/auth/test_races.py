"""What happens between a look at a secret and the token that is made for it."""

import asyncio
from dataclasses import replace

import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.passwords import Passwords, hash_password
from confledger.auth.tokens import API_CLIENT_TYPE, Session
from confledger.errors import AccountLocked, ConfledgerError, StoreBusy, TokenRejected

ANN = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory())
PASSWORD = "correct horse"


async def is_alive(parts: Parts, session: Session) -> bool:
    """Whether a session's token speaks for anybody."""
    try:
        await parts.tokens.verify(session.access_token)
    except TokenRejected:
        return False
    return True


async def survivors(parts: Parts, *outcomes: Session | BaseException | None) -> int:
    """How many of some outcomes are sessions that are alive."""
    return sum(
        [isinstance(outcome, Session) and await is_alive(parts, outcome) for outcome in outcomes]
    )


async def test_of_many_refreshes_at_once_one_succeeds(parts: Parts) -> None:
    """A refresh token is good once: of those who come at once with it, one gets new tokens."""
    await parts.stores.tenants.add_user(ANN, "hash")
    session = await parts.tokens.issue(ANN, None, API_CLIENT_TYPE)

    outcomes = await asyncio.gather(
        *(parts.tokens.refresh(session.refresh_token) for _ in range(5)), return_exceptions=True
    )

    assert await survivors(parts, *outcomes) == 1
    assert [type(outcome) for outcome in outcomes].count(TokenRejected) == 4


async def test_a_refresh_does_not_outlive_a_log_out(parts: Parts) -> None:
    """Of a log-out and a refresh at the same moment one is refused, whichever came later."""
    await parts.stores.tenants.add_user(ANN, "hash")
    session = await parts.tokens.issue(ANN, None, API_CLIENT_TYPE)

    ended, refreshed = await asyncio.gather(
        parts.tokens.end(session.access_token),
        parts.tokens.refresh(session.refresh_token),
        return_exceptions=True,
    )

    refused = [isinstance(each, TokenRejected) for each in (ended, refreshed)]
    assert sorted(refused) == [False, True]
    assert await survivors(parts, refreshed) == int(refused[0])


async def test_a_refresh_does_not_outlive_a_new_password(parts: Parts) -> None:
    """A new password ends what was refreshed at the same moment."""
    await parts.stores.tenants.add_user(ANN, "hash")
    session = await parts.tokens.issue(ANN, None, API_CLIENT_TYPE)

    _, refreshed = await asyncio.gather(
        parts.stores.tenants.change_user(DEFAULT_CORP_ID, "ann", password_hash="other"),
        parts.tokens.refresh(session.refresh_token),
        return_exceptions=True,
    )

    assert await survivors(parts, refreshed) == 0


async def test_a_login_does_not_outlive_its_password(parts: Parts) -> None:
    """Who was checked against a password that is another one by now is not let in."""
    await parts.stores.tenants.add_user(ANN, "new hash")
    with pytest.raises(TokenRejected):
        await parts.tokens.issue(ANN, None, API_CLIENT_TYPE, password_hash="old hash")


async def test_a_login_does_not_outlive_its_app_key(parts: Parts) -> None:
    """Who signed with an app key that was reset meanwhile is not let in."""
    apps = await parts.open_apps()
    app, _ = await apps.create("test", DEFAULT_CORP_ID, frozenset({"read"}))
    user = await apps.default_administrator(DEFAULT_CORP_ID)
    await apps.reset_key(app.app_id)
    with pytest.raises(TokenRejected):
        await parts.tokens.issue(user, app, API_CLIENT_TYPE)


async def test_a_login_does_not_outlive_its_user_or_app(parts: Parts) -> None:
    """Who was removed meanwhile is not let in, and nothing breaks."""
    apps = await parts.open_apps()
    app, _ = await apps.create("test", DEFAULT_CORP_ID, frozenset({"read"}))
    user = await apps.default_administrator(DEFAULT_CORP_ID)
    with pytest.raises(TokenRejected):
        await parts.tokens.issue(replace(user, user_id="0" * 32), app, API_CLIENT_TYPE)
    await parts.stores.tenants.delete_app(app.app_id)
    with pytest.raises(TokenRejected):
        await parts.tokens.issue(user, app, API_CLIENT_TYPE)


async def test_right_passwords_at_once_lock_nobody_out(parts: Parts) -> None:
    """Programs that start together with one account and its right password all get in."""
    await parts.stores.tenants.add_user(ANN, hash_password(PASSWORD))
    passwords = Passwords(parts.stores.accounts, parts.tokens)

    outcomes = await asyncio.gather(
        *(passwords.log_in("ann", PASSWORD, API_CLIENT_TYPE, makes_token=True) for _ in range(12)),
        return_exceptions=True,
    )

    assert await survivors(parts, *outcomes) == 12


async def test_the_queue_of_passwords_has_an_end(parts: Parts) -> None:
    """Beyond so many waiting passwords a further one is refused at once, and writes nothing."""
    await parts.stores.tenants.add_user(ANN, hash_password(PASSWORD))
    passwords = Passwords(parts.stores.accounts, parts.tokens)

    async def guess(number: int) -> type[ConfledgerError]:
        try:
            await passwords.log_in(f"nobody {number}", "wrong", API_CLIENT_TYPE, makes_token=True)
        except ConfledgerError as error:
            return type(error)
        raise AssertionError("a wrong password was taken")

    outcomes = await asyncio.gather(*(guess(number) for number in range(60)))

    assert outcomes.count(StoreBusy) == 28
    assert AccountLocked not in outcomes
