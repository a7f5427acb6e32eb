"""Serves the application: the socket, TLS, and one process or several."""

import functools
import re
import signal
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from confledger.app import Service
from confledger.errors import CannotListen, SettingError
from confledger.observability.logging import log_configuration
from confledger.server.protocol import LedgerProtocol
from confledger.settings import Settings
from confledger.wire.metrics import Exposure

_BACKLOG: Final = 2048
_SHUTDOWN_SECONDS_MAX: Final = 10
_KEEP_ALIVE_SECONDS: Final = 30

_METRICS_TOKEN: Final = re.compile(r"[!-~]{16,1024}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service can be reached."""

    url: str
    """`https://HOST:PORT`."""
    certificate: Path | None
    """What a client can trust it by; None without TLS."""
    is_self_signed: bool
    note: str = ""
    """What the owner should know of it, if anything."""


def serve(settings: Settings, announce: Callable[[Address], None]) -> None:
    """Serve until a signal says to stop.

    Args:
        settings: what to serve, where and how.
        announce: is told the address once the socket is open, before the first request.

    Raises:
        CannotListen: the address can't be had.
        SettingError: the certificate, or the token for the metrics, can't be used.
    """
    with _exposure(settings) as exposure:
        _serve(settings, exposure, announce)


def _serve(
    settings: Settings, exposure: Exposure | None, announce: Callable[[Address], None]
) -> None:
    listener = _listen(settings.host, settings.port)
    certificate, key = _certificate(settings)
    scheme = "https" if certificate else "http"
    address = Address(
        url=f"{scheme}://{_reachable(settings.host)}:{listener.getsockname()[1]}",
        certificate=certificate,
        is_self_signed=settings.tls and settings.tls_cert is None,
        note=_note(certificate, settings.host),
    )
    config = uvicorn.Config(
        functools.partial(Service, settings, exposure),
        factory=True,
        http=LedgerProtocol,
        ws="none",
        lifespan="on",
        loop="auto",
        workers=settings.workers,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS_MAX,
        access_log=False,
        server_header=False,
        # Behind a proxy the address of the client is the proxy's to tell; whether
        # to believe it is a decision that needs a setting of its own.
        proxy_headers=False,
        log_config=log_configuration(),
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    announce(address)
    if not _run(config, listener):
        sys.exit(1)  # the log says why


def _run(config: uvicorn.Config, listener: socket.socket) -> bool:
    """Serve until a signal says to stop, and tell whether it ever began to."""
    if config.workers == 1:
        server = uvicorn.Server(config)
        # uvicorn takes these over while it serves, and raises them again afterwards
        # for whoever was there before: for us they are the ordinary end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.handle_exit)
        try:
            server.run(sockets=[listener])
        except SystemExit as error:
            if error.code == STARTUP_FAILURE:
                return False
            raise
        return True
    supervisor = Multiprocess(config, sockets=[listener])
    supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


@contextmanager
def _exposure(settings: Settings) -> Iterator[Exposure | None]:
    """How the processes tell what they count, if they do; their folder goes at the end."""
    if settings.metrics_token_file is None:
        yield None
        return
    token = _metrics_token(settings.metrics_token_file)
    with tempfile.TemporaryDirectory(prefix="confledger-metrics-") as folder:
        yield Exposure(token, Path(folder), time.time())


def _metrics_token(path: Path) -> str:
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingError(
            f"the file {path} (--metrics-token-file) can't be read: {reason}"
        ) from error
    if not _METRICS_TOKEN.fullmatch(token):
        raise SettingError(
            f"the file {path} (--metrics-token-file) must hold a token of 16 to 1,024 ASCII"
            " characters without spaces"
        )
    return token


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
            listener.set_inheritable(True)  # for the worker processes
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListen(host, port, reason) from error
    return listener


def _reachable(host: str) -> str:
    """How a client on this machine names the host, in a URL."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what was asked for
    return f"[{host}]" if ":" in host else host


def _note(certificate: Path | None, host: str) -> str:
    if certificate is None:
        return ""
    from confledger.server.certificate import names_host  # noqa: PLC0415 - large, for TLS alone

    if names_host(certificate, host):
        return ""
    return f"the certificate {certificate} does not name {host}; clients that check it will refuse"


def _certificate(settings: Settings) -> tuple[Path | None, Path | None]:
    if not settings.tls:
        return None, None
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None or key is None:
        from confledger.server.certificate import self_signed_certificate  # noqa: PLC0415 - likewise

        certificate, key = self_signed_certificate(settings.data_folder, settings.host)
    try:
        # Tried here, so that a wrong file is a sentence and no worker's traceback.
        # A key with a password must not stop the start with a question.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: "")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.errno else str(error)
        for path in (certificate, key):
            if not path.is_file():
                raise SettingError(f"the TLS file {path} can't be read: {reason}") from error
        raise SettingError(
            f"the TLS certificate {certificate} with the key {key} can't be used: {reason}"
        ) from error
    return certificate, key
