"""Account authentication, and the calls about a token itself."""

import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.passwords import FAILURES_MAX, hash_password
from conftest import CONFERENCE, PATH, client_of, token_of

LOGIN = "/v1/usg/acs/auth/account"
TOKEN = "/v1/usg/acs/token"
VALIDATE = "/v1/usg/acs/token/validate"
PASSWORD = "correct horse"

ANN = User("a" * 32, DEFAULT_CORP_ID, "ann@example.com", AdminType.ADMINISTRATOR, Directory("Ann"))


@pytest.fixture(scope="module")
def password_hash() -> str:
    """Made once, since that is meant to take its time."""
    return hash_password(PASSWORD)


@pytest.fixture
async def service(parts: Parts, password_hash: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that has a user with a password."""
    await parts.stores.tenants.add_user(ANN, password_hash)
    async with client_of(parts) as client:
        yield client


def basic(account: str, password: str) -> str:
    """A Basic `Authorization` header."""
    return "Basic " + base64.b64encode(f"{account}:{password}".encode()).decode()


async def log_in(
    client: httpx.AsyncClient, password: str = PASSWORD, **fields: Any
) -> httpx.Response:
    """Log in with a password, as the vendor's SDK does unless told otherwise."""
    body = {"account": ANN.account, "clientType": 72} | fields
    headers = {"Authorization": basic(ANN.account, password)}
    return await client.post(LOGIN, json=body, headers=headers)


async def status_of(client: httpx.AsyncClient, token: str) -> int:
    """What a call answers to a token: 400 where it is good, as there is no such conference."""
    answer = await client.get(f"{PATH}?confUUID={CONFERENCE}", headers={"X-Access-Token": token})
    return answer.status_code


def assert_is_error(answer: httpx.Response, status: int, code: str, words: str = "") -> None:
    """Hold an answer against the shape that every error has."""
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (status, code)
    assert list(body) == ["error_code", "error_msg"]
    assert words in body["error_msg"]


async def test_a_password_gives_a_token(service: httpx.AsyncClient) -> None:
    """Account and password log in, with the body of every login."""
    body = (await log_in(service)).json()

    assert await status_of(service, body["accessToken"]) == 400
    user = body["user"]
    assert (user["ucloginAccount"], user["name"], user["appId"]) == (ANN.account, "Ann", None)
    assert (user["userType"], user["adminType"]) == (2, 1)
    assert body["createTime"] // 1000 + body["validPeriod"] == body["expireTime"]


async def test_a_password_may_be_checked_without_a_token(service: httpx.AsyncClient) -> None:
    """`createTokenType` 1 checks the password and makes no token."""
    right = await log_in(service, createTokenType=1)
    wrong = await log_in(service, "wrong password", createTokenType=1)
    assert (right.status_code, right.json()) == (200, {})
    assert wrong.status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer x",
        "Basic",
        "Basic ?",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(bytes([255])).decode(),
        basic(ANN.account, "wrong"),
        basic(ANN.account, ""),
        basic(ANN.account, PASSWORD + " "),
    ],
)
async def test_a_wrong_password_is_401(
    service: httpx.AsyncClient, authorization: str | None
) -> None:
    """A missing, malformed or wrong header is refused, and nobody learns which part is wrong."""
    headers = {"Authorization": authorization} if authorization is not None else {}
    body = {"account": ANN.account, "clientType": 72}
    answer = await service.post(LOGIN, json=body, headers=headers)
    assert_is_error(answer, 401, "USG.206010000")


async def test_the_account_of_the_body_is_the_headers(service: httpx.AsyncClient) -> None:
    """A right password for another account than the body's is refused."""
    assert_is_error(await log_in(service, account="other"), 401, "USG.206010000")


async def test_an_unknown_account_looks_like_a_wrong_password(service: httpx.AsyncClient) -> None:
    """Nobody can find out which accounts there are: not by the answer, nor by being locked out."""

    async def tries(account: str) -> list[tuple[int, bytes]]:
        answers = [
            await service.post(
                LOGIN,
                json={"account": account, "clientType": 72},
                headers={"Authorization": basic(account, "wrong password")},
            )
            for _ in range(FAILURES_MAX + 1)
        ]
        return [(answer.status_code, answer.content) for answer in answers]

    known, unknown = await tries(ANN.account), await tries("nobody")
    assert known == unknown
    assert [status for status, _ in known] == [401] * FAILURES_MAX + [423]


async def test_wrong_passwords_lock_an_account_for_a_minute(
    service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five wrong passwords even the right one is refused, until a minute has passed."""
    for _ in range(FAILURES_MAX):
        await log_in(service, "wrong password")
    locked = await log_in(service)
    now = time.time_ns()
    monkeypatch.setattr("confledger.auth.passwords.time.time_ns", lambda: now + 61 * 10**9)
    later = await log_in(service)

    assert_is_error(locked, 423, "USG.206030015", "60 seconds")
    assert later.status_code == 200


async def test_a_right_password_forgets_the_wrong_ones(service: httpx.AsyncClient) -> None:
    """Who mistypes now and then is never locked out."""
    for _ in range(3):
        for _ in range(FAILURES_MAX - 1):
            assert (await log_in(service, "wrong password")).status_code == 401
        assert (await log_in(service)).status_code == 200


async def test_a_disabled_account_is_412_for_its_owner_only(
    parts: Parts, service: httpx.AsyncClient
) -> None:
    """Who proves who they are is told that the account is disabled; others are not."""
    await parts.stores.tenants.change_user(DEFAULT_CORP_ID, ANN.account, is_disabled=True)
    assert_is_error(await log_in(service), 412, "USG.206010007")
    assert_is_error(await log_in(service, "wrong password"), 401, "USG.206010000")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"account": None}, "account must be a string"),
        ({"account": ""}, "account must be a string of at least 1"),
        ({"account": "a" * 256}, "account must be a string of at most 255"),
        ({"clientType": None}, "clientType is missing"),
        ({"clientType": 1}, "clientType must be one of"),
        ({"createTokenType": 2}, "createTokenType must be 0 or 1"),
    ],
    ids=str,
)
async def test_a_bad_field_is_named(
    service: httpx.AsyncClient, fields: dict[str, Any], words: str
) -> None:
    """A missing or malformed field is 400, and the message names it and the rule."""
    assert_is_error(await log_in(service, **fields), 400, "USG.206060011", words)


@pytest.mark.parametrize("which", ["accessToken", "refreshToken"])
async def test_a_refresh_gives_new_tokens_for_either(
    service: httpx.AsyncClient, which: str
) -> None:
    """The refresh token and the access token both refresh, and end with it."""
    old = (await log_in(service)).json()

    new = (await service.put(TOKEN, headers={"X-Access-Token": old[which]})).json()

    assert new["user"] == old["user"]
    assert await status_of(service, new["accessToken"]) == 400
    for token in (old["accessToken"], old["refreshToken"]):
        assert await status_of(service, token) == 401
        again = await service.put(TOKEN, headers={"X-Access-Token": token})
        assert_is_error(again, 401, "USG.000000004")


async def test_a_validation_tells_what_a_token_stands_for(service: httpx.AsyncClient) -> None:
    """Without a new token, the answer is that of the login, with what is left of its time."""
    login = (await log_in(service)).json()

    answer = await service.post(
        VALIDATE, json={"token": login["accessToken"], "needGenNewToken": False}
    )

    body = answer.json()
    assert body["accessToken"] == login["accessToken"]
    assert (body["refreshToken"], body["user"]) == (None, login["user"])
    assert (body["expireTime"], body["createTime"]) == (login["expireTime"], login["createTime"])
    assert 0 < body["validPeriod"] <= login["validPeriod"]
    assert list(body) == list(login)


async def test_a_validation_may_make_a_new_token(service: httpx.AsyncClient) -> None:
    """With `needGenNewToken` the old token ends and a new one comes back."""
    login = (await log_in(service)).json()

    answer = await service.post(
        VALIDATE,
        json={"token": login["accessToken"], "needGenNewToken": True, "needAccountInfo": True},
    )

    assert await status_of(service, answer.json()["accessToken"]) == 400
    assert await status_of(service, login["accessToken"]) == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token": "wrong", "needGenNewToken": False}, 401, "USG.000000004"),
        ({"token": "", "needGenNewToken": True}, 401, "USG.000000004"),
        ({"needGenNewToken": False}, 400, "USG.206060011"),
        ({"token": "x"}, 400, "USG.206060011"),
        ({"token": "x", "needGenNewToken": "yes"}, 400, "USG.206060011"),
    ],
    ids=str,
)
async def test_a_bad_validation_is_refused(
    service: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    """A wrong token is 401, a wrong body 400."""
    assert_is_error(await service.post(VALIDATE, json=body), status, code)


async def test_a_refresh_token_is_no_access_token(service: httpx.AsyncClient) -> None:
    """A refresh token refreshes; it does not read, validate or log out."""
    token = (await log_in(service)).json()["refreshToken"]
    validated = await service.post(VALIDATE, json={"token": token, "needGenNewToken": False})
    ended = await service.delete(TOKEN, headers={"X-Access-Token": token})
    assert [validated.status_code, ended.status_code] == [401, 401]
    assert await status_of(service, token) == 401


async def test_a_log_out_ends_both_tokens(service: httpx.AsyncClient) -> None:
    """After `DELETE` neither token is good, and a second one is refused; the body is empty."""
    login = (await log_in(service)).json()
    headers = {"X-Access-Token": login["accessToken"]}

    ended = await service.delete(TOKEN, headers=headers)
    again = await service.delete(TOKEN, headers=headers)
    refreshed = await service.put(TOKEN, headers={"X-Access-Token": login["refreshToken"]})

    assert (ended.status_code, ended.content) == (200, b"")
    assert again.status_code == refreshed.status_code == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("tokens", [[], ["wrong"], ["x", "y"]], ids=str)
async def test_without_a_good_token_there_is_nothing_to_refresh_or_end(
    service: httpx.AsyncClient, method: str, tokens: list[str]
) -> None:
    """No token, a wrong one, or two different ones: 401."""
    headers = [("X-Access-Token", token) for token in tokens]
    assert_is_error(await service.request(method, TOKEN, headers=headers), 401, "USG.000000004")


async def test_a_token_of_an_app_is_refreshed_with_its_app(
    parts: Parts, service: httpx.AsyncClient
) -> None:
    """What an app may do stays with the tokens that come from its own."""
    token = await token_of(parts, scope="write")
    new = (await service.put(TOKEN, headers={"X-Access-Token": token})).json()
    assert new["user"]["appId"]
    assert await status_of(service, new["accessToken"]) == 403
