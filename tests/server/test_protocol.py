"""The service's end of a connection, byte by byte: a real server, and sockets.

What the protocol does is seen from outside, so these tests hold for any server
that may take uvicorn's place. Only the last ones know uvicorn.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
import uvicorn
from httptools.parser.protocol import HTTPProtocol
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from confledger.server.protocol import HEAD_BYTES_MAX, LedgerProtocol
from confledger.wire.bodies import BODY_BYTES_MAX
from server.talk import QUESTION, SECONDS_MAX, Connect, get, serving

ROUNDS: Final = 10
"""How often a test tries that depends on where the network cuts a write up."""

LOGIN: Final = b"/v2/usg/acs/auth/appauth"

TOKEN_REJECTED: Final = "USG.000000004"
"""What the question is answered with: these tests have no token, and need none."""
LOGIN_INVALID: Final = "USG.206060011"
"""What a login is answered with whose body is JSON and says nothing."""
NOT_FOUND: Final = "APIGW.0101"
GATEWAY: Final = "APIGW.0201"


def post(body: bytes, *headers: bytes) -> bytes:
    """A login."""
    length = b"Content-Length: %d" % len(body)
    first = [b"POST " + LOGIN + b" HTTP/1.1", b"Host: ledger"]
    return b"\r\n".join([*first, length, *headers, b"", body])


POST_IN_CHUNKS: Final = (
    b"POST " + LOGIN + b" HTTP/1.1\r\nHost: ledger\r\nTransfer-Encoding: chunked\r\n\r\n"
)
"""The head of a login whose body comes in chunks."""


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks, without its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connect]:
    """A connection to a server, for tests that leave it as it is."""
    with serving(tmp_path_factory.mktemp("server")) as to_server:
        yield to_server


@pytest.fixture
def connect_impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """A connection to a server that waits a moment for a head or a body, and a second between
    two requests.
    """
    monkeypatch.setattr("confledger.server.protocol._HEAD_SECONDS_MAX", 0.3)
    monkeypatch.setattr("confledger.server.fast_lane._SWEEP_SECONDS", 0.1)
    monkeypatch.setattr("confledger.wire.bodies._BODY_SECONDS_MAX", 0.3)
    with serving(tmp_path, keep_alive_seconds=1) as to_server:
        yield to_server


# --- What is no request ------------------------------------------------------


@pytest.mark.parametrize(
    "noise",
    [
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\nHost: ledger\n\n",
        b"GET /\xe4\xbc\x9a HTTP/1.1\r\nHost: ledger\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : ledger\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: ledger\r\nX: a\0b\r\n\r\n",
        b"CONNECT ledger:443 HTTP/1.1\r\nHost: ledger\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\0",
    ],
)
def test_malformed_http_is_answered_in_json(connect: Connect, noise: bytes) -> None:
    """Bytes that are no request get a 400 in the shape of every error, and the connection ends."""
    with connect() as connection:
        answer = connection.say(noise).answer()

        assert (answer.status, answer.code) == (400, GATEWAY)
        assert answer.headers["connection"] == "close"
        assert "date" in answer.headers
        assert connection.is_over()


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Content-Length: -1",
        b"Content-Length: +2",
        b"Content-Length: 2, 2",
        b"Content-Length: 99999999999999999999999",
        b"Transfer-Encoding: chunked, identity",
    ],
)
def test_a_body_of_doubtful_length_is_refused(connect: Connect, framing: bytes) -> None:
    """A head that leaves it open where its request ends is malformed, whatever a proxy in front
    of us made of it.
    """
    head = b"POST " + LOGIN + b" HTTP/1.1\r\nHost: ledger\r\n" + framing + b"\r\n\r\n"
    with connect() as connection:
        answer = connection.say(head + b"{}").answer()

        assert (answer.status, answer.code) == (400, GATEWAY)
        assert connection.is_over()


def test_a_malformed_chunk_ends_the_connection(connect: Connect) -> None:
    """Where the body of a login breaks HTTP, there is a 400 and no further request is read."""
    with connect() as connection:
        answer = connection.say(POST_IN_CHUNKS, b"xyz\r\n", get()).answer()

        assert (answer.status, answer.code) == (400, GATEWAY)
        assert connection.is_over()


@pytest.mark.parametrize("good", [1, 3])
def test_what_is_malformed_is_told_after_the_answers_before_it(connect: Connect, good: int) -> None:
    """Good requests with a bad one behind them, in one write, get their own answers and not the
    bad one's, and the connection ends.
    """
    with connect() as connection:
        connection.say(get() * good + b"hello\r\n\r\n")
        statuses = [connection.answer().status]
        # Whether the others are answered before the end is the server's choice.
        with suppress(AssertionError, ConnectionResetError):
            while True:
                statuses.append(connection.answer().status)

    told = statuses[:-1] if statuses[-1] == 400 else statuses
    assert told == [401] * len(told)
    assert 1 <= len(told) <= good


# --- The limit of a head -----------------------------------------------------


def padded(size: int) -> bytes:
    """The question with a head of so many bytes."""
    head = get(QUESTION, b"X-Padding: ")
    return head[:-4] + b"p" * (size - len(head)) + head[-4:]


def test_the_largest_head_is_served(connect: Connect) -> None:
    """A head of exactly the limit is answered as any other, in one write and in many."""
    head = padded(HEAD_BYTES_MAX)
    with connect() as connection:
        assert connection.say(head).answer().code == TOKEN_REJECTED
        pieces = [head[start : start + 1000] for start in range(0, len(head), 1000)]
        assert connection.say(*pieces).answer().code == TOKEN_REJECTED
        assert connection.say(get()).answer().code == TOKEN_REJECTED


@pytest.mark.parametrize(
    ("size", "piece"),
    [
        (HEAD_BYTES_MAX * 3 // 2, HEAD_BYTES_MAX * 2),
        (HEAD_BYTES_MAX * 4, HEAD_BYTES_MAX * 4),
        (HEAD_BYTES_MAX * 2, 700),
        (HEAD_BYTES_MAX * 5 // 4, 1),
    ],
    ids=["in one write", "in one large write", "in pieces", "byte by byte"],
)
def test_a_head_beyond_the_limit_is_refused(connect: Connect, size: int, piece: int) -> None:
    """A head that is too large gets a 431, however it comes, and the connection ends."""
    head = padded(size)
    pieces = (head[start : start + piece] for start in range(0, size, piece))
    with connect() as connection:
        answer = connection.say_until_refused(pieces).answer()

        assert (answer.status, answer.code) == (431, GATEWAY)
        assert answer.headers["connection"] == "close"
        assert connection.is_over()


def test_a_head_without_an_end_is_refused_at_the_limit(connect: Connect) -> None:
    """A client that sends headers for ever is refused without waiting for their end."""
    endless = (b"X-%d: %s\r\n" % (number, b"v" * 100) for number in range(1_000_000))
    with connect() as connection:
        answer = connection.say(get()[:-2]).say_until_refused(endless).answer()

        assert (answer.status, answer.code) == (431, GATEWAY)
        assert connection.is_over()


@pytest.mark.parametrize(
    "first",
    [get(), post(b"{" + b" " * (BODY_BYTES_MAX - 2) + b"}")],
    ids=["small", "with a large body"],
)
def test_the_limit_counts_for_each_head_alone(connect: Connect, first: bytes) -> None:
    """What came before a head, a large body even, does not count as part of it, though both
    come in one write and the end of the head comes later.
    """
    second = get()
    for _ in range(ROUNDS):
        with connect() as connection:
            connection.say(first + second[:-2])
            assert connection.answer().code in {TOKEN_REJECTED, LOGIN_INVALID}
            connection.say(second[-2:])
            assert connection.answer().code == TOKEN_REJECTED


@pytest.mark.parametrize("is_one", [False, True], ids=["many", "one"])
@pytest.mark.parametrize("is_get", [False, True], ids=["POST", "GET"])
def test_trailers_have_a_limit_too(
    connect: Connect,
    is_get: bool,  # noqa: FBT001 - a parameter of the test
    is_one: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Fields behind a chunked body are no way around the limit: they are not collected without
    end, but end the connection.
    """
    head = get(QUESTION, b"Transfer-Encoding: chunked") if is_get else POST_IN_CHUNKS
    value = b"v" * 10_000
    has_taken_all = False

    def much() -> Iterator[bytes]:
        nonlocal has_taken_all
        yield head + b"0\r\nX: "
        for number in range(5000):
            yield value if is_one else b"%b\r\nX-%d: " % (value, number)
        has_taken_all = True

    statuses = []
    with connect() as connection, suppress(AssertionError, ConnectionResetError):
        connection.say_until_refused(much())
        # Whether the connection ends with a word or without one is the server's choice.
        statuses.append(connection.answer().status)

    assert not has_taken_all
    assert 408 not in statuses, "it was the time limit that ended it"


# --- Clients that take their time --------------------------------------------


@pytest.mark.parametrize(
    "beginning",
    [b"", b"\r\n", b"G", get()[:-2], get(QUESTION, b"X: y")[:-9]],
    ids=["nothing", "an empty line", "a letter", "all but the end", "half a header"],
)
def test_an_unfinished_head_is_waited_for_so_long_only(
    connect_impatient: Connect, beginning: bytes
) -> None:
    """A client that connects and says nothing, or not all, is dropped without an answer."""
    with connect_impatient() as connection:
        assert connection.say(beginning).is_over()


def test_a_slow_head_gains_no_time_by_every_byte(connect_impatient: Connect) -> None:
    """The time is that of the whole head: a byte now and then does not keep a connection open."""
    given_up = time.monotonic() + SECONDS_MAX

    def slowly() -> Iterator[bytes]:
        yield get()[:-2] + b"X: "
        while time.monotonic() < given_up:
            time.sleep(0.05)
            yield b"y"

    with connect_impatient() as connection:
        connection.say_until_refused(slowly())
        assert time.monotonic() < given_up, "the server goes on waiting"
        assert connection.is_over()


@pytest.mark.parametrize(
    "beginning",
    [b"", b"\r\n", b"G", get()[:-2]],
    ids=["nothing", "an empty line", "a letter", "all but the end"],
)
def test_a_next_head_is_waited_for_so_long_only(
    connect_impatient: Connect, beginning: bytes
) -> None:
    """Nor does a client that was answered once keep its connection for ever with less than a
    request.
    """
    with connect_impatient() as connection:
        assert connection.say(get()).answer().code == TOKEN_REJECTED
        assert connection.say(beginning).is_over()


def test_a_body_that_nobody_reads_does_not_keep_the_connection(
    connect_impatient: Connect,
) -> None:
    """A body that a GET announces and never finishes does not keep the connection open once the
    answer is there.
    """
    with connect_impatient() as connection:
        connection.say(get(QUESTION, b"Content-Length: 1000"))
        assert connection.answer().code == TOKEN_REJECTED
        assert connection.say(b"a").is_over()


@pytest.mark.parametrize(
    "length", [b"Content-Length: 100", b"Transfer-Encoding: chunked"], ids=["counted", "chunked"]
)
def test_an_unfinished_body_is_waited_for_so_long_only(
    connect_impatient: Connect, length: bytes
) -> None:
    """A login whose body does not arrive gets a 408, and the connection ends."""
    head = b"\r\n".join([b"POST " + LOGIN + b" HTTP/1.1", b"Host: ledger", length, b"", b""])
    with connect_impatient() as connection:
        answer = connection.say(head).answer()

        assert (answer.status, answer.code) == (408, GATEWAY)
        assert connection.is_over()


# --- Clients that are too many -----------------------------------------------


def test_a_connection_too_many_is_refused_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its number of connections the server refuses a client in JSON instead of running out
    of files, serves those it has, and takes a new one when one of them goes.
    """
    monkeypatch.setattr("confledger.server.protocol.CONNECTIONS_MAX", 2)
    with serving(tmp_path) as connect, connect() as first, connect() as second:
        for connection in (first, second):
            assert connection.say(get()).answer().code == TOKEN_REJECTED
        with connect() as third:
            answer = third.answer()
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert answer.code
            assert third.is_over()
        assert first.say(get(QUESTION, b"Connection: close")).answer().code == TOKEN_REJECTED
        assert first.is_over()
        with connect() as fourth:
            assert fourth.say(get()).answer().code == TOKEN_REJECTED


# --- What clients send and proxies pass on -----------------------------------


def test_a_connection_is_used_again(connect: Connect) -> None:
    """Requests follow each other on one connection, whatever the answer to the one before was."""
    with connect() as connection:
        codes = [
            connection.say(request).answer().code
            for request in (get(), get(b"/nothing"), post(b"{}"), post(b"no JSON"), get())
        ]

    assert codes == [TOKEN_REJECTED, NOT_FOUND, LOGIN_INVALID, LOGIN_INVALID, TOKEN_REJECTED]


def test_a_client_may_end_the_connection(connect: Connect) -> None:
    """`Connection: close` is answered, repeated in the answer, and done."""
    with connect() as connection:
        answer = connection.say(get(QUESTION, b"Connection: close")).answer()

        assert answer.code == TOKEN_REJECTED
        assert answer.headers["connection"] == "close"
        assert connection.is_over()


def test_a_client_may_stop_speaking_before_it_listens(connect: Connect) -> None:
    """A client that closes its half of the connection behind its request still gets the answer."""
    with connect() as connection:
        answer = connection.say(get()).end_of_speech().answer()

        assert answer.code == TOKEN_REJECTED
        assert connection.is_over()


def test_pipelined_requests_are_answered_in_order(connect: Connect) -> None:
    """Requests that come at once get their answers one after the other, each its own."""
    requests = [
        get(QUESTION, b"X-Request-Id: one"),
        post(b"{}", b"X-Request-Id: two"),
        get(b"/nothing", b"X-Request-Id: three"),
        get(QUESTION, b"X-Request-Id: four", b"Connection: close"),
    ]
    with connect() as connection:
        connection.say(b"".join(requests))
        answers = [connection.answer() for _ in requests]

        assert [answer.headers["x-request-id"] for answer in answers] == [
            "one",
            "two",
            "three",
            "four",
        ]
        assert [answer.status for answer in answers] == [401, 400, 404, 401]
        assert connection.is_over()


def test_many_pipelined_requests_are_no_large_head(connect: Connect) -> None:
    """However many requests come at once, the limit of a head is that of each."""
    request = get()
    many = HEAD_BYTES_MAX * 3 // 2 // len(request)
    for _ in range(ROUNDS):
        with connect() as connection:
            connection.say(request * many + request[:-2])
            assert [connection.answer().status for _ in range(many)] == [401] * many
            assert connection.say(request[-2:]).answer().status == 401


def test_a_request_may_come_byte_by_byte(connect: Connect) -> None:
    """How the network cuts a request up makes no difference, with or without a body."""
    with connect() as connection:
        for request, code in ((get(), TOKEN_REJECTED), (post(b"{}"), LOGIN_INVALID)):
            pieces = [request[index : index + 1] for index in range(len(request))]
            assert connection.say(*pieces).answer().code == code


def test_http_1_0_is_answered_and_closed(connect: Connect) -> None:
    """A client of the old version gets its answer, with a length, and then the end."""
    with connect() as connection:
        answer = connection.say(b"GET " + QUESTION + b" HTTP/1.0\r\n\r\n").answer()

        assert (answer.status, answer.code) == (401, TOKEN_REJECTED)
        assert answer.headers["connection"] == "close"
        assert connection.is_over()


def test_head_is_answered_without_a_body(connect: Connect) -> None:
    """HEAD has the headers of GET, the length too, and the next answer follows at once."""
    with connect() as connection:
        expected = connection.say(get()).answer()
        answer = connection.say(get().replace(b"GET", b"HEAD")).answer(to_head=True)

        assert answer.status == expected.status
        assert answer.headers.keys() == expected.headers.keys()
        assert answer.headers["content-length"] == expected.headers["content-length"]
        assert connection.say(get()).answer().code == TOKEN_REJECTED


def test_expect_100_continue_is_honoured(connect: Connect) -> None:
    """A client that asks before it sends its body is told to go on, and is answered then."""
    head = post(b"{}", b"Expect: 100-continue")[:-2]
    with connect() as connection:
        interim = connection.say(head).answer()
        answer = connection.say(b"{}").answer()

        assert (interim.status, interim.headers, interim.body) == (100, {}, b"")
        assert (answer.status, answer.code) == (400, LOGIN_INVALID)
        assert connection.say(get()).answer().code == TOKEN_REJECTED


def test_who_asks_to_send_too_much_is_refused_before_sending(connect: Connect) -> None:
    """A client that asks whether to send a body beyond the limit is refused instead."""
    body = b"x" * (BODY_BYTES_MAX + 1)
    head = post(body, b"Expect: 100-continue").removesuffix(body)
    with connect() as connection:
        answer = connection.say(head).answer()

        assert (answer.status, answer.code) == (413, GATEWAY)
        assert connection.is_over()


@pytest.mark.parametrize(
    "head_and_body",
    [
        get(QUESTION, b"Content-Length: 5") + b"hello",
        get(QUESTION, b"Transfer-Encoding: chunked") + chunked(b"hello", b"you") + b"0\r\n\r\n",
        get(QUESTION, b"Transfer-Encoding: chunked") + b"0\r\nX-Trailer: a\r\n\r\n",
        get(QUESTION, b"Content-Length: 0"),
    ],
    ids=["counted", "chunked", "chunked with a trailer", "empty"],
)
def test_a_body_on_get_is_passed_over(connect: Connect, head_and_body: bytes) -> None:
    """A GET with a body is answered by its head, and what follows the body is the next request."""
    with connect() as connection:
        connection.say(head_and_body + get(b"/nothing"))
        answers = [connection.answer().code, connection.answer().code]

    assert answers == [TOKEN_REJECTED, NOT_FOUND]


def test_a_trailer_is_no_header(connect: Connect) -> None:
    """A field behind a chunked body does not count as a header of the request, though it comes in
    the same write: a proxy that checks headers has not seen it as one.
    """
    trailer = b"0\r\nX-Request-Id: smuggled\r\n\r\n"
    with connect() as connection:
        answers = [
            connection.say(head + trailer).answer()
            for head in (get(QUESTION, b"Transfer-Encoding: chunked"), POST_IN_CHUNKS)
        ]

    assert [answer.code for answer in answers] == [TOKEN_REJECTED, LOGIN_INVALID]
    assert "smuggled" not in {answer.headers["x-request-id"] for answer in answers}


def test_a_large_body_on_get_is_passed_over(connect: Connect) -> None:
    """Nor is such a body taken for the next head, though it comes behind the answer and is larger
    than a head may be.
    """
    with connect() as connection:
        announced = get(QUESTION, b"Content-Length: %d" % BODY_BYTES_MAX)
        assert connection.say(announced).answer().code == TOKEN_REJECTED
        connection.say(*[b"x" * (BODY_BYTES_MAX // 64)] * 64)
        assert connection.say(get(b"/nothing")).answer().code == NOT_FOUND


def test_the_vendors_sample_request_is_answered(connect: Connect) -> None:
    """The documented request has its user agent twice, in two spellings; that is no mistake."""
    sample = b"\r\n".join(
        [
            b"GET " + QUESTION + b" HTTP/1.1",
            b"Connection: keep-alive",
            b"X-Access-Token: stbX5ElstO5QwOwPB9KGQWUZ1DHoFrTsQjjC",
            b"user-agent: WeLink-desktop",
            b"Host: api.meeting.huaweicloud.com",
            b"User-Agent: Apache-HttpClient/4.5.3 (Java/1.8.0_191)",
            b"",
            b"",
        ]
    )
    with connect() as connection:
        for _ in range(2):
            answer = connection.say(sample).answer()
            assert (answer.status, answer.code) == (401, TOKEN_REJECTED)


def test_a_target_may_be_a_whole_address(connect: Connect) -> None:
    """The absolute form of a target, as a proxy is spoken to, means the same call."""
    with connect() as connection:
        answer = connection.say(get(b"http://ledger" + QUESTION)).answer()

    assert (answer.status, answer.code) == (401, TOKEN_REJECTED)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_an_offer_of_another_protocol_is_passed_over(connect: Connect, protocol: bytes) -> None:
    """A client that would rather speak HTTP/2 or a websocket is served in HTTP/1.1. (The body of
    such a request is lost in uvicorn, which offers no way to keep it.)
    """
    offer = [
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: " + protocol,
        b"HTTP2-Settings: AAMA",
    ]
    with connect() as connection:
        assert connection.say(get(QUESTION, *offer)).answer().code == TOKEN_REJECTED
        assert connection.say(get()).answer().code == TOKEN_REJECTED


# --- The limit of a body -----------------------------------------------------


def test_the_largest_body_is_read(connect: Connect) -> None:
    """A body of exactly the limit is read to its end, in one piece and in chunks."""
    body = b"{" + b" " * (BODY_BYTES_MAX - 2) + b"}"
    in_chunks = chunked(*(body[start : start + 5000] for start in range(0, len(body), 5000)))
    with connect() as connection:
        for request in (post(body), POST_IN_CHUNKS + in_chunks + b"0\r\n\r\n", get()):
            answer = connection.say(request).answer()
            assert answer.code in {LOGIN_INVALID, TOKEN_REJECTED}
            assert "appId" in answer.body.decode() or answer.code == TOKEN_REJECTED


@pytest.mark.parametrize("padding", [0, 20_000], ids=["small head", "large head"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["counted", "chunked"])
@pytest.mark.parametrize("size", [BODY_BYTES_MAX + 1, BODY_BYTES_MAX * 10], ids=["+1", "x10"])
def test_a_body_beyond_the_limit_is_refused(
    connect: Connect,
    padding: int,
    is_chunked: bool,  # noqa: FBT001 - a parameter of the test
    size: int,
) -> None:
    """A body that is too large gets a 413 behind a head of any size, whether its length is
    announced or not, and the connection ends.
    """
    body = b" " * size
    length = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % size
    head = [b"POST " + LOGIN + b" HTTP/1.1", b"Host: ledger", length, b"X: " + b"p" * padding]
    content = chunked(body) + b"0\r\n\r\n" if is_chunked else body
    with connect() as connection:
        answer = connection.say_until_refused([b"\r\n".join([*head, b"", b""]), content]).answer()

        assert (answer.status, answer.code) == (413, GATEWAY)
        assert answer.headers["connection"] == "close"
        assert connection.is_over()


# --- What we rely on in uvicorn ----------------------------------------------


def _parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_uvicorn_still_has_the_methods_that_we_extend() -> None:
    """Each public method of our protocol takes the place of one of uvicorn's, or is one that
    the parser calls, with the same parameters; one that was renamed would never be called.
    """
    ours = {
        name: member
        for name, member in vars(LedgerProtocol).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }

    assert {"data_received", "on_message_begin", "on_headers_complete"} <= ours.keys()
    for name, method in ours.items():
        original = getattr(HttpToolsProtocol, name, None) or getattr(HTTPProtocol, name, None)
        assert inspect.isfunction(original), name
        assert _parameters(method) == _parameters(original), name


def test_uvicorn_still_has_the_attributes_that_we_use() -> None:
    """A protocol of uvicorn's has its loop, its transport and the server's default headers where
    ours looks for them, and status lines are kept by status.
    """

    async def attributes() -> tuple[object, object, object]:
        protocol = HttpToolsProtocol(
            config=uvicorn.Config(lambda: None, http=HttpToolsProtocol, log_config=None),
            server_state=ServerState(),
            app_state={},
        )
        return protocol.loop, protocol.transport, protocol.server_state.default_headers

    loop, transport, default_headers = asyncio.run(attributes())

    assert isinstance(loop, asyncio.AbstractEventLoop)
    assert transport is None
    assert default_headers == []
    assert STATUS_LINE[431] == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
