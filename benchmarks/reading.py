"""Reading: pages of control records, beside what else could send them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from benchmarks.bench import (
    DATASETTE,
    FIRST_LAP,
    GRANIAN,
    NGINX,
    OURS,
    REST,
    USUAL,
    Bench,
    Found,
)
from benchmarks.client import APPAUTH, VALIDATE, log_in, login_request, page_path
from benchmarks.confledger_command import StoreFile
from benchmarks.data import DEEP_CONFERENCE, DEEP_RECORDS, USUAL_TOKEN, copy_database
from benchmarks.machine import Server
from benchmarks.pages import (
    MEETINGS,
    RECORDS,
    SLOW_CONNECTIONS,
    large_conference,
    questions_of,
    serve_ours,
    static_peers,
    usual_peers,
)
from benchmarks.postgresql import postgresql
from benchmarks.posting import Posts, post
from benchmarks.rounds import Contender, Load, ratio

_DEEP_OFFSET: Final = DEEP_RECORDS // 2
_MANY_MEETINGS: Final = 10_000
_MANY_RECORDS: Final = 1_000_000
_LAP_LIMITS: Final = range(15, 21)
_FIRST_PAGE: Final = f"{OURS}, offset 0"
_FIRST_PAGE_WITHOUT_CACHE: Final = f"{OURS}, offset 0, cache off"
_WITHOUT_CACHE: Final = f"{OURS}, cache off"
_PUSHED_HERE: Final = f"{OURS}, pushed here"


def page_of_20(bench: Bench) -> Found:
    """One page of 20 records, asked for again and again."""
    store, server, token = serve_ours(bench)
    conference_uuid, count = large_conference(store)
    asked = page_path(conference_uuid)
    contenders = [
        bench.requesting(server, [asked], token),
        *static_peers(bench, server, token, [asked]),
    ]
    usual = usual_peers(bench, store, server, token, (conference_uuid, count), 0)
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
    store, server, token = serve_ours(bench)
    conference_uuid, count = large_conference(store)
    asked = page_path(conference_uuid, limit=500)
    contenders = [
        bench.requesting(server, [asked], token),
        *static_peers(bench, server, token, [asked]),
    ]
    usual = usual_peers(bench, store, server, token, (conference_uuid, count), 0, limit=500)
    measured = bench.measure([*contenders, *usual[:1]])
    return Found(
        measured,
        [
            ratio(measured, OURS, NGINX, what="a page of 500, warm", goal=0.95),
            ratio(measured, OURS, GRANIAN, what="a page of 500, warm"),
            ratio(measured, OURS, USUAL, what="a page of 500, warm"),
        ],
    )


def deep_offset(bench: Bench) -> Found:
    """The page at record 1,000,000 of a conference of 2 million, and the first one."""
    store, server, token = serve_ours(bench, bench.data.deep())
    deep, first = (page_path(DEEP_CONFERENCE, offset=each) for each in (_DEEP_OFFSET, 0))
    contenders = [
        bench.requesting(server, [deep], token),
        bench.requesting(server, [first], token, name=_FIRST_PAGE),
    ]
    if options := bench.confledger.without_cache():
        _, uncached, _ = serve_ours(bench, store, *options)
        contenders += [
            bench.requesting(uncached, [deep], token, name=_WITHOUT_CACHE),
            bench.requesting(uncached, [first], token, name=_FIRST_PAGE_WITHOUT_CACHE),
        ]
    conference = (DEEP_CONFERENCE, DEEP_RECORDS)
    usual = usual_peers(bench, store, server, token, conference, _DEEP_OFFSET)
    measured = bench.measure([*contenders, *usual])
    return Found(
        measured,
        [
            ratio(measured, OURS, _FIRST_PAGE, what="offset 1,000,000 of 2 million", goal=0.95),
            ratio(
                measured,
                _WITHOUT_CACHE,
                _FIRST_PAGE_WITHOUT_CACHE,
                what="offset 1,000,000 of 2 million",
                goal=0.95,
            ),
            ratio(measured, _WITHOUT_CACHE, USUAL, what="offset 1,000,000 of 2 million"),
            ratio(measured, OURS, USUAL, what="offset 1,000,000 of 2 million", goal=1_000),
            ratio(measured, OURS, REST, what="offset 1,000,000 of 2 million"),
            ratio(measured, OURS, DATASETTE, what="offset 1,000,000 of 2 million"),
        ],
        notes=[f"{USUAL}, {REST} and {DATASETTE} had {SLOW_CONNECTIONS} connections, not 32"],
    )


def every_conference(bench: Bench) -> Found:
    """Each request for another of 10,000 conferences."""
    store, server, token = serve_ours(bench, bench.data.meetings(_MANY_MEETINGS, _MANY_RECORDS))
    # For the first laps: a service that starts tells all others on its store to look anew.
    copy = bench.data.copy(store, bench.path("copy"))
    conferences = [conference_uuid for conference_uuid, _ in store.conferences()]
    asked = [page_path(each) for each in conferences]
    contenders = [
        bench.requesting(server, asked, token),
        *static_peers(bench, server, token, asked, with_granian=False),
        bench.first_lap(
            [page_path(each, limit=limit) for limit in _LAP_LIMITS for each in conferences],
            token,
            lambda: bench.confledger.serving(copy.url, copy.key_file, bench.folder),
        ),
    ]
    notes = []
    if options := bench.confledger.without_cache():
        _, uncached, _ = serve_ours(bench, store, *options)
        contenders.append(bench.requesting(uncached, asked, token, name=_WITHOUT_CACHE))
    else:
        notes.append("not offered yet: serving with the cache of pages off")
    measured = bench.measure(contenders)
    return Found(
        measured,
        [
            ratio(measured, OURS, NGINX, what="each request another conference", goal=0.60),
            ratio(measured, FIRST_LAP, NGINX, what="each request another conference"),
            ratio(
                measured, _WITHOUT_CACHE, NGINX, what="each request another conference", goal=0.28
            ),
        ],
        notes=notes,
    )


def while_pushed(bench: Bench) -> Found:
    """A page of 20, while 100 times a second 10 records are pushed."""
    original = bench.data.meetings(MEETINGS, RECORDS)
    conference_uuid, count = large_conference(original)
    asked = page_path(conference_uuid)
    database = bench.path("usual.sqlite3")
    copy_database(bench.data.as_usual(original, [(conference_uuid, count)]), database)
    _, server, token = serve_ours(bench, bench.data.copy(original, bench.path("copy")))
    usual = bench.usual(database)
    alone = bench.requesting(server, [asked], token)
    usual_alone = bench.requesting(usual, [asked], USUAL_TOKEN)
    elsewhere = Posts(10, has_event_ids=True)
    here = Posts(10, has_event_ids=True, conference_uuid=conference_uuid)
    measured = bench.measure(
        [
            alone,
            _while_pushing(alone, f"{OURS}, pushes elsewhere", server, token, elsewhere),
            _while_pushing(alone, _PUSHED_HERE, server, token, here),
            usual_alone,
            _while_pushing(usual_alone, f"{USUAL}, pushed", usual, USUAL_TOKEN, here),
        ]
    )
    what = "a page of 20, while pushed to"
    return Found(
        measured,
        [
            ratio(measured, f"{OURS}, pushes elsewhere", OURS, what=what),
            ratio(measured, _PUSHED_HERE, OURS, what=what),
            ratio(measured, _PUSHED_HERE, f"{USUAL}, pushed", what=what),
        ],
        notes=["the CPU of a request has that of the pushes in it"],
    )


def over_tls(bench: Bench) -> Found:
    """A page of 20 over TLS."""
    certificate, key = bench.data.certificate()
    store, server, token = serve_ours(
        bench, None, "--tls-cert", str(certificate), "--tls-key", str(key), tls=True
    )
    asked = [page_path(large_conference(store)[0])]
    measured = bench.measure(
        [
            bench.requesting(server, asked, token),
            *static_peers(bench, server, token, asked, with_granian=False),
        ]
    )
    return Found(
        measured, [ratio(measured, OURS, NGINX, what="a page of 20 over TLS, warm", goal=0.60)]
    )


def workers(bench: Bench) -> Found:
    """A page of 20, with 1 and with 2 workers."""
    store, server, token = serve_ours(bench)
    _, two, _ = serve_ours(bench, store, workers=2)
    asked = page_path(large_conference(store)[0])
    ((_, file),) = bench.save_pages(server, token, questions_of([asked]))
    contenders = [
        bench.requesting(server, [asked], token),
        bench.requesting(two, [asked], token, name=f"{OURS}, 2 workers"),
    ]
    for number, name in ((1, NGINX), (2, f"{NGINX}, 2 workers")):
        if nginx := bench.nginx(bench.path("pages"), workers=number):
            contenders.append(bench.requesting(nginx, [file], token, name=name))
    measured = bench.measure(contenders)
    what = "a page of 20, 2 workers"
    return Found(
        measured,
        [
            ratio(measured, f"{OURS}, 2 workers", OURS, what=what),
            ratio(measured, f"{OURS}, 2 workers", f"{NGINX}, 2 workers", what=what),
        ],
        notes=["2 workers have 2 cores; without a third, the load generator takes of the second"],
    )


def logins(bench: Bench) -> Found:
    """Logging in with an app id, and looking whether a token is good."""
    store, server, token = serve_ours(bench, bench.data.copy(_small(bench), bench.path("copy")))
    body, headers = login_request(store.app)
    checked = msgspec.json.encode({"token": token, "needGenNewToken": False})
    # It comes last, for logins push out the oldest tokens.
    measured = bench.measure(
        [
            bench.requesting(
                server,
                [VALIDATE],
                token,
                name="validate a token",
                body=checked,
                headers={"Content-Type": "application/json"},
            )
        ]
    )
    measured += bench.measure(
        [bench.requesting(server, [APPAUTH], "", name="log in", body=body, headers=headers)]
    )
    return Found(measured)


def on_postgresql(bench: Bench) -> Found:
    """A page of 20 from a store in PostgreSQL, which runs on the server's core too."""
    database = bench.stack.enter_context(postgresql())
    if isinstance(database, str):
        return Found(notes=[f"left out: no server of PostgreSQL ({database})"])
    original = _small(bench)
    bench.confledger.run("store", "copy", "--from", original.url, "--to", database.url)
    server = bench.stack.enter_context(
        bench.confledger.serving(database.url, original.key_file, bench.folder)
    )
    token = log_in(server, original.app)
    asked = [page_path(original.conferences(records_min=20)[0][0])]
    measured = bench.measure(
        [
            bench.requesting(server, asked, token, also=[database.process]),
            *static_peers(bench, server, token, asked, with_granian=False),
        ]
    )
    return Found(
        measured,
        [ratio(measured, OURS, NGINX, what="a page of 20 from PostgreSQL, warm", goal=0.20)],
        notes=["its CPU is that of confledger and PostgreSQL together"],
    )


def _small(bench: Bench) -> StoreFile:
    return bench.data.meetings(100, 10_000)


def _while_pushing(
    alone: Contender, name: str, server: Server, token: str, posts: Posts
) -> Contender:
    """The same contender, while somebody pushes a hundred times a second, or as often as it can."""

    def load(seconds: int) -> Load:
        with ThreadPoolExecutor(1) as executor:
            pushing = executor.submit(
                post, server, token, posts, seconds=seconds, pause_seconds=0.01
            )
            read = alone.load(seconds)
            pushing.result()
        return read

    return Contender(name, load, alone.processes)
