"""`GET /metrics`: what a service tells a monitoring system, through the real server."""

import json
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from acceptance.service import Service, run, running, wait_until
from acceptance.test_serve import assert_refuses_to_start, paused, two_workers
from acceptance.vendor import RECORDS, SAMPLE_MEETING, token_by_login

TOKEN: Final = "a-token-of-a-test"
QUESTION: Final = f"{RECORDS}?confUUID={SAMPLE_MEETING}"
ORDINARY_WAY: Final = {"Content-Length": "0"}
"""Says nothing, and is not plain: such a request does not take the fast lane."""

_LINE: Final = re.compile(
    r'# HELP \w+ [^\n]+|# TYPE \w+ (counter|gauge|histogram)|(\w+(?:\{\w+="[^"]+"\})?) ([0-9.e+-]+)'
)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A file with the token, and a line break behind it, as an editor writes it."""
    path = tmp_path / "metrics.token"
    path.write_text(TOKEN + "\n")
    return path


@pytest.fixture(params=["1", "2"], ids=["one process", "two processes"])
def service(
    request: pytest.FixtureRequest, command: str, tmp_path: Path, token_file: Path
) -> Iterator[Service]:
    """A service that tells what it counts."""
    options = ["--no-tls", "--workers", request.param, "--metrics-token-file", str(token_file)]
    with running(command, *options, folder=tmp_path) as opened:
        if request.param == "2":
            two_workers(opened)
        yield opened


def ask(service: Service, target: str, **headers: str) -> httpx.Response:
    """Ask over a connection of its own, which may reach any process."""
    return httpx.get(service.url + target, headers=headers, trust_env=False, timeout=30)


def told(service: Service) -> dict[str, float]:
    """What the service tells, each line of which must be of Prometheus' text format."""
    answer = ask(service, "/metrics", authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    lines = [_LINE.fullmatch(line) for line in answer.text.splitlines()]
    assert all(lines), answer.text
    return {line[2]: float(line[3]) for line in lines if line and line[2]}


def logged(service: Service) -> dict[str, int]:
    """The requests of the access log by status, but those of `told`."""
    lines = service.log.splitlines()
    statuses = [
        line.partition(" status=")[2].split()[0]
        for line in lines
        if " INFO request " in line and " path=/metrics " not in line
    ]
    return Counter(statuses)


def counted(service: Service) -> dict[str, int]:
    """The requests that were counted by status, but those of `told`, which are all 200 here."""
    samples = {
        name: int(value)
        for name, value in told(service).items()
        if name.startswith("confledger_requests_total")
    }
    statuses = {name.split('"')[1]: value for name, value in samples.items()}
    return {status: value for status, value in statuses.items() if status != "200"}


def test_what_is_told_is_what_is_logged(service: Service) -> None:
    """Requests on both ways, of all processes, are counted by status as the log has them, each
    in the histogram too; and what is no request, apart from them.
    """
    for _ in range(10):
        ask(service, QUESTION)
        ask(service, QUESTION, **ORDINARY_WAY)
        ask(service, "/nothing")
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(b"this is no request\r\n\r\n")
        assert b" 400 " in connection.makefile("rb").readline()

    wait_until(lambda: counted(service) == {"401": 20, "404": 10}, "all are counted")
    wait_until(lambda: logged(service) == {"401": 20, "404": 10}, "all are logged")
    everything = told(service)
    requests = sum(everything[name] for name in everything if "_requests_total" in name)
    buckets = [value for name, value in everything.items() if "_bucket" in name]
    assert everything["confledger_request_seconds_count"] == requests
    assert everything['confledger_request_seconds_bucket{le="+Inf"}'] == requests
    assert buckets == sorted(buckets)
    assert 0 < everything["confledger_request_seconds_sum"] < 30 * requests
    assert everything['confledger_refused_total{status="400"}'] == 1
    assert everything["confledger_resident_bytes"] > 10 * 1024**2
    started = everything["confledger_start_time_seconds"]
    assert abs(started - service.data_folder.stat().st_ctime) < 60


def test_pages_and_pushes_are_counted(command: str, tmp_path: Path, token_file: Path) -> None:
    """Of pages it is told how many were kept, on both ways; of pushed records how many were new."""
    data = ["--data-folder", str(tmp_path / "data")]
    create = ["app", "create", "test", "--scope", "read,write", "--json", *data]
    made = json.loads(run(command, *create, folder=tmp_path).stdout)
    options = ["--no-tls", "--metrics-token-file", str(token_file)]
    with running(command, *options, folder=tmp_path) as service:
        with httpx.Client(base_url=service.url, trust_env=False) as client:
            token = {"X-Access-Token": token_by_login(client, made["appId"], made["appKey"])}
            records = [{"operateTime": time, "operateCode": "x"} for time in range(3)]
            for brought in (records[:2], records):
                client.post(
                    f"/ledger/v1/conferences/{SAMPLE_MEETING}/records", json=brought, headers=token
                ).raise_for_status()
            for headers in ({}, ORDINARY_WAY, {}):
                client.get(QUESTION, headers=token | headers).raise_for_status()
        everything = told(service)

    assert everything["confledger_records_accepted_total"] == 3
    assert everything["confledger_records_duplicate_total"] == 2
    assert everything["confledger_page_cache_misses_total"] == 1
    assert everything["confledger_page_cache_hits_total"] == 2
    assert everything["confledger_processes"] == 1


def test_a_worker_that_is_replaced_takes_nothing_away(
    command: str, tmp_path: Path, token_file: Path
) -> None:
    """Each of two processes tells the sum of both; a killed one's part stays, and goes on to grow;
    and nothing is left of it when the service ends.
    """
    options = ["--no-tls", "--workers", "2", "--metrics-token-file", str(token_file)]
    with running(command, *options, folder=tmp_path) as service:
        first, second = two_workers(service)
        for held, number in ((first, 3), (second, 4)):
            with paused(held):
                for _ in range(number):
                    assert ask(service, QUESTION).status_code == 401
        for held in (first, second):
            with paused(held):
                assert counted(service) == {"401": 7}
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: first not in two_workers(service), "the worker is replaced")
        wait_until(lambda: told(service)["confledger_processes"] == 2, "it counts")
        with paused(second):
            assert counted(service) == {"401": 7}
            assert ask(service, QUESTION).status_code == 401
            assert counted(service) == {"401": 8}
        (folder,) = (tmp_path / "tmp").glob("confledger-metrics-*")
        assert len(list(folder.iterdir())) <= 3

    assert not folder.exists()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", TOKEN)],
        [("Authorization", f"Basic {TOKEN}")],
        [("Authorization", f"Bearer {TOKEN}x")],
        [("Authorization", f"Bearer {TOKEN[:-1]}")],
        [("Authorization", f"Bearer {TOKEN.upper()}")],
        [("Authorization", "Bearer \xff\xff")],
        [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")],
        [("X-Access-Token", TOKEN)],
    ],
    ids=str,
)
def test_nobody_else_is_told(shared: Service, headers: list[tuple[str, str]]) -> None:
    """No token, a wrong one, one in another place, or two: 401 with our error body."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = httpx.get(shared.url + "/metrics", headers=raw, trust_env=False)

    assert answer.status_code == 401
    assert answer.json()["error_code"] == "USG.000000004"
    assert "confledger" not in answer.text


@pytest.fixture(scope="module")
def shared(command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for those whom it tells nothing."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "token").write_text(TOKEN)
    options = ["--no-tls", "--metrics-token-file", str(folder / "token")]
    with running(command, *options, folder=folder) as opened:
        yield opened


def test_without_a_token_file_there_is_no_such_call(command: str, tmp_path: Path) -> None:
    """Where nothing is set, the path is as unknown as any other."""
    with running(command, "--no-tls", folder=tmp_path) as service:
        answers = [
            ask(service, path, authorization=f"Bearer {TOKEN}") for path in ("/metrics", "/nothing")
        ]
        assert list((tmp_path / "tmp").iterdir()) == []

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read: No such file"),
        (b"", "16 to 1,024"),
        (b"\n", "16 to 1,024"),
        (b"fifteen-letters", "16 to 1,024"),
        (b"x" * 1025, "16 to 1,024"),
        (b"one token and another token", "without spaces"),
        ("十六個字元以上的一個通行證而已啦".encode(), "ASCII"),
        (b"\xff" * 20, "it is no text"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_token_that_cannot_be_used_is_refused_in_a_sentence(
    command: str, tmp_path: Path, content: bytes | None, words: str, workers: str
) -> None:
    """A missing, empty, short, long or odd token ends the start with a sentence and exit code 2."""
    path = tmp_path / "wrong.token"
    if content is not None:
        path.write_bytes(content)
    options = ["--no-tls", "--workers", workers, "--metrics-token-file", str(path)]
    assert_refuses_to_start(command, tmp_path, options, code=2, words=f"wrong.token.*{words}")
