"""A second confledger over TLS, read as an archive does."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from acceptance.service import run, running
from acceptance.test_sdk_history import (
    HOUR,
    PEOPLE,
    START,
    STAYS,
    JSONObject,
    info_of,
    page_of,
    records_of,
    uuid,
)
from confledger.archive.pace import Limits
from confledger.archive.remote import RemoteLedger
from confledger.archive.transport import Remote
from confledger.errors import RemoteRefused, RemoteUnreachable, SettingError

MEETINGS = range(30)
TOLD = 29
LIMITS = Limits(page_items=7, requests_per_second=1000.0)


@dataclass(frozen=True, slots=True)
class Way:
    """The ways to the second confledger: by an app of one corp, and by one of several."""

    own: Remote
    of_several: Remote


@pytest.fixture(scope="module")
def way(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A confledger that knows thirty meetings, and everything of the last."""
    folder = tmp_path_factory.mktemp("second")
    data = ["--data-folder", str(folder / "data")]

    def done(*arguments: str) -> JSONObject:
        completed = run(command, *arguments, *data, folder=folder)
        assert completed.returncode == 0, completed.stderr
        said: JSONObject = json.loads(completed.stdout) if "--json" in arguments else {}
        return said

    def saved(name: str, content: JSONObject) -> str:
        path = folder / name
        path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        return str(path)

    infos = {number: info_of("second", number, "9" * 32) for number in MEETINGS}
    listed = [info | {"confUUID": uuid(number)} for number, info in infos.items()]
    told = (
        saved("detail.json", {"conferenceData": infos[TOLD], "data": page_of(PEOPLE)}),
        saved("attendance.json", page_of(STAYS)),
        saved("records.json", page_of(records_of("second", TOLD))),
    )
    done("corp", "create", "second")
    done("import", saved("list.json", page_of(listed)), "--corp", "second")
    done("import", *told, "--conference", uuid(TOLD), "--corp", "second")
    made = done("app", "create", "archive", "--corp", "second", "--json")
    several = done("app", "create", "several", "--multi-tenant", "--json")
    with running(command, folder=folder) as service:
        own = Remote(service.url, made["appId"], made["appKey"], ca_file=service.certificate)
        of_several = replace(
            own, app_id=several["appId"], app_key=several["appKey"], corp_id="second"
        )
        yield Way(own, of_several)


@pytest.fixture(params=["own", "of_several"])
async def ledger(way: Way, request: pytest.FixtureRequest) -> AsyncIterator[RemoteLedger]:
    """The second confledger, by each app in turn."""
    async with RemoteLedger(getattr(way, request.param), LIMITS) as opened:
        yield opened


async def test_every_meeting_of_the_window_is_read(ledger: RemoteLedger) -> None:
    """The list is read over its pages, ends of the window included."""
    pages = [
        page async for page in ledger.conferences(START + HOUR, START + (len(MEETINGS) - 2) * HOUR)
    ]
    found = [info.confUUID for page in pages for info in page]
    assert found == [uuid(number) for number in MEETINGS[1:-1]]
    assert len(pages) == 4


async def test_a_meeting_is_read_whole(ledger: RemoteLedger) -> None:
    """Detail, attendance and records of a meeting are those that it was told of."""
    detail = await ledger.detail(uuid(TOLD))
    stays = await ledger.attendance(uuid(TOLD), "zh-CN")
    pages = [page async for page in ledger.records(uuid(TOLD))]
    pairs = [pair for page in pages for pair in page.records]
    told = records_of("second", TOLD)
    assert detail.info.subject == f"second 会议 {TOLD}"
    assert [each.name for each in detail.participants] == [each["name"] for each in PEOPLE]
    assert [stay.joinTime for stay in stays] == [stay["joinTime"] for stay in STAYS]
    assert [each.operateTime for each, _ in pairs] == [each["operateTime"] for each in told]
    assert {each.operateResult for each, _ in pairs} == {"成功"}
    assert {each.operateCode for _, each in pairs} == {"Mute participant"}


async def test_a_meeting_that_is_not_there_is_a_refusal(ledger: RemoteLedger) -> None:
    """The code says which."""
    with pytest.raises(RemoteRefused) as raised:
        await ledger.detail("f" * 32)
    assert (raised.value.status, raised.value.code) == (400, "MMC.111070005")


async def test_a_wrong_key_is_a_refusal(way: Way) -> None:
    """Nothing is tried again."""
    async with RemoteLedger(replace(way.own, app_key="x"), LIMITS) as ledger:
        with pytest.raises(RemoteRefused, match=r"401 USG\.206010025"):
            await ledger.detail(uuid(TOLD))


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(way: Way) -> None:
    """Without the CA file nothing is sent, and it is no use to try again."""

    async def never(seconds: float) -> None:
        pytest.fail(f"waits {seconds} seconds")

    async with RemoteLedger(replace(way.own, ca_file=None), LIMITS, sleep=never) as ledger:
        with pytest.raises(RemoteUnreachable, match="is not trusted"):
            await ledger.detail(uuid(TOLD))


async def test_an_address_where_nobody_listens_is_unreachable() -> None:
    """The sentence says how often it was tried."""

    async def at_once(_: float) -> None:
        pass

    remote = Remote("https://127.0.0.1:1", "app", "key")
    async with RemoteLedger(remote, LIMITS, sleep=at_once) as ledger:
        with pytest.raises(RemoteUnreachable, match="after 6 attempts"):
            await ledger.detail(uuid(TOLD))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger.test",
        "ftp://ledger.test",
        "https://",
        "https://a:b@c",
        "https://a/b",
        "https://a?b",
    ],
)
def test_a_url_that_is_none_of_ours_is_a_sentence(url: str) -> None:
    """Scheme, host and port, and nothing else."""
    with pytest.raises(SettingError, match="address"):
        Remote(url, "app", "key")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none_is_a_sentence(tmp_path: Path, content: str | None) -> None:
    """A file that is missing, or holds something else, is named."""
    ca_file = tmp_path / "ca.pem"
    if content:
        ca_file.write_text(content)
    with pytest.raises(SettingError, match=r"ca\.pem can't be read"):
        RemoteLedger(Remote("https://ledger.test", "app", "key", ca_file=ca_file))


@pytest.mark.parametrize("name", ["requests_per_second", "parallel_max", "pages_max"])
def test_a_limit_that_leaves_nothing_is_a_sentence(name: str) -> None:
    """Each limit is above zero."""
    with pytest.raises(SettingError, match=name):
        Limits(**{name: 0})
