"""What reading a page costs, beside the usual way to read one, on the same file and in one run.

Ours is the store's range of `seq` with its kept count, encoded by msgspec. The usual way
is `LIMIT ... OFFSET ...` and `COUNT(*)` by the standard library's sqlite3, encoded by its
json. Rounds are interleaved, and what is printed are ratios of medians: a machine's
speed cancels out of them. No server is part of it.
"""

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.words import Words, load_catalogue
from confledger.generator.meetings import generated_meeting
from confledger.ledger.intake import Intake
from confledger.storage import open_stores
from confledger.wire.record_json import ReaderWords, page_json

RECORDS: Final = 200_000
BATCH: Final = 10_000
ROUNDS: Final = 7
CONFERENCE: Final = "5d3c1f40b2a811ef9c07a1b2c3d4e5f6"
CASES: Final = ((0, 20), (0, 500), (RECORDS - 20, 20))

COLUMNS: Final = {
    "operate_time_ms": "operateTime",
    "source": "operateSource",
    "operator": "operator",
    "operation": "operateCode",
    "object": "operationObject",
    "result": "operateResult",
}

Read = Callable[[int, int], Coroutine[Any, Any, bytes]]


async def compare(folder: str) -> None:
    """Make the meeting, check that both ways give the same answer, and measure."""
    path = Path(folder) / "store.sqlite3"
    stores = await open_stores(f"sqlite:///{path}")
    words = load_catalogue().words("en-US")
    # The usual way has no columns for details, and for what the catalogue has no word for.
    told = generated_meeting(records=RECORDS + RECORDS // 20, seed=1).records
    usual_told = [each for each in told if each.operation and each.result and not each.detail]
    meeting = usual_told[:RECORDS]
    for first in range(0, RECORDS, BATCH):
        batch = meeting[first : first + BATCH]
        await Intake(stores.records).take(DEFAULT_CORP_ID, {CONFERENCE: batch})

    async def ours(offset: int, limit: int) -> bytes:
        page = await stores.records.page(DEFAULT_CORP_ID, CONFERENCE, offset=offset, limit=limit)
        return page_json(
            page, offset=offset, limit=limit, words=ReaderWords(words), masks_numbers=False
        )

    usual_connection = sqlite3.connect(path)

    async def usual(offset: int, limit: int) -> bytes:
        rows = usual_connection.execute(
            f"SELECT {', '.join(COLUMNS)} FROM record WHERE conference_uuid = ? AND corp_id = ?"  # noqa: S608 - our own names
            " ORDER BY seq LIMIT ? OFFSET ?",
            (CONFERENCE, DEFAULT_CORP_ID, limit, offset),
        ).fetchall()
        ((count,),) = usual_connection.execute(
            "SELECT COUNT(*) FROM record WHERE conference_uuid = ? AND corp_id = ?",
            (CONFERENCE, DEFAULT_CORP_ID),
        )
        data = [
            {
                key: _shown(key, value, words)
                for key, value in zip(COLUMNS.values(), row, strict=True)
                if value != ""
            }
            for row in rows
        ]
        answer = {"data": data, "offset": offset, "limit": limit, "count": count}
        return json.dumps(answer, ensure_ascii=False).encode()

    print(f"{RECORDS:,} records; median of {ROUNDS} interleaved rounds\n")
    print("offset      limit    ours us    usual us    usual / ours")
    for offset, limit in CASES:
        assert json.loads(await ours(offset, limit)) == json.loads(await usual(offset, limit))
        rounds = [
            (await _microseconds(ours, offset, limit), await _microseconds(usual, offset, limit))
            for _ in range(ROUNDS)
        ]
        our_cost, usual_cost = (statistics.median(costs) for costs in zip(*rounds, strict=True))
        ratio = usual_cost / our_cost
        print(f"{offset:<10,}  {limit:<5}  {our_cost:>9.1f}  {usual_cost:>10.1f}  {ratio:>14.1f}")
    usual_connection.close()
    await stores.close()


def _shown(key: str, value: Any, words: Words) -> Any:  # noqa: ANN401 - a cell of any column
    if key == "operateCode":
        return words.operations[value].text
    return words.results[value].text if key == "operateResult" else value


async def _microseconds(read: Read, offset: int, limit: int) -> float:
    """What one read costs, over a tenth of a second or at least three reads."""
    reads, started = 0, time.perf_counter()
    while reads < 3 or time.perf_counter() - started < 0.1:  # noqa: PLR2004 - as the sentence above says
        await read(offset, limit)
        reads += 1
    return (time.perf_counter() - started) / reads * 1e6


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(compare(temporary))
