"""The console of the installed command: links that it prints, streams that end, and its log."""

import json
import signal
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from acceptance.service import running
from console.browsing import API, SAME_ORIGIN

CONFERENCE = "9a0fa6d10a5b11eaae5e191763c22c0e"
LINE = {"operateTime": 1574119913464, "operation": "MUTE_ALL", "confUUID": CONFERENCE}
DETAIL = {
    "conferenceData": {"startTime": "2019-11-18 23:31", "conferenceState": "Created"},
    "data": {"data": [], "offset": 0, "limit": 20, "count": 0},
}


def run(command: str, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run([command, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_link_a_stream_and_a_stop(command: str, tmp_path: Path, workers: str) -> None:
    """A printed link signs in, once; a stream that somebody watches does not hold up the end;
    and the log holds neither the link, nor the session, nor who was looked at.
    """
    with running(command, "--no-tls", "--workers", workers, folder=tmp_path) as service:
        place = ("--data-folder", str(service.data_folder))
        lines, detail = tmp_path / "records.jsonl", tmp_path / "detail.json"
        lines.write_text(json.dumps(LINE))
        detail.write_text(json.dumps(DETAIL))
        run(command, "import", str(lines), str(detail), "--conference", CONFERENCE, *place)
        link = run(command, "console", "login-link", "--url", service.url, *place).strip()
        parts = urlsplit(link)
        assert link.startswith(f"{service.url}/console/sign-in#link=")
        secret = parts.fragment.removeprefix("link=")
        with httpx.Client(base_url=service.url, headers=SAME_ORIGIN, trust_env=False) as browser:
            answer = browser.post(f"{API}/session", json={"link": secret})
            assert answer.status_code == 200
            assert browser.post(f"{API}/session", json={"link": secret}).status_code == 401
            cookie = answer.headers["set-cookie"].partition(";")[0]
            session = {"Cookie": cookie}
            assert browser.get(f"{API}/session", headers=session).json()["user"]["isAdministrator"]
            browser.get(f"{API}/people/bmFtZTpBbm4/records", headers=session)
            browser.get("/console/people/bmFtZTpBbm4")
            told: list[str] = []
            begun = threading.Event()

            def watch() -> None:
                path = f"{API}/conferences/{CONFERENCE}/events"
                with (
                    httpx.Client(base_url=service.url, trust_env=False, timeout=30) as other,
                    other.stream("GET", path, headers=session) as stream,
                ):
                    for line in stream.iter_lines():
                        told.append(line)
                        if line.startswith("data:"):
                            begun.set()

            watching = threading.Thread(target=watch)
            watching.start()
            assert begun.wait(20)
        assert service.stop(signal.SIGTERM) == 0
        watching.join(20)
        assert not watching.is_alive()
        log = service.log
    assert "id: 1" in told
    assert "event: ended" not in told
    assert "timeout graceful shutdown exceeded" not in log
    assert f"path={API}/conferences/{CONFERENCE}/events status=200" in log
    assert "path=/console/people/* status=200" in log
    assert f"path={API}/people/*/records" in log
    for hidden in (secret, cookie.partition("=")[2], "bmFtZTpBbm4"):
        assert hidden not in log


def test_a_link_for_nobody_is_refused(command: str, tmp_path: Path) -> None:
    """Who is not there gets no link, and the sentence says what is missing."""
    place = ("--data-folder", str(tmp_path))
    run(command, "user", "create", "ann", *place)
    for arguments, sentence in (
        (("--user", "bob"), "there is no user 'bob' in the corp 'default'"),
        (("--corp", "acme"), "there is no corp 'acme' in this store"),
        (("--url", "ledger.example"), "--url: must begin with https:// or http://"),
        (("--minutes", "0"), "--minutes"),
    ):
        done = subprocess.run(
            [command, "console", "login-link", *arguments, *place],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode in (1, 2)
        assert sentence in done.stderr
    printed = run(command, "console", "login-link", "--user", "ann", "--json", *place)
    (told,) = json.loads(printed)
    assert told["link"].startswith("https://127.0.0.1:8443/console/sign-in#link=")
