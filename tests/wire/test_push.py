"""The calls by which a meeting system brings records, stays and conferences."""

import gzip
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.errors import NoSuchConference, StoreBusy
from confledger.ledger.conference import person_by_account, person_by_id
from confledger.ledger.record import ControlRecord
from confledger.wire import push
from confledger.wire.exchange import PUSH_BYTES_MAX
from confledger.wire.push_json import RECORDS_MAX
from conftest import CONFERENCE, PATH, client_of, token_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BASE = f"/ledger/v1/conferences/{CONFERENCE}"
JSON, LINES = "application/json", "application/x-ndjson"
EVENT, EVENTS = "application/cloudevents+json", "application/cloudevents-batch+json"
START = 1_574_119_913_464

Push = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def push_to(parts: Parts, client: httpx.AsyncClient) -> Push:
    """Makes a call with a token that may write; a body that is no bytes goes as JSON."""
    token = await token_of(parts, scope="write")

    async def call(
        path: str, body: Any = b"", media_type: str = JSON, method: str = "POST", **headers: str
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await client.request(
            method,
            BASE + path,
            content=content,
            headers={"X-Access-Token": token, "Content-Type": media_type, **headers},
        )

    return call


def said(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A record as somebody pushes it."""
    return {"operateTime": START + number, "operation": "MUTE_ALL"} | fields


async def kept(parts: Parts) -> list[ControlRecord]:
    """All records of the conference; none where it is unknown."""
    try:
        page = await parts.stores.records.page(
            DEFAULT_CORP_ID, CONFERENCE, offset=0, limit=RECORDS_MAX
        )
    except NoSuchConference:
        return []
    return page.records


def assert_refused(answer: httpx.Response, status: int, code: str, sentence: str) -> None:
    """Hold an answer against an error that names what is wrong."""
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (status, code), body
    assert sentence in body.get("error_detail", body["error_msg"]), body


def assert_invalid(answer: httpx.Response, sentence: str) -> None:
    """The answer to a body that breaks a rule."""
    assert_refused(answer, 400, "MMC.111071061", sentence)


# --- Records ------------------------------------------------------------------


async def test_records_are_kept_with_every_field(push_to: Push, parts: Parts) -> None:
    """A record comes as it was told, and the answer counts it."""
    told = {
        "operateTime": START,
        "operateSource": "MCU 7",
        "operator": "Ann",
        "operatorBasis": "inferred",
        "operation": "MUTE_PARTICIPANT",
        "operationObject": "p1",
        "result": "FAILED",
        "detail": "she asked for it",
        "eventId": "e1",
    }
    free = {"operateTime": START + 1, "operateCode": "跳舞", "operateResult": "也许"}

    answer = await push_to("/records", [told, free])

    assert answer.status_code == 200
    assert answer.json() == {"accepted": 2, "duplicates": 0, "firstSeq": 0, "count": 2}
    first, second = await kept(parts)
    assert (first.operate_time_ms, first.source, first.operator) == (START, "MCU 7", "Ann")
    assert (first.operator_basis, first.operation, first.object) == (
        "inferred",
        "MUTE_PARTICIPANT",
        "p1",
    )
    assert (first.result, first.detail, first.event_id) == ("FAILED", "she asked for it", "e1")
    assert (second.operation, second.operation_text, second.result_text) == (None, "跳舞", "也许")
    assert second.operator_basis == "unknown"


async def test_an_array_and_lines_say_the_same(push_to: Push, parts: Parts) -> None:
    """Lines, with empty ones among them, are taken as an array is, and known again."""
    records = [said(number, eventId=f"e{number}") for number in range(3)]
    lines = b"\n\n".join(json.dumps(record).encode() for record in records) + b"\r\n"

    first = await push_to("/records", lines, LINES + "; charset=utf-8")
    again = await push_to("/records", records)

    assert first.json() == {"accepted": 3, "duplicates": 0, "firstSeq": 0, "count": 3}
    assert again.json() == {"accepted": 0, "duplicates": 3, "firstSeq": 3, "count": 3}
    assert [record.event_id for record in await kept(parts)] == ["e0", "e1", "e2"]


async def test_an_empty_push_accepts_nothing(push_to: Push) -> None:
    """No record is no error."""
    for body, media_type in ((b"[]", JSON), (b"", LINES), (b"[]", EVENTS)):
        answer = await push_to("/records", body, media_type)
        assert answer.json() == {"accepted": 0, "duplicates": 0, "firstSeq": 0, "count": 0}


def event(**fields: Any) -> dict[str, Any]:
    """A CloudEvent that carries a record."""
    ordinary = {
        "specversion": "1.0",
        "id": "7",
        "source": "/mcu/1",
        "type": "org.example.muted",
        "subject": "anything",
        "data": said(),
    }
    return ordinary | fields


async def test_cloud_events_are_taken(push_to: Push, parts: Parts) -> None:
    """One or a batch; source and id are the event id, and time stands in for operateTime."""
    timeless = {"operation": "MUTE_ALL"}
    other_type = "application/vnd.mcu-7+JSON"
    single = await push_to("/records", event(), EVENT)
    batch = [
        event(datacontenttype="application/json; charset=utf-8"),
        event(id="8", time="2019-11-18T23:31:53.465Z", data=timeless, datacontenttype=other_type),
        event(source="urn:x", time="2019-11-19T07:31:53.466+08:00", data=timeless),
    ]
    several = await push_to("/records", batch, EVENTS)

    assert single.json()["accepted"] == 1
    assert several.json() == {"accepted": 2, "duplicates": 1, "firstSeq": 1, "count": 3}
    records = await kept(parts)
    assert [record.event_id for record in records] == ["/mcu/1 7", "/mcu/1 8", "urn:x 7"]
    assert [record.operate_time_ms for record in records] == [
        START,
        1_574_119_913_465,
        1_574_119_913_466,
    ]


@pytest.mark.parametrize(
    ("body", "media_type", "sentence"),
    [
        (b"", JSON, "the body is not valid JSON: it ends too early"),
        (b"{}", JSON, "the body must be an array, not an object"),
        (b"\xff", JSON, "the body"),
        ([said(), said(operateTime=None)], JSON, "[1].operateTime must be an integer"),
        ([said(), {"operation": "MUTE_ALL"}], JSON, "[1].operateTime is missing"),
        ([said(operateTime=1_767_254_460)], JSON, "[0].operateTime must be milliseconds"),
        ([said(operateTime=-1)], JSON, "[0].operateTime must be an integer of at least 0"),
        ([said(operation="DANCE")], JSON, "[0].operation must be a code of the catalogue"),
        ([said(operation=None)], JSON, "[0].operateCode is missing"),
        ([said(operateCode="x")], JSON, "[0].operation and operateCode must not both be given"),
        ([said(color="red")], JSON, "[0].color is not a known field"),
        ([said(operatorBasis="guess")], JSON, "[0].operatorBasis must be one of"),
        ([said(operatorBasis="stated")], JSON, "[0].operator is missing"),
        ([said(detail="\0")], JSON, "[0].detail must not hold the character U+0000"),
        ([said(detail="x" * 65_537)], JSON, "[0].detail must be a string of at most 65536"),
        ([said(eventId="x" * 257)], JSON, "[0].eventId must be a string of at most 256"),
        ([said(confUUID="0" * 32)], JSON, "[0].confUUID must be that of the path"),
        (b'{"operateTime":1,"operation":"MUTE_ALL"}\n{"a":1}', LINES, "[1].a is not a known"),
        (event(specversion="0.3"), EVENT, "specversion must be 1.0"),
        (event(id=""), EVENT, "id must be a string of at least 1"),
        (event(data="text"), EVENT, "data must be an object"),
        (event(source="a b"), EVENT, "source must be a URI reference"),
        (event(source="a\x1f"), EVENT, "source must be a URI reference"),
        (event(id="x" * 256), EVENT, "id must, with source, be at most 255 characters"),
        (event(datacontenttype="text/xml"), EVENT, "datacontenttype must be application/json"),
        (event(time="2019-11-18T23:31:53", data={}), EVENT, "time must say its zone"),
        ([event(), event(data={})], EVENTS, "[1].data.operateTime is missing"),
        ([event(data=said(eventId="e"))], EVENTS, "[0].data.eventId must not be given"),
        ([event(data=said(operation="X"))], EVENTS, "[0].data.operation must be a code"),
        ([event(data=said(detail=7))], EVENTS, "[0].data.detail must be a string"),
        (event(data=said(operation="X")), EVENT, "data.operation must be a code"),
    ],
)
async def test_the_first_bad_record_is_named_and_nothing_kept(
    push_to: Push, parts: Parts, body: Any, media_type: str, sentence: str
) -> None:
    """A body with something wrong is refused whole, with the place, the field and the rule."""
    assert_invalid(await push_to("/records", body, media_type), sentence)
    assert await kept(parts) == []


async def test_an_event_with_another_content_is_a_conflict(push_to: Push, parts: Parts) -> None:
    """The same id with another content is 409, whether known before or told twice in a push."""
    await push_to("/records", [said(eventId="e")])

    known = await push_to("/records", [said(1), said(detail="another", eventId="e")])
    twice = await push_to("/records", [said(eventId="f"), said(9, eventId="f")])

    assert_refused(known, 409, "LEDGER.000000409", "[1].eventId")
    assert_refused(twice, 409, "LEDGER.000000409", "[1].eventId")
    assert len(await kept(parts)) == 1


KEY = "Idempotency-Key"


async def test_a_push_with_a_key_is_kept_once(push_to: Push, parts: Parts) -> None:
    """Equal records in it are events of their own; the same body with the same key adds nothing,
    and with another key it is another push.
    """
    body = [said(), said(), said(eventId="e")]
    answers = [await push_to("/records", body, **{KEY: key}) for key in ("a", "a", "b")]

    told = [(each.json()["accepted"], each.json()["duplicates"]) for each in answers]
    assert told == [(3, 0), (0, 3), (2, 1)]
    assert answers[2].json()["firstSeq"] == 3
    records = await kept(parts)
    assert len({record.event_id for record in records}) == len(records) == 5
    assert [record.operate_time_ms for record in records] == [START] * 5


async def test_a_key_of_another_body_is_a_conflict(push_to: Push, parts: Parts) -> None:
    """409 with a sentence, and nothing is kept; also where only the type of the body differs."""
    await push_to("/records", [said()], **{KEY: "a"})
    other = await push_to("/records", [said(1)], **{KEY: "a"})
    lines = await push_to("/records", json.dumps([said()]).encode(), LINES, **{KEY: "b"})
    assert lines.status_code == 400

    assert_refused(other, 409, "LEDGER.000000409", "Idempotency-Key: a is known of another body.")
    assert len(await kept(parts)) == 1


async def test_a_key_is_free_until_something_was_kept_by_it(push_to: Push, parts: Parts) -> None:
    """A push that was refused, or that had no records, says nothing of its key."""
    refused = await push_to("/records", [said(detail=1)], **{KEY: "a"})
    empty = await push_to("/records", [], **{KEY: "a"})
    right = await push_to("/records", [said()], **{KEY: "a"})

    assert (refused.status_code, empty.status_code, right.status_code) == (400, 200, 200)
    assert len(await kept(parts)) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "a\x7f"])
async def test_a_bad_key_is_refused(push_to: Push, parts: Parts, key: str) -> None:
    """Empty, with a space, too long or beyond ASCII: 400, and nothing is kept."""
    answer = await push_to("/records", [said()], **{KEY: key})
    assert_refused(answer, 400, "MMC.111071061", "Idempotency-Key must be 1 to 64")
    assert await kept(parts) == []


async def test_a_push_has_at_most_so_many_records(push_to: Push, parts: Parts) -> None:
    """Ten thousand records are taken, and one more is 413 with nothing kept."""
    many = [said(number) for number in range(RECORDS_MAX + 1)]

    assert_refused(await push_to("/records", many), 413, "APIGW.0201", "more than 10000 records")
    assert await kept(parts) == []
    assert (await push_to("/records", many[1:])).json()["accepted"] == RECORDS_MAX


# --- Bodies -------------------------------------------------------------------


def packed_in_parts(content: bytes) -> dict[str, bytes]:
    """A body packed in every way, in one piece and in two."""
    half = len(content) // 2
    first, second = content[:half], content[half:]
    return {
        "gzip": gzip.compress(content),
        "gzip, two members": gzip.compress(first) + gzip.compress(second),
        "zstd": zstd.compress(content),
        "zstd, two frames": zstd.compress(first) + zstd.compress(second),
        "identity": content,
    }


@pytest.mark.parametrize("way", list(packed_in_parts(b"")))
async def test_a_packed_body_is_unpacked(push_to: Push, parts: Parts, way: str) -> None:
    """Gzip and zstd, in several members or frames, are read as what they hold."""
    body = packed_in_parts(json.dumps([said(number) for number in range(1000)]).encode())[way]

    answer = await push_to("/records", body, **{"Content-Encoding": way.partition(",")[0]})

    assert answer.json()["accepted"] == 1000
    assert len(await kept(parts)) == 1000


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_bomb_is_refused_while_it_unpacks(
    push_to: Push, parts: Parts, encoding: str
) -> None:
    """What would unpack to more than the limit is 413, however small it is; the limit fits."""
    pack = gzip.compress if encoding == "gzip" else zstd.compress
    record = json.dumps([said()]).encode()
    fits = pack(record + b" " * (PUSH_BYTES_MAX - len(record)))
    bomb = pack(record + b" " * (PUSH_BYTES_MAX - len(record) + 1))
    large_bomb = pack(b" " * PUSH_BYTES_MAX * 8)

    for body in (bomb, large_bomb):
        answer = await push_to("/records", body, **{"Content-Encoding": encoding})
        assert_refused(answer, 413, "APIGW.0201", "must not be larger than 8388608 bytes")
    assert await kept(parts) == []
    answer = await push_to("/records", fits, **{"Content-Encoding": encoding})
    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("harm", [lambda body: body[:-3], lambda _: b"[]", lambda _: b""])
async def test_a_body_that_is_not_what_it_says_is_refused(
    push_to: Push, parts: Parts, encoding: str, harm: Callable[[bytes], bytes]
) -> None:
    """Cut short, or of no such packing at all, it is 400 and nothing is kept."""
    pack = gzip.compress if encoding == "gzip" else zstd.compress
    body = harm(pack(json.dumps([said()]).encode()))

    assert_invalid(
        await push_to("/records", body, **{"Content-Encoding": encoding}), "the body must be"
    )
    assert await kept(parts) == []


async def test_other_media_are_refused_by_name(push_to: Push) -> None:
    """A type or an encoding that is not read is 415, with those that are."""
    typed = await push_to("/records", b"x=1", "application/x-www-form-urlencoded")
    untyped = await push_to("/records", b"[]", "")
    encoded = await push_to("/records", b"[]", **{"Content-Encoding": "br"})
    stays = await push_to("/attendees", b"[]", EVENTS)
    put = await push_to("", b"{}", LINES, "PUT")

    for answer in (typed, untyped):
        assert_refused(answer, 415, "APIGW.0201", "Content-Type must be one of application/json")
    assert_refused(encoded, 415, "APIGW.0201", "Content-Encoding must be one of identity, gzip")
    assert_refused(stays, 415, "APIGW.0201", "Content-Type")
    assert_refused(put, 415, "APIGW.0201", "Content-Type")


async def test_a_large_body_is_413_and_a_slow_one_408(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body beyond the limit is refused as it comes, and one that never ends after a while."""
    headers = {"X-Access-Token": await token_of(parts, scope="write"), "Content-Type": JSON}
    monkeypatch.setattr(push, "_BODY_SECONDS_MAX", 0.1)

    async def large() -> Any:
        for _ in range(9):
            yield b" " * 1024**2

    async def slow() -> Any:
        yield b"["
        await anyio.sleep(10)

    async with client_of(parts) as client:
        too_large = await client.post(BASE + "/records", content=large(), headers=headers)
        announced = await client.post(
            BASE + "/records", content=b" " * (PUSH_BYTES_MAX + 1), headers=headers
        )
        too_slow = await client.post(BASE + "/records", content=slow(), headers=headers)
    for answer in (too_large, announced):
        assert_refused(answer, 413, "APIGW.0201", "must not be larger than 8388608 bytes")
        assert answer.headers["connection"] == "close"
    assert_refused(too_slow, 408, "APIGW.0201", "did not arrive within 0.1 seconds")


async def test_beyond_a_number_of_pushes_the_next_is_503(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pushes do not queue up: one too many is told to come again, and the others go on."""
    monkeypatch.setattr(push, "_PUSHES_MAX", 4)
    headers = {"X-Access-Token": await token_of(parts, scope="write"), "Content-Type": JSON}
    begun, go_on = anyio.Semaphore(0), anyio.Event()

    async def waits(number: int) -> Any:
        begun.release()
        await go_on.wait()
        yield json.dumps([said(number)]).encode()

    async with client_of(parts) as client:

        async def send(number: int) -> None:
            answer = await client.post(BASE + "/records", content=waits(number), headers=headers)
            assert answer.status_code == 200

        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(send, number)
                await begun.acquire()
            refused = await client.post(BASE + "/records", content=b"[]", headers=headers)
            go_on.set()
        assert_refused(refused, 503, "MMC.111070003", "CONF_EXCEPTION")
        assert refused.headers["retry-after"] == "1"
        after = await client.post(BASE + "/records", content=b"[]", headers=headers)
    assert after.json()["count"] == 2


async def test_a_busy_store_is_503_and_nothing_is_kept(
    push_to: Push, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store can't take a push, the caller is told when to come again."""

    async def busy(*_: object) -> None:
        raise StoreBusy("busy")

    with monkeypatch.context() as patched:
        patched.setattr(type(parts.stores.records), "append", busy)
        answer = await push_to("/records", [said()])
    assert_refused(answer, 503, "MMC.111070003", "CONF_EXCEPTION")
    assert answer.headers["retry-after"] == "1"
    assert await kept(parts) == []


async def test_a_push_waits_for_those_before_it_and_not_for_ever(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is written that takes all the room, the next waits; after a time it is told to
    come again, and nothing of it is kept. What is small waits for none of them, and one that is
    refused gives its room back.
    """
    monkeypatch.setattr(push, "_BYTES_AT_ONCE", 100)
    monkeypatch.setattr(push, "_BYTES_AT_ONCE_OF_SERVER", 100)
    monkeypatch.setattr(push, "_BYTES_SMALL", 10)
    monkeypatch.setattr(push, "_WAIT_SECONDS_MAX", 0.05)
    headers = {"X-Access-Token": await token_of(parts, scope="write"), "Content-Type": JSON}
    begun, go_on = anyio.Event(), anyio.Event()
    append = type(parts.stores.records).append

    async def waits(*arguments: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await append(*arguments)

    async with client_of(parts) as client:

        async def send(number: int) -> httpx.Response:
            body = json.dumps([said(number)]).encode()
            return await client.post(BASE + "/records", content=body, headers=headers)

        async def is_taken() -> None:
            assert (await send(1)).status_code == 200

        async with anyio.create_task_group() as group:
            with monkeypatch.context() as patched:
                patched.setattr(type(parts.stores.records), "append", waits)
                group.start_soon(is_taken)
                await begun.wait()
            assert_refused(await send(2), 503, "MMC.111070003", "CONF_EXCEPTION")
            small = await client.post(BASE + "/records", content=b"[]", headers=headers)
            assert small.json() == {"accepted": 0, "duplicates": 0, "firstSeq": 0, "count": 0}
            go_on.set()
        for content_type, status in ((JSON, 400), ("text/plain", 415)):
            bad = await client.post(
                BASE + "/records",
                content=b"[1,2,3,4,5,6,7,8]",
                headers={**headers, "Content-Type": content_type},
            )
            assert bad.status_code == status
        assert (await send(3)).json()["count"] == 2


# --- A conference -------------------------------------------------------------


HOST = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory("Ann"))


async def detail(parts: Parts, **headers: str) -> Any:
    """The conference in detail, as an administrator gets it."""
    async with client_of(parts) as client:
        answer = await client.get(
            "/v1/mmc/management/conferences/history/confDetail",
            params={"confUUID": CONFERENCE},
            headers={"X-Access-Token": await token_of(parts), **headers},
        )
    assert answer.status_code == 200
    return answer.json()


async def listed(parts: Parts) -> Any:
    """The corp's list."""
    async with client_of(parts) as client:
        answer = await client.get(
            "/v1/mmc/management/conferences/history",
            params={"startDate": 0, "endDate": START * 2, "queryAll": "true"},
            headers={"X-Access-Token": await token_of(parts)},
        )
    return answer.json()


PLANNED = {
    "conferenceID": "984010551",
    "subject": "Planning",
    "startTime": START,
    "scheduler": {"name": "Ann", "userUUID": HOST.user_id, "deptName": "Sales"},
    "invited": [
        {"name": "Bob", "account": "bob", "number": "+991116005905", "role": 1},
        {"name": "Room 7", "number": "7", "type": "terminal"},
    ],
}


async def test_a_conference_is_made_and_amended(push_to: Push, parts: Parts) -> None:
    """First it is 201; what is told later comes to what is known; with an end it is listed."""
    made = await push_to("", PLANNED, method="PUT")
    assert (made.status_code, made.json()) == (201, {"confUUID": CONFERENCE})
    assert (await listed(parts))["count"] == 0

    ended = {"endTime": START + 60_000, "hasRecording": True}
    assert (await push_to("", ended, method="PUT")).status_code == 200

    (entry,) = (await listed(parts))["data"]
    assert entry == {
        "conferenceID": "984010551",
        "subject": "Planning",
        "size": 2,
        "startTime": "2019-11-18 23:31",
        "endTime": "2019-11-18 23:32",
        "conferenceState": "Destroyed",
        "userUUID": HOST.user_id,
        "scheduserName": "Ann",
        "isHasRecordFile": True,
        "confUUID": CONFERENCE,
        "partAttendeeInfo": [
            {"name": "Bob", "phone": "+991116005905", "type": "normal", "role": 1},
            {"name": "Room 7", "phone": "7", "type": "terminal", "role": 0},
        ],
        "deptName": "Sales",
    }
    whole = await detail(parts)
    assert whole["conferenceData"]["subject"] == "Planning"
    assert whole["data"]["count"] == 2
    assert whole["data"]["data"][0] == {
        "participantID": "+991116005905",
        "name": "Bob",
        "role": 1,
        "state": "MEETTING",
        "attendeeType": "normal",
        "accountId": "bob",
    }


async def test_a_conference_is_for_its_scheduler_and_the_invited(
    push_to: Push, parts: Parts
) -> None:
    """They may see it; who is off the list, or has handed it on, may not any more."""

    async def may(person: str) -> bool:
        return await parts.stores.conferences.may_view(DEFAULT_CORP_ID, CONFERENCE, [person])

    ann, bob, cat = person_by_id(HOST.user_id), person_by_account("bob"), person_by_account("cat")
    await push_to("", PLANNED, method="PUT")
    assert [await may(person) for person in (ann, bob, cat)] == [True, True, False]

    await push_to("", {"subject": "Review"}, method="PUT")
    assert [await may(person) for person in (ann, bob, cat)] == [True, True, False]

    await push_to("", {"invited": []}, method="PUT")
    assert [await may(person) for person in (ann, bob, cat)] == [True, False, False]

    await push_to("", {"invited": [{"account": "bob"}]}, method="PUT")
    await push_to("", {"scheduler": {"account": "cat"}}, method="PUT")
    assert [await may(person) for person in (ann, bob, cat)] == [False, True, True]
    await push_to("", {"invited": [{"account": "bob"}]}, method="PUT")
    assert [await may(person) for person in (ann, bob, cat)] == [False, True, True]
    whole = await detail(parts)
    assert not {"userUUID", "scheduserName", "deptName", "schedulerAccount"} & set(
        whole["conferenceData"]
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "startTime is missing"),
        ({"startTime": "now"}, "startTime must be an integer"),
        ({"startTime": 1_767_254_460}, "startTime must be milliseconds since 1970"),
        ({"startTime": 5, "endTime": 1_767_254_460}, "endTime must be milliseconds since 1970"),
        ({"startTime": 5, "endTime": 4}, "endTime must not be before startTime"),
        ({"startTime": 5, "invited": [{}]}, "invited[0].name is missing"),
        ({"startTime": 5, "scheduler": {}}, "scheduler.name is missing"),
        ({"startTime": 5, "invited": [{"name": "A", "type": "cat"}]}, "invited[0].type must be"),
        ({"startTime": 5, "invited": [{"name": "A", "role": 2}]}, "invited[0].role must be"),
        (
            {"startTime": 5, "invited": [{"number": "1"}, {"number": "2"}, {"number": "1"}]},
            "invited[2] must not be who invited[0] is",
        ),
        ({"startTime": 5, "subject": "\0"}, "subject must not hold"),
        ({"startTime": 5, "invited": [{"name": "\0"}]}, "invited[0].name must not hold"),
        ({"startTime": 5, "colour": "red"}, "colour is not a known field"),
        ([], "the body must be an object"),
    ],
)
async def test_a_bad_conference_is_named_and_not_kept(
    push_to: Push, parts: Parts, body: Any, sentence: str
) -> None:
    """What breaks a rule, by itself or with what is known, changes nothing."""
    assert_invalid(await push_to("", body, method="PUT"), sentence)
    with pytest.raises(NoSuchConference):
        await parts.stores.conferences.may_view(DEFAULT_CORP_ID, CONFERENCE, [])


async def test_an_end_before_the_known_beginning_is_refused(push_to: Push, parts: Parts) -> None:
    """The rule holds between what is told and what is known, in either call."""
    await push_to("", PLANNED, method="PUT")

    sentence = "endTime must not be before startTime"
    assert_invalid(await push_to("", {"endTime": START - 1}, method="PUT"), sentence)
    assert_invalid(await push_to("/end", {"endTime": START - 1}), sentence)
    assert (await listed(parts))["count"] == 0


# --- Its end ------------------------------------------------------------------


async def test_a_conference_ends_once(push_to: Push, parts: Parts) -> None:
    """Without a time it ends now, and stays ended then when it is told again; a time amends it."""
    await push_to("", PLANNED, method="PUT")

    assert (await push_to("/end")).json() == {"confUUID": CONFERENCE}
    first = await parts.stores.conferences.get(DEFAULT_CORP_ID, CONFERENCE)
    assert (await push_to("/end", {})).status_code == 200
    again = await parts.stores.conferences.get(DEFAULT_CORP_ID, CONFERENCE)
    assert first is not None
    assert first.end_time_ms is not None
    assert first.end_time_ms > START
    assert first == again

    await push_to("/end", {"endTime": START + 5})
    amended = await parts.stores.conferences.get(DEFAULT_CORP_ID, CONFERENCE)
    assert amended is not None
    assert amended.end_time_ms == START + 5
    assert amended.subject == "Planning"
    assert (await listed(parts))["count"] == 1


async def test_an_end_of_what_only_records_tell_of(push_to: Push, parts: Parts) -> None:
    """Such a conference began with its first record; one that nobody knows can't end."""
    refused = await push_to("/end")
    assert_refused(refused, 400, "MMC.111070005", "CONF_DATA_NOT_FOUND")

    await push_to("/records", [said()])
    await push_to("/end", {"endTime": START + 60_000})

    conference = await parts.stores.conferences.get(DEFAULT_CORP_ID, CONFERENCE)
    assert conference is not None
    assert (conference.start_time_ms, conference.end_time_ms) == (START, START + 60_000)
    assert (await push_to("/records", [said(1)])).json()["count"] == 2


# --- Who attended -------------------------------------------------------------


async def stays(parts: Parts) -> list[tuple[str, int, int | None]]:
    """Who was there from when to when."""
    page, _ = await parts.stores.conferences.attendance(
        DEFAULT_CORP_ID, CONFERENCE, search="", offset=0, limit=100
    )
    return [(each.display_name, each.join_time_ms, each.left_time_ms) for each in page]


async def test_joins_and_leaves_make_stays(push_to: Push, parts: Parts) -> None:
    """Whole stays, joins, and leaves that do not say when somebody had joined, told twice."""
    ann = {"displayName": "Ann", "callNumber": "1"}
    joined = await push_to("/attendees", [ann | {"joinTime": 5}])
    assert joined.json() == {"count": 1}
    bob = {"displayName": "Bob", "joinTime": 6, "leftTime": 8}
    lines = f"{json.dumps(ann | {'leftTime': 9})}\n{json.dumps(bob)}"
    left = await push_to("/attendees", lines.encode(), LINES)
    assert left.json() == {"count": 2}
    again = await push_to("/attendees", [ann | {"joinTime": 5}, ann | {"leftTime": 9}])
    back = await push_to("/attendees", [ann | {"joinTime": 20}])

    assert (again.json(), back.json()) == ({"count": 2}, {"count": 3})
    assert await stays(parts) == [("Ann", 5, 9), ("Bob", 6, 8), ("Ann", 20, None)]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([{"displayName": "A"}], "[0].joinTime is missing"),
        ([{"joinTime": 5}], "[0].displayName is missing"),
        ([{"displayName": "A", "joinTime": 1_767_254_460}], "[0].joinTime must be milliseconds"),
        ([{"displayName": "A", "joinTime": 5, "leftTime": 4}], "[0].leftTime must not be before"),
        ([{"displayName": "A", "joinTime": "5"}], "[0].joinTime must be an integer"),
        ([{"displayName": "A", "joinTime": 5, "x": 1}], "[0].x is not a known field"),
        ([{"displayName": "\0", "joinTime": 5}], "[0].displayName must not hold"),
        (
            [{"displayName": "A", "joinTime": 5}, {"displayName": "B", "leftTime": 9}],
            "[1] can't be: nobody of this name and number was in the conference then",
        ),
    ],
)
async def test_a_bad_stay_is_named_and_nothing_kept(
    push_to: Push, parts: Parts, body: Any, sentence: str
) -> None:
    """A body with one that breaks a rule is refused whole."""
    assert_invalid(await push_to("/attendees", body), sentence)
    assert await stays(parts) == []


# --- Who may ------------------------------------------------------------------


CALLS = [("PUT", ""), ("POST", "/records"), ("POST", "/attendees"), ("POST", "/end")]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_only_who_may_write_for_the_corp_may_push(
    parts: Parts, client: httpx.AsyncClient, method: str, path: str
) -> None:
    """Without a token 401; with one that may only read, or of an ordinary user, 403."""
    apps = await parts.open_apps()
    app, _ = await apps.create("test", DEFAULT_CORP_ID, frozenset({"read", "write"}))
    ordinary = await parts.stores.accounts.user(HOST)
    session = await parts.tokens.issue(ordinary, app, API_CLIENT_TYPE)

    async def status(token: str | None) -> int:
        headers = {"X-Access-Token": token} if token else {}
        return (await client.request(method, BASE + path, headers=headers)).status_code

    assert await status(None) == 401
    assert await status(await token_of(parts)) == 403
    assert await status(session.access_token) == 403


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("conference_uuid", ["0", "x" * 32, f"{CONFERENCE}0", CONFERENCE[:-1]])
async def test_a_malformed_conference_id_is_named(
    parts: Parts, client: httpx.AsyncClient, method: str, path: str, conference_uuid: str
) -> None:
    """The id in the path is 32 hexadecimal digits."""
    headers = {"X-Access-Token": await token_of(parts, scope="write")}
    answer = await client.request(
        method, f"/ledger/v1/conferences/{conference_uuid}{path}", headers=headers
    )
    assert_invalid(answer, "confUUID must be 32 hexadecimal digits")


async def test_a_push_stays_in_its_corp(push_to: Push, parts: Parts) -> None:
    """The same id pushed for another corp is another conference."""
    await parts.stores.tenants.add_corp("other", "Other")
    token = await token_of(parts, corp_id="other", scope="write")
    await push_to("/records", [said()])

    theirs = await push_to("/records", [said(1), said(2)], **{"X-Access-Token": token})

    assert theirs.json()["count"] == 2
    assert [record.operate_time_ms for record in await kept(parts)] == [START]


# --- Laws ---------------------------------------------------------------------


@given(
    batches=st.lists(st.lists(st.integers(0, 15), max_size=6), min_size=1, max_size=8),
    repeats=st.integers(1, 2),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_pushes_in_any_order_keep_each_event_once(
    parts: Parts, batches: list[list[int]], repeats: int
) -> None:
    """However often events are pushed and repeated, each is kept once, at its first place."""
    await parts.stores.tenants.add_corp("law", "Law")
    headers = {"X-Access-Token": await token_of(parts, corp_id="law", scope="write")}
    conference_uuid = f"{abs(hash((repr(batches), repeats))):032x}"[-32:]
    expected: list[str] = []
    async with client_of(parts) as client:
        for batch in batches:
            body = [said(number, eventId=f"e{number}") for number in batch]
            for _ in range(repeats):
                answer = await client.post(
                    f"/ledger/v1/conferences/{conference_uuid}/records", json=body, headers=headers
                )
                before = len(expected)
                expected += [
                    name
                    for name in dict.fromkeys(f"e{number}" for number in batch)
                    if name not in expected
                ]
                assert answer.json() == {
                    "accepted": len(expected) - before,
                    "duplicates": len(batch) - (len(expected) - before),
                    "firstSeq": before,
                    "count": len(expected),
                }
    if expected:
        page = await parts.stores.records.page("law", conference_uuid, offset=0, limit=500)
        assert [record.event_id for record in page.records] == expected


async def test_what_is_pushed_is_served(push_to: Push, parts: Parts) -> None:
    """A pushed record is in the very next answer of the vendor's call."""
    await push_to("/records", [said(operator="Ann", operationObject="+991116005905")])

    async with client_of(parts) as client:
        answer = await client.get(
            f"{PATH}?confUUID={CONFERENCE}", headers={"X-Access-Token": await token_of(parts)}
        )

    assert answer.json()["data"] == [
        {
            "operateTime": START,
            "operator": "Ann",
            "operateCode": "全场静音",
            "operationObject": "**********905",
        }
    ]
