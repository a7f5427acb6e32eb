"""What the descriptions of calls are made of."""

import http
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from confledger.wire.errors import RETRY_AFTER_SECONDS, ErrorBody
from confledger.wire.query import INTEGER_MAX

Schema = dict[str, Any]

REF: Final = "#/components/schemas/{name}"

JSON: Final = "application/json"

# What a request may always run into, whatever it asks for.
_ALWAYS: Final = (408, 413, 431, 500, 503)


def call(  # noqa: PLR0913 - what a call is made of
    operation_id: str,
    summary: str,
    *,
    answer: type[msgspec.Struct] | None,
    errors: Iterable[int],
    parameters: Sequence[Schema] = (),
    body: Mapping[str, Schema] | None = None,
    body_is_required: bool = True,
    security: Schema | None = None,
    may_be_empty: bool = False,
    may_make: bool = False,
) -> Schema:
    """One call.

    Args:
        operation_id: its name; of the vendor's calls the vendor's.
        summary: what it does, in a line.
        answer: the shape of what is answered; None: the answer has no body.
        errors: the statuses of its own errors.
        parameters: its parameters.
        body: the schema of its body, by media type.
        body_is_required: whether it must have one.
        security: what the caller must show.
        may_be_empty: whether the answer may be an empty object.
        may_make: whether it answers 201 where something came into being.
    """
    shape = ref(answer) if answer else {}
    if may_be_empty:
        shape = {"anyOf": [shape, {"type": "object", "maxProperties": 0}]}
    content = {"content": {JSON: {"schema": shape}}} if answer else {}
    responses: dict[str, Schema] = {"200": {"description": "It is done.", **content}}
    if may_make:
        responses["201"] = {"description": "It is done, and was not known before.", **content}
    for status in sorted({*errors, *_ALWAYS}):
        responses[str(status)] = {
            "description": http.HTTPStatus(status).phrase,
            "content": {JSON: {"schema": ref(ErrorBody)}},
        }
    responses["503"]["headers"] = {
        "Retry-After": {
            "description": "After how many seconds to come again.",
            "schema": {"type": "integer", "minimum": RETRY_AFTER_SECONDS},
        }
    }
    described: Schema = {
        "operationId": operation_id,
        "summary": summary,
        "responses": responses,
        "security": [security] if security else [],
    }
    if parameters:
        described["parameters"] = list(parameters)
    if body:
        described["requestBody"] = {
            "required": body_is_required,
            "content": {media_type: {"schema": schema} for media_type, schema in body.items()},
        }
    return described


def ref(shape: type[msgspec.Struct]) -> Schema:
    """The schema of a struct, by its name among the components."""
    return {"$ref": REF.format(name=shape.__name__)}


def in_query(name: str, schema: Schema, *, is_required: bool = False) -> Schema:
    """A parameter in the query."""
    return _parameter("query", name, schema, is_required=is_required)


def in_header(name: str, schema: Schema) -> Schema:
    """A parameter in a header, which may be left out."""
    return _parameter("header", name, schema, is_required=False)


def in_path(name: str, schema: Schema) -> Schema:
    """A parameter in the path."""
    return _parameter("path", name, schema, is_required=True)


def _parameter(place: str, name: str, schema: Schema, *, is_required: bool) -> Schema:
    return {"in": place, "name": name, "required": is_required, "schema": schema}


def integer(most: int = INTEGER_MAX, *, least: int = 0, **more: int) -> Schema:
    """An integer of a range."""
    return {"type": "integer", "minimum": least, "maximum": most, **more}


CONFERENCE_UUID: Final[Schema] = {"type": "string", "pattern": "^[0-9a-fA-F]{32}$"}

TOKEN: Final[Schema] = {"token": []}
"""An access token, as what a call asks for."""
