"""App ID authentication, as the vendor's clients do it."""

import base64
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, App, Directory, User
from confledger.auth.signature import sign
from confledger.auth.tenants import TenantStore
from confledger.storage.sqlite import SQLiteAccountStore
from conftest import CONFERENCE, PATH, MakeRecord, client_of

LOGIN = "/v2/usg/acs/auth/appauth"

# The credentials of the documented formula's test vectors.
APP_ID = "fdb8e4699586458bbd10c834872dcc62"
APP_KEY = "0123456789abcdef" * 4
OLD = 1627722929
NONCE = "AAAAAAAA0123456789abcdefghijklmnopqrstuv"
VECTORS = {
    "with a user": (
        {"userId": "testuser@mycorp.com"},
        "58147718a88823fc9445218d0afbbb3a057b14ec985f99f12d1bc3c1680b19ec",
    ),
    "without a user": (
        {"userId": ""},
        "41c1a8bb0efdd9ccdc9c8e6b712cc8acf180ae95eb194d6ccc2db0a0959cc6eb",
    ),
    "multi-tenant": (
        {"corpId": "807074304", "userId": "alice"},
        "d49c20e838e3188f044f41ea164287d6723a28e285d020aa6cb1b743120f54a4",
    ),
}


@pytest.fixture(autouse=True)
async def app(parts: Parts, request: pytest.FixtureRequest) -> App:
    """The app of the test vectors; multi-tenant where the test says so."""
    apps = await parts.open_apps()
    made = App(
        app_id=APP_ID,
        corp_id=DEFAULT_CORP_ID,
        name="vectors",
        scopes=frozenset({"read"}),
        is_multi_tenant=bool(request.node.get_closest_marker("multi_tenant")),
        encrypted_key=apps.box.seal(APP_KEY, owner=APP_ID),
        created_time_ms=0,
    )
    await parts.stores.tenants.add_app(made)
    await parts.stores.tenants.add_corp("807074304", "Another corp")
    return made


def body_of(**fields: Any) -> dict[str, Any]:
    """The body of a good login, or of one that differs in the given fields."""
    ordinary = {
        "appId": APP_ID,
        "clientType": 72,
        "expireTime": int(time.time()) + 600,
        "nonce": NONCE,
    }
    return ordinary | fields


def signed(body: dict[str, Any], *, with_corp: bool = False) -> str:
    """The signature of a body."""
    corp = [body.get("corpId") or ""] if with_corp else []
    values = [APP_ID, *corp, body.get("userId") or "", str(body["expireTime"]), body["nonce"]]
    return sign(APP_KEY, *values)


async def log_in(
    client: httpx.AsyncClient, body: dict[str, Any], authorization: str | None = None
) -> httpx.Response:
    """Log in with a body, signed as a single-tenant app does unless told otherwise."""
    if authorization is None:
        authorization = f"HMAC-SHA256 signature={signed(body)}"
    return await client.post(LOGIN, json=body, headers={"Authorization": authorization})


def assert_is_error(answer: httpx.Response, status: int, code: str, words: str = "") -> None:
    """Hold an answer against the shape that every error has."""
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (status, code)
    assert list(body) == ["error_code", "error_msg"]
    assert words in body["error_msg"]
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize(
    "name",
    [
        "with a user",
        "without a user",
        pytest.param("multi-tenant", marks=pytest.mark.multi_tenant),
    ],
)
@pytest.mark.parametrize("upper", [False, True])
async def test_the_test_vectors_are_accepted_as_signatures(
    client: httpx.AsyncClient,
    name: str,
    upper: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The vectors' signatures are right, in both cases of hexadecimal; only their time is over."""
    fields, signature = VECTORS[name]
    signature = signature.upper() if upper else signature

    right = await log_in(
        client, body_of(expireTime=OLD, **fields), f"HMAC-SHA256 signature={signature}"
    )
    wrong = await log_in(
        client, body_of(expireTime=OLD + 1, **fields), f"HMAC-SHA256 signature={signature}"
    )

    assert_is_error(right, 401, "USG.206010057", "expireTime")
    assert_is_error(wrong, 401, "USG.206010025")


async def test_a_login_gives_a_token_with_the_documented_body(client: httpx.AsyncClient) -> None:
    """The answer has the documented fields, with their types and their mixed units."""
    before = time.time()
    answer = await log_in(client, body_of(userId="ann", userName="Ann"))
    body = answer.json()

    assert answer.status_code == 200
    assert len(body["accessToken"]) == 36
    assert body["accessToken"].isalnum()
    assert body["accessToken"][:3].isalpha()
    assert body["accessToken"] != body["refreshToken"]
    assert body["validPeriod"] == 24 * 3600
    assert body["createTime"] // 1000 + body["validPeriod"] == body["expireTime"]
    assert body["refreshValidPeriod"] == 2592000
    assert body["createTime"] // 1000 + 2592000 == body["refreshExpireTime"]
    assert abs(body["createTime"] / 1000 - before) < 60
    assert body["tokenIp"] == "127.0.0.1"
    assert (body["clientType"], body["tokenType"], body["forceLoginInd"]) == (72, 0, 0)
    assert (body["firstLogin"], body["pwdExpired"], body["delayDelete"]) == (False, False, False)
    assert body["proxyToken"] is None
    user = body["user"]
    assert user["ucloginAccount"] == "Auto-ann"
    assert (user["name"], user["thirdAccount"], user["companyId"]) == ("Ann", "ann", "default")
    assert (user["userType"], user["adminType"], user["appId"]) == (2, 2, APP_ID)
    assert len(user["userId"]) == 32


async def test_a_user_made_by_command_has_their_account(
    parts: Parts, client: httpx.AsyncClient
) -> None:
    """Only who was made on the fly by a login has an account that begins with `Auto-`."""
    ann = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory())
    await parts.stores.tenants.add_user(ann, "")

    accounts = [
        (await log_in(client, body_of(**fields))).json()["user"]["ucloginAccount"]
        for fields in ({"userId": "ann"}, {"userId": "bob"})
    ]
    administrator = (await log_in(client, body_of())).json()["user"]

    assert accounts == ["ann", "Auto-bob"]
    assert administrator["ucloginAccount"] == f"Auto-{administrator['userId']}"


async def test_the_same_user_logs_in_again(client: httpx.AsyncClient) -> None:
    """An unknown user is made at the first login and recognised at the next."""
    first = (await log_in(client, body_of(userId="ann", userName="Ann"))).json()
    again = (await log_in(client, body_of(userId="ann"))).json()
    other = (await log_in(client, body_of(userId="bob"))).json()

    assert again["user"] == first["user"]
    assert again["accessToken"] != first["accessToken"]
    assert other["user"]["userId"] != first["user"]["userId"]


@pytest.mark.parametrize("fields", [{}, {"userId": ""}, {"userId": None}], ids=str)
async def test_without_a_user_it_is_the_default_administrator(
    client: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    """A missing, empty or null user means the corp's default administrator."""
    user = (await log_in(client, body_of(**fields))).json()["user"]
    assert (user["adminType"], user["thirdAccount"]) == (0, "")


async def test_the_default_administrator_may_have_an_account(
    parts: Parts, client: httpx.AsyncClient
) -> None:
    """Who was made default administrator by command is whom a login without a user lets in."""
    boss = User("b" * 32, DEFAULT_CORP_ID, "boss", AdminType.DEFAULT_ADMINISTRATOR, Directory())
    await parts.stores.tenants.add_user(boss, "")

    nameless = (await log_in(client, body_of())).json()["user"]
    named = (await log_in(client, body_of(userId="boss"))).json()["user"]

    assert nameless == named
    assert (named["userId"], named["adminType"]) == (boss.user_id, 0)
    assert (named["thirdAccount"], named["ucloginAccount"]) == ("boss", "boss")


@pytest.mark.multi_tenant
async def test_the_sps_default_administrator_may_have_an_account(
    parts: Parts, client: httpx.AsyncClient
) -> None:
    """The SP administrator is the default administrator of the app's own corp, by either name."""
    boss = User("b" * 32, DEFAULT_CORP_ID, "boss", AdminType.DEFAULT_ADMINISTRATOR, Directory())
    await parts.stores.tenants.add_user(boss, "")
    for fields in ({}, {"userId": "boss"}):
        user = (await log_in(client, body_of(**fields))).json()["user"]
        assert (user["userId"], user["userType"]) == (boss.user_id, 1)


async def test_what_the_vendors_sdk_sends_is_accepted(client: httpx.AsyncClient) -> None:
    """Upper-case digits, `access`, an empty user, null corp and department, a UUID as nonce."""
    body = body_of(
        userId="", corpId=None, deptCode=None, nonce="0f8fad5b-d9cb-469f-a165-70867728950e"
    )
    access = base64.b64encode(APP_ID.encode()).decode()
    answer = await log_in(
        client, body, f"HMAC-SHA256 signature={signed(body).upper()},access={access}"
    )
    assert answer.status_code == 200


async def test_other_headers_and_fields_do_not_matter(client: httpx.AsyncClient) -> None:
    """`X-Token-Type` may be there, and so may fields that nobody documents."""
    body = body_of(somethingElse={"a": [1]}, corpId="")
    answer = await client.post(
        LOGIN,
        json=body,
        headers={
            "Authorization": f"HMAC-SHA256 signature={signed(body)}",
            "X-Token-Type": "LongTicket",
        },
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("expire_time", [0, 1597824907000, 2**63 - 1])
async def test_a_signature_may_last(client: httpx.AsyncClient, expire_time: int) -> None:
    """0 is for ever, and milliseconds in place of seconds are far away."""
    assert (await log_in(client, body_of(expireTime=expire_time))).status_code == 200


@pytest.mark.parametrize("expire_time", [1, OLD])
async def test_a_signature_that_is_over_is_told_from_a_wrong_one(
    client: httpx.AsyncClient, expire_time: int
) -> None:
    """A right signature after its time is 401 with a code of its own."""
    assert_is_error(await log_in(client, body_of(expireTime=expire_time)), 401, "USG.206010057")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic YTpi",
        f"HMAC-SHA256 signature={'0' * 64}",
        f"HMAC-SHA256 signature={'0' * 60}",
    ],
)
async def test_a_wrong_signature_is_401(client: httpx.AsyncClient, authorization: str) -> None:
    """No signature, one of another scheme, a malformed or a wrong one."""
    assert_is_error(await log_in(client, body_of(), authorization), 401, "USG.206010025")


@pytest.mark.parametrize(
    "change",
    [
        {"userId": "bob"},
        {"expireTime": 0},
        {"nonce": "B" * 40},
        {"appId": "0" * 32},
        {"corpId": "807074304"},
        {"corpId": "default"},
    ],
    ids=str,
)
async def test_the_signed_values_are_the_bodys(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    """A changed value, an unknown app, or a corp named by a single-tenant app is refused."""
    body = body_of(userId="ann")
    authorization = f"HMAC-SHA256 signature={signed(body)}"
    assert_is_error(await log_in(client, body | change, authorization), 401, "USG.206010025")


async def test_a_single_tenant_app_may_not_name_a_corp_even_if_it_signs_it(
    client: httpx.AsyncClient,
) -> None:
    """Naming a corp makes a single-tenant app's login fail, as documented."""
    body = body_of(corpId=DEFAULT_CORP_ID, userId="ann")
    authorization = f"HMAC-SHA256 signature={signed(body, with_corp=True)}"
    assert_is_error(await log_in(client, body, authorization), 401, "USG.206010025")


async def test_access_must_be_the_app(client: httpx.AsyncClient) -> None:
    """An `access` part that names another app is refused, though the signature is right."""
    body = body_of()
    access = base64.b64encode(b"0" * 32).decode()
    answer = await log_in(client, body, f"HMAC-SHA256 signature={signed(body)},access={access}")
    assert_is_error(answer, 401, "USG.206010025")


@pytest.mark.multi_tenant
@pytest.mark.parametrize(
    ("fields", "with_corp", "corp", "user_type", "admin_type"),
    [
        ({"corpId": "807074304", "userId": "ann"}, True, "807074304", 2, 2),
        ({"corpId": "807074304"}, True, "807074304", 2, 0),
        ({"corpId": "", "userId": ""}, True, "default", 1, 0),
        ({}, False, "default", 1, 0),
        ({"userId": "ann"}, True, "default", 2, 2),
        ({"userId": "ann"}, False, "default", 2, 2),
    ],
    ids=str,
)
async def test_a_multi_tenant_app_acts_for_the_corp_that_it_names(
    client: httpx.AsyncClient,
    fields: dict[str, Any],
    with_corp: bool,  # noqa: FBT001 - a column of the table
    corp: str,
    user_type: int,
    admin_type: int,
) -> None:
    """It signs its corp, an empty one, or none; with neither corp nor user it is the SP itself."""
    body = body_of(**fields)
    authorization = f"HMAC-SHA256 signature={signed(body, with_corp=with_corp)}"
    answer = await log_in(client, body, authorization)
    user = answer.json()["user"]
    assert (user["companyId"], user["userType"], user["adminType"]) == (corp, user_type, admin_type)


@pytest.mark.multi_tenant
async def test_a_multi_tenant_app_must_sign_the_corp_that_it_names(
    client: httpx.AsyncClient,
) -> None:
    """A named corp that was not signed, or does not exist, is refused."""
    unsigned = await log_in(client, body_of(corpId="807074304"))
    nowhere = body_of(corpId="nowhere")
    unknown = await log_in(
        client, nowhere, f"HMAC-SHA256 signature={signed(nowhere, with_corp=True)}"
    )
    assert_is_error(unsigned, 401, "USG.206010025")
    assert_is_error(unknown, 401, "USG.206010025")


@pytest.mark.multi_tenant
@pytest.mark.parametrize(
    ("disable", "shut"),
    [
        (lambda tenants: tenants.change_corp("807074304", is_disabled=True), {"807074304"}),
        (lambda tenants: tenants.change_corp("default", is_disabled=True), {"807074304", "later"}),
        (lambda tenants: tenants.change_app(APP_ID, is_disabled=True), {"807074304", "later"}),
    ],
    ids=["the corp", "the app's own corp", "the app"],
)
async def test_a_multi_tenant_app_is_shut_out_of_a_corp_or_of_all(
    parts: Parts,
    client: httpx.AsyncClient,
    disable: Callable[[TenantStore], Awaitable[object]],
    shut: set[str],
) -> None:
    """It acts for every corp, one made later too, and for none while it or its own is disabled."""
    await parts.stores.tenants.add_corp("later", "A corp made after the app")
    statuses = []
    for _ in range(2):
        for corp in ("807074304", "later"):
            body = body_of(corpId=corp)
            authorization = f"HMAC-SHA256 signature={signed(body, with_corp=True)}"
            statuses.append((corp, (await log_in(client, body, authorization)).status_code))
        await disable(parts.stores.tenants)

    assert statuses[:2] == [("807074304", 200), ("later", 200)]
    assert {corp for corp, status in statuses[2:] if status == 412} == shut
    assert {status for _, status in statuses[2:]} <= {200, 412}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"appId": None}, "appId is missing"),
        ({"appId": ""}, "appId is missing"),
        ({"appId": 1}, "appId must be a string"),
        ({"clientType": None}, "clientType is missing"),
        ({"clientType": 73}, "clientType must be one of"),
        ({"clientType": "72"}, "clientType must be an integer"),
        ({"clientType": True}, "clientType must be an integer"),
        ({"expireTime": None}, "expireTime is missing"),
        ({"expireTime": -1}, "expireTime must be"),
        ({"expireTime": "soon"}, "expireTime must be an integer"),
        ({"expireTime": 1.5}, "expireTime must be an integer"),
        ({"expireTime": 2**63}, "expireTime"),
        ({"nonce": None}, "nonce is missing"),
        ({"nonce": "n" * 31}, "nonce must be"),
        ({"nonce": "n" * 65}, "nonce must be"),
        ({"userId": "u" * 256}, "userId must be"),
        ({"userId": "a\0b"}, "userId must not hold"),
        ({"userId": 7}, "userId must be a string"),
        ({"userPhone": ["1"]}, "userPhone must be a string"),
    ],
    ids=str,
)
async def test_a_bad_field_is_named_with_its_rule(
    client: httpx.AsyncClient, change: dict[str, Any], words: str
) -> None:
    """A missing or malformed field is 400, and the message names it and the rule."""
    answer = await log_in(client, body_of() | change, "HMAC-SHA256 signature=" + "0" * 64)
    assert_is_error(answer, 400, "USG.206060011", words)


@pytest.mark.parametrize("nonce", ["n" * 32, "n" * 64])
async def test_a_nonce_has_32_to_64_characters(client: httpx.AsyncClient, nonce: str) -> None:
    """Both ends of the documented length are accepted."""
    assert (await log_in(client, body_of(nonce=nonce))).status_code == 200


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'"a"', b"\xff", b'{"appId":"\xff"}']
)
async def test_a_body_that_is_no_object_is_400(client: httpx.AsyncClient, content: bytes) -> None:
    """An empty, broken or otherwise shaped body is 400 with an error body."""
    answer = await client.post(LOGIN, content=content)
    assert_is_error(answer, 400, "USG.206060011")


async def test_the_65th_token_pushes_out_the_oldest(client: httpx.AsyncClient) -> None:
    """A user has 64 tokens of programs at once; other users and client types do not count."""
    other = (await log_in(client, body_of(userId="bob"))).json()["accessToken"]
    device = (await log_in(client, body_of(userId="ann", clientType=52))).json()["accessToken"]
    tokens = [
        (await log_in(client, body_of(userId="ann"))).json()["accessToken"] for _ in range(65)
    ]

    async def status(token: str) -> int:
        answer = await client.get(
            f"{PATH}?confUUID={CONFERENCE}", headers={"X-Access-Token": token}
        )
        return answer.status_code

    assert [await status(token) for token in tokens[:3]] == [401, 400, 400]
    assert [await status(token) for token in (tokens[-1], other, device)] == [400, 400, 400]


async def test_another_client_type_has_one_token(client: httpx.AsyncClient) -> None:
    """A user's second login of the same kind of device ends the first."""
    first, second, tablet = [
        (await log_in(client, body_of(userId="ann", clientType=kind))).json()["accessToken"]
        for kind in (50, 50, 51)
    ]
    statuses = [
        (
            await client.get(f"{PATH}?confUUID={CONFERENCE}", headers={"X-Access-Token": token})
        ).status_code
        for token in (first, second, tablet)
    ]
    assert statuses == [401, 400, 400]


async def test_an_ordinary_user_sees_no_conference_of_others(
    parts: Parts, make_record: MakeRecord
) -> None:
    """Who is no administrator gets 403 for a conference of the corp, 400 for an unknown one."""
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record()]})
    async with client_of(parts) as client:
        token = (await log_in(client, body_of(userId="ann"))).json()["accessToken"]
        client.headers["X-Access-Token"] = token
        known = await client.get(f"{PATH}?confUUID={CONFERENCE}")
        unknown = await client.get(f"{PATH}?confUUID={'0' * 32}")
    assert_is_error(known, 403, "MMC.111070002", "CONF_INSUFFICIENT_PERMISSIONS")
    assert_is_error(unknown, 400, "MMC.111070005", "CONF_DATA_NOT_FOUND")


@pytest.mark.parametrize(
    "change", [{"nonce": "n" * 40 + ":"}, {"corpId": "a:b"}, {"appId": "a:b"}], ids=str
)
async def test_what_is_signed_has_no_colon_but_in_the_user(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    """A colon in nonce, corp or app is refused, and one in the user's account is not."""
    refused = await log_in(client, body_of(**change), "HMAC-SHA256 signature=" + "0" * 64)
    accepted = await log_in(client, body_of(userId="urn:user:1"))
    (field,) = change
    assert_is_error(refused, 400, "USG.206060011", f"{field} must not hold a colon")
    assert accepted.status_code == 200


async def test_a_signature_for_a_user_is_none_for_the_administrator(
    client: httpx.AsyncClient,
) -> None:
    """A signed string can't be cut in another way, into another user and another time."""
    mine = body_of(userId=":0")
    authorization = f"HMAC-SHA256 signature={signed(mine)}"
    nonce = f"{mine['expireTime']}:{NONCE}"
    forged = await log_in(client, body_of(userId="", expireTime=0, nonce=nonce), authorization)
    assert (await log_in(client, mine, authorization)).json()["user"]["thirdAccount"] == ":0"
    assert forged.status_code == 400


@pytest.mark.multi_tenant
async def test_without_a_corp_a_multi_tenant_apps_user_has_no_colon(
    client: httpx.AsyncClient,
) -> None:
    """A signed corp and user can't pass for one account with a colon in it."""
    body = body_of(corpId="807074304", userId="ann")
    authorization = f"HMAC-SHA256 signature={signed(body, with_corp=True)}"
    answer = await log_in(client, body | {"corpId": "", "userId": "807074304:ann"}, authorization)
    assert_is_error(answer, 401, "USG.206010025")


async def test_a_body_nested_without_end_is_400(client: httpx.AsyncClient) -> None:
    """Depth is no way to make the service fail."""
    answer = await client.post(LOGIN, content=b'{"x":' + b"[" * 60_000)
    assert_is_error(answer, 400, "USG.206060011", "nested too deeply")


@pytest.mark.sqlite
async def test_a_login_that_says_nothing_new_writes_no_user(
    parts: Parts, client: httpx.AsyncClient
) -> None:
    """A user's directory entry is written when it changes, and not at every login."""
    await log_in(client, body_of(userId="ann", userName="Ann"))
    written: list[str] = []

    def trace(_: object, statement: str, __: object) -> bool:
        written.append(statement)
        return True

    accounts = parts.stores.accounts
    assert isinstance(accounts, SQLiteAccountStore)
    accounts.database._writer._connection.exec_trace = trace  # noqa: SLF001 - to see what is written
    await log_in(client, body_of(userId="ann", userName="Ann"))
    same = any("UPDATE user" in statement for statement in written)
    await log_in(client, body_of(userId="ann", userName="Anna"))
    changed = any("UPDATE user" in statement for statement in written)

    assert (same, changed) == (False, True)


async def test_an_app_key_of_another_secret_key_is_a_wrong_signature(
    parts: Parts, client: httpx.AsyncClient
) -> None:
    """An app whose key can't be opened any more is refused as any other that can't prove itself."""
    lost = App(
        app_id="1" * 32,
        corp_id=DEFAULT_CORP_ID,
        name="lost",
        scopes=frozenset({"read"}),
        is_multi_tenant=False,
        encrypted_key=b"sealed with a key that is gone",
        created_time_ms=0,
    )
    await parts.stores.tenants.add_app(lost)
    answer = await log_in(client, body_of(appId="1" * 32), "HMAC-SHA256 signature=" + "0" * 64)
    assert_is_error(answer, 401, "USG.206010025")
