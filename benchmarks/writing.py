"""Writing: records that are pushed over HTTP, beside the limit and the usual stack."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Final

from benchmarks.bench import OURS, USUAL, Bench, Found
from benchmarks.client import Client, log_in
from benchmarks.data import USUAL_TABLES, USUAL_TOKEN
from benchmarks.machine import Server, free_port, server_cores, started
from benchmarks.posting import KEY, Posts, post
from benchmarks.rounds import Contender, Load, ratio

MEETINGS: Final = 1_000
RECORDS: Final = 100_000
ROWS: Final = "prebuilt rows by executemany"
SINK: Final = "the load generator's own limit"
_MANY_CLIENTS: Final = 50
_CLIENTS_RECORDS_MAX: Final = 1_000
"""More than so many in a POST come from one client only, which is enough to fill a core."""


def pushes_of(records: int) -> Callable[[Bench], Found]:
    """The case of pushes with so many records each."""

    def pushes(bench: Bench) -> Found:
        return _pushes(bench, records)

    pushes.__doc__ = (
        f"POSTs of {records:,} {'record' if records == 1 else 'records'}, durably kept."
    )
    return pushes


def _pushes(bench: Bench, records: int) -> Found:
    store = bench.data.copy(bench.data.meetings(MEETINGS, RECORDS), bench.path("copy"))
    server = bench.stack.enter_context(
        bench.confledger.serving(store.url, store.key_file, bench.folder)
    )
    token = log_in(server, store.app)
    usual = bench.usual(_empty_usual(bench.path("usual.sqlite3")))
    sink = bench.stack.enter_context(_sink(bench, records))
    with_ids, without_ids = (Posts(records, has_event_ids=each) for each in (True, False))
    crowd = _MANY_CLIENTS if records <= _CLIENTS_RECORDS_MAX else 1
    contenders = [
        pushing(_named(OURS, 1), server, token, with_ids, 1),
        pushing(_named(OURS, 1, "no ids"), server, token, without_ids, 1),
        pushing(_named(USUAL, 1), usual, USUAL_TOKEN, with_ids, 1),
        pushing(SINK, sink, token, with_ids, crowd),
        _rows(bench),
    ]
    notes = ["without an id of its own, a record's content is its id"]
    if _takes_keys(server):
        by_key = Posts(records, has_event_ids=False, has_key=True)
        contenders.append(pushing(_named(OURS, crowd, "a key"), server, token, by_key, crowd))
    else:
        notes.append("not offered yet: a key for a whole POST in place of an id for each record")
    if crowd > 1:
        contenders += [
            pushing(_named(OURS, crowd), server, token, with_ids, crowd),
            pushing(_named(OURS, crowd, "no ids"), server, token, without_ids, crowd),
            pushing(_named(USUAL, crowd), usual, USUAL_TOKEN, with_ids, crowd),
        ]
    measured = bench.measure(contenders)
    what = f"push, {records:,} a POST"
    is_told = records == _CLIENTS_RECORDS_MAX
    ratios = [
        ratio(
            measured,
            _named(OURS, crowd, "no ids"),
            ROWS,
            what=f"{what}, no id a record",
        ),
        ratio(
            measured,
            _named(OURS, crowd, "a key"),
            ROWS,
            what=f"{what}, a key a POST",
            goal=0.45 if is_told else None,
        ),
        ratio(
            measured,
            _named(OURS, crowd),
            ROWS,
            what=f"{what}, with ids",
            goal=0.22 if is_told else None,
        ),
        ratio(measured, _named(OURS, crowd), _named(USUAL, crowd), what=f"{what}, with ids"),
    ]
    if crowd > 1:
        ratios.append(ratio(measured, _named(OURS, 1), ROWS, what=f"{what}, 1 client, with ids"))
    return Found(
        measured,
        ratios,
        unit="records",
        notes=notes,
    )


def _takes_keys(server: Server) -> bool:
    client = Client(server)
    takes = KEY.encode() in client.ask("/openapi.json").body
    client.close()
    return takes


def _named(name: str, clients: int, more: str = "") -> str:
    told = f"{clients} client{'s' if clients > 1 else ''}"
    return ", ".join(filter(None, (name, told, more)))


def pushing(name: str, server: Server, token: str, posts: Posts, clients: int) -> Contender:
    """A contender to which so many clients push."""

    def load(seconds: int) -> Load:
        return post(server, token, posts, seconds=seconds, clients=clients)

    return Contender(name, load, (server.process,))


def _empty_usual(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(USUAL_TABLES)
    return path


def _sink(bench: Bench, records: int) -> AbstractContextManager[Server]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.peers.sink", str(port), str(records)]
    return started(SINK, command, port=port, log=bench.path("sink.log"))


def _rows(bench: Bench) -> Contender:
    process = bench.stack.enter_context(
        subprocess.Popen(  # noqa: S603 - our own command
            [
                *("/usr/bin/env", "taskset", "-c", server_cores()),
                *(sys.executable, "-m", "benchmarks.peers.rows", bench.path("rows.sqlite3")),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    told, heard = process.stdin, process.stdout
    assert told is not None
    assert heard is not None
    bench.stack.callback(told.close)

    def load(seconds: int) -> Load:
        told.write(f"{seconds}\n")
        told.flush()
        rows, took, cpu = heard.readline().split()
        return Load(int(rows), float(took), cpu_seconds=float(cpu))

    return Contender(ROWS, load)
