"""The signature of App ID authentication."""

import base64

import pytest

from confledger.auth.signature import parse_authorization, sign

APP_ID = "fdb8e4699586458bbd10c834872dcc62"
APP_KEY = "0123456789abcdef" * 4
EXPIRE_TIME = "1627722929"
NONCE = "AAAAAAAA0123456789abcdefghijklmnopqrstuv"
SIGNATURE = "58147718a88823fc9445218d0afbbb3a057b14ec985f99f12d1bc3c1680b19ec"
ACCESS = "ZmRiOGU0Njk5NTg2NDU4YmJkMTBjODM0ODcyZGNjNjI="


@pytest.mark.parametrize(
    ("values", "characters", "signature"),
    [
        (("testuser@mycorp.com",), 104, SIGNATURE),
        (("",), 85, "41c1a8bb0efdd9ccdc9c8e6b712cc8acf180ae95eb194d6ccc2db0a0959cc6eb"),
        (
            ("807074304", "alice"),
            100,
            "d49c20e838e3188f044f41ea164287d6723a28e285d020aa6cb1b743120f54a4",
        ),
    ],
    ids=["with a user", "without a user", "multi-tenant"],
)
def test_the_signature_agrees_with_the_documented_formula(
    values: tuple[str, ...], characters: int, signature: str
) -> None:
    """The three test vectors of the documented formula come out."""
    signed = (APP_ID, *values, EXPIRE_TIME, NONCE)
    assert len(":".join(signed)) == characters
    assert sign(APP_KEY, *signed) == signature


@pytest.mark.parametrize(
    ("header", "app_id"),
    [
        (f"HMAC-SHA256 signature={SIGNATURE},access={ACCESS}", APP_ID),
        (f"HMAC-SHA256 signature={SIGNATURE.upper()},access={ACCESS}", APP_ID),
        (f"HMAC-SHA256 signature={SIGNATURE}, access={ACCESS}", APP_ID),
        (f"hmac-sha256 Signature={SIGNATURE} , Access={ACCESS} ", APP_ID),
        (f"HMAC-SHA256 signature={SIGNATURE}", None),
    ],
)
def test_the_header_is_read_as_clients_send_it(header: str, app_id: str | None) -> None:
    """Digits in either case, with and without `access`, with and without a space."""
    authorization = parse_authorization(header)
    assert authorization is not None
    assert authorization.signature == SIGNATURE
    assert authorization.app_id == app_id


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic YTpi",
        "HMAC-SHA256",
        f"HMAC-SHA256 signature={SIGNATURE[:60]}",
        f"HMAC-SHA256 signature={SIGNATURE}0",
        f"HMAC-SHA256 signature={'g' * 64}",
        f"HMAC-SHA256 signature={SIGNATURE},access=",
        f"HMAC-SHA256 signature={SIGNATURE},access=?",
        f"HMAC-SHA256 signature={SIGNATURE},access=abc",
        f"HMAC-SHA256 signature={SIGNATURE},access={base64.b64encode(bytes([255])).decode()}",
        f"HMAC-SHA256 signature={SIGNATURE},access={ACCESS},more=1",
        f"HMAC-SHA256 signature={SIGNATURE}\n",
    ],
)
def test_a_malformed_header_is_none(header: str | None) -> None:
    """No header, another scheme, a wrong length or a broken `access` is no authorization."""
    assert parse_authorization(header) is None
