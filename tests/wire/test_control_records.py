"""The call that serves the control records of a conference."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID, Scope
from confledger.demo.store import SAMPLE_MEETING, fill_demo_store
from confledger.errors import InvalidParameter
from confledger.wire.control_records import PARAMETERS
from confledger.wire.query import Query
from conftest import PATH, MakeRecord, client_of, token_of

GOLDEN = Path(__file__).parents[1] / "golden" / "control_records_sample.json"

UNKNOWN = "0" * 32


@pytest.fixture
async def filled(parts: Parts) -> Parts:
    """The parts of a service with the meetings of the demo."""
    await fill_demo_store(parts)
    return parts


@pytest.fixture
async def reader(filled: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an administrator's token."""
    async with client_of(filled) as client:
        client.headers["X-Access-Token"] = await token_of(filled)
        yield client


def in_key_order(text: str) -> Any:
    """A JSON document with its objects as lists of pairs, so that the order of keys counts."""
    return json.loads(text, object_pairs_hook=list)


async def get(client: httpx.AsyncClient, query: str, **headers: str) -> httpx.Response:
    """Make the call with a query as it stands."""
    return await client.get(f"{PATH}?{query}", headers=headers)


def assert_is_error(answer: httpx.Response, status: int, code: str, message: str) -> None:
    """Hold an answer against the shape that every error has."""
    body = answer.json()
    assert (answer.status_code, body["error_code"], body["error_msg"]) == (status, code, message)
    assert set(body) <= {"error_code", "error_msg", "error_detail"}
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_the_first_page_equals_the_documented_sample(reader: httpx.AsyncClient) -> None:
    """The answer for the sample's meeting is the documented one, in key order too."""
    answer = await get(reader, f"confUUID={SAMPLE_MEETING}")

    assert answer.status_code == 200
    assert in_key_order(answer.text) == in_key_order(GOLDEN.read_text("utf-8"))


async def test_the_same_in_english(reader: httpx.AsyncClient) -> None:
    """With `Accept-Language: en-US` operation and result are English; nothing else changes."""
    chinese = (await get(reader, f"confUUID={SAMPLE_MEETING}")).json()
    english = (
        await get(reader, f"confUUID={SAMPLE_MEETING}", **{"Accept-Language": "en-US"})
    ).json()

    first = english["data"][0]
    assert (first["operateCode"], first["operateResult"]) == ("Start voice activation", "Success")
    for ours, theirs in zip(english["data"], chinese["data"], strict=True):
        assert ours.keys() == theirs.keys()
        assert ours["operateCode"].isascii()
        for key in ours.keys() - {"operateCode", "operateResult"}:
            assert ours[key] == theirs[key]


async def test_the_headers_are_the_samples(reader: httpx.AsyncClient) -> None:
    """Type, caching headers and request id are as in the documented sample."""
    answer = await get(reader, f"confUUID={SAMPLE_MEETING}")

    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["expires"] == "0"
    assert answer.headers["pragma"] == "No-cache"
    assert answer.headers["cache-control"] == "no-cache"
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "成功".encode() in answer.content


async def test_a_request_id_of_the_clients_is_kept(reader: httpx.AsyncClient) -> None:
    """A well-formed `X-Request-ID` comes back; any other is replaced by one of ours."""
    kept = await get(reader, "", **{"X-Request-ID": "0f9c-Trace_1.a"})
    replaced = await get(reader, "", **{"X-Request-ID": "one two"})

    assert kept.headers["x-request-id"] == "0f9c-Trace_1.a"
    assert re.fullmatch("[0-9a-f]{32}", replaced.headers["x-request-id"])


@pytest.mark.parametrize(
    ("query", "offset", "limit", "shown"),
    [
        ("", 0, 20, 20),
        ("&offset=20", 20, 20, 3),
        ("&offset=3&limit=4", 3, 4, 4),
        ("&limit=1", 0, 1, 1),
        ("&limit=500", 0, 500, 23),
        ("&limit=501", 0, 500, 23),
        ("&limit=2147483647", 0, 500, 23),
        ("&offset=23", 23, 20, 0),
        ("&offset=2147483647", 2147483647, 20, 0),
        ("&offset=-0", 0, 20, 20),
        ("&offset=%30&limit=00005", 0, 5, 5),
        ("&userUUID=whoever", 0, 20, 20),
        ("&somethingElse=1&somethingElse=2", 0, 20, 20),
    ],
)
async def test_paging(
    reader: httpx.AsyncClient, query: str, offset: int, limit: int, shown: int
) -> None:
    """`offset` is the index of the first record, `limit` is cut to 500, both are echoed."""
    answer = await get(reader, f"confUUID={SAMPLE_MEETING}{query}")

    body = answer.json()
    assert answer.status_code == 200
    assert (body["offset"], body["limit"], body["count"]) == (offset, limit, 23)
    assert len(body["data"]) == shown


async def test_the_pages_join_without_gap_or_repetition(reader: httpx.AsyncClient) -> None:
    """All pages of a meeting, one after the other, are the meeting."""
    whole = (await get(reader, f"confUUID={SAMPLE_MEETING}&limit=500")).json()["data"]
    joined = []
    for offset in range(0, 23, 7):
        page = (await get(reader, f"confUUID={SAMPLE_MEETING}&offset={offset}&limit=7")).json()
        joined += page["data"]
    assert joined == whole
    assert len(whole) == 23


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "confUUID"),
        ("confUUID=", "confUUID"),
        (f"confuuid={SAMPLE_MEETING}", "confUUID"),
        ("confUUID=9a0fa6d1-0a5b-11ea-ae5e-191763c22c0e", "confUUID"),
        ("confUUID=9a0fa6d10a5b11eaae5e191763c22c0", "confUUID"),
        (f"confUUID={SAMPLE_MEETING}%0A", "confUUID"),
        (f"confUUID={SAMPLE_MEETING}&confUUID={SAMPLE_MEETING}", "confUUID"),
        (f"confUUID={SAMPLE_MEETING}&limit=0", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=-1", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=ten", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=1.0", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=%2B5", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=2147483648", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit={'9' * 5000}", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=5&limit=5", "limit"),
        (f"confUUID={SAMPLE_MEETING}&limit=%D9%A5", "limit"),
        (f"confUUID={SAMPLE_MEETING}&offset=-1", "offset"),
        (f"confUUID={SAMPLE_MEETING}&offset=2147483648", "offset"),
        (f"confUUID={SAMPLE_MEETING}&offset=0x1", "offset"),
        (f"confUUID={SAMPLE_MEETING}&offset=1&offset=2", "offset"),
        (f"confUUID={SAMPLE_MEETING}&userUUID=a&userUUID=b", "userUUID"),
        (f"confUUID={SAMPLE_MEETING}&limit=%FF", "the query"),
        ("&".join(f"p{i}=1" for i in range(40)), "the query"),
    ],
)
async def test_a_bad_parameter_is_named_with_its_rule(
    reader: httpx.AsyncClient, query: str, field: str
) -> None:
    """A missing, malformed, repeated or far too large parameter is 400, and the detail names it."""
    answer = await get(reader, query)

    assert_is_error(answer, 400, "MMC.111071061", "PARAMETER_VERIFIED_FAIL")
    assert re.match(f"{field} (must |is missing)", answer.json()["error_detail"])


async def test_an_upper_case_conference_id_is_the_same(reader: httpx.AsyncClient) -> None:
    """The case of `confUUID` is folded."""
    answer = await get(reader, f"confUUID={SAMPLE_MEETING.upper()}")
    assert answer.json()["count"] == 23


async def test_unknown_and_foreign_conferences_look_alike(
    reader: httpx.AsyncClient, filled: Parts, make_record: MakeRecord
) -> None:
    """An id that nobody has and an id of another corp give one and the same answer."""
    await filled.stores.tenants.add_corp("other", "Other")
    foreign = "f" * 32
    await filled.intake.take("other", {foreign: [make_record()]})

    answers = [await get(reader, f"confUUID={uuid}") for uuid in (UNKNOWN, foreign)]

    for answer in answers:
        assert_is_error(answer, 400, "MMC.111070005", "CONF_DATA_NOT_FOUND")
    assert answers[0].content == answers[1].content
    assert answers[0].headers.keys() == answers[1].headers.keys()


async def test_each_corp_reads_its_own(filled: Parts, make_record: MakeRecord) -> None:
    """The same conference id in two corps answers each with its own records."""
    await filled.stores.tenants.add_corp("other", "Other")
    await filled.intake.take("other", {SAMPLE_MEETING: [make_record()]})
    async with client_of(filled) as client:
        token = await token_of(filled, corp_id="other")
        answer = await get(client, f"confUUID={SAMPLE_MEETING}", **{"X-Access-Token": token})
    assert answer.json()["count"] == 1


@pytest.mark.parametrize("token", [None, "", "x", "cfl" + "a" * 33, "a" * 5000, "é"])
async def test_without_a_good_token_nothing_is_told(filled: Parts, token: str | None) -> None:
    """No token, a wrong or an absurd one: 401, even where the query is wrong as well."""
    async with client_of(filled) as client:
        headers = {} if token is None else {b"X-Access-Token": token.encode()}
        for query in (f"confUUID={SAMPLE_MEETING}", "confUUID=?"):
            answer = await client.get(f"{PATH}?{query}", headers=headers)
            assert_is_error(
                answer,
                401,
                "USG.000000004",
                "The access token is missing, wrong or has expired; log in again.",
            )


async def test_two_different_tokens_are_none(filled: Parts) -> None:
    """A request with two tokens is answered only if they are the same."""
    token = await token_of(filled)
    async with client_of(filled) as client:
        url = f"{PATH}?confUUID={SAMPLE_MEETING}"
        twice = await client.get(url, headers=[("X-Access-Token", token)] * 2)
        mixed = await client.get(
            url, headers=[("X-Access-Token", token), ("X-Access-Token", "another")]
        )
    assert twice.status_code == 200
    assert mixed.status_code == 401


@pytest.mark.parametrize(("scope", "status"), [("read", 200), ("write", 403), ("admin", 403)])
async def test_an_app_needs_the_scope_to_read(filled: Parts, scope: Scope, status: int) -> None:
    """An app without the scope `read` is refused, whatever it asks for."""
    async with client_of(filled) as client:
        token = await token_of(filled, scope=scope)
        answer = await get(client, f"confUUID={SAMPLE_MEETING}", **{"X-Access-Token": token})
    assert answer.status_code == status
    if status == 403:
        assert_is_error(answer, 403, "MMC.111070002", "CONF_INSUFFICIENT_PERMISSIONS")


async def test_a_token_ends_with_its_time(filled: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token works for 24 hours and not a moment longer."""
    token = await token_of(filled)
    async with client_of(filled) as client:
        monkeypatch.setattr("confledger.auth.tokens.time.time_ns", _later(86_400 - 5))
        before = await get(client, f"confUUID={SAMPLE_MEETING}", **{"X-Access-Token": token})
        monkeypatch.setattr("confledger.auth.tokens.time.time_ns", _later(86_400 + 5))
        after = await get(client, f"confUUID={SAMPLE_MEETING}", **{"X-Access-Token": token})
    assert (before.status_code, after.status_code) == (200, 401)


def _later(seconds: int) -> Any:
    import time  # noqa: PLC0415 - the clock as it was before the test moved it

    now = time.time_ns()
    return lambda: now + seconds * 1_000_000_000


async def test_empty_fields_have_no_key_and_unknown_words_are_served_verbatim(
    parts: Parts, client: httpx.AsyncClient, make_record: MakeRecord
) -> None:
    """What the catalogue does not know comes back as it came, in both languages."""
    await parts.intake.take(
        DEFAULT_CORP_ID,
        {
            SAMPLE_MEETING: [
                make_record(
                    operation=None,
                    operation_text="挥手致意",
                    result=None,
                    result_text="Maybe",
                    detail="详情 +991116005905",
                    object="",
                    source="",
                    operator="",
                    operator_basis="unknown",
                ),
                make_record(result=None, operator="+8613912345678"),
            ]
        },
    )
    headers = {"X-Access-Token": await token_of(parts)}
    for language in ("zh-CN", "en-US"):
        answer = await get(
            client, f"confUUID={SAMPLE_MEETING}", **headers, **{"Accept-Language": language}
        )
        first, second = in_key_order(answer.text)[0][1]
        assert first == [
            ("operateTime", 1574119913464),
            ("operateCode", "挥手致意"),
            ("operateResult", "Maybe"),
            ("detail", "详情 **********905"),
        ]
        assert [key for key, _ in second] == [
            "operateTime",
            "operateSource",
            "operator",
            "operateCode",
            "operationObject",
        ]
        assert dict(second)["operator"] == "***********678"


@pytest.mark.sqlite
async def test_a_corp_may_want_its_numbers_in_clear(
    parts: Parts, make_record: MakeRecord, settings: Any
) -> None:
    """Where a corp turns the starring off, numbers are served as they are kept."""
    await parts.intake.take(
        DEFAULT_CORP_ID, {SAMPLE_MEETING: [make_record(object="+991116005905")]}
    )
    token = await token_of(parts)
    import sqlite3  # noqa: PLC0415 - there is no command for it yet

    with sqlite3.connect(settings.store_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE corp SET masks_numbers = 0")
    connection.close()
    async with client_of(parts) as client:
        answer = await get(client, f"confUUID={SAMPLE_MEETING}", **{"X-Access-Token": token})
    assert answer.json()["data"][0]["operationObject"] == "+991116005905"


@given(st.text(max_size=80))
def test_any_query_is_parsed_or_refused(query_string: str) -> None:
    """Whatever a client puts into the query, it is a query of ours or a named error."""
    try:
        query = Query.parse(query_string, *PARAMETERS)
        conference_uuid = query.conference_uuid()
        offset, limit = query.page()
    except InvalidParameter:
        return
    else:
        assert offset >= 0
        assert 1 <= limit <= 500
        assert re.fullmatch("[0-9a-f]{32}", conference_uuid)


@given(offset=st.integers(0, 2**31 - 1), limit=st.integers(1, 2**31 - 1))
def test_numbers_within_bounds_are_taken(offset: int, limit: int) -> None:
    """Every offset and limit of the documented type is taken, and the limit cut to 500."""
    query = Query.parse(f"confUUID={UNKNOWN}&offset={offset}&limit={limit}", *PARAMETERS)
    assert query.page() == (offset, min(limit, 500))


async def test_what_the_corp_has_learned_is_told_in_the_readers_language(
    reader: httpx.AsyncClient, filled: Parts, make_record: MakeRecord
) -> None:
    """Texts that the catalogue does not know come in the reader's language where a phrase is known,
    and otherwise as they came.
    """
    records = [
        make_record(operation=None, operation_text="跳舞", result=None, result_text="也许"),
        make_record(operation=None, operation_text="唱歌", result="SUCCESS"),
    ]
    await filled.intake.take(DEFAULT_CORP_ID, {UNKNOWN: records})
    await filled.stores.phrases.learn(
        DEFAULT_CORP_ID,
        [{"zh-CN": "跳舞", "en-US": "Dance"}, {"zh-CN": "也许", "en-US": "Perhaps"}],
    )

    async def told(language: str) -> list[tuple[str, str]]:
        query = f"confUUID={UNKNOWN}"
        answer = await get(reader, query, **{"Accept-Language": language})
        data = answer.json()["data"]
        return [(record["operateCode"], record["operateResult"]) for record in data]

    assert await told("zh-CN") == [("跳舞", "也许"), ("唱歌", "成功")]
    assert await told("en-US") == [("Dance", "Perhaps"), ("唱歌", "Success")]
