"""Numbers that the ledger keeps in clear and shows starred."""

import re
from typing import Final

# A `+` and digits, or seven digits or more. The looks to either side keep out
# what only contains such a run of digits: hexadecimal ids, hyphenated UUIDs and
# names. They are ASCII on purpose: a number may well stand between two Chinese
# characters.
_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z_+-])(?:\+[0-9]+|[0-9]{7,})(?![0-9A-Za-z_-])", re.ASCII)
_CLEAR_DIGITS: Final = 3


def mask_numbers(text: str) -> str:
    """Star every number in a text, all but its last three characters; the length stays.

    `+991116005905` becomes `**********905`, as in the vendor's sample.
    """
    return _NUMBER.sub(_starred, text)


def _starred(number: re.Match[str]) -> str:
    digits = number[0]
    return "*" * (len(digits) - _CLEAR_DIGITS) + digits[-_CLEAR_DIGITS:]
