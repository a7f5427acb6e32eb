"""A process of its own that appends to a store: `append_records.py FILE NAME BATCHES SIZE`.

Each batch is reported on a line once it is acknowledged.
"""

import asyncio
import sys

from confledger.ledger.record import ControlRecord
from confledger.storage import open_stores

CONFERENCE = "c" * 32


async def append(path: str, name: str, batches: int, size: int) -> None:
    """Append batches of records whose event ids tell process, batch and place."""
    stores = await open_stores(f"sqlite:///{path}")
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
        receipts = await stores.records.append("default", {CONFERENCE: records})
        receipt = receipts[CONFERENCE]
        print(batch, receipt.first_seq, flush=True)  # noqa: T201 - the report
    await stores.close()


if __name__ == "__main__":
    asyncio.run(append(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
