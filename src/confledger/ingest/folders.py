"""Folders of files, such as an export leaves."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from confledger.catalogue.language import LANGUAGES, Language
from confledger.errors import ConfledgerError, InvalidFile
from confledger.ledger.intake import conference_uuid_from

SUFFIXES: Final = (".json", ".jsonl")

_DIGITS: Final = re.compile(r"(\d+)")

Group = list[tuple[Path, str | None]]
"""Files that are taken together, each with its conference, where that is known."""


def groups_in(
    folder: Path, conference_uuid: str | None, failures: list[ConfledgerError]
) -> Iterator[Group]:
    """The files of a folder, then those of each folder in it, and so on.

    The conference of a file is the one that its folder is named by. Names are in
    order, numbers in them by their size; hidden files, and those that end neither in
    `.json` nor in `.jsonl`, are passed over.

    Args:
        folder: where they are.
        conference_uuid: of all of them, if somebody says so.
        failures: is told of each folder that can't be read or is another conference's.
    """
    is_empty, failures_before = True, len(failures)

    def note(error: OSError) -> None:
        failures.append(InvalidFile(error.filename, "", f"can't be read: {error.strerror}"))

    for name, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted((each for each in folders if not each.startswith(".")), key=_order)
        place = Path(name)
        found = [
            place / each for each in files if each.endswith(SUFFIXES) and not each.startswith(".")
        ]
        if not found:
            continue
        is_empty = False
        named = conference_uuid_from(place.resolve().name)
        if named and conference_uuid not in (None, named):
            failures.append(InvalidFile(place, "", f"is not of {conference_uuid}, by its name"))
            continue
        found.sort(key=lambda path: _order(path.name))
        yield [(path, named or conference_uuid) for path in found]
    if is_empty and len(failures) == failures_before:
        failures.append(InvalidFile(folder, "", f"has no file of {' or '.join(SUFFIXES)}"))


def language_of_name(path: Path) -> Language | None:
    """The language of a page whose name ends as in `records-000000.zh-CN.json`, or None."""
    for language in LANGUAGES:
        if path.name.endswith(f".{language}.json"):
            return language
    return None


def _order(name: str) -> tuple[tuple[str | int, ...], int]:
    # The default language's pages come first, so that theirs are the words that are kept.
    language = language_of_name(Path(name))
    stem = name.removesuffix(f".{language}.json")
    parts = _DIGITS.split(stem)
    parts[1::2] = [f"{len(digits.lstrip('0')):03}{digits}" for digits in parts[1::2]]
    return tuple(parts), LANGUAGES.index(language) if language else 0
