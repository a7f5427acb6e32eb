"""Fills a store with a million records, and measures an export of it in every format.

.venv/bin/python benchmarks/export.py [RECORDS]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECORDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000


def fill(folder: Path) -> None:
    """Put meetings with so many records into a store."""
    figures = ("--meetings", "100", "--records", str(RECORDS), "--data-folder", str(folder))
    subprocess.run([sys.executable, "-m", "confledger", "generate", *figures], check=True)  # noqa: S603 - our own command


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
        fill(folder)
        print(f"{RECORDS:,} records in 100 meetings")
        for form in ("csv", "jsonl", "parquet", "wire", "xlsx"):
            measure(folder, form)


if __name__ == "__main__":
    main()
