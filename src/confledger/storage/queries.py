"""Reads the named statements of an SQL file."""

import re
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


def load_queries(package: str, file: str = "queries.sql") -> dict[str, str]:
    """The statements of an SQL file of a package, by name.

    Each begins with a line `-- name: some_name`; the comment lines that follow it
    say what it is for.
    """
    text = (files(package) / file).read_text("utf-8")
    _, *parts = _NAME.split(text)
    return {
        name: statement.strip().rstrip(";")
        for name, statement in zip(parts[::2], parts[1::2], strict=True)
    }
