"""The query of a call: what its parameters have to be."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from confledger.errors import InvalidParameter
from confledger.ledger.intake import conference_uuid_from

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 500
INTEGER_MAX: Final = 2**31 - 1
TEXT_CHARACTERS_MAX: Final = 128

_PARAMETERS_MAX: Final = 32
_INTEGER: Final = re.compile(r"-?[0-9]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a call, by name."""

    values: dict[str, str]

    @classmethod
    def parse(cls, query_string: str, *names: str) -> "Query":
        """Read a query.

        Args:
            query_string: as it was sent.
            names: the parameters that the call knows, which must not be repeated; others are
                ignored.

        Raises:
            InvalidParameter: the query is malformed, or a known parameter is repeated.
        """
        if "%" not in query_string and "+" not in query_string:
            values = _plain(query_string)
            if values is not None:
                return cls(values)
        try:
            pairs = parse_qsl(
                query_string,
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_PARAMETERS_MAX,
            )
        except UnicodeDecodeError:
            raise InvalidParameter("the query", "must be UTF-8, percent-encoded") from None
        except ValueError:
            raise InvalidParameter(
                "the query", f"must not have more than {_PARAMETERS_MAX} parameters"
            ) from None
        occurrences = Counter(name for name, _ in pairs)
        for name in names:
            if occurrences[name] > 1:
                raise InvalidParameter(name, "must be given only once")
        return cls(dict(pairs))

    def conference_uuid(self) -> str:
        """The conference that is asked for.

        Raises:
            InvalidParameter: there is none, or it is malformed.
        """
        if "confUUID" not in self.values:
            raise InvalidParameter("confUUID", "is missing")
        conference_uuid = conference_uuid_from(self.values["confUUID"])
        if conference_uuid is None:
            raise InvalidParameter("confUUID", "must be 32 hexadecimal digits")
        return conference_uuid

    def page(self) -> tuple[int, int]:
        """Offset and limit; a limit above 500 counts as 500.

        Raises:
            InvalidParameter: one is no integer, or out of range.
        """
        offset = self.integer("offset", default=0)
        limit = self.integer("limit", default=LIMIT_DEFAULT, least=1)
        return offset, min(limit, LIMIT_MAX)

    def integer(
        self, name: str, *, default: int | None = None, least: int = 0, most: int = INTEGER_MAX
    ) -> int:
        """An integer parameter.

        Raises:
            InvalidParameter: it is missing and has no default, is no integer, or out of range.
        """
        text = self.values.get(name)
        if text is None:
            if default is None:
                raise InvalidParameter(name, "is missing")
            return default
        if not _INTEGER.fullmatch(text) or not least <= int(text) <= most:
            raise InvalidParameter(name, f"must be an integer from {least} to {most}")
        return int(text)

    def boolean(self, name: str) -> bool:
        """A parameter that is `true` or `false`, in any case; false if it is not there.

        Raises:
            InvalidParameter: it is something else.
        """
        text = self.values.get(name, "false").lower()
        if text not in ("true", "false"):
            raise InvalidParameter(name, "must be true or false")
        return text == "true"

    def text(self, name: str) -> str:
        """A text; empty if it is not there.

        Raises:
            InvalidParameter: it is too long.
        """
        text = self.values.get(name, "")
        if len(text) > TEXT_CHARACTERS_MAX:
            raise InvalidParameter(name, f"must have at most {TEXT_CHARACTERS_MAX} characters")
        return text

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of some words; the first if it is not there.

        Raises:
            InvalidParameter: it is something else.
        """
        text = self.values.get(name, choices[0])
        if text not in choices:
            raise InvalidParameter(name, f"must be one of {', '.join(choices)}")
        return text


def _plain(query_string: str) -> dict[str, str] | None:
    """A query in which nothing is encoded; None where a name is repeated, or there are too many."""
    pieces = query_string.split("&")
    if len(pieces) > _PARAMETERS_MAX:
        return None
    values: dict[str, str] = {}
    for piece in pieces:
        if piece:
            name, _, value = piece.partition("=")
            if name in values:
                return None
            values[name] = value
    return values
