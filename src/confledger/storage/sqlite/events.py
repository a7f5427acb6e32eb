"""What an event's id is in the file: a number by which it is found, and a short form of its text.

`docs/decisions/0021-what-a-record-costs.md` tells why the number may be any, and is this one.
"""

import re
from hashlib import blake2b
from typing import Final
from zlib import crc32

from confledger.ledger.record import CONTENT_EVENT_PREFIX, KEY_EVENT_PREFIX, PAGE_EVENT_PREFIX

_NEAR_BITS: Final = 24
_GROUP_MASK: Final = (1 << 24) - 1

_FAR_BYTES: Final = 8

_PAGE: Final = re.compile(PAGE_EVENT_PREFIX + r"(0|[1-9][0-9]{0,17})", re.ASCII)
_CONTENT: Final = re.compile(CONTENT_EVENT_PREFIX + r"([0-9a-f]{32})", re.ASCII)
_KEY: Final = re.compile(KEY_EVENT_PREFIX + r"([0-9a-f]{12}):(0|[1-9][0-9]{0,4})", re.ASCII)
_PLACE_BITS: Final = 14
_PLACE_MASK: Final = (1 << _PLACE_BITS) - 1

STARTS: Final = frozenset(
    prefix[:4] for prefix in (PAGE_EVENT_PREFIX, CONTENT_EVENT_PREFIX, KEY_EVENT_PREFIX)
)
"""How the ids begin, by four characters, that have a shorter form."""

PLACES: Final = 1 << _PLACE_BITS
"""How many places a group has that have a short form."""

Short = int | bytes | str | None


def first_number(event_id: str) -> int:
    """The number by which an event is found, unless another one has it: 48 bits.

    Ids that differ in their last three bytes only are beside each other and in their
    order, so that what a source counts up is written side by side.
    """
    text = event_id.encode()
    return (crc32(text[:-3]) & _GROUP_MASK) << _NEAR_BITS | int.from_bytes(text[-3:])


def further_number(event_id: str, attempt: int) -> int:
    """The number by which it is found after so many that others have: negative, 63 bits.

    This hash is one for which nobody finds many ids with the same number.
    """
    digest = blake2b(f"{attempt} {event_id}".encode(), digest_size=_FAR_BYTES).digest()
    return -1 - (int.from_bytes(digest) >> 1)


def member_of(event_id: str) -> tuple[str, int] | None:
    """The group of an event, and its place in that: what came by one key is a group."""
    if event_id[:4] == KEY_EVENT_PREFIX and (match := _KEY.fullmatch(event_id)):
        return event_id.rpartition(":")[0], int(match[2])
    return None


def shortened(event_id: str, seq: int) -> Short:
    """How the id of the record at `seq` stands in the file.

    Nothing is the position that it has; a number from 0 on another position; a negative one a
    place in a batch that came by a key; bytes are the digest of a content; a text is itself.
    """
    start = event_id[:4]
    if start not in STARTS:
        return event_id
    if start == "cont" and (match := _CONTENT.fullmatch(event_id)):
        return bytes.fromhex(match[1])
    if start == "page" and (match := _PAGE.fullmatch(event_id)):
        return None if (place := int(match[1])) == seq else place
    if start == "key:" and (match := _KEY.fullmatch(event_id)):
        place = int(match[2])
        if place <= _PLACE_MASK:
            return -1 - (int(match[1], 16) << _PLACE_BITS | place)
    return event_id


def lengthened(short: Short, seq: int) -> str:
    """The id of which `shortened` made this."""
    if isinstance(short, str):
        return short
    if isinstance(short, bytes):
        return CONTENT_EVENT_PREFIX + short.hex()
    if short is None:
        return f"{PAGE_EVENT_PREFIX}{seq}"
    if short >= 0:
        return f"{PAGE_EVENT_PREFIX}{short}"
    number = -1 - short
    return f"{KEY_EVENT_PREFIX}{number >> _PLACE_BITS:012x}:{number & _PLACE_MASK}"
