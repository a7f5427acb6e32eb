"""The same bytes again and again, sent by granian over its own interface."""

import os
from pathlib import Path
from typing import Any

BODY = Path(os.environ["STATIC_BODY"]).read_bytes()
HEADERS = [("content-type", "application/json;charset=UTF-8"), ("cache-control", "no-cache")]


async def app(_scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian's own types
    """Answer anything."""
    protocol.response_bytes(200, HEADERS, BODY)
