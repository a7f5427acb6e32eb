"""The words that people use for what the catalogue knows."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from confledger.catalogue.language import LANGUAGES, Language

Origin = Literal["verbatim", "api", "manual", "ours"]
"""Where a word comes from: a record that the vendor served; the vendor's API
titles and descriptions; a manual or the user interface; or us."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a code is called in a language."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Words:
    """One language: its words for operations, results, and devices and media, by code."""

    operations: Mapping[str, Word]
    results: Mapping[str, Word]
    attendance: Mapping[str, Word]


class Catalogue:
    """The vocabulary of the ledger, in every language.

    The ledger stores codes; texts come from here when a record is read, and are
    taken for a code only where they equal one of its words exactly. So nothing is
    lost in either direction.
    """

    def __init__(self, words: Mapping[Language, Words]) -> None:
        self._words = words
        self._operation_codes = {
            word.text: code for each in words.values() for code, word in each.operations.items()
        }
        self._result_codes = {
            word.text: code for each in words.values() for code, word in each.results.items()
        }
        self._attendance_codes = {
            word.text: code for each in words.values() for code, word in each.attendance.items()
        }

    def words(self, language: Language) -> Words:
        """The words of a language."""
        return self._words[language]

    def operation_of(self, text: str) -> str | None:
        """The code of the operation with these words, in whichever language, or None."""
        return self._operation_codes.get(text)

    def result_of(self, text: str) -> str | None:
        """The code of the result with these words, in whichever language, or None."""
        return self._result_codes.get(text)

    def translations(self, language: Language, texts: Collection[str]) -> dict[str, str]:
        """Those of some texts that are words for a device or a medium, with this language's."""
        words = self._words[language].attendance
        codes = self._attendance_codes
        return {text: words[codes[text]].text for text in texts if text in codes}

    def has_operation(self, code: str) -> bool:
        """Whether there is an operation of this code."""
        return code in self._words[LANGUAGES[0]].operations

    def has_result(self, code: str) -> bool:
        """Whether there is a result of this code."""
        return code in self._words[LANGUAGES[0]].results


def load_catalogue() -> Catalogue:
    """The catalogue that comes with the program, read from `locales/`."""
    return Catalogue({language: _load_words(language) for language in LANGUAGES})


def _load_words(language: Language) -> Words:
    locale = files("confledger.catalogue") / "locales" / f"{language}.toml"
    content = tomllib.loads(locale.read_text("utf-8"))

    def table(name: str) -> dict[str, Word]:
        return {
            code: Word(text=entry["words"], origin=entry["origin"])
            for code, entry in content[name].items()
        }

    return Words(table("operations"), table("results"), table("attendance"))
