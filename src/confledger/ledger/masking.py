"""Numbers that the ledger keeps in clear and shows starred."""

import re
from functools import lru_cache
from typing import Final

# A `+` and digits, or seven digits or more. An id is left alone: a hyphenated UUID,
# which is looked for first, and whatever has a letter beside its digits. Letters
# are ASCII on purpose: a number may well stand between two Chinese characters.
_UUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_NUMBER: Final = r"(?P<number>\+[0-9]+|[0-9]{7,})"
_UUID_OR_NUMBER: Final = re.compile(rf"(?<![0-9A-Za-z+])(?:{_UUID}|{_NUMBER})(?![0-9A-Za-z])")
_CLEAR_DIGITS: Final = 3


_REMEMBERED_MAX: Final = 16_384
_REMEMBERED_CHARACTERS_MAX: Final = 64


def mask_numbers(text: str) -> str:
    """Star every number in a text, all but its last three characters; the length stays.

    `+991116005905` becomes `**********905`, as in the vendor's sample.
    """
    # A word of letters and digits, as an id is, has no number in it unless it is one; there are
    # too many of them to be remembered.
    if text.isalnum() and text.isascii() and not text.isdecimal():
        return text
    return _masked(text) if len(text) <= _REMEMBERED_CHARACTERS_MAX else _masked_now(text)


def _masked_now(text: str) -> str:
    return _UUID_OR_NUMBER.sub(_starred, text)


# The records of a conference name the same few people and numbers again and again.
_masked: Final = lru_cache(_REMEMBERED_MAX)(_masked_now)


def _starred(match: re.Match[str]) -> str:
    number = match["number"]
    if number is None:
        return match[0]
    return "*" * (len(number) - _CLEAR_DIGITS) + number[-_CLEAR_DIGITS:]
