"""A meeting as a file: what is in it, what it is called, and what nobody finds in it."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote

import httpx
import pytest

from confledger.app import Parts, create_app
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.console import exports
from confledger.console.exports import disposition, file_name
from confledger.errors import TokenRejected
from confledger.ledger.conference import ConferenceNews
from conftest import CONFERENCE, MakeRecord
from console.browsing import API, add_user, browser_of, sign_in
from console.listening import listening
from console.test_events import HELD, tell

EXPORT = f"{API}/conferences/{CONFERENCE}/export"
MANY = 1_203


@pytest.fixture
async def browser(parts: Parts, make_record: MakeRecord) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's browser, and a meeting with more records than are read at once."""
    await add_user(parts, "ann", admin_type=AdminType.ADMINISTRATOR)
    news = ConferenceNews(conference_uuid=CONFERENCE, conference=HELD)
    await parts.stores.conferences.put(DEFAULT_CORP_ID, [news])
    first = make_record(operator="=cmd()", object="+991116005905", detail="+991116005905 ok")
    rest = [make_record(event_id=f"e{number}") for number in range(1, MANY)]
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [first, *rest]})
    async with browser_of(parts) as opened:
        await sign_in(opened, "ann")
        yield opened


async def test_csv_is_for_spreadsheets(browser: httpx.AsyncClient) -> None:
    """All records, titles in the language asked for, and no text that runs as a formula."""
    answer = await browser.get(f"{EXPORT}.csv?lang=zh-CN")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == MANY
    assert [row["序号"] for row in rows] == [str(number) for number in range(MANY)]
    assert rows[0]["操作者"] == "'=cmd()"
    assert rows[0]["操作代码"] == "MUTE_PARTICIPANT"


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
async def test_numbers_are_starred_where_the_corp_wants_that(
    parts: Parts, browser: httpx.AsyncClient, form: str
) -> None:
    """Neither a number is in the file, nor a hash that was made of it."""
    starred = content_of(await browser.get(f"{EXPORT}.{form}"))
    assert "+991116005905" not in starred
    assert "**********905 ok" in starred
    assert "content:" not in starred

    await parts.stores.tenants.change_corp(DEFAULT_CORP_ID, masks_numbers=False)
    await asyncio.sleep(1.1)  # after which another process of PostgreSQL's knows
    clear = content_of(await browser.get(f"{EXPORT}.{form}"))
    assert "+991116005905 ok" in clear
    assert "content:" in clear


def content_of(answer: httpx.Response) -> str:
    """The text of a file, unpacked."""
    assert answer.status_code == 200, answer.text
    if not answer.content.startswith(b"PK"):
        return answer.content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as workbook:
        assert workbook.testzip() is None
        return workbook.read("xl/worksheets/sheet1.xml").decode()


async def test_json_lines_are_whole(browser: httpx.AsyncClient) -> None:
    """A line for each record, in order, as `import` reads them."""
    answer = await browser.get(f"{EXPORT}.jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == MANY
    assert [line["eventId"] for line in lines[1:]] == [f"e{number}" for number in range(1, MANY)]
    assert {line["confUUID"] for line in lines} == {CONFERENCE}


async def test_the_file_is_named_after_the_meeting(browser: httpx.AsyncClient) -> None:
    """A day, the subject and the meeting id, which any system can keep."""
    answer = await browser.get(f"{EXPORT}.xlsx")
    plain, _, whole = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="2019-11-18 Planning 914583037.xlsx"'
    assert unquote(whole) == "2019-11-18 Planning 914583037.xlsx"


def test_a_name_holds_nothing_that_hurts() -> None:
    """Signs of paths and headers are gone, other scripts stay, and nothing is too long."""
    meeting = replace(HELD, subject='季度\r\n"会议"/../\u202ecsv', conference_id="a/b")
    name = file_name(meeting, CONFERENCE, None)
    assert name == "2019-11-18 季度 会议 .. csv ab"
    header = disposition(f"{name}.csv")
    assert header.isascii()
    assert "\r" not in header
    assert header.count('"') == 2
    assert len(file_name(replace(HELD, subject="长" * 999), CONFERENCE, None)) < 100
    assert file_name(None, CONFERENCE, None) == CONFERENCE
    assert file_name(None, CONFERENCE, 0) == f"1970-01-01 {CONFERENCE}"


async def test_a_workbook_has_a_limit(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A meeting that is too long for a workbook is told so, and what takes it."""
    monkeypatch.setattr(exports, "WORKBOOK_RECORDS_MAX", MANY - 1)
    answer = await browser.get(f"{EXPORT}.xlsx")
    assert answer.status_code == 413
    assert "CSV" in answer.json()["error_msg"]
    assert (await browser.get(f"{EXPORT}.csv")).status_code == 200


@pytest.mark.sqlite
@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize("what", ["nothing", "session", "user", "right", "stars"])
async def test_a_file_ends_where_the_right_does(parts: Parts, what: str) -> None:
    """Who has signed out, is locked out or no viewer any more, or is to see stars by now, gets
    no further page, and no file that looks whole.
    """
    user = await add_user(parts, "bob")
    token = (await parts.tokens.issue(user, None, API_CLIENT_TYPE)).access_token
    await parts.stores.tenants.change_corp(DEFAULT_CORP_ID, masks_numbers=False)

    async def change() -> None:
        if what == "session":
            with suppress(TokenRejected):
                await parts.tokens.end(token)
        elif what == "user":
            await parts.stores.tenants.change_user(DEFAULT_CORP_ID, "bob", is_disabled=True)
        elif what == "right":
            await tell(parts, viewers=frozenset(), former_viewers=HELD.viewers)
        elif what == "stars":
            await parts.stores.tenants.change_corp(DEFAULT_CORP_ID, masks_numbers=True)

    app = create_app(parts, await parts.open_apps())
    async with listening(app, f"{EXPORT}.jsonl", token) as listener:
        listener.on_body = change
        await listener.rest()
    assert listener.status == 200
    assert 0 < listener.text.count("\n") <= MANY
    assert listener.is_whole is (what == "nothing")
    assert (listener.text.count("\n") == MANY) is (what == "nothing")


@pytest.mark.usefixtures("browser")
async def test_so_many_are_written_at_once_and_no_more(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many of a user, or of all, is refused, and nothing holds a place when it is done."""
    await add_user(parts, "eve", admin_type=AdminType.ADMINISTRATOR)
    async with browser_of(parts) as limited, browser_of(parts) as other:
        await sign_in(limited, "ann")
        await sign_in(other, "eve")
        both = await asyncio.gather(
            *(limited.get(f"{EXPORT}.xlsx") for _ in range(3)), other.get(f"{EXPORT}.xlsx")
        )
        assert sorted(answer.status_code for answer in both) == [200, 200, 200, 429]
        assert both[-1].status_code == 200, "of another user"

        monkeypatch.setattr(exports, "EXPORTS_OF_USER_MAX", 9)
        monkeypatch.setattr(exports, "EXPORTS_MAX", 2)
        answers = await asyncio.gather(*(limited.get(f"{EXPORT}.xlsx") for _ in range(4)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200, 200, 429, 429]
        (refused, _) = (answer for answer in answers if answer.status_code == 429)
        assert refused.headers["retry-after"]
        assert (await limited.get(f"{EXPORT}.csv")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{EXPORT}.pdf", 404),
        (f"{EXPORT}.csv?lang=de", 400),
        (f"{API}/conferences/{'0' * 32}/export.csv", 400),
    ],
)
async def test_what_cannot_be_exported_is_an_error(
    browser: httpx.AsyncClient, path: str, status: int
) -> None:
    """A wrong format, language or meeting is an error, and no file."""
    answer = await browser.get(path)
    assert answer.status_code == status
    assert "error_code" in answer.json()


async def test_who_asks_for_the_head_alone_makes_nobody_write(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The headers are those of the file and of the stream, and nothing is made for them."""
    monkeypatch.setattr(exports, "_writer", None)
    file = await browser.head(f"{EXPORT}.csv")
    assert (file.status_code, file.content) == (200, b"")
    assert "Planning" in file.headers["content-disposition"]
    stream = await browser.head(f"{API}/conferences/{CONFERENCE}/events")
    assert (stream.status_code, stream.content) == (200, b"")
    assert stream.headers["content-type"].startswith("text/event-stream")
