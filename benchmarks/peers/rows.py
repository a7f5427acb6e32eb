"""The limit for writing: rows that are made beforehand, put into the leanest table there can be.

1,000 rows a transaction, the write-ahead log, synchronous=FULL. It writes for so many seconds,
whenever a line says so, and answers with a line: how many rows, in how many seconds,
of which how many on the processor.
"""

import sys
import time
from pathlib import Path
from typing import Final

import apsw

_ROWS: Final = 1_000
_PREBUILT: Final = 100_000
"""So many are made before the clock runs."""
_PER_CONFERENCE: Final = 1_000_000


def main() -> None:
    """Write whenever it is told to."""
    path = Path(sys.argv[1])
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.execute("""
        CREATE TABLE record (
            conference INTEGER NOT NULL,
            seq        INTEGER NOT NULL,
            time_ms    INTEGER NOT NULL,
            source     INTEGER NOT NULL,
            operator   TEXT    NOT NULL,
            operation  INTEGER NOT NULL,
            object     TEXT    NOT NULL,
            result     INTEGER NOT NULL,
            detail     TEXT    NOT NULL,
            PRIMARY KEY (conference, seq)
        ) STRICT, WITHOUT ROWID
    """)
    put = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    made = 0
    for line in sys.stdin:
        before, seconds, cpu_seconds = made, 0.0, 0.0
        while seconds < float(line):
            rows = [_row(place) for place in range(made, made + _PREBUILT)]
            started, cpu_started = time.monotonic(), time.process_time()
            for place in range(0, _PREBUILT, _ROWS):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(put, rows[place : place + _ROWS])
                connection.execute("COMMIT")
            seconds += time.monotonic() - started
            cpu_seconds += time.process_time() - cpu_started
            made += _PREBUILT
        print(made - before, seconds, cpu_seconds, flush=True)


def _row(place: int) -> tuple[int | str, ...]:
    conference, seq = divmod(place, _PER_CONFERENCE)
    told = (1_751_500_000_000 + place, 1, "Ann Example", place % 4, f"event-{place:08}", 0, "")
    return conference, seq, *told


if __name__ == "__main__":
    main()
