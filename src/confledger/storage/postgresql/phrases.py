"""The phrase store on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from confledger.storage.postgresql.database import Database, Session
from confledger.storage.postgresql.missing import corp_missing, require_corp


@dataclass(frozen=True, slots=True)
class PostgreSQLPhraseStore:
    """`ledger.phrases.PhraseStore` in one PostgreSQL database."""

    database: Database

    async def learn(self, corp_id: str, phrases: Sequence[Mapping[str, str]]) -> None:
        """See `PhraseStore.learn`."""
        rows = [
            {"corp_id": corp_id, "text": text, "language": language, "words": words}
            for phrase in phrases
            for (_, text), (language, words) in permutations(phrase.items(), 2)
        ]
        # In one order by all, so that nobody waits in a circle; of two with the same text
        # the one that was told first stays the first.
        rows.sort(key=lambda row: (row["text"], row["language"]))

        async def work(session: Session) -> None:
            await require_corp(session, corp_id)
            await session.run_many("add_phrase", rows)

        with corp_missing(corp_id):
            await self.database.write(work)

    async def translations(
        self, corp_id: str, language: str, texts: Collection[str]
    ) -> dict[str, str]:
        """See `PhraseStore.translations`."""
        if not texts:
            return {}
        asked = {"corp_id": corp_id, "language": language, "texts": list(texts)}
        return {row[0]: row[1] for row in await self.database.read("phrases", asked)}
