"""A replica answers what may be late, and nothing else; a real standby shows it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import anyio
import asyncpg
import pytest

from confledger.app import Parts, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.errors import SettingError, StoreBusy, StoreUnusable
from confledger.export.selection import Ledger, Selection
from confledger.generator.meetings import GeneratedMeeting, generated_meeting
from confledger.generator.putting import put_meetings
from confledger.ledger.conference import ConferenceNews, person_by_account
from confledger.ledger.record import ControlRecord
from confledger.settings import Settings
from confledger.storage import open_stores
from confledger.wire.control_records import PATH as RECORDS
from confledger.wire.history import ATTENDANCE_PATH, DETAIL_PATH
from confledger.wire.history import PATH as LIST
from conftest import client_of, token_of
from postgresql import Server, new_database, server_of_its_own, url_of

WINDOW: Final = "startDate=0&endDate=253402300799999"
SECONDS_MAX: Final = 60.0


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    """A server of the module's own."""
    with server_of_its_own() as started:
        yield started


@pytest.fixture(scope="module")
def standby(primary: Server) -> Iterator[Server]:
    """Another one, to which all is streamed that is written on the first."""
    with server_of_its_own(primary) as started:
        yield started


@pytest.fixture
async def database(primary: Server) -> AsyncIterator[str]:
    """The name of a new database on the first server, and soon on the other."""
    name = f"replica_{next(NUMBERS)}"
    await ask(url_of(primary), f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    await ask(url_of(primary), f"DROP DATABASE {name} WITH (FORCE)")


NUMBERS: Final = iter(range(100))


async def ask(url: str, statement: str) -> Any:
    """The first value that a statement gives."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def catch_up(primary: Server, standby: Server) -> None:
    """Wait until the standby has all that the primary has."""
    place = await ask(primary.url, "SELECT pg_current_wal_lsn()::text")
    asked = f"SELECT pg_last_wal_replay_lsn() >= '{place}'"
    async with asyncio.timeout(SECONDS_MAX):
        while not await ask(standby.url, asked):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def late(standby: Server) -> AsyncIterator[None]:
    """A while in which the standby learns nothing new."""
    await ask(standby.url, "SELECT pg_wal_replay_pause()")
    async with asyncio.timeout(SECONDS_MAX):
        asked = "SELECT pg_get_wal_replay_pause_state()"
        while await ask(standby.url, asked) != "paused":  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    try:
        yield
    finally:
        await ask(standby.url, "SELECT pg_wal_replay_resume()")


@asynccontextmanager
async def opened(
    primary: Server, standby: Server, database: str, folder: Path
) -> AsyncIterator[tuple[Parts, GeneratedMeeting]]:
    """A service with a replica, and one meeting that both servers have."""
    store = url_of(primary, database=database)
    await (await open_stores(store)).close()
    await catch_up(primary, standby)
    settings = Settings(
        data_folder=folder, store=store, store_read=url_of(standby, database=database)
    )
    async with open_parts(settings) as parts:
        meeting = generated_meeting(records=10, seed=1)
        await put_meetings(parts.intake, parts.stores.conferences, DEFAULT_CORP_ID, [meeting])
        await catch_up(primary, standby)
        yield parts, meeting


async def exported(parts: Parts) -> dict[str, int]:
    """How many records of which conferences an export has."""
    stores = parts.stores
    ledger = Ledger(stores.read_conferences, stores.read_records, stores.phrases, parts.catalogue)
    size = await ledger.size_of(Selection(DEFAULT_CORP_ID))
    return {"conferences": size.conferences, "records": size.records}


async def test_what_is_shown_may_be_late_and_rights_are_not(
    primary: Server, standby: Server, database: str, tmp_path: Path
) -> None:
    """While a standby lags, pages, lists and exports are those of before; a new token is good, who
    lost a right has lost it, and what was brought is known.
    """
    async with (
        opened(primary, standby, database, tmp_path) as (parts, meeting),
        client_of(parts) as client,
    ):
        conferences, uuid = parts.stores.conferences, meeting.conference.conference_uuid
        apps = await parts.open_apps()
        app, _ = await apps.create("test", DEFAULT_CORP_ID, frozenset({"read"}))
        ann = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory())
        await parts.stores.tenants.add_user(ann, "no password")
        viewed = replace(
            meeting.conference,
            viewers=meeting.conference.viewers | {person_by_account("ann")},
        )
        await conferences.put(
            DEFAULT_CORP_ID, [ConferenceNews(conference_uuid=uuid, conference=viewed)]
        )
        await catch_up(primary, standby)

        async with late(standby):
            administrator = {"X-Access-Token": await token_of(parts)}
            issued = await parts.tokens.issue(ann, app, API_CLIENT_TYPE)
            anns = {"X-Access-Token": issued.access_token}

            async def count(path: str, query: str, headers: dict[str, str]) -> int:
                answer = await client.get(f"{path}?{query}", headers=headers)
                assert answer.status_code == 200, answer.text
                body = answer.json()
                return int(body["count"] if "count" in body else body["data"]["count"])

            async def seen() -> list[int]:
                return [
                    await count(RECORDS, f"confUUID={uuid}", administrator),
                    await count(LIST, f"{WINDOW}&queryAll=true", administrator),
                    await count(DETAIL_PATH, f"confUUID={uuid}", administrator),
                    await count(ATTENDANCE_PATH, f"confUUID={uuid}", administrator),
                    *(await exported(parts)).values(),
                ]

            before = await seen()
            assert await count(LIST, WINDOW, anns) == 1
            # More of everything, and ann is no viewer any more.
            record = ControlRecord(
                operate_time_ms=1, operator_basis="unknown", operation="MUTE_ALL", event_id="new"
            )
            other = generated_meeting(records=3, seed=2)
            await put_meetings(parts.intake, conferences, DEFAULT_CORP_ID, [other])
            batches = {uuid: [record]}
            (first,) = (await parts.intake.take(DEFAULT_CORP_ID, batches)).values()
            forgetting = replace(
                meeting.conference, former_viewers=frozenset({person_by_account("ann")})
            )
            await conferences.put(
                DEFAULT_CORP_ID,
                [
                    ConferenceNews(
                        conference_uuid=uuid,
                        conference=forgetting,
                        participants=[replace(meeting.participants[0], identity="new")],
                        stays=[replace(each, display_name="new") for each in meeting.stays[:1]],
                    )
                ],
            )

            assert await seen() == before
            refused = await client.get(f"{RECORDS}?confUUID={uuid}", headers=anns)
            assert refused.status_code == 403
            assert await count(LIST, WINDOW, anns) == 0
            # What only the primary has is there, and not unknown.
            other_uuid = other.conference.conference_uuid
            assert await count(RECORDS, f"confUUID={other_uuid}", administrator) == 3
            (again,) = (await parts.intake.take(DEFAULT_CORP_ID, batches)).values()
            assert (first.accepted, again.accepted, again.duplicates) == (1, 0, 1)
            await parts.stores.tenants.change_app(app.app_id, is_disabled=True)
            ended = await client.get(f"{LIST}?{WINDOW}", headers=anns)
            assert ended.status_code == 401

        await catch_up(primary, standby)
        after = await seen()
        assert all(new > old for new, old in zip(after, before, strict=True))


async def test_without_the_replica_only_what_it_answers_is_missing(
    primary: Server, standby: Server, database: str, tmp_path: Path
) -> None:
    """While the replica is gone its answers are 503, and all else goes on; then they are back."""
    async with (
        opened(primary, standby, database, tmp_path) as (parts, meeting),
        client_of(parts) as client,
    ):
        uuid = meeting.conference.conference_uuid
        headers = {"X-Access-Token": await token_of(parts, scope="write")}
        reading = {"X-Access-Token": await token_of(parts)}
        shown = [
            f"{RECORDS}?confUUID={uuid}",
            f"{LIST}?{WINDOW}&queryAll=true",
            f"{DETAIL_PATH}?confUUID={uuid}",
            f"{ATTENDANCE_PATH}?confUUID={uuid}",
        ]

        async def statuses() -> set[int]:
            return {(await client.get(each, headers=reading)).status_code for each in shown}

        assert await statuses() == {200}
        await asyncio.to_thread(standby.end)
        try:
            assert await statuses() == {503}
            pushed = await client.post(
                f"/ledger/v1/conferences/{uuid}/records",
                json=[{"operateTime": 1, "operation": "MUTE_ALL"}],
                headers=headers,
            )
            assert pushed.json()["accepted"] == 1
            assert await token_of(parts)
            own = await client.get(f"{LIST}?{WINDOW}", headers=reading)
            assert own.status_code == 200
        finally:
            await asyncio.to_thread(standby.start)
        async with asyncio.timeout(SECONDS_MAX):
            while await statuses() != {200}:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)


async def test_with_prefer_standby_the_store_takes_the_place_of_a_replica(
    primary: Server, standby: Server, database: str, tmp_path: Path
) -> None:
    """With this parameter of its URL a replica is the standby, or else the store itself."""
    query = "&target_session_attrs=prefer-standby"
    async with opened(primary, standby, database, tmp_path) as (_, meeting):
        uuid = meeting.conference.conference_uuid
    stores = await open_stores(
        url_of(primary, database=database),
        read_url=url_of(primary, standby, database=database, query=query),
    )
    page = await stores.read_records.page(DEFAULT_CORP_ID, uuid, offset=0, limit=1)
    assert await ask(
        url_of(standby, database=database),
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'confledger'",
    )
    await asyncio.to_thread(standby.end)
    try:
        # At most one read is lost, on the connection that was open.
        with suppress(StoreBusy):
            await stores.read_records.page(DEFAULT_CORP_ID, uuid, offset=0, limit=1)
        assert await stores.read_records.page(DEFAULT_CORP_ID, uuid, offset=0, limit=1) == page
    finally:
        await asyncio.to_thread(standby.start)
        await stores.close()


async def test_a_replica_is_never_made_a_store() -> None:
    """A database without a store, or with one of another version, is refused and left as it is."""
    async with new_database() as url, new_database() as empty:
        with pytest.raises(StoreUnusable, match="replica"):
            await open_stores(url, read_url=empty)
        assert not await ask(empty, "SELECT to_regclass('store_info')")
        await (await open_stores(empty)).close()
        await ask(empty, "UPDATE store_info SET value = '0' WHERE name = 'schema_version'")
        with pytest.raises(StoreUnusable, match=r"replica .* version 0\b"):
            await open_stores(url, read_url=empty)


@pytest.mark.parametrize(
    ("store", "replica"),
    [
        ("sqlite:///{folder}/a.sqlite3", "postgresql://db.example/a"),
        ("sqlite:///{folder}/a.sqlite3", "sqlite:///{folder}/b.sqlite3"),
        ("postgresql://db.example/a", "sqlite:///{folder}/b.sqlite3"),
        ("postgresql://db.example/a", "db.example"),
    ],
)
async def test_only_a_store_in_postgresql_has_a_replica(
    tmp_path: Path, store: str, replica: str
) -> None:
    """Another one, or another kind of replica, is a wrong setting, and nothing is opened."""
    with pytest.raises(SettingError, match="--store-read"):
        await open_stores(store.format(folder=tmp_path), read_url=replica.format(folder=tmp_path))
    assert not [each async for each in anyio.Path(tmp_path).iterdir()]
