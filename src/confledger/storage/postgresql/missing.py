"""What a row refers to and is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from confledger.errors import NoSuchCorp
from confledger.storage.postgresql.database import Session


async def require_corp(session: Session, corp_id: str) -> None:
    """Refuse to go on without a corp.

    Raises:
        NoSuchCorp: it is not there.
    """
    if not await session.rows("corp", {"corp_id": corp_id}):
        raise NoSuchCorp(corp_id)


@contextmanager
def corp_missing(corp_id: str) -> Iterator[None]:
    """Tell in a sentence that a corp went away after it was looked for."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchCorp(corp_id) from error
