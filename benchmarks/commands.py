"""What is no load: starting, resting, and the commands that move many records."""

import statistics
import time
from typing import Final

from benchmarks.bench import Bench, Found
from benchmarks.client import Client, log_in, page_path, reading_headers
from benchmarks.confledger_command import Used
from benchmarks.machine import cpu_seconds, load_core, resident_mib

_IDLE_SECONDS: Final = 3
_ASKED: Final = 2_000
_FORMATS: Final = ("csv", "jsonl", "parquet", "wire", "xlsx")


def starting(bench: Bench) -> Found:
    """From `confledger serve` to the first answer; memory, and CPU at rest."""
    store = bench.data.meetings(100, 100_000)
    paths = [page_path(conference_uuid) for conference_uuid, _ in store.conferences()]
    begins, fresh, used, idle = [], [], [], []
    for _ in range(bench.rounds):
        began = time.monotonic()
        with bench.confledger.serving(store.url, store.key_file, bench.folder) as server:
            token = log_in(server, store.app)
            begins.append(time.monotonic() - began)
            fresh.append(resident_mib(server.process))
            client = Client(server, reading_headers(token))
            for place in range(_ASKED):
                client.ask(paths[place % len(paths)])
            client.close()
            used.append(resident_mib(server.process))
            before = cpu_seconds([server.process])
            time.sleep(_IDLE_SECONDS)
            idle.append((cpu_seconds([server.process]) - before) / _IDLE_SECONDS)
    return Found(
        figures={
            "seconds from the command to the first login": statistics.median(begins),
            "MiB resident after the start": statistics.median(fresh),
            f"MiB resident after {_ASKED:,} pages": statistics.median(used),
            "% of a core at rest": statistics.median(idle) * 100,
        }
    )


def importing_and_exporting(bench: Bench) -> Found:
    """Export in every format, and import of what came out."""
    records = 100_000 if bench.is_quick else 1_000_000
    store = bench.data.meetings(records // 100, records)
    figures: dict[str, float] = {}
    for form in _FORMATS:
        output = bench.path(f"out.{form}")
        used = bench.confledger.timed(
            *("export", "--store", store.url, "--format", form, "--output", output)
        )
        figures |= _told(f"export as {form}", records, used)
    for form in ("jsonl", "wire"):
        target = f"sqlite:///{bench.path(f'{form}.sqlite3')}"
        used = bench.confledger.timed("import", bench.path(f"out.{form}"), "--store", target)
        figures |= _told(f"import of {form}", records, used)
    return Found(figures=figures)


def archiving(bench: Bench) -> Found:
    """`archive pull` from a confledger on the other core, as fast as it lets itself."""
    records = 10_000
    store = bench.data.meetings(100, records)
    certificate, key = bench.data.certificate()
    server = bench.stack.enter_context(
        bench.confledger.serving(
            *(store.url, store.key_file, bench.folder),
            *("--tls-cert", str(certificate), "--tls-key", str(key)),
            tls=True,
        )
    )
    used = bench.confledger.timed(
        *("archive", "pull", "--from", server.url, "--ca-file", certificate),
        *("--app-id", store.app.appId, "--requests-per-second", "1000"),
        *("--since", "2024-12-31", "--until", "2026-01-02"),
        *("--store", f"sqlite:///{bench.path('archive.sqlite3')}"),
        core=str(load_core()),
        environment={"CONFLEDGER_APP_KEY": store.app.appKey},
    )
    return Found(figures=_told("archive pull", records, used))


def _told(what: str, records: int, used: Used) -> dict[str, float]:
    return {
        f"{what}: records a second": records / used.seconds,
        f"{what}: MiB at the peak": used.peak_mib,
    }
