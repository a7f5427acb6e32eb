"""Steps of growth: one file, one PostgreSQL, a replica; what each costs, and what it takes away."""

import random
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Final

import msgspec

from benchmarks.bench import Bench, Found
from benchmarks.client import Client, log_in, page_path, reading_headers
from benchmarks.confledger_command import StoreFile
from benchmarks.machine import Server, Unusable, cpu_seconds
from benchmarks.postgresql import Database, postgresql, standby_of
from benchmarks.posting import Posts, post
from benchmarks.rounds import Contender, Load, ratio
from benchmarks.writing import pushing

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"
_MEETINGS: Final = 1_000
_RECORDS: Final = 100_000
_COPIES: Final = 3
_PUSHED: Final = 1_000
_CLIENTS: Final = 8
_BY_TWO: Final = f"pushes, {_CLIENTS} clients, 2 services"
_PAGES: Final = 20_000
_COUNTED: Final = 2_000
_SHOWN: Final = 100
_LAG_SECONDS: Final = 5.0
_BREAKS: Final = 3
_STEP_SECONDS: Final = 0.01
_SECONDS_MAX: Final = 60.0


def on_each_engine(bench: Bench) -> Found:
    """A page and pushes, from SQLite and from PostgreSQL; copies from one to the other."""
    original = bench.data.meetings(_MEETINGS, _RECORDS)
    database = bench.stack.enter_context(postgresql())
    if isinstance(database, str):
        return Found(notes=[f"left out: no server of PostgreSQL ({database})"])
    figures = _copies(bench, original, database)
    file = bench.data.copy(original, bench.path("file"))
    parts = _Parts(database)
    contenders = []
    empty_file = f"sqlite:///{bench.path('empty.sqlite3')}"
    for engine, url, empty in (
        (SQLITE, file.url, empty_file),
        (POSTGRESQL, database.url, database.another("empty")),
    ):
        bench.confledger.make_app(empty, bench.path(f"{engine}.key"))
        size_bytes = _size_bytes(bench, url) - _size_bytes(bench, empty)
        figures[f"{engine}: bytes a record"] = size_bytes / _RECORDS
        contenders += _work(bench, original, engine, url, parts)
    measured = bench.measure(contenders)
    ratios = [
        ratio(measured, f"{POSTGRESQL}: {work}", f"{SQLITE}: {work}", what=work)
        for work in ("a page, kept", "a page, not kept", *map(_pushes, (1, _CLIENTS)), _BY_TWO)
    ]
    notes = [
        f"of pushes, the records are counted; {_PUSHED:,} a POST, each record with an id",
        "the CPU of PostgreSQL's is that of both processes, which share the core",
        "bytes a record: with its part of meetings and attendance, without those of an empty store",
    ]
    return Found(measured, ratios, notes=notes, figures=figures | parts.medians())


class _Parts:
    """The part of PostgreSQL in the CPU of what is measured."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[str, list[float]] = {}

    def of(self, contender: Contender) -> Contender:
        """The same contender, whose CPU is that of both, and of which this notes the part."""

        def load(seconds: int) -> Load:
            before = cpu_seconds([self._database.process])
            done = contender.load(seconds)
            used = cpu_seconds([self._database.process]) - before
            self._found.setdefault(contender.name, []).append(used / done.units * 1e6)
            return done

        return Contender(contender.name, load, (*contender.processes, self._database.process))

    def medians(self) -> dict[str, float]:
        """For each contender that of all rounds, without the warm-up before them."""
        return {
            f"{name}, of which PostgreSQL, CPU us": statistics.median(each[1:])
            for name, each in self._found.items()
        }


def _pushes(clients: int) -> str:
    return f"pushes, {clients} client{'s' if clients > 1 else ''}"


def _work(
    bench: Bench, original: StoreFile, engine: str, url: str, parts: _Parts
) -> list[Contender]:
    kept = bench.stack.enter_context(bench.confledger.serving(url, original.key_file, bench.folder))
    uncached = bench.stack.enter_context(
        bench.confledger.serving(
            url, original.key_file, bench.folder, *bench.confledger.without_cache()
        )
    )
    token = log_in(kept, original.app)
    conferences = original.conferences()
    same = [page_path(original.conferences(records_min=20)[0][0])]
    posts = Posts(_PUSHED, has_event_ids=True, prefix=engine)
    contenders = [
        bench.requesting(kept, same, token, name=f"{engine}: a page, kept"),
        bench.requesting(
            uncached, other_pages(conferences), token, name=f"{engine}: a page, not kept"
        ),
        *(
            pushing(f"{engine}: {_pushes(clients)}", kept, token, posts, clients)
            for clients in (1, _CLIENTS)
        ),
        _pushing_to_both(f"{engine}: {_BY_TWO}", (kept, uncached), token, engine),
    ]
    return [parts.of(each) for each in contenders] if engine == POSTGRESQL else contenders


def _pushing_to_both(
    name: str, servers: tuple[Server, Server], token: str, prefix: str
) -> Contender:
    """Half of the clients push through another service, to the same conferences."""

    def load(seconds: int) -> Load:
        def half(number: int) -> Load:
            posts = Posts(_PUSHED, has_event_ids=True, prefix=f"{prefix} by {number}")
            return post(servers[number], token, posts, seconds=seconds, clients=_CLIENTS // 2)

        with ThreadPoolExecutor(len(servers)) as executor:
            one, other = executor.map(half, range(len(servers)))
        return Load(one.units + other.units, max(one.seconds, other.seconds))

    return Contender(name, load, [server.process for server in servers])


def other_pages(conferences: list[tuple[str, int]], count: int = _PAGES) -> list[str]:
    """Paths of pages somewhere in some conferences."""
    dice = random.Random(1)  # noqa: S311 - chance decides nothing but which page
    chosen = (dice.choice(conferences) for _ in range(count))
    return [page_path(uuid, offset=dice.randrange(records)) for uuid, records in chosen]


def _copies(bench: Bench, original: StoreFile, database: Database) -> dict[str, float]:
    """Rows a second there and back, comparing included; the last copy there is in `database`."""
    there, back = [], []
    for number in range(_COPIES):
        is_last = number == _COPIES - 1
        url = database.url if is_last else database.another(f"copy_{number}")
        file = f"sqlite:///{bench.path(f'back-{number}.sqlite3')}"
        there.append(_copy(bench, original.url, url))
        back.append(_copy(bench, url, file))
    return {
        f"{SQLITE} to {POSTGRESQL}: rows a second": statistics.median(there),
        f"{POSTGRESQL} to {SQLITE}: rows a second": statistics.median(back),
    }


def _copy(bench: Bench, source: str, target: str) -> float:
    began = time.monotonic()
    told = bench.confledger.run("store", "copy", "--from", source, "--to", target, "--json")
    counts = msgspec.json.decode(told, type=dict[str, int])
    return sum(counts.values()) / (time.monotonic() - began)


def _size_bytes(bench: Bench, url: str) -> int:
    told = bench.confledger.run("store", "info", "--store", url, "--json")
    return int(msgspec.json.decode(told)["sizeBytes"])


def with_a_replica(bench: Bench) -> Found:
    """A page from a replica: what the primary has to do still, how late it is, a failover."""
    original = bench.data.meetings(_MEETINGS, _RECORDS)
    primary = bench.stack.enter_context(postgresql())
    if isinstance(primary, str):
        return Found(notes=[f"left out: no server of PostgreSQL ({primary})"])
    _copy(bench, original.url, primary.url)
    standby = bench.stack.enter_context(standby_of(primary))
    _catch_up(primary, standby)
    figures = _statements(bench, original, primary, standby)
    figures |= _lateness(bench, original, primary, standby)
    figures |= _breaks(bench, original, primary, standby)
    notes = [
        "a break begins with its order, and ends with the next push and page that are answered"
    ]
    return Found(notes=notes, figures=figures)


def _statements(
    bench: Bench, original: StoreFile, primary: Database, standby: Database
) -> dict[str, float]:
    """Transactions of each server for a page: read from the store alone, and from a replica."""
    figures = {}
    servers = {"primary": primary, "standby": standby}
    paths = other_pages(original.conferences(), _COUNTED)
    for name, options in (
        ("without a replica", ()),
        ("with a replica", ("--store-read", standby.url)),
    ):
        counts = []
        # What starting and logging in cost is taken off: once without the pages, and once with.
        for asked in (paths[:1], paths):
            before = {each: _transactions(server) for each, server in servers.items()}
            with bench.confledger.serving(
                primary.url,
                original.key_file,
                bench.folder,
                *bench.confledger.without_cache(),
                *options,
            ) as server:
                client = Client(server, reading_headers(log_in(server, original.app)))
                for path in asked:
                    client.ask(path)
                client.close()
            counts.append(
                {each: _transactions(server) - before[each] for each, server in servers.items()}
            )
        for each in servers:
            more = counts[1][each] - counts[0][each]
            figures[f"{name}: transactions of the {each} a page"] = more / (len(paths) - 1)
    return figures


def _transactions(database: Database) -> int:
    """What the server has done so far in our database: its connections end first, and so count."""
    asked = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'benchmark'"
    used = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'benchmark'"
    _wait(lambda: database.ask(used) == 0)
    return int(database.ask(asked))


def _lateness(
    bench: Bench, original: StoreFile, primary: Database, standby: Database
) -> dict[str, float]:
    """How long after its answer a push is seen through the replica, alone and among many."""
    figures = {}
    with bench.confledger.serving(
        primary.url, original.key_file, bench.folder, "--store-read", standby.url
    ) as server:
        token = log_in(server, original.app)
        for name, pushes in (("nobody else pushes", False), ("while pushing", True)):
            with ThreadPoolExecutor(1) as executor:
                posts = Posts(100, has_event_ids=True, prefix=name)
                crowd = (
                    executor.submit(post, server, token, posts, seconds=_LAG_SECONDS)
                    if pushes
                    else None
                )
                waits = _waits_ms(server, token, name)
                if crowd:
                    figures[f"{name}: records a second"] = crowd.result().units / _LAG_SECONDS
            figures |= _median_and_most(f"{name}: shown after, ms", waits)
    return figures


def _waits_ms(server: Server, token: str, name: str) -> list[float]:
    client = Client(server, reading_headers(token) | {"Content-Type": "application/json"})
    conference_uuid = f"{len(name):032x}"
    waits: list[float] = []
    end = time.monotonic() + _LAG_SECONDS * 0.9
    while len(waits) < _SHOWN and time.monotonic() < end:
        _push(client, conference_uuid, f"{name}-{len(waits)}")
        began = time.monotonic()
        while client.ask(page_path(conference_uuid, limit=1)).json()["count"] <= len(waits):
            if time.monotonic() > began + _SECONDS_MAX:
                raise Unusable("a push is never shown")
        waits.append((time.monotonic() - began) * 1000)
    client.close()
    return waits


def _push(client: Client, conference_uuid: str, event_id: str) -> None:
    body = [{"operateTime": 1, "operation": "MUTE_ALL", "eventId": event_id}]
    path = f"/ledger/v1/conferences/{conference_uuid}/records"
    client.ask(path, method="POST", body=msgspec.json.encode(body))


def _breaks(
    bench: Bench, original: StoreFile, primary: Database, standby: Database
) -> dict[str, float]:
    """How long nobody is answered while the primary restarts, and when the standby takes over."""
    with bench.confledger.serving(
        primary.or_else(standby), original.key_file, bench.folder
    ) as server:
        token = log_in(server, original.app)
        restarts = []
        for number in range(_BREAKS):
            began = time.monotonic()
            primary.server.end()
            primary.server.start()
            restarts.append(_seconds_until_served(server, token, f"restart-{number}", began))
        _catch_up(primary, standby)
        began = time.monotonic()
        primary.server.end()
        standby.ask("SELECT pg_promote()")
        failover = _seconds_until_served(server, token, "failover", began)
        primary.server.start()
    return {
        **_median_and_most("a crash and a start: answers after, seconds", restarts),
        "the standby is promoted: answers after, seconds": failover,
    }


def _seconds_until_served(server: Server, token: str, event_id: str, began: float) -> float:
    headers = reading_headers(token) | {"Content-Type": "application/json"}

    def is_served() -> bool:
        client = Client(server, headers)
        try:
            _push(client, "f" * 32, event_id)
            client.ask(page_path("f" * 32, limit=1))
        except (Unusable, OSError, HTTPException):
            return False
        finally:
            client.close()
        return True

    _wait(is_served)
    return time.monotonic() - began


def _catch_up(primary: Database, standby: Database) -> None:
    place = primary.ask("SELECT pg_current_wal_lsn()::text")
    _wait(lambda: standby.ask(f"SELECT pg_last_wal_replay_lsn() >= '{place}'"))


def _wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + _SECONDS_MAX
    while not condition():
        if time.monotonic() > end:
            raise Unusable("what is waited for does not come true")
        time.sleep(_STEP_SECONDS)


def _median_and_most(what: str, found: Iterable[float]) -> dict[str, float]:
    figures = sorted(found)
    return {f"{what}, median": statistics.median(figures), f"{what}, most": figures[-1]}
