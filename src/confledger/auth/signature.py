"""The signature of App ID authentication."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

# The scheme's name in any case, 64 hexadecimal digits in any case, and then,
# if the client sends it, the app id in base64 after a comma and maybe spaces.
_AUTHORIZATION: Final = re.compile(
    r"HMAC-SHA256 +signature=([0-9a-f]{64})(?: *, *access=([0-9a-z+/=]{1,512}))? *",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """What an `Authorization` header of the scheme says."""

    signature: str
    """64 lower-case hexadecimal digits."""
    app_id: str | None
    """The app id in its `access` part; None where the client left that out, as older SDKs do."""


def parse_authorization(header: str | None) -> Authorization | None:
    """Read the header; None where it is missing or malformed.

    Source: the documentation has the `access` part, its FAQ and several SDKs
    leave it out; the vendor's Python SDK sends upper-case digits, others lower.
    """
    match = _AUTHORIZATION.fullmatch(header or "")
    if not match:
        return None
    signature, access = match.groups()
    app_id = None
    if access is not None:
        try:
            app_id = base64.b64decode(access, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
    return Authorization(signature.lower(), app_id)


def sign(app_key: str, *signed: str) -> str:
    """The signature of some values: hex HMAC-SHA256 of the values joined with colons.

    The documented values are app id, user id, expireTime and nonce; a multi-tenant
    app has the corp id after its app id. An empty value keeps its colons.
    """
    data = ":".join(signed)
    return hmac.new(app_key.encode(), data.encode(), hashlib.sha256).hexdigest()
