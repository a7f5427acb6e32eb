"""Sends requests to a remote: TLS, login, retries, and the bounds of one answer."""

import asyncio
import base64
import ssl
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, TypeVar

import httpx2
import msgspec

from confledger.archive.pace import Limits, Pace, Sleep
from confledger.auth.signature import sign
from confledger.errors import (
    RemoteError,
    RemoteRefused,
    RemoteUnreachable,
    RemoteUntrustworthy,
    SettingError,
)
from confledger.wire.app_auth import PATH as LOGIN_PATH
from confledger.wire.problems import JSON_PROBLEMS, field_and_rule

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_ERRORS_FROM: Final = 400
_RETRIED: Final = (429, 500, 502, 503, 504)
_SIGNATURE_SECONDS: Final = 600
_PROGRAM: Final = 72
_PORT_MAX: Final = 65_535
_CHARACTERS_SHOWN_MAX: Final = 200

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a remote is, and who we are there.

    Raises:
        SettingError: the URL is none that we can use.
    """

    url: str
    """`https://HOST[:PORT]`, or `http://...` for whoever wants no TLS."""
    app_id: str
    app_key: str = field(repr=False)
    corp_id: str = ""
    """For an app that acts for several corps; with any other app the login would fail."""
    ca_file: Path | None = None
    """PEM; the certificates to trust in place of the system's."""

    def __post_init__(self) -> None:
        try:
            url = httpx2.URL(self.url)
        except httpx2.InvalidURL as error:
            raise SettingError(f"the remote's address (--from) is not valid: {error}") from error
        if url.scheme not in ("https", "http") or not url.host:
            raise SettingError(
                "the remote's address (--from) must begin with https:// and have a host"
            )
        if url.userinfo or url.query or url.fragment or url.path not in ("", "/"):
            raise SettingError(
                "the remote's address (--from) must have nothing but scheme, host and port"
            )
        if url.port is not None and not 0 < url.port <= _PORT_MAX:
            raise SettingError(
                f"the port of the remote's address (--from) must be from 1 to {_PORT_MAX}"
            )

    def tls(self) -> ssl.SSLContext | bool:
        """What the remote's certificate is checked by.

        Raises:
            SettingError: the file can't be used.
        """
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise SettingError(
                f"the certificates {self.ca_file} can't be read: {error.strerror or error}"
            ) from error


class _LoginJSON(msgspec.Struct):
    # Whatever could not stand in a header is no token.
    accessToken: Annotated[str, msgspec.Meta(max_length=4096, pattern=r"^[!-~]+\Z")]  # noqa: N815 - the wire's


class _RefusalJSON(msgspec.Struct):
    error_code: str = ""
    error_msg: str = ""


class _TryAgain(Exception):
    """An attempt failed in a way that another may not."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class Transport:
    """Calls of one remote, as one app. Whoever has it closes it.

    Redirects are not followed, so that the token stays with the remote.
    """

    def __init__(self, remote: Remote, limits: Limits, sleep: Sleep) -> None:
        self._remote = remote
        self._limits = limits
        self._sleep = sleep
        self._pace = Pace(limits, sleep)
        self._token = ""
        self._login = asyncio.Lock()
        self._client = httpx2.AsyncClient(
            base_url=remote.url,
            verify=remote.tls(),
            timeout=None,
            follow_redirects=False,
            # Without TLS a proxy would read the token.
            trust_env=httpx2.URL(remote.url).scheme == "https",
            headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(
        self,
        path: str,
        parameters: Mapping[str, str],
        language: str,
        answer_type: type[Answer],
    ) -> Answer:
        """Call, and read the answer; a token that has ended is replaced.

        Raises:
            RemoteError: see its branches.
        """
        token = self._token or await self._other_token_than("")
        try:
            body = await self._get(path, parameters, language, token)
        except RemoteRefused as refusal:
            if refusal.status != _UNAUTHORIZED:
                raise
            token = await self._other_token_than(token)
            body = await self._get(path, parameters, language, token)
        return _decoded(body, answer_type, path)

    async def _get(
        self, path: str, parameters: Mapping[str, str], language: str, token: str
    ) -> bytes:
        headers = {"X-Access-Token": token, "Accept-Language": language}
        return await self._send(
            self._client.build_request("GET", path, params=dict(parameters), headers=headers)
        )

    async def _other_token_than(self, ended: str) -> str:
        """A token other than one that has ended; of calls that wait here, one logs in."""
        async with self._login:
            if self._token == ended:
                self._token = await self._log_in()
            return self._token

    async def _log_in(self) -> str:
        remote = self._remote
        expire_time_s, nonce = int(time.time()) + _SIGNATURE_SECONDS, uuid.uuid4().hex
        corp = {"corpId": remote.corp_id} if remote.corp_id else {}
        signature = sign(
            remote.app_key, remote.app_id, *corp.values(), "", str(expire_time_s), nonce
        )
        access = base64.b64encode(remote.app_id.encode()).decode()
        request = self._client.build_request(
            "POST",
            LOGIN_PATH,
            headers={
                "Authorization": f"HMAC-SHA256 signature={signature},access={access}",
                "X-Token-Type": "LongTicket",
                "Content-Type": "application/json; charset=UTF-8",
            },
            content=msgspec.json.encode(
                {
                    "appId": remote.app_id,
                    "clientType": _PROGRAM,
                    "expireTime": expire_time_s,
                    "nonce": nonce,
                    **corp,
                }
            ),
        )
        return _decoded(await self._send(request), _LoginJSON, LOGIN_PATH).accessToken

    async def _send(self, request: httpx2.Request) -> bytes:
        """The body of an answer, after as many attempts as it takes."""
        reason = ""
        for failures in range(self._limits.attempts_max):
            if failures:
                await self._sleep(self._limits.backoff(failures))
            try:
                async with self._pace.turn():
                    return await self._attempt(request)
            except _TryAgain as failure:
                reason = str(failure)
                self._pace.hold_off(failure.wait_seconds)
        raise RemoteUnreachable(
            f"{self._remote.url} does not answer {request.url.path}:"
            f" {reason}, after {self._limits.attempts_max} attempts"
        )

    async def _attempt(self, request: httpx2.Request) -> bytes:
        path = request.url.path
        try:
            async with asyncio.timeout(self._limits.request_seconds_max):
                answer = await self._client.send(request, stream=True)
                try:
                    if answer.status_code in _RETRIED:
                        wait_seconds = self._limits.retry_after(answer.headers.get("retry-after"))
                        raise _TryAgain(f"status {answer.status_code}", wait_seconds)
                    body = await self._body(answer, path)
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            seconds = self._limits.request_seconds_max
            raise _TryAgain(f"no whole answer within {seconds:g} seconds") from error
        except httpx2.DecodingError as error:
            raise RemoteUntrustworthy(path, "the body", "is not packed as it says") from error
        except httpx2.TransportError as error:
            if _is_about_certificate(error):
                raise RemoteUnreachable(
                    f"the certificate of {self._remote.url} is not trusted: {error};"
                    " a CA file can name one to trust"
                ) from error
            raise _TryAgain(str(error) or type(error).__name__) from error
        if answer.status_code != _OK:
            raise _not_ok(answer.status_code, body, path)
        return body

    async def _body(self, answer: httpx2.Response, path: str) -> bytes:
        """The body, unpacked piece by piece, so that what grows too large is never held."""
        body = bytearray()
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > self._limits.body_bytes_max:
                rule = f"is larger than {self._limits.body_bytes_max} bytes"
                raise RemoteUntrustworthy(path, "the body", rule)
        return bytes(body)


def _decoded(body: bytes, answer_type: type[Answer], path: str) -> Answer:
    try:
        return msgspec.json.decode(body, type=answer_type)
    except JSON_PROBLEMS as problem:
        name, rule = field_and_rule(problem)
        raise RemoteUntrustworthy(path, name or "the body", rule) from problem


def _not_ok(status: int, body: bytes, path: str) -> RemoteError:
    if status < _ERRORS_FROM:
        return RemoteUntrustworthy(
            path, f"the status {status}", "is no answer to this call; redirects are not followed"
        )
    try:
        said = msgspec.json.decode(body, type=_RefusalJSON)
    except JSON_PROBLEMS:
        said = _RefusalJSON()
    return RemoteRefused(path, status, _printable(said.error_code), _printable(said.error_msg))


def _printable(text: str) -> str:
    """What others say, fit for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text[:_CHARACTERS_SHOWN_MAX])


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
