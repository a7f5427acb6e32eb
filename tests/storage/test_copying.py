"""A store copied to another engine is the same store."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import apsw
import pytest

from confledger.app import Parts, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.errors import InvalidRecord, StoreUnusable
from confledger.generator.meetings import generated_meetings
from confledger.generator.putting import put_meetings
from confledger.ledger.archive import ArchivedConference
from confledger.ledger.record import ControlRecord, Delivery
from confledger.settings import Settings
from confledger.storage import copying, open_stores, open_tables
from confledger.storage.copying import copy_store
from confledger.storage.rows import Row
from confledger.storage.tables import FIRST_CORP, SECRET_KEY_ID, TABLES, Table
from conftest import CONFERENCE, MakeRecord
from export.ledgers import told_over_the_wire
from postgresql import new_store

SOURCE: Final = "https://other.test"
NOT_COPIED: Final = {"store_info", "login_grant", "login_link", "failed_login"}


class BrokenOff(Exception):
    """What ends a copy in its middle."""


@asynccontextmanager
async def new_file() -> AsyncIterator[str]:
    """The URL of a file that is not there yet."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'store.sqlite3'}"


NewTarget = Callable[[], AbstractAsyncContextManager[str]]

TARGETS: Final[dict[str, NewTarget]] = {"sqlite": new_file, "postgresql": new_store}


@pytest.fixture(params=TARGETS)
def new_target(request: pytest.FixtureRequest) -> NewTarget:
    """Makes an empty store of each engine in turn."""
    return TARGETS[request.param]


async def fill(parts: Parts, *, meetings: int, records: int) -> None:
    """Put something into every table that is copied."""
    stores = parts.stores
    made = generated_meetings(meetings=meetings, records=records, seed=3, corp_id=DEFAULT_CORP_ID)
    await put_meetings(parts.intake, stores.conferences, DEFAULT_CORP_ID, list(made))
    delivered = ControlRecord(operate_time_ms=1, operator_basis="unknown", operation="MUTE_ALL")
    await parts.intake.take(
        DEFAULT_CORP_ID, {"d" * 32: [delivered] * 3}, Delivery("a key", b"a digest")
    )
    await stores.tenants.add_corp("acme", "企业 Ä\u00a0")
    await stores.tenants.change_corp("acme", is_disabled=True, masks_numbers=False)
    ann = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory(name="Ann"))
    await stores.tenants.add_user(ann, "a hash")
    apps = await parts.open_apps()
    await apps.create("portal", DEFAULT_CORP_ID, frozenset({"read", "write"}))
    await stores.phrases.learn(DEFAULT_CORP_ID, [{"zh-CN": "跳舞", "en-US": "Dance"}])
    await stores.archive.begin_run(DEFAULT_CORP_ID, SOURCE, since_ms=1, until_ms=9, now_ms=10)
    taken = ArchivedConference(
        conference_uuid=CONFERENCE,
        start_time_ms=8,
        record_count=3,
        is_whole=True,
        problem="",
        checked_time_ms=9,
    )
    await stores.archive.put_conference(DEFAULT_CORP_ID, SOURCE, taken)


@pytest.fixture
async def source(parts: Parts, settings: Settings) -> str:
    """The URL of a small store that has a row of each kind."""
    await fill(parts, meetings=2, records=12)
    return settings.store_url


async def rows_of(url: str) -> dict[str, list[Row]]:
    """Every row of a store, by table."""
    async with open_tables(url, make=False) as tables:
        rows = {table.name: await tables.page(table, None, 100_000) for table in TABLES}
        return rows | {SECRET_KEY_ID: [(await tables.fact(SECRET_KEY_ID),)]}


async def copy(source: str, target: str, *, steps_max: int | None = None) -> dict[str, int]:
    """Copy a store, or break off after some batches."""
    steps = 0

    def tell(done: str, table: Table, rows: int) -> None:  # noqa: ARG001 - as it is called
        nonlocal steps
        if steps == steps_max:
            raise BrokenOff
        steps += 1

    async with open_tables(source, make=False) as old, open_tables(target, make=True) as new:
        return await copy_store(old, new, tell)


async def test_a_copy_serves_the_same_bytes(
    parts: Parts, source: str, settings: Settings, tmp_path: Path
) -> None:
    """To PostgreSQL and then to SQLite: each page of each call is as it was, by the same key."""
    back = f"sqlite:///{tmp_path / 'back' / 'store.sqlite3'}"
    async with new_store() as middle:
        counts = await copy(source, middle)
        await copy(middle, back)
        rows = await rows_of(source)
        assert rows == await rows_of(middle) == await rows_of(back)
        assert all(counts.values())
        assert counts == {name: len(rows[name]) for name in counts}

        told = await told_over_the_wire(parts)
        for url in (middle, back):
            key = parts.secret_key_file
            async with open_parts(
                Settings(data_folder=settings.data_folder, store=url, secret_key_file=key)
            ) as copied:
                assert await told_over_the_wire(copied) == told


async def test_a_copy_goes_on_where_it_was_broken_off(
    source: str, new_target: NewTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is whole nobody can open it, and then it is the same and nothing is doubled."""
    monkeypatch.setattr(copying, "_ROWS_OF_PAGE", 10)
    rows = await rows_of(source)
    # A new database takes its time, so there it is after every fourth batch.
    stride = 1 if new_target is new_file else 4
    steps_max = 0
    while True:
        async with new_target() as target:
            try:
                await copy(source, target, steps_max=steps_max)
            except BrokenOff:
                with pytest.raises(StoreUnusable, match="not whole"):
                    await open_stores(target)
                await copy(source, target)
                assert await rows_of(target) == rows
                await (await open_stores(target)).close()
            else:
                break
        steps_max += stride
    assert steps_max > 2 * len(TABLES)


async def test_a_store_that_holds_something_is_no_target(
    source: str, new_target: NewTarget
) -> None:
    """Neither a store in use, nor a finished copy, nor a part of another store's copy is."""
    async with new_target() as used, new_target() as finished, new_target() as part:
        stores = await open_stores(used)
        await stores.tenants.add_corp("other", "Other")
        await stores.close()
        await copy(source, finished)
        with pytest.raises(BrokenOff):
            await copy(finished, part, steps_max=2)

        for target in (used, finished):
            before = await rows_of(target)
            with pytest.raises(StoreUnusable, match="not empty"):
                await copy(source, target)
            assert await rows_of(target) == before
        with pytest.raises(StoreUnusable, match="holds a part of"):
            await copy(source, part)
        with pytest.raises(StoreUnusable, match="not whole"):
            await copy(part, used)
        with pytest.raises(StoreUnusable, match="to itself"):
            await copy(source, source)


async def test_a_first_corp_that_was_changed_is_copied_as_it_is(
    parts: Parts, settings: Settings, new_target: NewTarget
) -> None:
    """The corp that a new store has is not what the copy has."""
    await parts.stores.tenants.change_corp(DEFAULT_CORP_ID, masks_numbers=False)
    async with new_target() as target:
        await copy(settings.store_url, target)
        assert (await rows_of(target))["corp"] == [(*FIRST_CORP[:2], False, False)]


async def test_what_is_written_in_between_is_found(
    parts: Parts, source: str, new_target: NewTarget, make_record: MakeRecord
) -> None:
    """A source that grew behind the place that the copy had reached is no copy's source."""
    async with new_target() as target:
        with pytest.raises(BrokenOff):
            await copy(source, target, steps_max=len(TABLES))
        await parts.intake.take(DEFAULT_CORP_ID, {"0" * 32: [make_record()]})
        with pytest.raises(StoreUnusable, match="differs"):
            await copy(source, target)
        with pytest.raises(StoreUnusable, match="not whole"):
            await open_stores(target)


@pytest.mark.sqlite
async def test_what_postgresql_cannot_keep_is_told(
    parts: Parts, settings: Settings, make_record: MakeRecord
) -> None:
    """A text with U+0000, which SQLite keeps, ends the copy with a sentence."""
    await parts.intake.take(DEFAULT_CORP_ID, {CONFERENCE: [make_record()]})
    path = settings.store_url.removeprefix("sqlite:///")
    apsw.Connection(path).execute("UPDATE record SET detail = ?", ("a\0b",))
    async with new_store() as target:
        with pytest.raises(InvalidRecord, match=r"U\+0000"):
            await copy(settings.store_url, target)


@pytest.mark.sqlite
async def test_every_table_is_copied_but_logins(source: str) -> None:
    """The tables and columns of both schemas are those that are copied."""
    known = {(table.name, column) for table in TABLES for column in table.columns}
    events = {("event", column) for column in ("conference_uuid", "corp_id", "event_id", "seq")}
    found = apsw.Connection(source.removeprefix("sqlite:///")).execute(
        "SELECT s.name, c.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS c"
        " WHERE s.type IN ('table', 'view')"
    )
    found_there = {(table, column) for table, column in found if table not in NOT_COPIED}
    # Records are copied as people read them, who see no number of the file's own.
    assert known == {
        ("record" if table == "readable_record" else table, column)
        for table, column in found_there
        if column != "head_id" and table not in {"record", "manner", "event"}
    }
    async with new_store() as url:
        stores = await open_stores(url)
        rows = await stores.tables._select(  # type: ignore[attr-defined]  # noqa: SLF001 - its own SQL
            "SELECT table_name::text, column_name::text FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
        )
        await stores.close()
    assert known | events == {
        (table.removeprefix("corp_") if table == "corp_user" else table, column)
        for table, column in rows
        if table not in NOT_COPIED
    }
