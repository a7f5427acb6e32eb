"""Words that the catalogue does not have, and what they are called in another language."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol


class PhraseStore(Protocol):
    """Where a corp keeps what it has learned of such words.

    A record holds a text that the catalogue does not know as it came. Where a source
    tells the same record in two languages, the two texts are a phrase, and whoever
    reads the record in the other language gets the other text.
    """

    async def learn(self, corp_id: str, phrases: Sequence[Mapping[str, str]]) -> None:
        """Keep phrases: of each, its words by the tag of a language. What is known stays.

        Raises:
            NoSuchCorp: the corp is unknown.
            StoreBusy, StoreUnusable: the store could not do it.
        """

    async def translations(
        self, corp_id: str, language: str, texts: Collection[str]
    ) -> dict[str, str]:
        """Those of some texts that are known in a language, with their words there.

        Raises:
            StoreBusy, StoreUnusable: the store could not do it.
        """
