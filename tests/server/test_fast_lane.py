"""The short way and the ordinary one give the same answers, and both of them the truth.

A service that keeps no pages is what both are compared with. What changes the store is
done by other processes' means: over a `Database` of its own.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st

from confledger.app import Parts, open_parts
from confledger.auth.accounts import AdminType, Directory, User
from confledger.auth.tokens import API_CLIENT_TYPE
from confledger.ledger.conference import Conference, ConferenceNews, person_by_id
from confledger.ledger.record import ControlRecord
from confledger.server import fast_lane
from confledger.server.fast_lane import FastLaneProtocol
from confledger.settings import Settings
from postgresql import new_store
from server.talk import QUESTION, Answer, Connect, Connection, get, serving

PATH = QUESTION.partition(b"?")[0]
CORPS = ("default", "other")
CONFERENCES = [f"{number:x}" * 32 for number in range(4)]
ORDINARY_WAY = b"Content-Length: 0"
"""Says nothing, and is not plain."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A service that keeps pages, one that does not, and the means to change their store."""

    keeping: Connect
    forgetful: Connect
    tokens: dict[str, str]
    """By who has them."""
    users: dict[str, User]
    portal: BlockingPortal
    parts: Parts
    """Of another process, as it were: on a loop and with connections of its own."""
    engine: str

    def change(self, work: Callable[[Parts], Awaitable[Any]]) -> None:
        """Do something to the store, as another process would."""
        self.portal.call(work, self.parts)
        if self.engine == "postgresql" and is_of_accounts(work):
            time.sleep(1.0)  # so long may another machine take to notice

    def with_tokens(self, header: bytes) -> bytes:
        """A header in which the name of somebody stands for their token."""
        for name, token in self.tokens.items():
            header = header.replace(b"<%s>" % name.encode(), token.encode())
        return header


async def fill(parts: Parts) -> tuple[dict[str, str], dict[str, User]]:
    """Two corps, their people, and who has a token."""
    await parts.stores.tenants.add_corp("other", "other")
    apps, tokens, users = await parts.open_apps(), {}, {}
    reader, _ = await apps.create("reader", "default", frozenset({"read"}))
    writer, _ = await apps.create("writer", "default", frozenset({"write"}))
    other, _ = await apps.create("other", "other", frozenset({"read"}))
    people = [
        ("administrator", "default", AdminType.ADMINISTRATOR, reader),
        ("ann", "default", AdminType.ORDINARY, reader),
        ("bob", "default", AdminType.ORDINARY, reader),
        ("writer", "default", AdminType.ADMINISTRATOR, writer),
        ("foreigner", "other", AdminType.ADMINISTRATOR, other),
        ("leaver", "default", AdminType.ADMINISTRATOR, reader),
    ]
    for number, (name, corp_id, kind, app) in enumerate(people):
        user = User(f"{number:032x}", corp_id, name, kind, Directory(name=name))
        await parts.stores.tenants.add_user(user, "")
        users[name] = user
        tokens[name] = (await parts.tokens.issue(user, app, API_CLIENT_TYPE)).access_token
    return tokens, users


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """Two services on one store, of each engine."""
    folder = tmp_path_factory.mktemp("ledger")

    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        store = ""
        if request.param == "postgresql":
            store = stack.enter_context(portal.wrap_async_context_manager(new_store()))
        opening = open_parts(Settings(data_folder=folder, store=store))
        parts = stack.enter_context(portal.wrap_async_context_manager(opening))
        # So little that pages are also forgotten.
        keeping = stack.enter_context(serving(folder, store=store, page_cache_mib=1))
        forgetful = stack.enter_context(serving(folder, store=store, page_cache_mib=0))
        tokens, users = portal.call(fill, parts)
        tokens["nobody"] = "cfl" + "x" * 33
        yield Ledger(keeping, forgetful, tokens, users, portal, parts, request.param)


def asked(connection: Connection, query: bytes, headers: list[bytes]) -> Answer:
    """What a service answers to a query."""
    return connection.say(get(PATH + b"?" + query, *headers)).answer()


def same(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """What of an answer is no matter of when and to whom it was given."""
    headers = {name: answer.headers[name] for name in answer.headers if name != "date"}
    if not headers["x-request-id"].startswith("mine"):
        headers["x-request-id"] = "0" * len(headers["x-request-id"])
    return answer.status, headers, answer.body


# --- What is asked -----------------------------------------------------------

VALUES = st.sampled_from(
    [
        b"",
        b"0",
        b"1",
        b"3",
        b"20",
        b"500",
        b"501",
        b"-1",
        b"x",
        b"1e3",
        b"%31",
        b"+1",
        b"2147483648",
    ]
    + [uuid.encode() for uuid in CONFERENCES]
    + [CONFERENCES[1].upper().encode(), b"9" * 31, CONFERENCES[0].encode() + b"%", b"%FF"]
)
NAMES = st.sampled_from([b"confUUID", b"offset", b"limit", b"userUUID", b"x", b"", b"conf%55UID"])
ODD_QUERIES = st.lists(st.tuples(NAMES, VALUES), max_size=5).map(
    lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
)
ORDINARY_QUERIES = st.builds(
    lambda uuid, offset, limit: f"confUUID={uuid}&offset={offset}&limit={limit}".encode(),
    st.sampled_from(CONFERENCES),
    st.integers(0, 12),
    st.integers(1, 6),
)
LANGUAGES = st.sampled_from(
    [b"", b"en-US", b"zh-CN", b"en;q=0.5, zh;q=0.6", b"*", b"de", b"en-US;q=2", b"\xe4"]
)
REQUEST_IDS = st.sampled_from([b"", b"mine-1", b"mine " + b"x" * 65, b"no\xfc"])


@st.composite
def requests(draw: st.DrawFn, names: list[str]) -> tuple[bytes, list[bytes]]:
    """A query and headers."""
    headers = [
        b"%s: %s" % (name, value)
        for name, value in (
            (b"Accept-Language", draw(LANGUAGES)),
            (b"x-request-ID", draw(REQUEST_IDS)),
        )
        if value
    ]
    whose = st.lists(st.sampled_from(names), min_size=1, max_size=2)
    headers += [b"X-Access-Token: <%s>" % name.encode() for name in draw(st.just([]) | whose)]
    return draw(ORDINARY_QUERIES | ODD_QUERIES), headers


# --- What changes ------------------------------------------------------------

Change = Callable[..., Awaitable[Any]]
"""Is given parts and the ledger."""

_numbers = itertools.count()


def append(uuid: str, count: int) -> Change:
    """Somebody records something, some of it in words that are unknown."""

    async def work(parts: Parts, ledger: Ledger) -> None:  # noqa: ARG001 - as all changes
        records = [
            ControlRecord(
                operate_time_ms=number,
                operator="+8613800000001" if number % 2 else "Ann",
                operator_basis="stated",
                operation=None if number % 3 else "MUTE_ALL",
                operation_text=f"挥手 {number % 10}" if number % 3 else "",
                event_id=str(number),
            )
            for number in itertools.islice(_numbers, count)
        ]
        await parts.intake.take("default", {uuid: records})

    return work


def invite(uuid: str, *names: str) -> Change:
    """Somebody else may see a conference, and nobody who might before."""

    async def work(parts: Parts, ledger: Ledger) -> None:
        persons = {name: person_by_id(user.user_id) for name, user in ledger.users.items()}
        viewers = frozenset(persons[name] for name in names)
        conference = Conference(
            conference_uuid=uuid,
            conference_id="1",
            subject="s",
            start_time_ms=1,
            end_time_ms=2,
            scheduler_name="",
            has_recording=False,
            viewers=viewers,
            former_viewers=frozenset(persons.values()) - viewers,
            details="{}",
        )
        news = ConferenceNews(conference_uuid=uuid, conference=conference)
        await parts.stores.conferences.put("default", [news])

    return work


async def turn_masking(parts: Parts, ledger: Ledger) -> None:  # noqa: ARG001 - as all changes
    """The corp decides otherwise about its numbers."""
    corp = await parts.stores.accounts.corp("default")
    assert corp
    await parts.stores.tenants.change_corp("default", masks_numbers=not corp.masks_numbers)


async def turn_leaver(parts: Parts, ledger: Ledger) -> None:
    """Somebody is disabled, or enabled and logged in again."""
    users = {user.account: user for user in await parts.stores.tenants.users("default")}
    if not users["leaver"].is_disabled:
        await parts.stores.tenants.change_user("default", "leaver", is_disabled=True)
        return
    user = await parts.stores.tenants.change_user("default", "leaver", is_disabled=False)
    (app,) = [each for each in await parts.stores.tenants.apps("default") if "read" in each.scopes]
    session = await parts.tokens.issue(user, app, API_CLIENT_TYPE)
    ledger.tokens["leaver"] = session.access_token


async def end_token(parts: Parts, token: str) -> None:
    """Somebody logs out."""
    await parts.tokens.end(token)


async def learn(parts: Parts, ledger: Ledger) -> None:  # noqa: ARG001 - as all changes
    """An unknown word gets a translation."""
    text = f"挥手 {next(_numbers) % 10}"
    await parts.stores.phrases.learn("default", [{"zh-CN": text, "en-US": f"Wave {text}"}])


def is_of_accounts(change: Change) -> bool:
    """Whether a change is of somebody or of a corp, and not of a conference."""
    return getattr(change, "func", change) in (turn_masking, turn_leaver, end_token)


CHANGES = st.one_of(
    st.builds(append, st.sampled_from(CONFERENCES[:3]), st.integers(1, 4)),
    st.builds(append, st.sampled_from(CONFERENCES[:3]), st.integers(1, 4)),
    st.builds(invite, st.sampled_from(CONFERENCES[:2]), st.sampled_from(["ann", "bob"])),
    st.sampled_from([turn_masking, turn_leaver, learn]),
)
STEPS = st.lists(
    st.tuples(
        st.none() | CHANGES,
        st.lists(
            requests(["administrator", "ann", "bob", "writer", "foreigner", "leaver", "nobody"]),
            min_size=1,
            max_size=4,
        ),
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    "changes",
    [
        [append(CONFERENCES[0], 2)],
        [invite(CONFERENCES[0], "ann"), invite(CONFERENCES[0], "bob")],
        [turn_masking, turn_masking],
        [turn_leaver, turn_leaver],
        [append(CONFERENCES[0], 20), *[learn] * 10],
    ],
    ids=["records", "who may see", "masking", "a user", "a phrase"],
)
def test_every_kind_of_change_shows_at_once(ledger: Ledger, changes: list[Any]) -> None:
    """What everybody is told of everything is the truth after each change, and it has changed."""
    first: Change = append(CONFERENCES[0], 4)
    ledger.change(partial(first, ledger=ledger))
    query = f"confUUID={CONFERENCES[0]}&limit=500".encode()
    panel = [
        [language, b"X-Access-Token: <%s>" % name.encode()]
        for name in ledger.tokens
        for language in (b"Accept-Language: en-US", b"Accept-Language: zh-CN")
    ]

    def told(service: Connect) -> list[Any]:
        with service() as connection:
            questions = [[ledger.with_tokens(header) for header in headers] for headers in panel]
            return [same(asked(connection, query, headers)) for headers in questions]

    seen = [told(ledger.keeping)]
    for change in changes:
        ledger.change(partial(change, ledger=ledger))
        seen.append(told(ledger.keeping))
        assert seen[-1] == told(ledger.forgetful)
    assert any(after != before for before, after in pairwise(seen))


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_both_ways_tell_the_truth_whatever_is_asked_and_whatever_changes(
    ledger: Ledger, steps: list[tuple[Any, list[tuple[bytes, list[bytes]]]]]
) -> None:
    """After any change of any kind, each request gets the same bytes on either way, kept or not."""
    asked_so_far: list[tuple[bytes, list[bytes]]] = []
    with ledger.keeping() as keeping, ledger.forgetful() as forgetful:
        for change, questions in steps:
            asked_so_far += questions
            # On PostgreSQL each of these takes a second to be noticed.
            if change and not (ledger.engine == "postgresql" and is_of_accounts(change)):
                ledger.change(partial(change, ledger=ledger))
            for query, with_names in asked_so_far:
                headers = [ledger.with_tokens(header) for header in with_names]
                told = [
                    same(asked(connection, query, [*headers, *more]))
                    for connection in (keeping, forgetful, keeping)
                    for more in ([], [ORDINARY_WAY])
                ]
                assert told == [told[0]] * len(told)


def test_the_short_way_is_taken(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain requests take it, and are not parsed when their headers have come before, but for
    those with an id of their own; others do neither: it is two ways, or three, that are
    compared here.
    """
    taken = []
    send, parse = FastLaneProtocol.send, FastLaneProtocol.on_headers_complete

    def note_answer(self: FastLaneProtocol, *arguments: Any, **keywords: Any) -> None:
        taken.append("answered")
        send(self, *arguments, **keywords)

    def note_head(self: FastLaneProtocol) -> None:
        taken.append("parsed")
        parse(self)

    monkeypatch.setattr(FastLaneProtocol, "send", note_answer)
    monkeypatch.setattr(FastLaneProtocol, "on_headers_complete", note_head)
    new = b"User-Agent: " + secrets.token_hex(16).encode()
    with ledger.keeping() as connection:
        for headers in ([], [], [ORDINARY_WAY], [], [b"X-Request-Id: mine"]):
            asked(connection, b"confUUID=" + secrets.token_hex(16).encode(), [new, *headers])
        # Not plain: its headers are known, and it is parsed all the same.
        asked(connection, b"confUUID='", [new])
    assert taken == [
        *("parsed", "answered"),
        "answered",
        "parsed",
        "answered",
        *("parsed", "answered"),
        "parsed",
    ]


TARGET = PATH + b"?confUUID=" + CONFERENCES[0].encode()


@pytest.mark.parametrize(
    "first_line",
    [
        b"GET " + TARGET + b" HTTP/1.1",
        b"GET " + TARGET + b" HTTP/1.0",
        b"GET " + TARGET + b"  HTTP/1.1",
        b"GET " + TARGET + b" HTTP/1.1 ",
        b"GET  " + TARGET + b" HTTP/1.1",
        b"GET " + TARGET + b"#x HTTP/1.1",
        b"GET " + TARGET + b"&x=' HTTP/1.1",
        b"GET " + TARGET + b"&x=y z HTTP/1.1",
        b"GET " + TARGET + b"\nX-Other: HTTP/1.1",
        b"GET " + TARGET + b"\r HTTP/1.1",
        b"GET " + TARGET,
        b"GET " + PATH + b" HTTP/1.1",
        b"GET " + PATH + b"/?confUUID=" + CONFERENCES[0].encode() + b" HTTP/1.1",
        b"GET http://ledger" + TARGET + b" HTTP/1.1",
        b"GET " + TARGET + b"&x=" + b"y" * 3_000 + b" HTTP/1.1",
        b"GET " + TARGET + b"&x=" + b"y" * 40_000 + b" HTTP/1.1",
        b"get " + TARGET + b" HTTP/1.1",
        b"POST " + TARGET + b" HTTP/1.1",
        b"OPTIONS " + TARGET + b" HTTP/1.1",
        b"\r\nGET " + TARGET + b" HTTP/1.1",
        b"",
    ],
    ids=lambda line: line[:4].decode() + line[-30:].decode(),
)
def test_known_headers_do_not_change_what_a_first_line_means(
    ledger: Ledger, first_line: bytes
) -> None:
    """Behind every first line, odd ones too, they give what unknown headers give; in one piece, in
    two, and with a request behind.
    """
    token = b"X-Access-Token: " + ledger.tokens["administrator"].encode()
    ledger.change(partial(append(CONFERENCES[0], 1), ledger=ledger))

    def answers(headers: list[bytes], pieces: Callable[[bytes], list[bytes]]) -> list[Any]:
        told = []
        with ledger.keeping() as connection, suppress(AssertionError, ConnectionError):
            data = b"\r\n".join([first_line, b"Host: a", token, *headers, b"", b""])
            connection.say(*pieces(data))
            told.append(same(connection.answer()))
            told.append(same(connection.answer()))
        return told

    def new() -> list[bytes]:
        return [b"User-Agent: " + secrets.token_hex(16).encode()]

    known = new()
    with ledger.keeping() as connection:
        for _ in range(2):
            request = [b"GET " + TARGET + b" HTTP/1.1", b"Host: a", token, *known, b"", b""]
            connection.say(b"\r\n".join(request)).answer()
    end = get(b"/nowhere", b"Connection: close")
    for pieces in (
        lambda data: [data, end],
        lambda data: [data + end],
        lambda data: [data[:-30], data[-30:] + end],
    ):
        told = answers(known, pieces)
        assert told == answers(new(), pieces)
        assert len(told) in {1, 2}


def test_a_program_that_says_something_new_each_time_is_forgotten(ledger: Ledger) -> None:
    """So many are remembered, and no head that is very long."""
    token = b"X-Access-Token: " + ledger.tokens["administrator"].encode()
    with ledger.keeping() as connection:
        for number in range(1_010):
            asked(connection, b"confUUID=1", [token, b"User-Agent: %d" % number])
        asked(connection, b"confUUID=1", [token, b"User-Agent: " + b"x" * 2_048])
    callers = fast_lane._callers  # noqa: SLF001 - nothing else shows what is remembered
    assert len(callers) == 1_000
    assert max(map(len, callers)) < 2_048


def test_an_append_is_in_the_very_next_answer(ledger: Ledger) -> None:
    """Once it is acknowledged, every process tells of it: no page that it kept is told again."""
    uuid = "e" * 32
    headers = [b"X-Access-Token: " + ledger.tokens["administrator"].encode()]
    query = f"confUUID={uuid}&offset=0&limit=500".encode()

    async def write(parts: Parts) -> None:
        for number in range(50):
            await append(uuid, 1)(parts, ledger)
            answer = await asyncio.to_thread(asked, connection, query, headers)
            assert answer.body.endswith(b'"count":%d}' % (number + 1))

    with ledger.keeping() as connection:
        ledger.change(write)


@pytest.mark.parametrize("way", [[], [ORDINARY_WAY]], ids=["short", "ordinary"])
def test_a_token_that_ends_is_refused_at_once(ledger: Ledger, way: list[bytes]) -> None:
    """Whoever is logged out by another process is out, though their page is kept."""
    uuid = CONFERENCES[3]
    ended: dict[str, str] = {}

    async def log_in(parts: Parts) -> None:
        await append(uuid, 3)(parts, ledger)
        apps = await parts.open_apps()
        app, _ = await apps.create("reader", "default", frozenset({"read"}))
        user = await apps.default_administrator("default")
        ended["token"] = (await parts.tokens.issue(user, app, API_CLIENT_TYPE)).access_token

    ledger.change(log_in)
    headers = [b"X-Access-Token: " + ended["token"].encode(), *way]
    with ledger.keeping() as connection:
        statuses = [asked(connection, b"confUUID=" + uuid.encode(), headers).status]
        ledger.change(partial(end_token, token=ended["token"]))
        statuses.append(asked(connection, b"confUUID=" + uuid.encode(), headers).status)
    assert statuses == [200, 401]


def test_pipelined_requests_on_both_ways_are_answered_in_order(ledger: Ledger) -> None:
    """An answer that is ready never overtakes one that is not."""
    headers = [b"X-Access-Token: " + ledger.tokens["administrator"].encode()]
    plain = get(PATH + b"?confUUID=" + b"f" * 32, *headers, b"X-Request-Id: plain")
    other = get(b"/nowhere", b"X-Request-Id: other")
    with ledger.keeping() as connection:
        connection.say(b"".join([plain, other, plain, plain, other, plain]))
        ids = [connection.answer().headers["x-request-id"] for _ in range(6)]
    assert ids == ["plain", "other", "plain", "plain", "other", "plain"]


def test_known_headers_wait_for_the_answer_before_them(ledger: Ledger) -> None:
    """Also where each comes by itself, while the one before is not answered yet."""
    ledger.change(partial(append(CONFERENCES[0], 3), ledger=ledger))
    ledger.change(partial(append(CONFERENCES[1], 5), ledger=ledger))
    headers = [b"X-Access-Token: " + ledger.tokens["administrator"].encode()]
    queries = [b"confUUID=" + CONFERENCES[number].encode() for number in (0, 1)]
    with ledger.forgetful() as connection:
        told = [asked(connection, query, headers).body for query in queries]
        for query in queries * 20:
            connection.say(get(PATH + b"?" + query, *headers))
        assert [connection.answer().body for _ in range(40)] == told * 20
