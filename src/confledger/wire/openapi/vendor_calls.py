"""The calls of the vendor's that we answer, described."""

from typing import Final

import msgspec

from confledger.wire import account_auth, app_auth, control_records, history, token_calls
from confledger.wire.conference_json import AttendancesJSON, ConferencesJSON, DetailJSON
from confledger.wire.openapi.parts import (
    CONFERENCE_UUID,
    JSON,
    TOKEN,
    Schema,
    call,
    in_header,
    in_query,
    integer,
    ref,
)
from confledger.wire.query import LIMIT_DEFAULT, TEXT_CHARACTERS_MAX
from confledger.wire.record_json import PageJSON
from confledger.wire.session_json import SessionJSON

SHAPES: Final[tuple[type[msgspec.Struct], ...]] = (
    app_auth.AppLoginJSON,
    account_auth.AccountLoginJSON,
    token_calls.ValidateJSON,
    SessionJSON,
    PageJSON,
    ConferencesJSON,
    DetailJSON,
    AttendancesJSON,
)

_CONFERENCE: Final = in_query("confUUID", CONFERENCE_UUID, is_required=True)
_PAGE: Final = (
    in_query("offset", integer(default=0)),
    # More than 500 may be asked for, and counts as 500.
    in_query("limit", integer(least=1, default=LIMIT_DEFAULT)),
)
_SEARCH: Final = in_query("searchKey", {"type": "string", "maxLength": TEXT_CHARACTERS_MAX})
_LANGUAGE: Final = in_header("Accept-Language", {"type": "string"})


def paths() -> Schema:
    """The calls, by path and method."""
    return {
        control_records.PATH: {
            "get": call(
                "SearchCtlRecordsOfHisMeeting",
                "The control records of a conference, in the order of arrival",
                parameters=[_CONFERENCE, *_PAGE, _LANGUAGE],
                answer=PageJSON,
                security=TOKEN,
                errors=(400, 401, 403),
            )
        },
        history.PATH: {
            "get": call(
                "SearchHisMeetings",
                "Ended conferences that began between two dates",
                parameters=[
                    in_query("startDate", integer(history.TIME_MS_MAX), is_required=True),
                    in_query("endDate", integer(history.TIME_MS_MAX), is_required=True),
                    *_PAGE,
                    _SEARCH,
                    in_query("queryAll", {"type": "boolean", "default": False}),
                    in_query("sortType", {"type": "string", "enum": list(history.ORDERS)}),
                ],
                answer=ConferencesJSON,
                security=TOKEN,
                errors=(400, 401, 403),
            )
        },
        history.DETAIL_PATH: {
            "get": call(
                "ShowHisMeetingDetail",
                "A conference, with a page of those who were invited to it",
                parameters=[
                    _CONFERENCE,
                    *_PAGE,
                    _SEARCH,
                    in_header("X-Type", {"type": "string", "enum": ["0", "1", "2"]}),
                    in_header("X-Query-Type", {"type": "string", "enum": ["0", "1"]}),
                ],
                answer=DetailJSON,
                security=TOKEN,
                errors=(400, 401, 403),
            )
        },
        history.ATTENDANCE_PATH: {
            "get": call(
                "SearchAttendanceRecordsOfHisMeeting",
                "Who stayed in a conference, and when",
                parameters=[_CONFERENCE, *_PAGE, _SEARCH],
                answer=AttendancesJSON,
                security=TOKEN,
                errors=(400, 401, 403),
            )
        },
        app_auth.PATH: {
            "post": call(
                "CreateAppIdToken",
                "Log in with an app id and a signature",
                body={JSON: ref(app_auth.AppLoginJSON)},
                answer=SessionJSON,
                security={"signature": []},
                errors=(400, 401, 412),
            )
        },
        account_auth.PATH: {
            "post": call(
                "CreateAccountToken",
                "Log in with an account and a password",
                body={JSON: ref(account_auth.AccountLoginJSON)},
                answer=SessionJSON,
                may_be_empty=True,  # with createTokenType 1
                security={"password": []},
                errors=(400, 401, 412, 423),
            )
        },
        token_calls.PATH: {
            "put": call(
                "UpdateToken",
                "New tokens, for a refresh token or an access token",
                answer=SessionJSON,
                security=TOKEN,
                errors=(401,),
            ),
            "delete": call(
                "DeleteToken",
                "Log out",
                answer=None,
                security=TOKEN,
                errors=(401,),
            ),
        },
        token_calls.VALIDATE_PATH: {
            "post": call(
                "ValidateToken",
                "What an access token stands for",
                body={JSON: ref(token_calls.ValidateJSON)},
                answer=SessionJSON,
                errors=(400, 401),
            )
        },
    }


def tell_of_rules(components: Schema) -> None:
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
