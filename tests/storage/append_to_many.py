"""A process of its own that appends: `append_to_many.py URL NAME WRITERS BATCHES SIZE`.

Its writers work at once, and go on until the standard input is closed. Each batch goes to a
conference that all processes share and to two others, told in an order of the writer's own,
with events that every writer brings too. What is acknowledged is reported: conference, first
seq, and the writer's own events. When the store is busy a writer brings
the same again; what is there already has no seq in the report.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence

from confledger.errors import StoreBusy
from confledger.ledger.record import ControlRecord, Receipt
from confledger.storage import Stores, open_stores

CONFERENCES = [f"{number:x}" * 32 for number in range(5)]
"""The first is the one that is in every batch."""


def record(event_id: str) -> ControlRecord:
    """A record of an event, which says the same whoever brings it."""
    return ControlRecord(
        operate_time_ms=1, operator_basis="unknown", operation="MUTE_ALL", event_id=event_id
    )


async def append(
    stores: Stores, batches: Mapping[str, Sequence[ControlRecord]]
) -> dict[str, Receipt]:
    """Append, as often as it takes."""
    while True:
        try:
            return await stores.records.append("default", batches)
        except StoreBusy:
            await asyncio.sleep(0.05)


async def write(
    stores: Stores, goes_on: asyncio.Event, name: str, writer: int, batches: int, size: int
) -> None:
    """Append the batches of one writer, so many at least."""
    batch = -1
    while (batch := batch + 1) < batches or goes_on.is_set():
        others = [CONFERENCES[1 + (writer + batch + step) % 4] for step in range(2)]
        targets = [CONFERENCES[0], *others]
        if writer % 2:
            targets.reverse()
        own = [f"{name}-{writer}-{batch}-{place}" for place in range(size)]
        brought = [record(event_id) for event_id in (f"everybody's {batch}", *own)]
        receipts = await append(stores, dict.fromkeys(targets, brought))
        for conference, receipt in receipts.items():
            first_own = receipt.count - size if receipt.accepted else None
            print(json.dumps([conference, first_own, own]), flush=True)  # noqa: T201 - the report


async def main(url: str, name: str, writers: int, batches: int, size: int) -> None:
    """Open the store, which may be new to all processes at once, and write."""
    stores = await open_stores(url)
    goes_on = asyncio.Event()
    goes_on.set()

    async def wait_for_the_end() -> None:
        await asyncio.to_thread(sys.stdin.read)
        goes_on.clear()

    await asyncio.gather(
        wait_for_the_end(),
        *(write(stores, goes_on, name, each, batches, size) for each in range(writers)),
    )
    await stores.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
