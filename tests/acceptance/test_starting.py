"""What a service reads before it serves: what it does not need, it does not wait for."""

import re
import signal
import sys
from pathlib import Path
from typing import Final

import httpx
import pytest

from acceptance.service import started, wait_until
from acceptance.vendor import RECORDS, SAMPLE_MEETING

NOT_NEEDED: Final = {
    "anyio._backends",  # of what waits in threads
    "asyncpg",  # of a store on PostgreSQL
    "confledger.archive",  # of other commands, as the next four
    "confledger.demo",
    "confledger.export",
    "confledger.generator",
    "confledger.ingest",
    "confledger.server.certificate",  # of TLS
    "confledger.storage.postgresql",
    "confledger.wire.openapi.vendor_calls",  # of the document, when it is asked for
    "cryptography",  # of logins, when somebody logs in, and of TLS
    "httpx2",  # of `archive`
    "pyarrow",  # of `export`, as the next one
    "xlsxwriter",
    "rich",  # of tables
    "tzdata",
    "zoneinfo",
}


@pytest.mark.sqlite
@pytest.mark.parametrize("workers", ["1", "2"])
def test_serving_sqlite_reads_nothing_that_it_does_not_need(tmp_path: Path, workers: str) -> None:
    """Until the first answer, neither the first process nor a worker has imported what only other
    commands, stores and calls need: that took as long as all the rest, and as much memory.
    """
    serve = ["serve", "--no-tls", "--port", "0", "--workers", workers]
    data = ["--data-folder", str(tmp_path / "data")]
    command = [sys.executable, "-X", "importtime", "-m", "confledger", *serve, *data]
    with started(command, tmp_path) as process:
        output, log = tmp_path / "stdout.txt", tmp_path / "stderr.txt"
        wait_until(lambda: "\n" in output.read_text(), "it is announced")
        url = output.read_text().split()[-1]
        answer = httpx.get(f"{url}{RECORDS}?confUUID={SAMPLE_MEETING}", trust_env=False)
        wait_until(lambda: " INFO request " in log.read_text(), "the answer is logged")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    until_answer = log.read_text().partition(" INFO request ")[0]
    read = set(re.findall(r"^import time: .*\| +(\S+)$", until_answer, re.MULTILINE))
    assert answer.status_code == 401
    assert {"apsw", "starlette.applications", "confledger.wire.control_records"} <= read
    packages = {name.rsplit(".", depth)[0] for name in read for depth in range(name.count(".") + 1)}
    assert packages & NOT_NEEDED == set()
