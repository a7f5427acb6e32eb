"""What the cases of reading have in common: a store, what serves it, and the peers on its data."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.bench import Bench, check_same_bytes, check_same_records
from benchmarks.client import log_in, page_path
from benchmarks.confledger_command import StoreFile
from benchmarks.data import USUAL_TOKEN
from benchmarks.machine import Server
from benchmarks.rounds import Contender

MEETINGS: Final = 100
RECORDS: Final = 100_000
SLOW_CONNECTIONS: Final = 4
"""For those that take a second for an answer."""
_SLOW_SECONDS: Final = 10


def serve_ours(
    bench: Bench,
    store: StoreFile | None = None,
    *options: str,
    tls: bool = False,
    workers: int = 1,
) -> tuple[StoreFile, Server, str]:
    """A store, what serves it, and a token."""
    store = store or bench.data.meetings(MEETINGS, RECORDS)
    server = bench.stack.enter_context(
        bench.confledger.serving(
            store.url, store.key_file, bench.folder, *options, tls=tls, workers=workers
        )
    )
    return store, server, log_in(server, store.app)


def large_conference(store: StoreFile) -> tuple[str, int]:
    """A conference with more than a page of 500."""
    return store.conferences(records_min=600)[0]


def questions_of(asked: Iterable[str]) -> list[tuple[str, int, int]]:
    """The conference, the offset and the limit of each path."""
    questions = []
    for path in asked:
        told = dict(each.split("=") for each in path.partition("?")[2].split("&"))
        questions.append((told["confUUID"], int(told["offset"]), int(told["limit"])))
    return questions


def static_peers(
    bench: Bench, server: Server, token: str, asked: list[str], *, with_granian: bool = True
) -> list[Contender]:
    """Nginx and granian, which send the bytes that ours sends."""
    saved = bench.save_pages(server, token, questions_of(asked))
    contenders = []
    if nginx := bench.nginx(bench.path("pages"), tls=server.tls):
        for our_path, file in (saved[0], saved[-1]):
            check_same_bytes(server, our_path, nginx, file, token)
        contenders.append(bench.requesting(nginx, [file for _, file in saved], token))
    if with_granian:
        granian = bench.granian(bench.path("pages") / saved[0][1][1:])
        check_same_bytes(server, asked[0], granian, asked[0], token)
        contenders.append(bench.requesting(granian, asked[:1], token))
    return contenders


def usual_peers(
    bench: Bench,
    store: StoreFile,
    server: Server,
    token: str,
    conference: tuple[str, int],
    offset: int,
    *,
    limit: int = 20,
) -> list[Contender]:
    """FastAPI, Django REST framework and Datasette, on the same records in a table of their own."""
    database = bench.data.as_usual(store, [conference])
    conference_uuid = conference[0]
    asked = page_path(conference_uuid, offset=offset, limit=limit)
    told = {"confUUID": conference_uuid, "offset": str(offset), "limit": str(limit)}
    if offset:
        told["sql"] = (
            "select * from record where confUUID = :confUUID order by id"
            " limit :limit offset :offset"
        )
        table = f"/usual.json?{urlencode({'_shape': 'objects', **told})}"
    else:
        table = f"/usual/record.json?_shape=objects&_size={limit}&confUUID__exact={conference_uuid}"
    peers: list[tuple[Server, str, Any]] = [
        (bench.usual(database), asked, lambda answer: answer["data"]),
        (bench.rest(database), asked, lambda answer: answer["results"]),
        (bench.datasette(database), table, lambda answer: answer["rows"]),
    ]
    for peer, path, rows in peers:
        check_same_records(server, asked, token, peer, path, rows)
    connections, seconds_min = (SLOW_CONNECTIONS, _SLOW_SECONDS) if offset else (32, 1)
    return [
        bench.requesting(
            peer, [path], USUAL_TOKEN, connections=connections, seconds_min=seconds_min
        )
        for peer, path, _ in peers
    ]
