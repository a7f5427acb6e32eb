"""A process of its own that appends to a store.

`append_records.py FILE BATCHES SIZE NAME=CONFERENCE...`: one writer for each name, all at once.
Each batch is reported on a line once it is acknowledged: its writer, number and first `seq`.
"""

import asyncio
import sys

from confledger.ledger.record import ControlRecord
from confledger.ledger.store import RecordStore
from confledger.storage import open_stores


async def append(
    store: RecordStore, name: str, conference_uuid: str, batches: int, size: int
) -> None:
    """Append batches of records whose event ids tell writer, batch and place."""
    for batch in range(batches):
        records = [
            ControlRecord(
                operate_time_ms=place,
                operator_basis="unknown",
                operation="MUTE_ALL",
                event_id=f"{name}-{batch}-{place}",
            )
            for place in range(size)
        ]
        receipts = await store.append("default", {conference_uuid: records})
        receipt = receipts[conference_uuid]
        print(name, batch, receipt.first_seq, flush=True)  # noqa: T201 - the report


async def append_all(path: str, batches: int, size: int, writers: dict[str, str]) -> None:
    """Let all writers of this process append, each to its conference."""
    stores = await open_stores(f"sqlite:///{path}")
    async with asyncio.TaskGroup() as group:
        for name, conference_uuid in writers.items():
            group.create_task(append(stores.records, name, conference_uuid, batches, size))
    await stores.close()


if __name__ == "__main__":
    asyncio.run(
        append_all(
            sys.argv[1],
            int(sys.argv[2]),
            int(sys.argv[3]),
            dict(argument.split("=") for argument in sys.argv[4:]),
        )
    )
