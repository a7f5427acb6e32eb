"""Reading: pages of control records, beside what else could send them."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.bench import (
    DATASETTE,
    GRANIAN,
    NGINX,
    OURS,
    REST,
    USUAL,
    Bench,
    Found,
    check_same_bytes,
    check_same_records,
)
from benchmarks.client import log_in, page_path
from benchmarks.confledger_command import StoreFile
from benchmarks.data import DEEP_RECORDS, USUAL_TOKEN
from benchmarks.machine import Server
from benchmarks.rounds import Contender, ratio

MEETINGS: Final = 100
RECORDS: Final = 100_000
_DEEP_OFFSET: Final = DEEP_RECORDS // 2
_SLOW_CONNECTIONS: Final = 4
"""For those that take a second for an answer."""


def page_of_20(bench: Bench) -> Found:
    """One page of 20 records, asked for again and again."""
    store, server, token = _ours(bench)
    conference_uuid, count = _large(store)
    asked = page_path(conference_uuid)
    contenders = [bench.reading(server, [asked], token), *_static(bench, server, token, [asked])]
    usual = _usual(bench, store, server, token, (conference_uuid, count), 0)
    measured = bench.measure([*contenders, *usual])
    return Found(
        measured,
        [
            ratio(measured, OURS, NGINX, what="a page of 20, warm", goal=0.90),
            ratio(measured, OURS, GRANIAN, what="a page of 20, warm"),
            ratio(measured, OURS, USUAL, what="a page of 20, warm", goal=80),
            ratio(measured, OURS, REST, what="a page of 20, warm"),
            ratio(measured, OURS, DATASETTE, what="a page of 20, warm"),
        ],
    )


def page_of_500(bench: Bench) -> Found:
    """One page of 500 records, asked for again and again."""
    store, server, token = _ours(bench)
    conference_uuid, count = _large(store)
    asked = page_path(conference_uuid, limit=500)
    contenders = [bench.reading(server, [asked], token), *_static(bench, server, token, [asked])]
    usual = _usual(bench, store, server, token, (conference_uuid, count), 0, limit=500)
    measured = bench.measure([*contenders, *usual[:1]])
    return Found(
        measured,
        [
            ratio(measured, OURS, NGINX, what="a page of 500, warm", goal=0.95),
            ratio(measured, OURS, GRANIAN, what="a page of 500, warm"),
            ratio(measured, OURS, USUAL, what="a page of 500, warm"),
        ],
    )


def _ours(
    bench: Bench, store: StoreFile | None = None, *options: str, workers: int = 1
) -> tuple[StoreFile, Server, str]:
    """A store, what serves it, and a token."""
    store = store or bench.data.meetings(MEETINGS, RECORDS)
    server = bench.stack.enter_context(
        bench.confledger.serving(store.url, store.key_file, bench.folder, *options, workers=workers)
    )
    return store, server, log_in(server, store.app)


def _large(store: StoreFile) -> tuple[str, int]:
    """A conference with more than a page of 500."""
    return store.conferences(records_min=600)[0]


def _questions(asked: Iterable[str]) -> list[tuple[str, int, int]]:
    questions = []
    for path in asked:
        told = dict(each.split("=") for each in path.partition("?")[2].split("&"))
        questions.append((told["confUUID"], int(told["offset"]), int(told["limit"])))
    return questions


def _static(
    bench: Bench, server: Server, token: str, asked: list[str], *, with_granian: bool = True
) -> list[Contender]:
    """Nginx and granian, which send the bytes that ours sends."""
    saved = bench.save_pages(server, token, _questions(asked))
    nginx = bench.nginx(bench.path("pages"), tls=server.tls)
    for our_path, file in (saved[0], saved[-1]):
        check_same_bytes(server, our_path, nginx, file, token)
    contenders = [bench.reading(nginx, [file for _, file in saved], token)]
    if with_granian:
        granian = bench.granian(bench.path("pages") / saved[0][1][1:])
        check_same_bytes(server, asked[0], granian, asked[0], token)
        contenders.append(bench.reading(granian, asked[:1], token))
    return contenders


def _usual(
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
    connections = _SLOW_CONNECTIONS if offset else 32
    return [
        bench.reading(peer, [path], USUAL_TOKEN, connections=connections) for peer, path, _ in peers
    ]
