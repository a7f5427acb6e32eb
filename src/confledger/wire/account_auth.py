"""Account authentication: `POST /v1/usg/acs/auth/account`."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from confledger.auth.passwords import Passwords
from confledger.errors import InvalidLogin, PasswordRejected
from confledger.wire.app_auth import check_client_type
from confledger.wire.bodies import read_json
from confledger.wire.exchange import JSONBytes
from confledger.wire.session_json import session_answer

PATH: Final = "/v1/usg/acs/auth/account"

_MAKES_TOKEN: Final = 0
_MAKES_NO_TOKEN: Final = 1


class AccountLoginJSON(msgspec.Struct):
    """The body of the request. Null counts as absent."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    clientType: int | None = None
    createTokenType: int | None = None
    """0: make a token; 1: only check the password."""


@dataclass(frozen=True, slots=True)
class AccountAuthCall:
    """Logs a user in with account and password."""

    passwords: Passwords

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        body = await read_json(request, AccountLoginJSON, InvalidLogin)
        client_type = check_client_type(body.clientType)
        if body.createTokenType not in (None, _MAKES_TOKEN, _MAKES_NO_TOKEN):
            raise InvalidLogin("createTokenType", "must be 0 or 1")
        account, password = _credentials(request.headers.get("authorization"))
        if account != body.account:
            raise PasswordRejected
        session = await self.passwords.log_in(
            account, password, client_type, makes_token=body.createTokenType != _MAKES_NO_TOKEN
        )
        return session_answer(request, session) if session else JSONBytes(b"{}")


def _credentials(authorization: str | None) -> tuple[str, str]:
    """The account and the password of a Basic `Authorization` header."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise PasswordRejected
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise PasswordRejected from error
    account, colon, password = decoded.partition(":")
    if not colon:
        raise PasswordRejected
    return account, password
