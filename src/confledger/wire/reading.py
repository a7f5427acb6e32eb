"""What the calls that read have in common: who asks, and in which language."""

from starlette.requests import Request

from confledger.auth.accounts import Principal
from confledger.auth.tokens import Tokens
from confledger.catalogue.language import Language, best_language
from confledger.errors import NotPermitted
from confledger.wire.token_calls import access_token_of


async def reader_of(request: Request, tokens: Tokens) -> Principal:
    """Who asks to read.

    Raises:
        TokenRejected: there is no token, a wrong one, or two.
        NotPermitted: the app that they came through may not read.
    """
    principal = await tokens.verify(access_token_of(request))
    if "read" not in principal.scopes:
        raise NotPermitted("the app has no scope to read")
    return principal


def query_string_of(request: Request) -> str:
    """The query of a request, as it was sent."""
    query_string: bytes = request.scope["query_string"]
    return query_string.decode("latin-1")


def language_of(request: Request) -> Language:
    """The language that a request gets."""
    return best_language(",".join(request.headers.getlist("accept-language")))
