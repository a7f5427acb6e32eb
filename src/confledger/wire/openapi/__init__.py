"""The wire API as an OpenAPI 3.1 document, made of the same structs that read and write it."""

from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from confledger import __version__
from confledger.wire.errors import ErrorBody
from confledger.wire.exchange import JSONBytes

PATH: Final = "/openapi.json"
PAGE_PATH: Final = "/docs"


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    # What it is made of takes longer to read and make than a store to open.
    from confledger.wire.openapi import push_calls, vendor_calls  # noqa: PLC0415
    from confledger.wire.openapi.parts import REF  # noqa: PLC0415

    shapes = (*vendor_calls.SHAPES, *push_calls.SHAPES, ErrorBody)
    _, components = msgspec.json.schema_components(shapes, ref_template=REF)
    vendor_calls.tell_of_rules(components)
    push_calls.tell_of_rules(components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "confledger",
            "version": __version__,
            "description": "A ledger of conference-control records, by the history API of"
            " Huawei Cloud Meeting.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**vendor_calls.paths(), **push_calls.paths()},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Access-Token"},
                "signature": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    }


_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = (
    (b"content-security-policy", _PAGE_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
)


class ReferencePage:
    """A page that shows the document; it loads nothing from elsewhere (ASGI)."""

    def __init__(self) -> None:
        folder = Path(__file__).parents[1] / "reference_page"
        self._files = StaticFiles(directory=folder, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one of its files."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_PAGE_HEADERS]
            await send(message)

        await self._files(scope, receive, send_with_policy)


class OpenAPICall:
    """Serves the document, which is made when it is first asked for."""

    @cached_property
    def _body(self) -> bytes:
        return msgspec.json.encode(document())

    async def __call__(self, _: Request) -> Response:
        """Answer one request."""
        return JSONBytes(self._body)
