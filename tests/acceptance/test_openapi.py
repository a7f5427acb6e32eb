"""The OpenAPI document, held against the running service by schemathesis, with all its checks."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acceptance.service import Demo, Service, run, running
from acceptance.vendor import GOLDEN, SAMPLE_MEETING, token_by_login

READING = "/v1/mmc/management/conferences/history"
TOKEN = "/v1/usg/acs/token"
PUSHING = "/ledger/v1/conferences/{conference_uuid}"
WRITERS = """
import json, schemathesis

def plain(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value

def written(value):
    if isinstance(value, bytes):
        return value
    return json.dumps(plain(value), default=repr).encode()

@schemathesis.serializer(
    "application/json", "application/cloudevents+json", "application/cloudevents-batch+json"
)
def write_json(context, value):
    return written(value)

@schemathesis.serializer("application/x-ndjson")
def write_lines(context, value):
    return b"\\n".join(map(written, value if isinstance(value, list) else [value]))
"""
# How schemathesis writes bodies of pushes. To JSON Schema 5.0 is an integer, and whoever pushes
# writes it as 5; lines are the items of an array, and what is no array is one line.

CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "5xx"]
"""
# Beside its defaults: 413, which more than so many records are.


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


def token_of_app(service: Service, command: str, folder: Path, scope: str) -> str:
    """A token of the administrator's, by an app of a scope."""
    data = ("--data-folder", str(service.data_folder))
    made = run(
        command, "app", "create", "checker", "--scope", scope, "--json", *data, folder=folder
    )
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


def for_one_meeting(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with the one meeting that pushes shall tell of."""
    for path, calls in document["paths"].items():
        for call in calls.values() if path.startswith(PUSHING) else ():
            call["parameters"][0]["schema"] = {"enum": [SAMPLE_MEETING]}
    for name in ("LedgerRecordJSON", "EventRecordJSON", "TimelessRecordJSON"):
        properties = document["components"]["schemas"][name]["properties"]
        properties["confUUID"] = {"enum": [SAMPLE_MEETING, None]}
    return document


def for_what_goes_together(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with what it can't express of pushes: no time looks like seconds, no end is
    before a beginning, whoever leaves has joined, nobody is invited twice, and an event's
    source and id are together as long as an id may be.
    """
    schemas = document["components"]["schemas"]
    long_ago = {"type": "integer", "minimum": 10**11, "maximum": 10**12}
    for name in ("LedgerRecordJSON", "EventRecordJSON"):
        schemas[name]["properties"]["operateTime"] = long_ago
    late = {"type": "integer", "minimum": 2 * 10**12, "maximum": 10**14}
    told, stay = schemas["ConferencePutJSON"]["properties"], schemas["StayJSON"]
    told["startTime"]["anyOf"][0] = stay["properties"]["joinTime"] = long_ago
    for shape in (told, schemas["ConferenceEndJSON"]["properties"], stay["properties"]):
        shape["endTime" if "endTime" in shape else "leftTime"]["anyOf"][0] = late
    stay["required"] = ["joinTime"]
    stay["allOf"].pop()
    told["invited"]["anyOf"][0]["maxItems"] = 1
    for event in schemas["CloudEventJSON"]["anyOf"]:
        for name in ("id", "source"):
            event["properties"][name]["maxLength"] = 127
    return document


def check(
    service: Service,
    folder: Path,
    document: dict[str, Any],
    paths: list[str],
    *options: str,
    headers: dict[str, str],
) -> int:
    """Run schemathesis on some paths; how many cases it made."""
    document["paths"] = {path: document["paths"][path] for path in paths}
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    hooks = folder / "writers.py"
    hooks.write_text(WRITERS)
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
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
            *options,
            *(f"--header={name}: {value}" for name, value in headers.items()),
        ],
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(hooks)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20000:] + ran.stderr[-2000:]
    cases = re.search(r"(\d[\d,]*) generated", ran.stdout)
    assert cases, ran.stdout[-2000:]
    return int(cases[1].replace(",", ""))


def test_every_call_that_reads_keeps_to_the_document(
    service: Service, command: str, tmp_path: Path
) -> None:
    """With a token: no check of schemathesis fails on any call that reads."""
    document = for_what_is_there(document_of(service))
    paths = [path for path in document["paths"] if path.startswith(READING)]
    assert len(paths) == 4
    token = token_of_app(service, command, tmp_path, "read")
    assert check(service, tmp_path, document, paths, headers={"X-Access-Token": token}) > 200


def test_every_call_about_tokens_keeps_to_the_document(service: Service, tmp_path: Path) -> None:
    """Without a token: no check of schemathesis fails on any call that logs in or takes a token."""
    document = document_of(service)
    paths = [path for path in document["paths"] if not path.startswith((READING, PUSHING))]
    assert TOKEN in paths
    assert check(service, tmp_path, document, paths, headers={}) > 200


@pytest.mark.parametrize(
    ("narrow", "left_out"),
    [
        (for_what_goes_together, "negative_data_rejection"),
        (lambda document: document, "positive_data_acceptance"),
    ],
    ids=["what fits is taken", "what does not fit is refused"],
)
def test_every_call_that_pushes_keeps_to_the_document(
    service: Service,
    command: str,
    tmp_path: Path,
    narrow: Callable[[dict[str, Any]], dict[str, Any]],
    left_out: str,
) -> None:
    """With a token that may write: no check of schemathesis fails on any call that pushes, in any
    of its media types. That all that fits is taken is checked with what also goes together; that
    nothing else is taken, with the document as it is.
    """
    document = narrow(for_one_meeting(document_of(service)))
    paths = [path for path in document["paths"] if path.startswith(PUSHING)]
    assert len(paths) == 4
    headers = {"X-Access-Token": token_of_app(service, command, tmp_path, "write")}
    options = ("--exclude-checks", left_out)
    assert check(service, tmp_path, document, paths, *options, headers=headers) > 400


def test_the_document_names_every_call(demo: Demo) -> None:
    """Each path of the document is answered by the service, and by no 404."""
    with httpx.Client(verify=False) as client:  # noqa: S501 - only the paths matter
        paths = client.get(f"{demo.service.url}/openapi.json").json()["paths"]
        assert len(paths) == 12
        for path, calls in paths.items():
            filled = path.replace("{conference_uuid}", SAMPLE_MEETING)
            for method in calls:
                answer = client.request(method.upper(), demo.service.url + filled)
                assert answer.status_code in (400, 401), (method, path)
