"""Calls about a token itself.

`PUT /v1/usg/acs/token` refreshes one, `DELETE` ends it, and
`POST /v1/usg/acs/token/validate` tells what it stands for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.tokens import Tokens
from confledger.errors import InvalidLogin
from confledger.wire.bodies import read_json
from confledger.wire.exchange import JSONBytes
from confledger.wire.session_json import session_answer

PATH: Final = "/v1/usg/acs/token"
VALIDATE_PATH: Final = "/v1/usg/acs/token/validate"


class ValidateJSON(msgspec.Struct):
    """The body of a validation."""

    token: str
    needGenNewToken: bool
    needAccountInfo: bool | None = None
    """Passed over: the answer always has the user, as nobody documents what it lacks otherwise."""


@dataclass(frozen=True, slots=True)
class TokenCalls:
    """Refreshes, ends and validates tokens."""

    tokens: Tokens

    async def refresh_or_end(self, request: Request) -> Response:
        """Answer `PUT`, whose header has the refresh token or the access token, or `DELETE`."""
        token = access_token_of(request)
        if request.method == "DELETE":
            await self.tokens.end(token)
            return JSONBytes(b"")
        return session_answer(request, await self.tokens.refresh(token))

    async def validate(self, request: Request) -> Response:
        """Answer a validation; a new token, if one is asked for, ends the old one."""
        body = await read_json(request, ValidateJSON, InvalidLogin)
        session = await self.tokens.validate(body.token)
        if body.needGenNewToken:
            session = await self.tokens.refresh(body.token)
        return session_answer(request, session)


def access_token_of(request: Request) -> str | None:
    """The token of a request's header, if it has one; of two nobody could say which one speaks."""
    return access_token_in(request.scope["headers"])


def access_token_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """As `access_token_of`, from the headers as ASGI has them."""
    tokens = {value for name, value in headers if name == b"x-access-token"}
    return tokens.pop().decode("latin-1") if len(tokens) == 1 else None
