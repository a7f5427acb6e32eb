"""What the calls that read have in common: who asks, and in which language."""

from collections.abc import Iterable

from starlette.requests import Request

from confledger.auth.accounts import Principal
from confledger.auth.tokens import Tokens
from confledger.catalogue.language import Language, best_language
from confledger.errors import NotPermitted
from confledger.wire.token_calls import access_token_in

Headers = Iterable[tuple[bytes, bytes]]
"""The headers of a request as ASGI has them: names in lower case, and values."""


async def reader_of(headers: Headers, tokens: Tokens) -> Principal:
    """Who asks to read.

    Raises:
        TokenRejected: there is no token, a wrong one, or two.
        NotPermitted: the app that they came through may not read.
    """
    return await reader_with(access_token_in(headers), tokens)


async def reader_with(access_token: str | None, tokens: Tokens) -> Principal:
    """As `reader_of`, by the token alone."""
    principal = await tokens.verify(access_token)
    if "read" not in principal.scopes:
        raise NotPermitted("the app has no scope to read")
    return principal


def query_string_of(request: Request) -> str:
    """The query of a request, as it was sent."""
    query_string: bytes = request.scope["query_string"]
    return query_string.decode("latin-1")


def language_of(headers: Headers) -> Language:
    """The language that a request gets."""
    return best_language(accept_language_in(headers).decode("latin-1"))


def accept_language_in(headers: Headers) -> bytes:
    """The languages that a request's headers ask for, as they were sent; empty for none."""
    return b",".join([value for name, value in headers if name == b"accept-language"])
