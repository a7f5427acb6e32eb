"""The cluster of `compose.yaml`, as far as a file can be looked at: no container is started."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it has no types

from confledger.cli import confledger
from confledger.cli.options import environment_variables_of

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "compose.yaml").read_text("utf-8")
NODES = {"coordinator", "worker-1", "worker-2"}
KEYS = {
    *("image", "command", "entrypoint", "environment", "healthcheck", "restart"),
    *("ports", "volumes", "depends_on"),
}
"""Of the compose specification, those that a service has here."""


@pytest.fixture
def compose() -> dict[str, Any]:
    """What the file says, with its anchors in place."""
    parsed: dict[str, Any] = yaml.safe_load(TEXT)
    return parsed


def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    """It has the specification's keys only, and whatever it names is there."""
    assert {key for key in compose if not key.startswith("x-")} == {"name", "services", "volumes"}
    services = compose["services"]
    assert set(services) == NODES | {"register"}
    for name, service in services.items():
        assert set(service) <= KEYS, name
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
    assert set(compose["volumes"]) == NODES


def test_every_node_is_of_one_whole_version(compose: dict[str, Any]) -> None:
    """The image is named by a whole version, and no node has another."""
    images = {service["image"] for service in compose["services"].values()}
    assert len(images) == 1
    assert re.fullmatch(r"citusdata/citus:\d+\.\d+\.\d+", images.pop())


def test_the_workers_are_registered_once_they_answer(compose: dict[str, Any]) -> None:
    """All nodes are healthy before the first is registered, each worker is, and nothing else."""
    services = compose["services"]
    register = services["register"]
    assert register["depends_on"] == {node: {"condition": "service_healthy"} for node in NODES}
    assert all("--host=127.0.0.1" in services[node]["healthcheck"]["test"] for node in NODES)
    commands = "\n".join(register["command"])
    assert set(re.findall(r"citus_add_node\('([\w-]+)', 5432\)", commands)) == NODES - {
        "coordinator"
    }
    assert re.findall(r"citus_set_coordinator_host\('([\w-]+)', 5432\)", commands) == [
        register["environment"]["PGHOST"]
    ]
    assert register["restart"] == "no"


def test_no_password_stands_in_it_and_no_door_is_open(compose: dict[str, Any]) -> None:
    """The password is the environment's, which has to say it; only this machine gets in."""
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name:
                assert value.startswith("${POSTGRES_PASSWORD:?")
            assert "AUTH_METHOD" not in name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    # One of our prefix that is no option would stop every command.
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    assert used == {"POSTGRES_PASSWORD"}
    assert not used & environment_variables_of(confledger)
