"""The OpenAPI document, held against the running service by schemathesis, with all its checks."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acceptance.service import Demo, Service, run, running
from acceptance.vendor import GOLDEN, SAMPLE_MEETING, token_by_login

READING = "/v1/mmc/management/conferences/history"
TOKEN = "/v1/usg/acs/token"


@pytest.fixture(scope="module")
def service(
    _no_proxy: None, command: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service over plain http that knows the sample's meeting."""
    folder = tmp_path_factory.mktemp("openapi")
    data = str(folder / "data")
    arguments = ("import", str(GOLDEN), "--conference", SAMPLE_MEETING, "--data-folder", data)
    assert run(command, *arguments, folder=folder).returncode == 0
    with running(command, "--no-tls", folder=folder) as started:
        yield started


@pytest.fixture(scope="module")
def token(service: Service, command: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token of the administrator's."""
    arguments = ("app", "create", "checker", "--json", "--data-folder", str(service.data_folder))
    made = run(command, *arguments, folder=tmp_path_factory.mktemp("app"))
    app = json.loads(made.stdout)
    with httpx.Client(base_url=service.url) as client:
        return token_by_login(client, app["appId"], app["appKey"])


def document_of(service: Service) -> dict[str, Any]:
    """What the service says of itself."""
    document: dict[str, Any] = httpx.get(f"{service.url}/openapi.json").json()
    return document


def for_what_is_there(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with what it can't express: which meetings there are, which date is first."""
    for path, calls in document["paths"].items():
        for parameter in calls.get("get", {}).get("parameters", ()):
            if parameter["name"] == "confUUID":
                parameter["schema"] = {"enum": [SAMPLE_MEETING]}
            elif parameter["name"] == "startDate":
                parameter["schema"]["maximum"] = 10**12
            elif parameter["name"] == "endDate":
                assert path == READING
                parameter["schema"]["minimum"] = 10**12
    return document


def check(
    service: Service, folder: Path, paths: list[str], *, headers: dict[str, str]
) -> tuple[int, str]:
    """Run schemathesis on some paths; how many cases it made, and what it printed."""
    document = for_what_is_there(document_of(service))
    document["paths"] = {path: document["paths"][path] for path in paths}
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    tool = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert tool
    ran = subprocess.run(
        [
            tool,
            "run",
            str(file),
            "--url",
            service.url,
            "--checks",
            "all",
            "--max-examples",
            "25",
            "--seed",
            "1",
            "--no-color",
            *(f"--header={name}: {value}" for name, value in headers.items()),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    cases = re.search(r"(\d[\d,]*) generated", ran.stdout)
    assert cases, ran.stdout[-2000:]
    return int(cases[1].replace(",", "")), ran.stdout


def test_every_call_that_reads_keeps_to_the_document(
    service: Service, token: str, tmp_path: Path
) -> None:
    """With a token: no check of schemathesis fails on any call that reads."""
    paths = [path for path in document_of(service)["paths"] if path.startswith(READING)]
    assert len(paths) == 4
    cases, _ = check(service, tmp_path, paths, headers={"X-Access-Token": token})
    assert cases > 200


def test_every_call_about_tokens_keeps_to_the_document(service: Service, tmp_path: Path) -> None:
    """Without a token: no check of schemathesis fails on any call that logs in or takes a token."""
    paths = [path for path in document_of(service)["paths"] if not path.startswith(READING)]
    assert TOKEN in paths
    cases, _ = check(service, tmp_path, paths, headers={})
    assert cases > 200


def test_the_document_names_every_call(demo: Demo) -> None:
    """Each path of the document is answered by the service, and by no 404."""
    with httpx.Client(verify=False) as client:  # noqa: S501 - only the paths matter
        paths = client.get(f"{demo.service.url}/openapi.json").json()["paths"]
        assert len(paths) == 8
        for path, calls in paths.items():
            for method in calls:
                answer = client.request(method.upper(), demo.service.url + path)
                assert answer.status_code in (400, 401), (method, path)
