"""What every call has in common."""

import asyncio
import json
import logging
import re
from io import StringIO

import httpx
import pytest
from starlette.types import Message

from confledger.app import Parts, create_app
from confledger.errors import StoreBusy, StoreUnusable
from confledger.observability.request_log import request_log
from confledger.wire import bodies
from confledger.wire.app_auth import PATH as LOGIN
from confledger.wire.errors import WIRE_ERRORS
from conftest import CONFERENCE, PATH, client_of, token_of


def assert_is_error(answer: httpx.Response, status: int, code: str) -> None:
    """Hold an answer against the shape that every error has."""
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (status, code)
    assert body["error_msg"]
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/v1", PATH + "/", PATH.lower(), "//", "/%00", LOGIN + "?"])
async def test_an_unknown_path_is_404(client: httpx.AsyncClient, path: str) -> None:
    """A path that is no call answers 404 with an error body; one slash too many is such a path."""
    answer = await client.get(path) if path != LOGIN + "?" else await client.get("/v2/usg")
    assert_is_error(answer, 404, "APIGW.0101")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", PATH, {"GET", "HEAD"}),
        ("PUT", PATH, {"GET", "HEAD"}),
        ("DELETE", PATH, {"GET", "HEAD"}),
        ("OPTIONS", PATH, {"GET", "HEAD"}),
        ("GET", LOGIN, {"POST"}),
        ("PATCH", LOGIN, {"POST"}),
    ],
)
async def test_a_wrong_method_is_405(
    client: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    """A call by another method answers 405 with an error body, and says which method it has."""
    answer = await client.request(method, path)
    assert_is_error(answer, 405, "APIGW.0101")
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_a_body_that_is_too_large_is_413(client: httpx.AsyncClient) -> None:
    """A body beyond the limit is refused, by its announced length or as it comes."""
    announced = await client.post(LOGIN, content=b" " * (bodies.BODY_BYTES_MAX + 1))

    async def chunks() -> object:
        for _ in range(20):
            yield b" " * 8192

    streamed = await client.post(LOGIN, content=chunks())  # type: ignore[arg-type] # an async iterator
    just_fits = await client.post(LOGIN, content=b" " * bodies.BODY_BYTES_MAX)

    assert_is_error(announced, 413, "APIGW.0201")
    assert_is_error(streamed, 413, "APIGW.0201")
    assert announced.headers["connection"] == "close"
    assert_is_error(just_fits, 400, "USG.206060011")


async def test_a_body_that_never_ends_is_408(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not arrive in time is given up on."""
    import anyio  # noqa: PLC0415 - for this test alone

    monkeypatch.setattr(bodies, "_BODY_SECONDS_MAX", 0.05)

    async def stalls() -> object:
        yield b"{"
        await anyio.sleep_forever()

    answer = await client.post(LOGIN, content=stalls())  # type: ignore[arg-type] # an async iterator
    assert_is_error(answer, 408, "APIGW.0201")


async def test_an_unexpected_error_is_500_and_tells_nothing(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure that nobody foresaw answers with the vendor's constant; the log has the rest."""

    async def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a detail of the inside")

    monkeypatch.setattr(type(parts.stores.accounts), "principal", breaks)
    monkeypatch.setattr(logging.getLogger("confledger"), "propagate", True)
    async with client_of(parts) as client:
        answer = await client.get(
            f"{PATH}?confUUID={CONFERENCE}",
            headers={"X-Access-Token": await token_of(parts), "X-Request-Id": "trace-1"},
        )
    assert_is_error(answer, 500, "MMC.111070003")
    assert answer.json()["error_msg"] == "CONF_EXCEPTION"
    assert "inside" not in answer.text
    (logged,) = [record for record in caplog.records if record.getMessage() == "unexpected error"]
    assert logged.exc_info
    assert logged.__dict__["request_id"] == "trace-1"


@pytest.mark.parametrize(
    "failure", [StoreBusy("/a/path is busy"), StoreUnusable("/a/path is full")]
)
async def test_a_store_that_fails_is_503(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """While the store can't work the answer is 503, with `Retry-After` and without a path."""

    async def fails(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(type(parts.stores.accounts), "principal", fails)
    async with client_of(parts) as client:
        answer = await client.get(
            f"{PATH}?confUUID={CONFERENCE}", headers={"X-Access-Token": await token_of(parts)}
        )
    assert_is_error(answer, 503, "MMC.111070003")
    assert answer.headers["retry-after"] == "1"
    assert "/a/path" not in answer.text


async def test_a_request_that_the_end_of_the_service_cuts_off_is_503(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is not finished when the service has to end gets an error body too."""
    begun = asyncio.Event()

    async def never_ends(*_: object, **__: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(type(parts.stores.accounts), "principal", never_ends)
    token = await token_of(parts)
    app = create_app(parts, await parts.open_apps())
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": f"confUUID={CONFERENCE}".encode(),
        "headers": [(b"x-access-token", token.encode())],
        "http_version": "1.1",
        "scheme": "https",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("ledger.test", 443),
    }

    async def serve() -> None:
        await app(scope, receive, send)

    request = asyncio.create_task(serve())
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    start, body = sent
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"1"
    assert json.loads(body["body"])["error_code"] == "MMC.111070003"


async def test_the_access_log_has_no_secret(parts: Parts) -> None:
    """A request is one line with its id, method, path and status; no token, and no query."""
    token = await token_of(parts)
    stream = StringIO()
    request_log.open(stream)
    async with client_of(parts) as client:
        await client.get(
            f"{PATH}?confUUID={CONFERENCE}",
            headers={"X-Access-Token": token, "X-Request-Id": "trace-1"},
        )
    request_log.close()
    line = re.sub(r"^\S+Z ", "", stream.getvalue())
    assert re.fullmatch(
        rf"INFO request request_id=trace-1 method=GET path={PATH} status=400"
        r" milliseconds=\d+\.\d\d\n",
        line,
    )
    assert token not in line
    assert CONFERENCE not in line


async def test_head_answers_as_get(client: httpx.AsyncClient) -> None:
    """HEAD is answered as GET is."""
    assert (await client.head(PATH)).status_code == (await client.get(PATH)).status_code == 401


def test_every_error_that_a_call_can_raise_is_in_the_table() -> None:
    """Each row has the shape of a vendor's code; the documented pairs are as documented."""
    import re  # noqa: PLC0415 - for this test alone

    for row in WIRE_ERRORS.values():
        assert re.fullmatch(r"(MMC|USG|LEDGER)\.\d{9}|APIGW\.\d{4}", row.code)
        assert 400 <= row.status < 600
    pairs = {(row.status, row.code) for row in WIRE_ERRORS.values()}
    assert {(400, "MMC.111070005"), (403, "MMC.111070002"), (401, "USG.000000004")} <= pairs
