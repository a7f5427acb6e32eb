"""What a `postgresql://` URL says, without its password."""

import re
from typing import Final

from confledger.errors import SettingError

# Strict where a password that is not percent-encoded would be taken for another part,
# which would be shown.
_PORT: Final = r"(?::[0-9]+)?"
_HOST: Final = rf"(?:\[[0-9a-fA-F:.]+\]|[^:@/?#,\[\]\s]*){_PORT}"
_URL: Final = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>[^:@/?#\s]*)(?::[^@/?#\s]*)?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)"
    r"(?:/(?P<database>[^@/?#\s]*))?"
    r"(?:\?[^@#\s]*)?"
)


def address_of(url: str) -> str:
    """A URL as it may be shown: user, hosts and database.

    Raises:
        SettingError: it is not well-formed.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise not_well_formed()
    user = f"{match['user']}@" if match["user"] else ""
    return f"postgresql://{user}{match['hosts']}/{match['database'] or ''}"


def not_well_formed() -> SettingError:
    """The error of a URL that can't be read; it repeats nothing of it."""
    return SettingError(
        "a store (--store, CONFLEDGER_STORE; --store-read) must be"
        " postgresql://USER@HOST/DATABASE, with :PORT behind the host and :PASSWORD behind the"
        " user if need be; a character that has a meaning in a URL must be"
        " percent-encoded (@ as %40, / as %2F)"
    )
