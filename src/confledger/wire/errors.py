"""Our errors as the vendor's statuses and codes. No other module knows a status or a code.

Source of the codes: the vendor's API pages, the headers of its client SDK and
what users of it report. Which of them goes with which failure is documented for
few; for the others this table is our answer (docs/decisions/0006-wire-answers.md).
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from confledger.errors import (
    AccountDisabled,
    AccountLocked,
    BodyTooLarge,
    BodyTooSlow,
    ConfledgerError,
    DeliveryConflict,
    EventConflict,
    ForeignRequest,
    InvalidLogin,
    InvalidParameter,
    InvalidRecord,
    LinkRejected,
    NoSuchConference,
    NotPermitted,
    PasswordRejected,
    SignatureExpired,
    SignatureRejected,
    StoreError,
    TokenRejected,
    TooManyAtOnce,
    TooManyRecords,
    UnknownMedia,
)


@dataclass(frozen=True, slots=True)
class WireError:
    """How an error is answered."""

    status: int
    """The HTTP status."""
    code: str
    """`error_code`: MMC. or USG. and nine digits, the gateway's, or LEDGER. where it is ours."""
    message: str = ""
    """`error_msg`: the vendor's constant. Where it is empty, our sentence takes its place."""


UNEXPECTED: Final = WireError(500, "MMC.111070003", "CONF_EXCEPTION")
"""For whatever was not raised on purpose."""

NO_SUCH_CALL: Final = WireError(404, "APIGW.0101", "The API does not exist.")
"""For a path that is no call of ours."""

WRONG_METHOD: Final = WireError(405, "APIGW.0101", "The API does not have this method.")
"""For a call of ours by another method."""

MALFORMED: Final = WireError(400, "APIGW.0201", "The request is not well-formed HTTP.")
"""For bytes that are no request."""

HEAD_TOO_LARGE: Final = WireError(431, "APIGW.0201", "The request line and headers are too large.")
"""For a request whose head goes beyond its limit."""

STOPPING: Final = WireError(503, "MMC.111070003", "CONF_EXCEPTION")
"""For a request that the service, asked to stop, could not finish in time, or that came before
the store did."""

CONNECTIONS_EXCEEDED: Final = WireError(503, "MMC.111070003", "CONF_EXCEPTION")
"""For a connection beyond the number that a process holds."""

WIRE_ERRORS: Final[dict[type[ConfledgerError], WireError]] = {
    InvalidParameter: WireError(400, "MMC.111071061", "PARAMETER_VERIFIED_FAIL"),
    InvalidRecord: WireError(400, "MMC.111071061", "PARAMETER_VERIFIED_FAIL"),
    NoSuchConference: WireError(400, "MMC.111070005", "CONF_DATA_NOT_FOUND"),
    NotPermitted: WireError(403, "MMC.111070002", "CONF_INSUFFICIENT_PERMISSIONS"),
    InvalidLogin: WireError(400, "USG.206060011"),
    TokenRejected: WireError(401, "USG.000000004"),
    SignatureRejected: WireError(401, "USG.206010025"),
    SignatureExpired: WireError(401, "USG.206010057"),
    PasswordRejected: WireError(401, "USG.206010000"),
    LinkRejected: WireError(401, "LEDGER.000000401"),
    ForeignRequest: WireError(403, "LEDGER.000000403"),
    BodyTooSlow: WireError(408, "APIGW.0201"),
    DeliveryConflict: WireError(409, "LEDGER.000000409"),
    EventConflict: WireError(409, "LEDGER.000000409"),
    AccountDisabled: WireError(412, "USG.206010007"),
    BodyTooLarge: WireError(413, "APIGW.0201"),
    TooManyRecords: WireError(413, "APIGW.0201"),
    UnknownMedia: WireError(415, "APIGW.0201"),
    AccountLocked: WireError(423, "USG.206030015"),
    TooManyAtOnce: WireError(429, "LEDGER.000000429"),
    StoreError: WireError(503, "MMC.111070003", "CONF_EXCEPTION"),
}

RETRY_AFTER_SECONDS: Final = 1
"""What a 503 and a 429 advise."""


class ErrorBody(msgspec.Struct, omit_defaults=True):
    """The body of every answer with a status of 400 or more."""

    error_code: str
    error_msg: str
    error_detail: str = ""
    """Ours: which field broke which rule, where `error_msg` is a constant of the vendor's."""


def wire_error_of(error: Exception) -> WireError:
    """The row of an error's nearest class; `UNEXPECTED` where it has none."""
    for ancestor in type(error).__mro__:
        if ancestor in WIRE_ERRORS:
            return WIRE_ERRORS[ancestor]
    return UNEXPECTED


def error_body(wire_error: WireError, error: Exception | None = None) -> bytes:
    """The JSON of an answer; what is wrong with a parameter is told besides the constant."""
    sentence = ""
    if isinstance(error, (InvalidParameter, InvalidRecord)):
        sentence = str(error)
    elif isinstance(error, EventConflict):
        sentence = f"[{error.position}].eventId is known with another content"
    return msgspec.json.encode(
        ErrorBody(wire_error.code, wire_error.message or str(error), sentence)
    )
