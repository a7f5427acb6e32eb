"""A real server with our protocol, in a thread, and a client that says what it is told to."""

import functools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import uvicorn

from confledger.app import Service
from confledger.server.protocol import LedgerProtocol
from confledger.settings import Settings

SECONDS_MAX: Final = 10.0
"""How long the server may take for anything before a test gives up on it."""

QUESTION: Final = (
    b"/v1/mmc/management/conferences/history/confCtlRecord"
    b"?confUUID=9a0fa6d10a5b11eaae5e191763c22c0e"
)


def get(target: bytes = QUESTION, *headers: bytes) -> bytes:
    """A request without a body."""
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: ledger", *headers, b"", b""])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered to one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The `error_code` of its body, which must have the shape of every error."""
        assert self.headers["content-type"] == "application/json;charset=UTF-8"
        assert re.fullmatch("[0-9a-f]{32}", self.headers["x-request-id"])
        error = json.loads(self.body)
        assert isinstance(error["error_msg"], str)
        assert error["error_msg"]
        assert isinstance(error["error_code"], str)
        return error["error_code"]


class Connection:
    """A client that says exactly what it is told to."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def say(self, *pieces: bytes) -> Self:
        """Send some bytes, each piece in a write of its own."""
        for index, piece in enumerate(pieces):
            if index:
                time.sleep(0.001)  # so that the server reads the pieces one by one, most times
            self._socket.sendall(piece)
        return self

    def say_until_refused(self, pieces: Iterable[bytes]) -> Self:
        """Send pieces while the server takes them."""
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                self._socket.sendall(piece)
        return self

    def end_of_speech(self) -> Self:
        """Tell the server that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self, *, to_head: bool = False) -> Answer:
        """The next answer."""
        version, status, _ = self._line().split(" ", 2)
        assert version == "HTTP/1.1"
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        length = 0 if to_head else int(headers.get("content-length", "0"))
        return Answer(int(status), headers, self._answers.read(length))

    def _line(self) -> str:
        line = self._answers.readline()
        assert line.endswith(b"\r\n"), f"the server closed after {line!r}"
        return line[:-2].decode("latin-1")

    def is_over(self) -> bool:
        """Whether the server closes the connection and says nothing more."""
        try:
            return self._answers.read(1) == b""
        except ConnectionResetError:
            # It closed while bytes of ours were on their way.
            return True


Connect = Callable[[], Connection]


@contextmanager
def serving(
    data_folder: Path, *, keep_alive_seconds: int = 30, **settings: Any
) -> Iterator[Connect]:
    """A server with our protocol and our application, in a thread; what connects to it."""
    config = uvicorn.Config(
        functools.partial(Service, Settings(data_folder=data_folder, **settings)),
        factory=True,
        http=LedgerProtocol,
        ws="none",
        lifespan="on",
        timeout_keep_alive=keep_alive_seconds,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listener],), name="server")
        thread.start()
        try:
            yield lambda: Connection(port)
        finally:
            server.should_exit = True
            thread.join(SECONDS_MAX)
            assert not thread.is_alive(), "the server does not stop"
