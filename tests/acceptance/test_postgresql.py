"""The whole service on PostgreSQL: the commands as processes, and two that serve at once."""

from pathlib import Path
from typing import Any

import httpx

from acceptance.service import Service, run, running
from acceptance.vendor import (
    GOLDEN,
    RECORDS,
    SAMPLE_MEETING,
    golden_page,
    token_by_login,
    trusting,
)
from postgresql import new_store


def a_client(service: Service) -> httpx.Client:
    """A client that trusts the certificate of a service."""
    context = trusting(service.certificate)
    return httpx.Client(base_url=service.url, verify=context, timeout=30)


def page_of(client: httpx.Client, token: str) -> list[dict[str, Any]]:
    """The first page of the sample, as whoever has the token gets it."""
    path = f"{RECORDS}?confUUID={SAMPLE_MEETING}"
    page: dict[str, Any] = client.get(path, headers={"X-Access-Token": token}).json()
    return list(page["data"])


async def test_two_services_serve_one_database(command: str, tmp_path: Path) -> None:
    """What one command brings in two services serve, with one secret key and tokens for both."""
    key = tmp_path / "secret.key"
    async with new_store() as url:
        place = ("--store", url, "--data-folder", str(tmp_path / "data"))
        app = ("app", "create", "test", "--secret-key-file", str(key))
        created = run(command, *app, *place, folder=tmp_path)
        assert created.returncode == 0, created.stderr
        words = created.stdout.split()
        app_id, app_key = (word for word in words if len(word) in {32, 64} and word.isalnum())
        brought = ("import", str(GOLDEN), "--conference", SAMPLE_MEETING)
        assert run(command, *brought, *place, folder=tmp_path).returncode == 0

        one, other = tmp_path / "one", tmp_path / "other"
        options = ("--store", url, "--secret-key-file", str(key))
        one.mkdir()
        other.mkdir()
        with (
            running(command, *options, "--workers", "2", folder=one) as first,
            running(command, *options, folder=other) as second,
        ):
            token = ""
            for service in (first, second):
                with a_client(service) as client:
                    token = token or token_by_login(client, app_id, app_key)
                    assert page_of(client, token) == golden_page()["data"]
