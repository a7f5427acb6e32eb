"""A plain client: logs in, and looks at answers before anything is measured."""

import base64
import hashlib
import hmac
import http.client
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from benchmarks.machine import Server, Unusable

RECORDS: Final = "/v1/mmc/management/conferences/history/confCtlRecord"
APPAUTH: Final = "/v2/usg/acs/auth/appauth"
VALIDATE: Final = "/v1/usg/acs/token/validate"
_OK: Final = 200


class App(msgspec.Struct):
    """An app, as `confledger app create --json` prints it."""

    appId: str  # noqa: N815 - the spelling of that output
    appKey: str  # noqa: N815 - likewise


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever it is
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class Client:
    """One connection to a server, kept open."""

    def __init__(self, server: Server, headers: Mapping[str, str] | None = None) -> None:
        if server.tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", server.port, context=context, timeout=120
            )
        else:
            self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self._name = server.name
        self._headers = dict(headers or {})

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for something, and take any answer but a failure.

        Raises:
            Unusable: the status is not 200.
        """
        self._connection.request(method, path, body, {**self._headers, **(headers or {})})
        answer = self._connection.getresponse()
        read = Answer(answer.status, answer.read())
        if read.status != _OK:
            raise Unusable(f"{self._name} answers {read.status} to {path}: {read.body[:300]!r}")
        return read

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def page_path(conference_uuid: str, *, offset: int = 0, limit: int = 20) -> str:
    """The path of a page of records, as a client asks for it."""
    return f"{RECORDS}?confUUID={conference_uuid}&offset={offset}&limit={limit}"


def login_request(app: App) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a login that never expires."""
    nonce = secrets.token_hex(16)
    signed = f"{app.appId}::0:{nonce}"
    signature = hmac.new(app.appKey.encode(), signed.encode(), hashlib.sha256).hexdigest()
    access = base64.b64encode(app.appId.encode()).decode()
    body = {"appId": app.appId, "clientType": 72, "expireTime": 0, "nonce": nonce, "userId": ""}
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"HMAC-SHA256 signature={signature},access={access}",
    }
    return msgspec.json.encode(body), headers


def log_in(server: Server, app: App) -> str:
    """Log in with an app; the access token."""
    client = Client(server)
    body, headers = login_request(app)
    token: str = client.ask(APPAUTH, method="POST", body=body, headers=headers).json()[
        "accessToken"
    ]
    client.close()
    return token


def reading_headers(token: str) -> dict[str, str]:
    """What a real client sends with its requests."""
    return {
        "X-Access-Token": token,
        "Accept-Language": "en-US",
        "Accept": "application/json",
        "User-Agent": "benchmark/1",
    }
