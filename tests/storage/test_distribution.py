"""How a store is distributed, on a stand-in for Citus (`citus.py`), and on Citus where it is given.

The stand-in shows that the steps are those which Citus takes, in an order that it takes, and that
every statement finds its rows by the shard key. What Citus does with them, only Citus shows.
"""

import asyncio
import itertools
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from citus import (
    STAND_IN,
    by_stand_in,
    citus_url,
    execute,
    make_distributed_store,
    make_store_by_stand_in,
    new_citus_database,
)
from confledger.app import open_parts
from confledger.errors import SettingError, StoreUnusable
from confledger.settings import Settings
from confledger.storage import distribute_store, open_stores, open_tables
from confledger.storage.postgresql.database import QUERIES, Session, open_database
from confledger.storage.postgresql.distribution import _LOCK, SHARD_KEYS, WHOLE_EVERYWHERE
from confledger.storage.rows import Row
from confledger.storage.tables import TABLES
from postgresql import make_store, new_database, new_store_of_its_own
from storage.test_copying import fill

KILLS = Path(__file__).parents[1] / "citus_kills.sql"
SHARDS = 2
STEPS = len(SHARD_KEYS) + len(WHOLE_EVERYWHERE)

State = dict[str, Any]


async def rows_of(url: str) -> dict[str, list[Row]]:
    """Every row of a store, by its table."""
    async with open_tables(url, make=False) as tables:
        return {table.name: await tables.page(table, None, 10_000) for table in TABLES}


async def foreign_keys_of(url: str) -> list[tuple[str, ...]]:
    """Every foreign key that somebody declared: of which table, its name, what it says."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conparentid = 0 ORDER BY 1, 2"
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def placement_of(url: str) -> dict[str, tuple[str | None, int]]:
    """By which column each table is distributed, and with which others it lies."""
    connection = await asyncpg.connect(by_stand_in(url))
    rows = await connection.fetch(
        "SELECT logicalrelid::text, partkey, colocationid FROM pg_dist_partition"
    )
    assert await connection.fetchval("SELECT count(*) FROM leftovers") == 0
    await connection.close()
    return {table: (key, neighbourhood) for table, key, neighbourhood in rows}


def assert_is_placed(placement: dict[str, tuple[str | None, int]]) -> None:
    """Each table where it belongs: whole everywhere, or beside all others of its key."""
    assert {table: key for table, (key, _) in placement.items()} == {
        **SHARD_KEYS,
        **dict.fromkeys(WHOLE_EVERYWHERE),
    }
    assert len(set(placement.values())) == 3
    assert len({neighbourhood for _, neighbourhood in placement.values()}) == 3


async def make_filled_store(url: str) -> None:
    """Make a store that can be distributed, has something in it, and can be killed anywhere."""
    await make_store_by_stand_in(url)
    stores = await open_stores(url)
    await stores.tenants.add_corp("acme", "Acme")
    await stores.close()
    await execute(
        url,
        "INSERT INTO head SELECT md5(i::text), 'acme', i FROM generate_series(0, 20) AS i",
        KILLS.read_text("utf-8"),
    )


async def test_a_full_store_is_distributed_and_holds_the_same(tmp_path: Path) -> None:
    """Every table where it belongs, every row and every foreign key as before; and only once."""
    async with new_store_of_its_own(make_store_by_stand_in) as url:
        async with open_parts(Settings(data_folder=tmp_path, store=url)) as parts:
            await fill(parts, meetings=20, records=100)
        rows, foreign_keys = await rows_of(url), await foreign_keys_of(url)
        steps: list[str] = []

        assert await distribute_store(by_stand_in(url), SHARDS, steps.append) == 2

        assert_is_placed(await placement_of(url))
        assert await foreign_keys_of(url) == foreign_keys
        assert await rows_of(url) == rows
        assert all(rows.values())
        assert len(steps) == 1 + STEPS + len(foreign_keys) + 1
        assert await distribute_store(by_stand_in(url), 2 * SHARDS, steps.append) == 2
        assert len(steps) == 1 + STEPS + len(foreign_keys) + 1


async def test_a_distribution_that_is_killed_anywhere_goes_on() -> None:
    """Killed in any of its statements, and again in the second try, it ends as if it never was."""
    async with new_store_of_its_own() as url:
        foreign_keys = await foreign_keys_of(url)
    killed = 0
    for last_call in itertools.count(1, 5):
        async with new_store_of_its_own(make_filled_store) as url:
            rows = await rows_of(url)
            told = []
            for call in (last_call, last_call // 2 + 1):
                await execute(
                    by_stand_in(url),
                    "ALTER SEQUENCE call_numbers RESTART",
                    f"UPDATE trouble SET last_call = {call}",  # noqa: S608 - a number
                )
                try:
                    await distribute_store(by_stand_in(url), SHARDS, lambda _: None)
                except StoreUnusable as error:
                    told.append(str(error))
            await execute(by_stand_in(url), "UPDATE trouble SET last_call = NULL")
            await distribute_store(by_stand_in(url), SHARDS, lambda _: None)

            assert_is_placed(await placement_of(url))
            assert await foreign_keys_of(url) == foreign_keys
            assert await rows_of(url) == rows
            await (await open_stores(url)).close()
            assert all("run the command again" in sentence for sentence in told)
            if not told:
                break
            killed += 1
    assert killed > STEPS / 5


async def test_what_is_distributed_in_part_cannot_be_opened() -> None:
    """A worker that is lost in between is told, and the store is not served till it goes on."""
    async with new_store_of_its_own(make_store_by_stand_in) as url:
        await execute(by_stand_in(url), "UPDATE trouble SET lost_at = 'event'")
        with pytest.raises(StoreUnusable, match=r"worker-2:5432 failed.*run the command again"):
            await distribute_store(by_stand_in(url), SHARDS, lambda _: None)

        with pytest.raises(StoreUnusable, match="distributed in part"):
            await open_stores(url)

        await execute(by_stand_in(url), "UPDATE trouble SET lost_at = NULL")
        steps: list[str] = []
        await distribute_store(by_stand_in(url), SHARDS, steps.append)
        assert "event is spread by conference_uuid, beside head" in steps
        assert not any(step.startswith("head ") for step in steps)
        assert_is_placed(await placement_of(url))
        await (await open_stores(url)).close()


async def test_a_table_that_came_later_joins_the_others() -> None:
    """Of a distributed store only what is not distributed yet is, and every key is back."""
    schema = (files("confledger.storage.postgresql") / "schema.sql").read_text("utf-8")
    (later,) = re.findall(r"^CREATE TABLE phrase \(.*?^\);", schema, re.MULTILINE | re.DOTALL)
    async with new_store_of_its_own(make_distributed_store) as url:
        foreign_keys = await foreign_keys_of(url)
        forget = "DELETE FROM pg_dist_partition WHERE logicalrelid = 'phrase'::regclass"
        await execute(by_stand_in(url), forget, "DROP TABLE phrase", later)
        steps: list[str] = []

        await distribute_store(by_stand_in(url), SHARDS, steps.append)

        spread = [step for step in steps if " is spread " in step or " is whole " in step]
        # Whichever of the others it is put beside, all of them are.
        assert [step.rpartition(" ")[0] for step in spread] == [
            "phrase is spread by corp_id, beside"
        ]
        assert_is_placed(await placement_of(url))
        assert await foreign_keys_of(url) == foreign_keys


async def test_the_command_tells_each_step(command: str, tmp_path: Path) -> None:
    """Each step is a line beside the result; then there is nothing to do, for programs too."""
    async with new_store_of_its_own(make_store_by_stand_in) as url:
        place = ("--store", by_stand_in(url), "--data-folder", str(tmp_path))
        ran = []
        for more in ((), (), ("--json",)):
            process = await asyncio.create_subprocess_exec(
                *(command, "store", "distribute", "--shard-count", "2", *place, *more),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate()
            ran.append((process.returncode, out.decode(), err.decode()))
        code, out_text, steps = ran[0]
        assert (code, out_text) == (0, "the store is distributed; workers: 2\n")
        assert "head is spread by conference_uuid, over 2 shards\n" in steps
        nothing = "there is nothing to do: the store is distributed; workers: 2\n"
        assert ran[1] == (0, nothing, "")
        assert ran[2] == (0, '{"workers":2,"steps":[]}\n', "")


ALONE = "SELECT create_distributed_table('{}', 'conference_uuid', 'hash', 'none', 2)"


@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (["UPDATE pg_dist_local_group SET groupid = 1"], "is a worker of Citus"),
        (["DELETE FROM pg_dist_node WHERE groupid > 0"], "has no workers"),
        (["UPDATE trouble SET node_down = 'worker-2'"], "worker-2:5432 does not answer"),
        (["UPDATE store_info SET value = '999'"], "has the schema version 999"),
        (["INSERT INTO store_info VALUES ('copied_from', 'x')"], "is a copy of x"),
        (["SELECT create_reference_table('event')"], "event is .* not by conference_uuid"),
        (
            [ALONE.format("failed_login").replace("conference_uuid", "account")],
            "not as a reference",
        ),
        ([ALONE.format("record"), ALONE.format("event")], "not beside the others"),
    ],
)
async def test_what_cannot_be_distributed_is_refused(statements: list[str], sentence: str) -> None:
    """Whatever stands in the way is told in a sentence, and no foreign key is touched."""
    async with new_store_of_its_own(make_store_by_stand_in) as url:
        foreign_keys = await foreign_keys_of(url)
        await execute(by_stand_in(url), *statements)

        with pytest.raises(StoreUnusable, match=sentence):
            await distribute_store(by_stand_in(url), SHARDS, lambda _: None)

        assert await foreign_keys_of(url) == foreign_keys


async def test_other_databases_and_engines_are_refused() -> None:
    """SQLite, what is no URL, and what has no Citus, in which no store is made either."""
    with pytest.raises(SettingError, match="only a store on PostgreSQL"):
        await distribute_store("sqlite:///some.sqlite3", SHARDS, lambda _: None)
    with pytest.raises(SettingError, match="must be sqlite:///PATH"):
        await distribute_store("mysql://u:secret@h/d", SHARDS, lambda _: None)
    with pytest.raises(SettingError) as caught:
        await distribute_store("postgresql://u@h/d?sslmode=hunter2", SHARDS, lambda _: None)
    assert "hunter2" not in str(caught.value)
    async with new_database() as url:
        with pytest.raises(StoreUnusable, match="has no Citus: on every node"):
            await distribute_store(url, SHARDS, lambda _: None)
        with pytest.raises(StoreUnusable, match="there is no store"):
            await open_stores(url, make=False)
        with pytest.raises(StoreUnusable, match=r"does not exist$"):
            await distribute_store(url.replace("_test_", "_other_"), SHARDS, lambda _: None)


async def test_an_empty_database_becomes_a_distributed_store() -> None:
    """Where there is no store yet, one is made, and distributed at once."""
    async with new_database() as url:
        await execute(url, STAND_IN.read_text("utf-8"))
        await distribute_store(by_stand_in(url), SHARDS, lambda _: None)
        assert_is_placed(await placement_of(url))
        await (await open_stores(url, make=False)).close()


async def test_two_do_not_distribute_at_once() -> None:
    """While one process distributes a store another one is refused."""
    async with new_store_of_its_own(make_store_by_stand_in) as url:
        other = await asyncpg.connect(url)
        await other.execute("SELECT pg_advisory_lock($1)", _LOCK)
        with pytest.raises(StoreUnusable, match="by another process"):
            await distribute_store(by_stand_in(url), SHARDS, lambda _: None)
        await other.close()


async def test_only_the_owner_distributes() -> None:
    """A role that may read the store and no more is refused, with a sentence."""
    async with new_store_of_its_own(make_store_by_stand_in) as url:
        role = url.partition("confledger_test_")[2].partition("?")[0]
        role = f"reader_{role}"
        await execute(
            url,
            f"CREATE ROLE {role}",
            f"GRANT USAGE ON SCHEMA citus_stand_in TO {role}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public, citus_stand_in TO {role}",
        )
        try:
            with pytest.raises(StoreUnusable, match="belongs to another role"):
                await distribute_store(f"{by_stand_in(url)}&role={role}", SHARDS, lambda _: None)
        finally:
            await execute(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


VALUES = {
    "text": "'x'",
    "bigint": "1",
    "int8": "1",
    "boolean": "true",
    "bool": "true",
    "bytea": "'x'",
    "text[]": "'{x}'",
    "int8[]": "'{1}'",
    "bytea[]": "'{x}'",
}
ON_EVERY_SHARD = {"conference_of_corp", "walk"}
"""What has to look everywhere: whether a corp has any conference, and the list of all it has."""


async def test_every_statement_finds_its_rows_in_one_place() -> None:
    """A plan with values reads one partition of each table, and tables of one key only.

    The server leaves a partition out where Citus would leave out a shard: by what the statement
    says of the key. So whatever reads several here would go to several workers there.
    """
    async with new_store_of_its_own(make_distributed_store) as url:
        connection = await asyncpg.connect(url)
        await connection.execute("SET plan_cache_mode = force_custom_plan")
        scattered, seen = set(), set[str]()
        for number, (name, query) in enumerate(QUERIES.items()):
            if query.text.endswith("VALUES"):
                continue  # each row goes where its own key says
            statement = await connection.prepare(query.text)
            values = ", ".join(VALUES[kind.name] for kind in statement.get_parameters())
            await connection.execute(f"PREPARE statement_{number} AS {query.text}")
            call = f"statement_{number}({values})" if values else f"statement_{number}"
            plan = await connection.fetch(f"EXPLAIN EXECUTE {call}")
            read = set(re.findall(r" on ([a-z_]+?)_(\d+)\b", "\n".join(row[0] for row in plan)))
            read = {(table, shard) for table, shard in read if table in SHARD_KEYS}
            assert len({SHARD_KEYS[table] for table, _ in read}) <= 1, (name, plan)
            if len({shard for _, shard in read}) > 1:
                scattered.add(name)
            seen |= {table for table, _ in read}
        await connection.close()
        assert scattered == ON_EVERY_SHARD
        assert seen == set(SHARD_KEYS)


@pytest.mark.parametrize("name", QUERIES)
def test_no_statement_is_of_a_kind_that_citus_refuses(name: str) -> None:
    """No row of a distributed table is locked by hand, and no value is made by the server."""
    text = QUERIES[name].text
    words = set(re.findall(r"\w+", text.lower()))
    if re.search(r"FOR (UPDATE|SHARE)", text):
        assert not words & set(SHARD_KEYS)
        assert text.startswith("SELECT")  # what a copy skips, the others would not
    assert not words & {"with", "merge", "ctid", "unnest", "random", "now", "clock_timestamp"}
    assert not re.search(r"ON CONFLICT DO", text)


async def test_a_server_without_citus_takes_its_settings() -> None:
    """What connections set for Citus alone is no error elsewhere, and is there where it counts."""

    async def work(session: Session) -> list[str]:
        names = ("override_table_visibility", "multi_shard_modify_mode")
        return [await session.connection.fetchval(f"SHOW citus.{name}") for name in names]

    async with new_store_of_its_own() as url:
        database = await open_database(url)
        assert await database.write(work) == ["off", "sequential"]
        await database.close()


async def test_citus_distributes_a_full_store(tmp_path: Path) -> None:
    """On a real cluster: every row and every foreign key as before; and only once."""
    citus_url()
    async with new_citus_database() as url:
        await make_store(url)
        async with open_parts(Settings(data_folder=tmp_path, store=url)) as parts:
            await fill(parts, meetings=20, records=100)
        rows, foreign_keys = await rows_of(url), await foreign_keys_of(url)
        steps: list[str] = []

        assert await distribute_store(url, SHARDS, steps.append) >= 1

        ours = {*SHARD_KEYS, *WHOLE_EVERYWHERE}  # and not what a node calls their shards
        assert [key for key in await foreign_keys_of(url) if key[0] in ours] == foreign_keys
        assert await rows_of(url) == rows
        done = len(steps)
        await distribute_store(url, SHARDS, steps.append)
        assert len(steps) == done
