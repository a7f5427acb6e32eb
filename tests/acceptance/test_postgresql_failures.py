"""While PostgreSQL fails everybody is told so, nothing is lost, and afterwards all goes on."""

import asyncio
import hashlib
import hmac
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
import httpx
import pytest

from acceptance.pushers import Pusher, acknowledged_in, events_served, push_path
from acceptance.service import Service, run, running, wait_until
from acceptance.test_push_durability import assert_exactly_once, client_of
from acceptance.vendor import LOGIN, RECORDS
from confledger.app import open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.passwords import hash_password
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.errors import StoreBusy
from confledger.generator.meetings import generated_meeting
from confledger.generator.putting import put_meetings
from confledger.server.certificate import self_signed_certificate
from confledger.settings import Settings
from confledger.storage import open_stores, open_tables
from confledger.storage.checking import check_store
from confledger.storage.postgresql import database as database_module
from confledger.wire import account_auth
from confledger.wire.history import ATTENDANCE_PATH, DETAIL_PATH
from confledger.wire.history import PATH as LIST
from conftest import MakeRecord
from postgresql import Server, server_of_its_own, url_of

RESTARTS: Final = int(os.environ.get("POSTGRESQL_RESTARTS", "3"))
PUSHERS: Final = 16
PASSWORD: Final = "correct horse"
SECONDS_MAX: Final = 60.0
"""After how long a test gives up on something that has to come true."""

READS: Final = ("records", "list", "search", "detail", "attendance", "validate")
WRITES: Final = ("push", "stays", "app login", "account login")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that the tests of this module end, and start again."""
    with server_of_its_own(fsync="on") as started:
        yield started


async def administer(server: Server, *statements: str, database: str = "postgres") -> None:
    """Run statements as the superuser."""
    connection = await asyncpg.connect(url_of(server, database=database))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Ledger:
    """A store with one meeting, an app and a user, as the user `ledger` of the server."""

    server: Server
    database: str
    url: str
    key_file: Path
    app_id: str
    app_key: str
    token: str
    meeting: str

    async def sql(self, *statements: str) -> None:
        """Run statements in its database, as the superuser."""
        await administer(self.server, *statements, database=self.database)

    @contextmanager
    def served(self, command: str, folder: Path, *options: str) -> Iterator[Service]:
        """Serve it."""
        chosen = ("--no-tls", "--store", self.url, "--secret-key-file", str(self.key_file))
        with running(command, *chosen, *options, folder=folder) as service:
            yield service

    async def ask_all(self, service: Service) -> dict[str, httpx.Response]:
        """Every kind of call at once, and what each is answered."""
        name = os.urandom(16).hex()
        json_body = {"Content-Type": "application/json"}
        window = f"{LIST}?startDate=0&endDate=253402300799999&queryAll=true"
        signature = hmac.new(
            self.app_key.encode(), f"{self.app_id}::0:{name}".encode(), hashlib.sha256
        ).hexdigest()
        async with client_of(service, self.token) as client:
            calls = {
                "records": client.get(f"{RECORDS}?confUUID={self.meeting}"),
                "list": client.get(window),
                "search": client.get(f"{window}&searchKey=a"),
                "detail": client.get(f"{DETAIL_PATH}?confUUID={self.meeting}"),
                "attendance": client.get(f"{ATTENDANCE_PATH}?confUUID={self.meeting}"),
                "validate": client.post(
                    "/v1/usg/acs/token/validate",
                    json={"token": self.token, "needGenNewToken": False},
                ),
                "push": client.post(
                    push_path(self.meeting),
                    content=f'[{{"operateTime": 1, "operation": "MUTE_ALL", "eventId": "{name}"}}]',
                    headers=json_body,
                ),
                "stays": client.post(
                    f"/ledger/v1/conferences/{self.meeting}/attendees",
                    json=[{"displayName": name, "callNumber": "1", "joinTime": 1}],
                ),
                "app login": client.post(
                    LOGIN,
                    headers={"Authorization": f"HMAC-SHA256 signature={signature}"},
                    json={
                        "appId": self.app_id,
                        "clientType": API_CLIENT_TYPE,
                        "expireTime": 0,
                        "nonce": name,
                    },
                ),
                "account login": client.post(
                    account_auth.PATH,
                    auth=("ann", PASSWORD),
                    json={"account": "ann", "clientType": API_CLIENT_TYPE},
                ),
            }
            answers = await asyncio.gather(*calls.values())
        return dict(zip(calls, answers, strict=True))

    async def recovers(self, service: Service) -> None:
        """See that every call is answered again, without any help."""
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                answers = await self.ask_all(service)
                failed = {call: each.text for call, each in answers.items() if each.is_error}
                if not failed:
                    return
                assert all(answers[call].status_code == 503 for call in failed), failed
                await asyncio.sleep(0.05)


def assert_unavailable(answers: dict[str, httpx.Response], *calls: str) -> None:
    """These calls, by default all, are answered by an error that says when to come again."""
    for call in calls or answers:
        answer = answers[call]
        assert (call, answer.status_code) == (call, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["error_code"]
        assert answer.json()["error_msg"]


@asynccontextmanager
async def new_ledger(server: Server, folder: Path, *others: Server) -> AsyncIterator[Ledger]:
    """A ledger in a database of its own; other servers may take this one's place."""
    name = f"ledger_{os.urandom(6).hex()}"
    connection = await asyncpg.connect(server.url)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'ledger'"):
        await connection.execute("CREATE ROLE ledger LOGIN")
    await connection.close()
    await administer(server, f"CREATE DATABASE {name} OWNER ledger TEMPLATE template0")
    query = f"&target_session_attrs=read-write&passfile={folder}/pgpass"
    url = url_of(server, *others, database=name, query=query).replace("postgres@", "ledger@")
    settings = Settings(store=url, data_folder=folder)
    async with open_parts(settings) as parts:
        apps = await parts.open_apps()
        app, app_key = await apps.create("test", DEFAULT_CORP_ID, frozenset({"read", "write"}))
        ann = User("a" * 32, DEFAULT_CORP_ID, "ann", AdminType.ORDINARY, Directory())
        await parts.stores.tenants.add_user(ann, hash_password(PASSWORD))
        meeting = generated_meeting(records=30, seed=1)
        await put_meetings(parts.intake, parts.stores.conferences, DEFAULT_CORP_ID, [meeting])
        administrator = await apps.default_administrator(DEFAULT_CORP_ID)
        token = (await parts.tokens.issue(administrator, app, API_CLIENT_TYPE)).access_token
        key_file = parts.secret_key_file
    meeting_uuid = meeting.conference.conference_uuid
    yield Ledger(server, name, url, key_file, app.app_id, app_key, token, meeting_uuid)


@pytest.fixture
async def ledger(server: Server, tmp_path: Path) -> AsyncIterator[Ledger]:
    """A ledger on the server."""
    async with new_ledger(server, tmp_path) as made:
        yield made


@pytest.mark.parametrize("how", ["QUIT", "KILL"])
async def test_a_server_that_is_gone_is_waited_for(
    ledger: Ledger, command: str, tmp_path: Path, how: str
) -> None:
    """While there is no server every call is answered with 503; when it is back, as before."""
    with ledger.served(command, tmp_path) as service:
        await ledger.recovers(service)
        ledger.server.end(how)
        try:
            assert_unavailable(await ledger.ask_all(service))
            assert_unavailable(await ledger.ask_all(service))
        finally:
            ledger.server.start()
        await ledger.recovers(service)


def workers_of(service: Service) -> list[int]:
    """The processes that serve, which are children of the one that was started."""
    asked = ["pgrep", "-f", "-P", str(service.process.pid), "spawn_main"]
    return [int(pid) for pid in subprocess.check_output(asked, text=True).split()]


async def test_a_worker_that_starts_without_the_server_waits_for_it(
    ledger: Ledger, command: str, tmp_path: Path
) -> None:
    """A worker that dies while there is no server is replaced, and the service does not end."""
    with ledger.served(command, tmp_path, "--workers", "2") as service:
        await ledger.recovers(service)
        ledger.server.end()
        try:
            for worker in workers_of(service):
                os.kill(worker, signal.SIGKILL)
            wait_until(lambda: service.log.count("can't start") > 1, "the new ones have tried")
            assert_unavailable(await ledger.ask_all(service))
        finally:
            ledger.server.start()
        await ledger.recovers(service)


async def test_a_server_that_says_nothing_is_given_up(
    ledger: Ledger, command: str, tmp_path: Path
) -> None:
    """A server that takes connections and does not answer keeps nobody waiting without end."""
    with ledger.served(command, tmp_path) as service:
        await ledger.recovers(service)
        ledger.server.freeze()
        try:
            # The client gives up, and the test fails, after 30 seconds.
            assert_unavailable(await ledger.ask_all(service))
        finally:
            ledger.server.thaw()
        await ledger.recovers(service)


async def test_a_server_that_takes_no_more_connections_is_waited_for(
    ledger: Ledger, command: str, tmp_path: Path
) -> None:
    """Who gets no connection (53300) is told to come again."""
    with ledger.served(command, tmp_path) as service:
        await ledger.recovers(service)
        await ledger.sql(
            "ALTER ROLE ledger CONNECTION LIMIT 0",
            TERMINATE,
        )
        try:
            assert_unavailable(await ledger.ask_all(service))
            assert "too many connections" in service.log
        finally:
            await ledger.sql("ALTER ROLE ledger CONNECTION LIMIT -1")
        await ledger.recovers(service)


async def test_a_password_that_was_changed_is_read_anew(
    ledger: Ledger, command: str, tmp_path: Path
) -> None:
    """After a change of the password the file that holds it is all that has to be put right."""
    rules = ledger.server.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:*:first\n")
    passwords.chmod(0o600)
    with ledger.served(command, tmp_path) as service:
        rules.write_text(f"local {ledger.database} ledger scram-sha-256\n{before}")
        try:
            await ledger.sql(
                "ALTER ROLE ledger PASSWORD 'first'", "SELECT pg_reload_conf()", TERMINATE
            )
            await ledger.recovers(service)
            await ledger.sql("ALTER ROLE ledger PASSWORD 'second'", TERMINATE)
            assert_unavailable(await ledger.ask_all(service))
            passwords.write_text("*:*:*:*:second\n")
            await ledger.recovers(service)
        finally:
            rules.write_text(before)
            await ledger.sql("SELECT pg_reload_conf()")


TERMINATE: Final = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = 'confledger'"
)

# What PostgreSQL, or Citus, says in such a case; raised where a record is read or written.
RAISING: Final = """
CREATE FUNCTION failing() RETURNS SETOF stored_record LANGUAGE plpgsql STABLE AS
$$ BEGIN RAISE EXCEPTION 'as planned' USING ERRCODE = '{state}'; END $$;
CREATE VIEW record AS SELECT * FROM failing();
CREATE FUNCTION refusing() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'as planned' USING ERRCODE = '{state}'; END $$;
CREATE TRIGGER refusing INSTEAD OF INSERT ON record FOR EACH ROW EXECUTE FUNCTION refusing();
ALTER VIEW record OWNER TO ledger;
"""


@pytest.mark.parametrize("state", ["08006", "53100", "53200", "57014", "58030", "XX000"])
async def test_what_the_server_refuses_costs_no_connection(
    ledger: Ledger, command: str, tmp_path: Path, state: str
) -> None:
    """A shard, disk or statement that fails over a sound connection: 503 for what needs it, and
    for nothing else; the connections stay.
    """
    with ledger.served(command, tmp_path) as service:
        await ledger.recovers(service)
        before = await connections_of(ledger)
        await ledger.sql("ALTER TABLE record RENAME TO stored_record", RAISING.format(state=state))
        answers = await ledger.ask_all(service)
        assert_unavailable(answers, "records", "push")
        healthy = answers.keys() - {"records", "push"}
        assert {answers[call].status_code for call in healthy} == {200}
        await ledger.sql(
            "DROP VIEW record",
            "DROP FUNCTION failing",
            "ALTER TABLE stored_record RENAME TO record",
        )
        await ledger.recovers(service)
        assert before <= await connections_of(ledger)


async def connections_of(ledger: Ledger) -> set[int]:
    """The processes of the server that our service talks to."""
    connection = await asyncpg.connect(url_of(ledger.server))
    rows = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = $1", ledger.database
    )
    await connection.close()
    return {row[0] for row in rows}


@pytest.fixture
def small_disk(server: Server) -> Iterator[Path]:
    """A file system of 32 MB that the server may write to."""
    folder = server.folder / "small"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=32m,mode=777", "tmpfs", str(folder)]
    try:
        subprocess.run(mounting, check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607 - as above
        folder.rmdir()


async def test_a_full_disk_is_waited_for(
    ledger: Ledger, command: str, tmp_path: Path, small_disk: Path
) -> None:
    """On a full disk pushes are answered with 503, and leave nothing; who reads goes on."""
    place = small_disk / "space"
    place.mkdir()
    owner = server_owner(ledger.server)
    os.chown(place, *owner)
    await administer(
        ledger.server,
        f"CREATE TABLESPACE small_disk LOCATION '{place}'",
        f"ALTER DATABASE {ledger.database} SET TABLESPACE small_disk",
    )
    batch = [
        {
            "operateTime": 1,
            "operation": "MUTE_ALL",
            "eventId": str(number),
            "detail": f"{number}" * 99,
        }
        for number in range(500)
    ]
    try:
        with ledger.served(command, tmp_path) as service:
            free = shutil.disk_usage(small_disk).free
            (small_disk / "filler").write_bytes(bytes(free))
            async with client_of(service, ledger.token) as client:
                refused = await client.post(push_path("d" * 32), json=batch)
                assert_unavailable({"push": refused})
                assert "No space left" in service.log
                assert await events_served(client, "d" * 32) == []
                answers = await ledger.ask_all(service)
                assert {answers[call].status_code for call in READS} == {200}
                (small_disk / "filler").unlink()
                taken = await client.post(push_path("d" * 32), json=batch)
                assert taken.json()["accepted"] == 500
            await ledger.recovers(service)
    finally:
        await administer(
            ledger.server,
            f"DROP DATABASE {ledger.database} WITH (FORCE)",
            "DROP TABLESPACE small_disk",
        )


def server_owner(server: Server) -> tuple[int, int]:
    """Whom the files of a server belong to."""
    status = server.folder.stat()
    return status.st_uid, status.st_gid


async def push_until(done: asyncio.Event, pusher: Pusher, client: httpx.AsyncClient) -> None:
    """Push batch after batch, whatever happens."""
    while not done.is_set():
        await pusher.push(client, batches=len(pusher.acknowledged) + 1)


async def read_until(done: asyncio.Event, ledger: Ledger, client: httpx.AsyncClient) -> int:
    """Read page after page; how often there was none."""
    failures = 0
    while not done.is_set():
        await asyncio.sleep(0.02)  # so that those who push get on, too
        answer = await client.get(f"{RECORDS}?confUUID={ledger.meeting}&limit=10")
        assert answer.status_code in (200, 503)
        if answer.status_code == 503:
            failures += 1
        else:
            assert len(answer.json()["data"]) == 10
    return failures


def new_pushers(name: str) -> list[Pusher]:
    """Half of them push to one conference, each other one to its own."""
    return [
        Pusher(
            f"pusher {number}",
            "e" * 32 if number < PUSHERS // 2 else f"{number:032x}",
            Random(f"{name} {number}"),  # noqa: S311 - to be repeated, not to be secret
            doubts_503=True,
        )
        for number in range(PUSHERS)
    ]


async def batches_more(pushers: list[Pusher]) -> None:
    """Wait until all have pushed some more."""
    aim = acknowledged_in(pushers) + PUSHERS
    async with asyncio.timeout(SECONDS_MAX):
        while acknowledged_in(pushers) < aim:  # noqa: ASYNC110 - the pushers need not know
            await asyncio.sleep(0.005)


async def assert_all_there(
    client: httpx.AsyncClient, pushers: list[Pusher], ledger: Ledger
) -> None:
    """What was acknowledged is served once, and nothing else; and the store is sound."""
    conferences = {pusher.conference_uuid for pusher in pushers}
    served = {each: await events_served(client, each) for each in conferences}
    assert_exactly_once(pushers, served)
    async with open_tables(ledger.url, make=False) as tables:
        assert [finding async for finding in check_store(tables)] == []


async def test_what_was_acknowledged_survives_restarts_of_the_server(
    ledger: Ledger, command: str, tmp_path: Path
) -> None:
    """The server is stopped at once and started again while two processes serve who pushes and
    who reads: each gets an answer, and in the end every record is there once.
    """
    pushers, done = new_pushers("restarts"), asyncio.Event()
    with ledger.served(command, tmp_path, "--workers", "2") as service:
        async with client_of(service, ledger.token) as client:
            async with asyncio.TaskGroup() as group:
                for pusher in pushers:
                    group.create_task(push_until(done, pusher, client))
                reader = group.create_task(read_until(done, ledger, client))
                for _ in range(RESTARTS):
                    await batches_more(pushers)
                    await asyncio.to_thread(ledger.server.end)
                    await asyncio.to_thread(ledger.server.start)
                await batches_more(pushers)
                done.set()
            await assert_all_there(client, pushers, ledger)
    print(  # noqa: T201 - the figures, for who wants them (pytest -s)
        f"{RESTARTS} restarts, {sum(len(pusher.event_ids()) for pusher in pushers)} records"
        f" acknowledged, of which {sum(pusher.known_already for pusher in pushers)} as known"
        f" already; {reader.result()} reads without an answer"
    )


async def test_a_standby_takes_over(command: str, tmp_path: Path) -> None:
    """The first server is lost and its standby promoted: the service finds it, and with a
    synchronous standby nothing that was acknowledged is lost.
    """
    with server_of_its_own(fsync="on") as first, server_of_its_own(first, fsync="on") as second:
        await administer(
            first,
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
            "SELECT pg_reload_conf()",
        )
        async with new_ledger(first, tmp_path, second) as ledger:
            pushers, done = new_pushers("standby"), asyncio.Event()
            with ledger.served(command, tmp_path) as service:
                async with client_of(service, ledger.token) as client:
                    async with asyncio.TaskGroup() as group:
                        for pusher in pushers:
                            group.create_task(push_until(done, pusher, client))
                        await batches_more(pushers)
                        await asyncio.to_thread(first.end)
                        assert_unavailable(await ledger.ask_all(service))
                        await administer(second, "SELECT pg_promote()")
                        await batches_more(pushers)
                        done.set()
                    await assert_all_there(client, pushers, ledger)
                await ledger.recovers(service)


async def test_a_commit_that_no_standby_confirms_is_not_acknowledged(
    ledger: Ledger, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has to wait for a standby, and has none, makes the store busy: what only it
    has could be lost with it.
    """
    monkeypatch.setattr(database_module, "_WRITE_SECONDS_MAX", 0.2)
    monkeypatch.setattr(database_module, "_GRACE_SECONDS", 0.5)
    batch = {"f" * 32: [make_record(event_id="1")]}
    stores = await open_stores(ledger.url)
    await ledger.sql(
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()"
    )
    try:
        # The setting reaches the processes of the server some time after it was made.
        with suppress(StoreBusy):
            for number in range(1_000):
                other = [make_record(event_id=str(number))]
                await stores.records.append(DEFAULT_CORP_ID, {"e" * 32: other})
        with pytest.raises(StoreBusy):
            await stores.records.append(DEFAULT_CORP_ID, batch)
        with pytest.raises(StoreBusy):
            await stores.records.append(DEFAULT_CORP_ID, batch)
    finally:
        await ledger.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    receipts = await stores.records.append(DEFAULT_CORP_ID, batch)
    assert receipts["f" * 32].count == 1
    await stores.close()


def test_a_start_without_the_server_is_told(server: Server, command: str, tmp_path: Path) -> None:
    """Whoever starts a service while there is no server reads a sentence, and it ends."""
    server.end()
    try:
        ran = run(command, "serve", "--no-tls", "--store", server.url, folder=tmp_path)
    finally:
        server.start()
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("Error: the store postgresql://postgres@/postgres does not answer")
    assert len(ran.stderr.splitlines()) == 1


@asynccontextmanager
async def tls_before(server: Server, certificate: Path, key: Path) -> AsyncIterator[int]:
    """The port of something that speaks TLS before a server: the wheel's own does not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == bytes.fromhex("0000000804d2162f")  # SSLRequest
        writer.write(b"S")
        try:
            await writer.start_tls(context)
        except OSError:
            return  # who does not trust us goes away
        path = server.folder / ".s.PGSQL.5432"
        behind_reader, behind_writer = await asyncio.open_unix_connection(str(path))
        await asyncio.gather(
            pump(reader, behind_writer), pump(behind_reader, writer), return_exceptions=True
        )

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def test_the_certificate_of_the_server_is_checked(
    server: Server, command: str, tmp_path: Path
) -> None:
    """With `sslmode=verify-full` only who has a certificate of the right authority is believed."""
    places = [tmp_path / "right", tmp_path / "wrong"]
    (right, key), (wrong, _) = (self_signed_certificate(each, "127.0.0.1") for each in places)
    async with new_ledger(server, tmp_path) as ledger, tls_before(server, right, key) as port:
        url = f"postgresql://ledger@127.0.0.1:{port}/{ledger.database}?sslmode=verify-full"

        async def info(root: Path) -> "subprocess.CompletedProcess[str]":
            store = ("--store", f"{url}&sslrootcert={root}")
            return await asyncio.to_thread(run, command, "store", "info", *store, folder=tmp_path)

        trusted, refused, missing = [
            await info(each) for each in (right, wrong, tmp_path / "none.pem")
        ]
    assert (trusted.returncode, trusted.stderr) == (0, "")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: the store postgresql://ledger@127.0.0.1:")
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr
    assert (missing.returncode, missing.stdout) == (1, "")
    assert len((refused.stderr + missing.stderr).splitlines()) == 2
