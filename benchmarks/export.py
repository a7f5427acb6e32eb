"""Fills a store with a million records, and measures an export of it in every format.

.venv/bin/python benchmarks/export.py [RECORDS]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio

from confledger.app import open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.demo.generate import generated_meeting
from confledger.ledger.conference import Conference, ConferenceNews
from confledger.settings import Settings

RECORDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
OF_A_CONFERENCE = 10_000
START_MS = 1_732_521_600_000


async def fill(folder: Path) -> None:
    """Put conferences of so many records each into a store."""
    async with open_parts(Settings(data_folder=folder)) as parts:
        for number in range(RECORDS // OF_A_CONFERENCE):
            uuid = f"{number:032x}"
            start_ms = START_MS + number * 86_400_000
            records = generated_meeting(
                records=OF_A_CONFERENCE, start_time_ms=start_ms, seed=number
            )
            await parts.intake.take(DEFAULT_CORP_ID, {uuid: records})
            told = Conference(
                conference_uuid=uuid,
                conference_id=str(900_000_000 + number),
                subject=f"Meeting {number}",
                start_time_ms=start_ms,
                end_time_ms=start_ms + 3_600_000,
                scheduler_name="Ann",
                has_recording=False,
                viewers=frozenset(),
                details="{}",
            )
            news = ConferenceNews(conference_uuid=uuid, conference=told)
            await parts.stores.conferences.put(DEFAULT_CORP_ID, [news])


def measure(folder: Path, form: str) -> None:
    """Run one export, and print what it took."""
    output = folder / f"out.{form}"
    command = [sys.executable, "-m", "confledger", "export", "--data-folder", str(folder)]
    command += ["--format", form, "--output", str(output)]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    seconds = time.monotonic() - began
    written = (
        [output] if output.is_file() else [each for each in output.rglob("*") if each.is_file()]
    )
    size = sum(each.stat().st_size for each in written)
    print(
        f"{form:8} {seconds:6.1f} s  {used.ru_maxrss / 1024:6.0f} MiB peak"
        f"  {size / 1024**2:7.1f} MiB in {len(written):,} files"
    )


def main() -> None:
    """Fill, then measure each format."""
    with tempfile.TemporaryDirectory(prefix="confledger-export-") as name:
        folder = Path(name)
        anyio.run(fill, folder)
        print(f"{RECORDS:,} records in {RECORDS // OF_A_CONFERENCE} conferences")
        for form in ("csv", "jsonl", "parquet", "wire", "xlsx"):
            measure(folder, form)


if __name__ == "__main__":
    main()
