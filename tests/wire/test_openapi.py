"""The OpenAPI document, and the page that shows it."""

import re

import httpx
import pytest

from confledger.wire.openapi import document


async def test_the_document_is_served(client: httpx.AsyncClient) -> None:
    """Anybody may read the document, and it is the one that the code makes."""
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == document()
    assert answer.json()["openapi"].startswith("3.1")


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """The page and what it names are ours, and its policy allows nothing else."""
    page = await client.get("/docs/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"vendor/swagger-ui-bundle.js", "vendor/swagger-ui.css", "show.js"} <= set(named)
    for name in named:
        assert "//" not in name
        if not name.startswith("data:"):
            assert (await client.get(f"/docs/{name}")).status_code == 200, name
    assert "//" not in (await client.get("/docs/show.js")).text


async def test_the_page_is_found_without_its_slash(client: httpx.AsyncClient) -> None:
    """`/docs` leads to `/docs/`."""
    answer = await client.get("/docs")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs/")


@pytest.mark.parametrize("path", ["/docs/nothing", "/docs/../app.py", "/docs/%2e%2e/openapi.py"])
async def test_no_other_file_is_served(client: httpx.AsyncClient, path: str) -> None:
    """What is not of the page is 404, with an error body."""
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "APIGW.0101"
