"""What the acceptance tests share: a demo that is up, and the vendor's sample."""

import os
from collections.abc import Iterator

import pytest

from acceptance.service import Demo, running_demo


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """No proxy of whoever runs the tests may stand between a client and our service."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                environment.delenv(name)
        yield


@pytest.fixture(scope="session")
def demo(_no_proxy: None, command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that is up; a test that stops one starts its own."""
    with running_demo(command, tmp_path_factory.mktemp("demo")) as started:
        yield started
