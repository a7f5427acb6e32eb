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
    return as_reader(await tokens.verify(access_token_in(headers)))


def as_reader(principal: Principal) -> Principal:
    """Somebody, if they may read.

    Raises:
        NotPermitted: the app that they came through may not read.
    """
    if "read" not in principal.scopes:
        raise NotPermitted("the app has no scope to read")
    return principal


def query_string_of(request: Request) -> str:
    """The query of a request, as it was sent."""
    query_string: bytes = request.scope["query_string"]
    return query_string.decode("latin-1")


def language_of(headers: Headers) -> Language:
    """The language that a request gets."""
    ranges = [value for name, value in headers if name == b"accept-language"]
    return best_language(b",".join(ranges).decode("latin-1"))
