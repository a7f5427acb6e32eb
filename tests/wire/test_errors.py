"""The table of errors: each row, as a caller sees it."""

import httpx
import pytest

from confledger import errors
from confledger.app import Parts
from confledger.wire.errors import WIRE_ERRORS
from conftest import CONFERENCE, PATH, client_of, token_of

# One of each class of the table, and what its answer has to be.
ROWS: dict[type[errors.ConfledgerError], tuple[errors.ConfledgerError, int, str]] = {
    type(error): (error, status, code)
    for error, status, code in (
        (errors.InvalidParameter("limit", "is wrong"), 400, "MMC.111071061"),
        (errors.InvalidRecord("[3].operateTime", "is wrong"), 400, "MMC.111071061"),
        (errors.NoSuchConference(CONFERENCE), 400, "MMC.111070005"),
        (errors.InvalidLogin("nonce", "is wrong"), 400, "USG.206060011"),
        (errors.TokenRejected(), 401, "USG.000000004"),
        (errors.SignatureRejected(), 401, "USG.206010025"),
        (errors.SignatureExpired(), 401, "USG.206010057"),
        (errors.PasswordRejected(), 401, "USG.206010000"),
        (errors.NotPermitted("no"), 403, "MMC.111070002"),
        (errors.BodyTooSlow(1), 408, "APIGW.0201"),
        (errors.DeliveryConflict("key"), 409, "LEDGER.000000409"),
        (errors.EventConflict(CONFERENCE, "id", 3), 409, "LEDGER.000000409"),
        (errors.AccountDisabled(), 412, "USG.206010007"),
        (errors.BodyTooLarge(1), 413, "APIGW.0201"),
        (errors.TooManyRecords(1), 413, "APIGW.0201"),
        (errors.UnknownMedia("Content-Type", ("text/plain",)), 415, "APIGW.0201"),
        (errors.AccountLocked(60), 423, "USG.206030015"),
        (errors.LinkRejected(), 401, "LEDGER.000000401"),
        (errors.ForeignRequest(), 403, "LEDGER.000000403"),
        (errors.TooManyAtOnce("x"), 429, "LEDGER.000000429"),
        (errors.StoreError("inside"), 503, "MMC.111070003"),
    )
}


@pytest.fixture
async def answer(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, row: type[errors.ConfledgerError]
) -> httpx.Response:
    """What a caller gets when a call raises the error."""
    error, _, _ = ROWS[row]

    async def raises(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(parts.stores.accounts), "principal", raises)
    async with client_of(parts) as client:
        headers = {"X-Access-Token": await token_of(parts)}
        return await client.get(f"{PATH}?confUUID={CONFERENCE}", headers=headers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
async def test_each_row_is_answered_as_the_table_says(
    answer: httpx.Response, row: type[errors.ConfledgerError]
) -> None:
    """Status and code are those of the row; the message is its constant, or our sentence."""
    error, status, code = ROWS[row]
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (status, code)
    assert body["error_msg"] == (WIRE_ERRORS[row].message or str(error))
    assert ("error_detail" in body) == (
        row in (errors.InvalidParameter, errors.InvalidRecord, errors.EventConflict)
    )
    assert "inside" not in answer.text


def test_the_rows_are_all() -> None:
    """No row of the table is left out above, and each is what is expected."""
    assert WIRE_ERRORS.keys() == ROWS.keys()
    for row, (_, status, code) in ROWS.items():
        assert (WIRE_ERRORS[row].status, WIRE_ERRORS[row].code) == (status, code)
