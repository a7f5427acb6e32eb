"""The wire API as an OpenAPI 3.1 document, made of the same structs that read and write it."""

import http
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from confledger import __version__
from confledger.wire import account_auth, app_auth, control_records, history, token_calls
from confledger.wire.conference_json import AttendancesJSON, ConferencesJSON, DetailJSON
from confledger.wire.errors import ErrorBody
from confledger.wire.exchange import JSONBytes
from confledger.wire.query import INTEGER_MAX, LIMIT_DEFAULT, TEXT_CHARACTERS_MAX
from confledger.wire.record_json import PageJSON
from confledger.wire.session_json import SessionJSON

PATH: Final = "/openapi.json"
PAGE_PATH: Final = "/docs"

_SHAPES: Final = (
    app_auth.AppLoginJSON,
    account_auth.AccountLoginJSON,
    token_calls.ValidateJSON,
    SessionJSON,
    PageJSON,
    ConferencesJSON,
    DetailJSON,
    AttendancesJSON,
    ErrorBody,
)
_REF: Final = "#/components/schemas/{name}"

Schema = dict[str, Any]

# What a request may always run into, whatever it asks for.
_ALWAYS: Final = (408, 413, 431, 500, 503)


def document() -> Schema:
    """The OpenAPI document."""
    _, components = msgspec.json.schema_components(_SHAPES, ref_template=_REF)
    _tell_of_required_fields(components)
    token: Schema = {"token": []}
    conference = [_CONFERENCE_UUID, *_PAGE]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "confledger",
            "version": __version__,
            "description": "A ledger of conference-control records, by the history API of"
            " Huawei Cloud Meeting.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            control_records.PATH: {
                "get": _call(
                    "SearchCtlRecordsOfHisMeeting",
                    "The control records of a conference, in the order of arrival",
                    parameters=[*conference, _LANGUAGE],
                    answer=PageJSON,
                    security=token,
                    errors=(400, 401, 403),
                )
            },
            history.PATH: {
                "get": _call(
                    "SearchHisMeetings",
                    "Ended conferences that began between two dates",
                    parameters=[
                        _in_query("startDate", _integer(history.TIME_MS_MAX), is_required=True),
                        _in_query("endDate", _integer(history.TIME_MS_MAX), is_required=True),
                        *_PAGE,
                        _SEARCH,
                        _in_query("queryAll", {"type": "boolean", "default": False}),
                        _in_query("sortType", {"type": "string", "enum": list(history.ORDERS)}),
                    ],
                    answer=ConferencesJSON,
                    security=token,
                    errors=(400, 401, 403),
                )
            },
            history.DETAIL_PATH: {
                "get": _call(
                    "ShowHisMeetingDetail",
                    "A conference, with a page of those who were invited to it",
                    parameters=[
                        *conference,
                        _SEARCH,
                        _in_header("X-Type", {"type": "string", "enum": ["0", "1", "2"]}),
                        _in_header("X-Query-Type", {"type": "string", "enum": ["0", "1"]}),
                    ],
                    answer=DetailJSON,
                    security=token,
                    errors=(400, 401, 403),
                )
            },
            history.ATTENDANCE_PATH: {
                "get": _call(
                    "SearchAttendanceRecordsOfHisMeeting",
                    "Who stayed in a conference, and when",
                    parameters=[*conference, _SEARCH],
                    answer=AttendancesJSON,
                    security=token,
                    errors=(400, 401, 403),
                )
            },
            app_auth.PATH: {
                "post": _call(
                    "CreateAppIdToken",
                    "Log in with an app id and a signature",
                    body=app_auth.AppLoginJSON,
                    answer=SessionJSON,
                    security={"signature": []},
                    errors=(400, 401, 412),
                )
            },
            account_auth.PATH: {
                "post": _call(
                    "CreateAccountToken",
                    "Log in with an account and a password",
                    body=account_auth.AccountLoginJSON,
                    answer=SessionJSON,
                    may_be_empty=True,  # with createTokenType 1
                    security={"password": []},
                    errors=(400, 401, 412, 423),
                )
            },
            token_calls.PATH: {
                "put": _call(
                    "UpdateToken",
                    "New tokens, for a refresh token or an access token",
                    answer=SessionJSON,
                    security=token,
                    errors=(401,),
                ),
                "delete": _call(
                    "DeleteToken",
                    "Log out",
                    answer=None,
                    security=token,
                    errors=(401,),
                ),
            },
            token_calls.VALIDATE_PATH: {
                "post": _call(
                    "ValidateToken",
                    "What an access token stands for",
                    body=token_calls.ValidateJSON,
                    answer=SessionJSON,
                    errors=(400, 401),
                )
            },
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Access-Token"},
                "signature": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _tell_of_required_fields(components: dict[str, Schema]) -> None:
    """What the login checks beyond the types of its struct."""
    login = components["AppLoginJSON"]
    fields = login["properties"]
    for name in ("appId", "nonce", "corpId"):
        for variant in fields[name]["anyOf"]:
            if variant.get("type") == "string":
                variant["pattern"] = "^[^:\\x00]*$"
    for name in ("userId", "userName", "userEmail", "userPhone", "deptCode"):
        for variant in fields[name]["anyOf"]:
            if variant.get("type") == "string":
                variant["pattern"] = "^[^\\x00]*$"
    login["required"] = ["appId", "clientType", "expireTime", "nonce"]
    for name in login["required"]:
        fields[name] = next(each for each in fields[name]["anyOf"] if each["type"] != "null")
    fields["appId"]["minLength"] = 1
    client_type = {"type": "integer", "enum": list(app_auth.CLIENT_TYPES)}
    fields["clientType"] = client_type
    account = components["AccountLoginJSON"]
    account["required"] = ["account", "clientType"]
    account["properties"]["clientType"] = client_type
    account["properties"]["createTokenType"] = {"enum": [0, 1, None], "default": None}


def _call(  # noqa: PLR0913 - what a call is made of
    operation_id: str,
    summary: str,
    *,
    answer: type[msgspec.Struct] | None,
    errors: Iterable[int],
    parameters: Sequence[Schema] = (),
    body: type[msgspec.Struct] | None = None,
    security: Schema | None = None,
    may_be_empty: bool = False,
) -> Schema:
    shape = _ref(answer) if answer else {}
    if may_be_empty:
        shape = {"anyOf": [shape, {"type": "object", "maxProperties": 0}]}
    content = {"content": {"application/json": {"schema": shape}}} if answer else {}
    responses: dict[str, Schema] = {"200": {"description": "It is done.", **content}}
    for status in sorted({*errors, *_ALWAYS}):
        responses[str(status)] = {
            "description": http.HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": _ref(ErrorBody)}},
        }
    call: Schema = {
        "operationId": operation_id,
        "summary": summary,
        "responses": responses,
        "security": [security] if security else [],
    }
    if parameters:
        call["parameters"] = list(parameters)
    if body:
        call["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(body)}},
        }
    return call


def _ref(shape: type[msgspec.Struct]) -> Schema:
    return {"$ref": _REF.format(name=shape.__name__)}


def _parameter(place: str, name: str, schema: Schema, *, is_required: bool) -> Schema:
    return {"in": place, "name": name, "required": is_required, "schema": schema}


def _in_query(name: str, schema: Schema, *, is_required: bool = False) -> Schema:
    return _parameter("query", name, schema, is_required=is_required)


def _in_header(name: str, schema: Schema) -> Schema:
    return _parameter("header", name, schema, is_required=False)


def _integer(most: int = INTEGER_MAX, *, least: int = 0, **more: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, **more}


_CONFERENCE_UUID: Final = _in_query(
    "confUUID", {"type": "string", "pattern": "^[0-9a-fA-F]{32}$"}, is_required=True
)
_PAGE: Final = (
    _in_query("offset", _integer(default=0)),
    # More than 500 may be asked for, and counts as 500.
    _in_query("limit", _integer(least=1, default=LIMIT_DEFAULT)),
)
_SEARCH: Final = _in_query("searchKey", {"type": "string", "maxLength": TEXT_CHARACTERS_MAX})
_LANGUAGE: Final = _in_header("Accept-Language", {"type": "string"})


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
        folder = Path(__file__).parent / "reference_page"
        self._files = StaticFiles(directory=folder, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one of its files."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_PAGE_HEADERS]
            await send(message)

        await self._files(scope, receive, send_with_policy)


class OpenAPICall:
    """Serves the document."""

    def __init__(self) -> None:
        self._body = msgspec.json.encode(document())

    async def __call__(self, _: Request) -> Response:
        """Answer one request."""
        return JSONBytes(self._body)
