"""What the ledger asks of storage."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from confledger.ledger.record import ControlRecord, Delivery, Page, Receipt, ShownPage


class RecordStore(Protocol):
    """Where records are kept. It has no update and no delete of a record, on purpose.

    A conference belongs to a corp, and its key is the two together: the same
    `conference_uuid` in two corps is two conferences that know nothing of each
    other. What every store has to do is written down in
    `tests/contracts/test_record_store.py`, which runs on each of them.
    """

    async def append(
        self,
        corp_id: str,
        batches: Mapping[str, Sequence[ControlRecord]],
        delivery: Delivery | None = None,
    ) -> dict[str, Receipt]:
        """Keep what is new of some records, by conference, all or none, and durably.

        A record gets the next `seq` of its conference: 0, 1, 2, ... without gaps.
        One whose `event_id` the conference has already, in the store or earlier in
        the batch, is counted as a duplicate and not kept again. A conference that
        gets its first record comes into being.

        A delivery whose key a conference has already is not looked at again: all of its
        records are duplicates. Else the conference has its key from then on, and its records
        are kept as it settles them.

        Returns:
            A receipt for each conference.

        Raises:
            NoSuchCorp: the corp is unknown.
            EventConflict: an `event_id` is known with another content.
            DeliveryConflict: the key of the delivery is known with another digest.
            StoreBusy, StoreUnusable: the store could not do it.
        """

    def generation(self, conference_uuid: str) -> int | None:
        """What is another number after any change of what may be told of a conference.

        That is of its records, of who may see it, or of a phrase; in this process or
        another one. Whoever keeps an answer asks for it before they read. None: this
        store can't tell without being asked itself.
        """

    async def counts(self, corp_id: str, conference_uuids: Collection[str]) -> dict[str, int]:
        """How many records each of some conferences has; of an unknown one nothing is told.

        Raises:
            StoreBusy, StoreUnusable: the store could not do it.
        """

    async def page(self, corp_id: str, conference_uuid: str, *, offset: int, limit: int) -> Page:
        """The records with `offset <= seq < offset + limit`, and the exact count, of one moment.

        It costs the same wherever `offset` is.

        Raises:
            NoSuchConference: this corp has none of that id.
            StoreBusy, StoreUnusable: the store could not do it.
        """

    async def shown_page(
        self,
        corp_id: str,
        conference_uuid: str,
        *,
        offset: int,
        limit: int,
        known_count: int | None = None,
    ) -> ShownPage | None:
        """What readers are shown of a `page`; None if the conference has `known_count` records.

        A page that was read when it had so many is then as good as a new one, and is not read.

        Raises:
            NoSuchConference: this corp has none of that id.
            StoreBusy, StoreUnusable: the store could not do it.
        """
