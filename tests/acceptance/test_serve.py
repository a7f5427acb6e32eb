"""`confledger serve`: its certificate, its processes, its signals, and what it says."""

import json
import os
import re
import signal
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acceptance.service import Service, run, running, started, wait_until
from acceptance.vendor import (
    GOLDEN,
    RECORDS,
    SAMPLE_MEETING,
    golden_page,
    token_by_login,
    trusting,
)

QUESTION: Final = f"{RECORDS}?confUUID={SAMPLE_MEETING}"


def a_client(service: Service, certificate: Path | None = None) -> httpx.Client:
    """A client that trusts a certificate, by default the one that the service made."""
    context = trusting(certificate or service.certificate)
    return httpx.Client(base_url=service.url, verify=context, timeout=30)


def presented_certificate(service: Service, context: ssl.SSLContext, name: str) -> bytes:
    """What the service shows to a client that calls it by a name and checks what it sees."""
    with (
        socket.create_connection(("127.0.0.1", service.port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        certificate = connection.getpeercert(binary_form=True)
    assert certificate
    return certificate


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates of the owner's: `good`, `other`, and keys to them."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("good", "other"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
        )
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(pem, pkcs8, serialization.NoEncryption())
        )
        (folder / f"{name}.encrypted.key").write_bytes(
            key.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"secret"))
        )
    (folder / "garbage.pem").write_text("no certificate\n")
    return folder


def make_app(command: str, folder: Path) -> tuple[str, str]:
    """An app in the store of a data folder, which has the vendor's sample from then on."""
    data = ["--data-folder", str(folder / "data")]
    importing = ["import", str(GOLDEN), "--conference", SAMPLE_MEETING, *data]
    assert run(command, *importing, folder=folder).returncode == 0
    made = json.loads(run(command, "app", "create", "test", "--json", *data, folder=folder).stdout)
    return made["appId"], made["appKey"]


def test_the_certificate_is_made_once_and_stands_the_strictest_check(
    command: str, tmp_path: Path
) -> None:
    """TLS is the default: the service's own certificate verifies strictly, by each local name, and
    is the same after a restart.
    """
    seen: list[bytes] = []
    for _ in range(2):
        with running(command, folder=tmp_path) as service:
            assert service.url.startswith("https://127.0.0.1:")
            context = trusting(service.certificate)
            seen += [
                presented_certificate(service, context, name)
                for name in ("127.0.0.1", "localhost", "::1")
            ]
            seen.append(ssl.PEM_cert_to_DER_cert(service.certificate.read_text()))

    assert len(set(seen)) == 1


def test_a_host_that_the_kept_certificate_does_not_name_is_told(
    command: str, tmp_path: Path
) -> None:
    """The certificate of the first start does not change when the service listens elsewhere; that
    clients will refuse it there is said at the start, and only then.
    """
    with running(command, folder=tmp_path) as first, a_client(first) as client:
        assert client.get(QUESTION).status_code == 401
        certificate = first.certificate.read_bytes()
        assert "Note" not in first.log
    with running(command, "--host", "127.0.0.2", folder=tmp_path) as second:
        assert second.url.startswith("https://127.0.0.2:")
        wait_until(lambda: second.log, "something is said")
        with a_client(second) as client, pytest.raises(httpx.ConnectError, match=r"127\.0\.0\.2"):
            client.get(QUESTION)

    assert re.search(r"^Note: .* does not name 127\.0\.0\.2\b", second.log, re.MULTILINE)
    assert second.certificate.read_bytes() == certificate


def test_the_private_files_are_for_their_owner_only(command: str, tmp_path: Path) -> None:
    """Nobody but the owner may read the TLS key, the secret key and the store."""
    with running(command, folder=tmp_path) as service, a_client(service) as client:
        assert client.get(QUESTION).status_code == 401
        files = [path for path in service.data_folder.rglob("*") if path.is_file()]
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}

    keys = [name for name in modes if "key" in name]
    stores = [name for name in modes if "sqlite" in name]
    assert len(keys) == 2
    assert stores
    assert {modes[name] for name in [*keys, *stores]} == {0o600}


def test_without_tls_it_speaks_plain_http(command: str, tmp_path: Path) -> None:
    """For use behind a proxy, `--no-tls` serves http and makes no certificate."""
    with running(command, "--no-tls", folder=tmp_path) as service:
        answer = httpx.get(service.url + QUESTION, trust_env=False)
        certificates = list(service.data_folder.rglob("*.pem"))

    assert service.url.startswith("http://127.0.0.1:")
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "USG.000000004"
    assert certificates == []


def test_the_owners_certificate_is_used(command: str, tmp_path: Path, own: Path) -> None:
    """With `--tls-cert` and `--tls-key` clients see that certificate, and no other is made."""
    options = ["--tls-cert", str(own / "good.pem"), "--tls-key", str(own / "good.key")]
    with running(command, *options, folder=tmp_path) as service:
        context = ssl.create_default_context(cafile=own / "good.pem")
        certificate = presented_certificate(service, context, "127.0.0.1")
        certificates = list(service.data_folder.rglob("*.pem"))

    assert certificate == ssl.PEM_cert_to_DER_cert((own / "good.pem").read_text())
    assert certificates == []


def assert_refuses_to_start(
    command: str, folder: Path, options: list[str], *, code: int, words: str
) -> None:
    """`serve` must end by itself, announce nothing, and say why in one sentence."""
    data = ["--data-folder", str(folder / "data"), "--port", "0"]
    done = run(command, "serve", *data, *options, folder=folder)

    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(rf"Error: [^\n]*{words}[^\n]*\n", done.stderr), done.stderr
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tls-cert", "good.pem"], "--tls-cert and --tls-key must be given together"),
        (["--tls-key", "good.key"], "--tls-cert and --tls-key must be given together"),
        (["--no-tls", "--tls-cert", "good.pem", "--tls-key", "good.key"], "--no-tls"),
        (["--tls-cert", "missing.pem", "--tls-key", "good.key"], "missing.pem"),
        (["--tls-cert", "good.pem", "--tls-key", "missing.key"], "missing.key"),
        (["--tls-cert", "garbage.pem", "--tls-key", "good.key"], "garbage.pem"),
        (["--tls-cert", "good.pem", "--tls-key", "garbage.pem"], "garbage.pem"),
        (["--tls-cert", "good.pem", "--tls-key", "other.key"], "other.key"),
        (["--tls-cert", "good.pem", "--tls-key", "good.encrypted.key"], "good.encrypted.key"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_certificate_that_cannot_be_used_is_refused_in_a_sentence(
    command: str, tmp_path: Path, own: Path, options: list[str], words: str
) -> None:
    """Half a pair, a pair without TLS, a missing, wrong, mismatched or locked file: exit code 2 and
    a sentence that names it, and no question for a password.
    """
    paths = [option if option.startswith("--") else str(own / option) for option in options]
    assert_refuses_to_start(command, tmp_path, paths, code=2, words=words)


@pytest.mark.parametrize(
    ("workers", "content"),
    [("1", b""), ("2", b"no certificate\n")],
    ids=["empty", "garbage, for two processes"],
)
def test_a_damaged_certificate_of_its_own_is_refused_in_a_sentence(
    command: str, tmp_path: Path, workers: str, content: bytes
) -> None:
    """Where the certificate that it made before can't be used, the service says so and ends; with
    several processes too, of which none is started again and again.
    """
    with running(command, folder=tmp_path) as service, a_client(service) as client:
        assert client.get(QUESTION).status_code == 401
    service.certificate.write_bytes(content)

    assert_refuses_to_start(command, tmp_path, ["--workers", workers], code=2, words="certificate")


def test_a_port_in_use_is_told_in_a_sentence(command: str, tmp_path: Path) -> None:
    """A port that somebody else has ends the start with exit code 1 and names the port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert_refuses_to_start(command, tmp_path, ["--port", port], code=1, words=port)


@pytest.mark.parametrize(
    "host",
    ["no-such-host.invalid", "a" * 70, "192.0.2.1"],
    ids=["unknown", "no name at all", "of another machine"],
)
def test_a_host_that_is_not_here_is_told_in_a_sentence(
    command: str, tmp_path: Path, host: str
) -> None:
    """An address that this machine does not have ends the start with exit code 1."""
    assert_refuses_to_start(command, tmp_path, ["--host", host], code=1, words=host)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_store_that_is_none_is_told_in_a_sentence(
    command: str, tmp_path: Path, workers: str
) -> None:
    """A file that is no SQLite store ends the start with exit code 1, stays as it is, and starts no
    process again and again.
    """
    store = tmp_path / "notes.txt"
    store.write_text("this is no store\n" * 100)
    options = ["--store", f"sqlite:///{store}", "--workers", workers]
    assert_refuses_to_start(command, tmp_path, options, code=1, words="notes.txt")

    assert store.read_text() == "this is no store\n" * 100


def serving(service: Service) -> list[int]:
    """The processes of a service that have the store open, and so are ready to serve."""
    first = service.process.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [pid for pid in (first, *map(int, children)) if _has_the_store_open(pid)]


def two_workers(service: Service) -> list[int]:
    """The processes that serve, as soon as they are two."""
    found: list[int] = []

    def are_two() -> bool:
        found[:] = serving(service)
        return len(found) == 2

    wait_until(are_two, "two processes serve")
    return found


def _has_the_store_open(pid: int) -> bool:
    opened: list[Path] = []
    # Files are closed, and processes end, while we look.
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                opened.append(link.readlink())
    return any(path.suffix == ".sqlite3" for path in opened)


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Hold a process still for a moment."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_token_works_in_every_process(command: str, tmp_path: Path) -> None:
    """With two workers, a token that either issued opens the ledger in both, over fresh
    connections; SIGTERM to the first process ends all of them, with exit code 0.
    """
    app = make_app(command, tmp_path)
    with running(command, "--workers", "2", folder=tmp_path) as service:
        workers = two_workers(service)
        context = trusting(service.certificate)

        def fresh() -> httpx.Client:
            return httpx.Client(base_url=service.url, verify=context, timeout=30)

        tokens = []
        for pid in workers:
            # While one worker is held still, the other one answers.
            with paused(pid), fresh() as client:
                tokens.append(token_by_login(client, *app))
        answers = []
        for pid in workers:
            for token in tokens:
                with paused(pid), fresh() as client:
                    answers.append(client.get(QUESTION, headers={"X-Access-Token": token}))
        for _ in range(20):
            with fresh() as client:
                answers.append(client.get(QUESTION, headers={"X-Access-Token": tokens[0]}))
        assert service.stop(signal.SIGTERM) == 0

    assert [answer.status_code for answer in answers] == [200] * 24
    assert all(answer.json()["data"] == golden_page()["data"] for answer in answers)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def test_a_token_ends_in_every_process(command: str, tmp_path: Path) -> None:
    """A token that one worker ends is refused by the other from its next request on; and one
    whose app is disabled by command, by both.
    """
    app = make_app(command, tmp_path)
    with running(command, "--workers", "2", folder=tmp_path) as service:
        first, second = two_workers(service)
        context = trusting(service.certificate)

        def ask(method: str, url: str, token: str, *, held: int) -> int:
            with (
                paused(held),
                httpx.Client(base_url=service.url, verify=context, timeout=30) as client,
            ):
                headers = {"X-Access-Token": token}
                return client.request(method, url, headers=headers).status_code

        with httpx.Client(base_url=service.url, verify=context, timeout=30) as client:
            logged_out, disabled = (token_by_login(client, *app) for _ in range(2))
        before = [ask("GET", QUESTION, logged_out, held=held) for held in (first, second)]
        ended = ask("DELETE", "/v1/usg/acs/token", logged_out, held=second)
        after = [ask("GET", QUESTION, logged_out, held=held) for held in (first, second)]
        data = str(service.data_folder)
        ran = run(command, "app", "disable", app[0], "--data-folder", data, folder=tmp_path)
        at_last = [ask("GET", QUESTION, disabled, held=held) for held in (first, second)]

    assert (before, ended, after) == ([200, 200], 200, [401, 401])
    assert (ran.returncode, at_last) == (0, [401, 401])


def test_a_worker_that_dies_is_replaced(command: str, tmp_path: Path) -> None:
    """When one of two workers is killed, another takes its place and the service goes on."""
    with running(command, "--workers", "2", folder=tmp_path) as service:
        before = two_workers(service)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: before[0] not in two_workers(service), "the worker is replaced")
        after = two_workers(service)
        with a_client(service) as client, paused(before[1]):
            answer = client.get(QUESTION)

    assert before[1] in after
    assert answer.status_code == 401


def test_a_service_whose_workers_cannot_start_fails(command: str, tmp_path: Path) -> None:
    """Where the store is lost between the first process and its workers, the service ends with a
    failure, for its supervisor to see, and with the reason in its log.
    """
    store = tmp_path / "store.sqlite3"
    options = ["--workers", "2", "--store", f"sqlite:///{store}", "--data-folder", str(tmp_path)]
    with started([command, "serve", "--port", "0", *options], tmp_path) as process:
        wait_until(lambda: "://" in (tmp_path / "stdout.txt").read_text(), "it is announced")
        store.write_text("no store any more\n" * 100)
        code = process.wait(timeout=30)

    log = (tmp_path / "stderr.txt").read_text()
    assert code == 1, log
    assert "store.sqlite3 can't be used" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_it_quietly(command: str, tmp_path: Path, workers: str) -> None:
    """Ctrl+C in a terminal, which reaches every process of the service, ends it with the exit code
    for that or with 0, without a complaint.
    """
    with running(command, "--workers", workers, folder=tmp_path) as service:
        wait_until(lambda: len(serving(service)) == int(workers), "every process serves")
        os.killpg(service.process.pid, signal.SIGINT)
        code = service.process.wait(timeout=30)

    assert code in {0, 130}
    assert "ERROR" not in service.log
    assert "Error" not in service.log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_idle_client_does_not_hold_up_the_end(
    command: str, tmp_path: Path, workers: str
) -> None:
    """A client that keeps its connection for later, as the SDK does, is no reason to wait for the
    time limit of a stop, after which the log would have an error.
    """
    with (
        running(command, "--workers", workers, folder=tmp_path) as service,
        a_client(service) as client,
    ):
        client.get(QUESTION)
        code = service.stop(signal.SIGTERM)

    assert code == 0
    assert "ERROR" not in service.log


def test_a_request_that_is_under_way_is_answered_before_the_end(
    command: str, tmp_path: Path
) -> None:
    """A login whose body is still on its way when SIGTERM comes gets its answer."""
    head = (
        b"POST /v2/usg/acs/auth/appauth HTTP/1.1\r\nHost: ledger\r\n"
        b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    with running(command, "--no-tls", folder=tmp_path) as service:
        address = ("127.0.0.1", service.port)
        with socket.create_connection(address, timeout=30) as client:
            client.sendall(head)
            assert client.recv(100).startswith(b"HTTP/1.1 100 ")
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not _listens(address), "it takes no more connections")
            client.sendall(b"{}")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert service.process.wait(timeout=30) == 0

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"USG.206060011" in answer
    assert "status=400" in service.log


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=30).close()
    except ConnectionRefusedError:
        return False
    return True


def test_the_access_log_tells_what_was_answered_and_nothing_secret(
    command: str, tmp_path: Path
) -> None:
    """Each request is one line on the standard error, with its id and status; tokens, keys and the
    query are in none.
    """
    app_id, app_key = make_app(command, tmp_path)
    with running(command, folder=tmp_path) as service, a_client(service) as client:
        token = token_by_login(client, app_id, app_key)
        good = client.get(QUESTION, headers={"X-Access-Token": token, "X-Request-Id": "mine-1"})
        bad = client.get(QUESTION, headers={"X-Access-Token": "stb" + "0" * 33})
        client.get(f"{RECORDS}?confUUID={token}", headers={"X-Access-Token": token})

    lines = service.log.splitlines()
    assert (good.status_code, bad.status_code) == (200, 401)
    assert good.headers["X-Request-Id"] == "mine-1"
    assert len(lines) == 4
    for request_id, status in (("mine-1", 200), (bad.headers["X-Request-Id"], 401)):
        (line,) = (line for line in lines if f" request_id={request_id} " in line)
        assert f" status={status} " in line
        assert f" path={RECORDS} " in line
    for secret in (token, app_key, SAMPLE_MEETING, "stb" + "0" * 33, "signature"):
        assert secret not in service.log


def test_a_client_that_speaks_no_tls_is_no_event(command: str, tmp_path: Path) -> None:
    """Plain http on the TLS port, broken TLS and port scanners end in a closed connection; the
    service goes on, without a word about them in its log.
    """
    with running(command, folder=tmp_path) as service:
        for noise in (b"GET / HTTP/1.1\r\nHost: ledger\r\n\r\n", b"\x16\x03\x01\0\5hello", b""):
            with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
                client.sendall(noise)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1) in {b"", b"\x15"}  # closed, or a TLS alert and closed
        with a_client(service) as good:
            assert good.get(QUESTION).status_code == 401

    assert len(service.log.splitlines()) == 1


def test_malformed_http_over_tls_is_answered_in_json(command: str, tmp_path: Path) -> None:
    """Bytes that are no request get the answer of the service, not that of the server below it."""
    with running(command, folder=tmp_path) as service:
        context = trusting(service.certificate)
        with (
            socket.create_connection(("127.0.0.1", service.port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(b"hello\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert re.search(rb"\r\nx-request-id: [0-9a-f]{32}\r\n", head + b"\r\n")
    assert json.loads(body).keys() == {"error_code", "error_msg"}
