"""The phrase store on SQLite."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import apsw

from confledger.errors import NoSuchCorp
from confledger.storage.sqlite.database import QUERIES, Database
from confledger.storage.sqlite.generations import EVERYTHING


@dataclass(frozen=True, slots=True)
class SQLitePhraseStore:
    """`ledger.phrases.PhraseStore` in one SQLite file."""

    database: Database

    async def learn(self, corp_id: str, phrases: Sequence[Mapping[str, str]]) -> None:
        """See `PhraseStore.learn`."""
        rows = [
            {"corp_id": corp_id, "text": text, "language": language, "words": words}
            for phrase in phrases
            for (_, text), (language, words) in permutations(phrase.items(), 2)
        ]

        def work(connection: apsw.Connection) -> None:
            if not connection.execute(QUERIES["corp"], {"corp_id": corp_id}).fetchall():
                raise NoSuchCorp(corp_id)
            connection.executemany(QUERIES["add_phrase"], rows)

        if not all(self.database.read("phrase", row) for row in rows):
            await self.database.write(work, [EVERYTHING])

    async def translations(
        self, corp_id: str, language: str, texts: Collection[str]
    ) -> dict[str, str]:
        """See `PhraseStore.translations`."""
        found = {}
        for text in texts:
            key = {"corp_id": corp_id, "text": text, "language": language}
            for (words,) in self.database.read("phrase", key):
                found[text] = words
        return found
