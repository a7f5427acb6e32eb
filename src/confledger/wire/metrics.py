"""What the service counts, for Prometheus: `GET /metrics` in its text format."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from confledger.errors import TokenRejected
from confledger.observability.counters import (
    BUCKETS_SECONDS,
    PAGE_CACHE_HITS,
    PAGE_CACHE_MISSES,
    RECORDS_ACCEPTED,
    RECORDS_DUPLICATE,
    Counts,
    counters,
    resident_bytes,
)

PATH: Final = "/metrics"

_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BEARER: Final = "bearer "

_COUNTERS: Final = (
    (PAGE_CACHE_HITS, "page_cache_hits_total", "Pages of control records that were kept."),
    (PAGE_CACHE_MISSES, "page_cache_misses_total", "Pages of control records that were read."),
    (RECORDS_ACCEPTED, "records_accepted_total", "Pushed records that were new."),
    (RECORDS_DUPLICATE, "records_duplicate_total", "Pushed records that were there already."),
)


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a service tells what it counts."""

    token: str = field(repr=False)
    """Whoever has it may ask."""
    folder: Path
    """Where the processes of the service count."""
    start_time_seconds: float
    """When the service started, since 1970."""


@dataclass(frozen=True, slots=True)
class MetricsCall:
    """Tells what all processes of the service have counted."""

    exposure: Exposure

    async def __call__(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            TokenRejected: its token is none, or not the one.
        """
        (authorization, *others) = request.headers.getlist("authorization") or [""]
        token = authorization[len(_BEARER) :].strip()
        is_bearer = authorization[: len(_BEARER)].lower() == _BEARER
        is_right = hmac.compare_digest(token.encode("latin-1"), self.exposure.token.encode())
        if others or not is_bearer or not is_right:
            raise TokenRejected
        text = metrics_text(counters.read(), self.exposure.start_time_seconds)
        return Response(text, headers={"content-type": _CONTENT_TYPE, "cache-control": "no-store"})


def metrics_text(counts: Counts, start_time_seconds: float) -> str:
    """What was counted, in Prometheus' text format 0.0.4."""
    families = [
        _family(
            "requests_total",
            "counter",
            "Requests by the status of the answer; 0: the client was gone before it.",
            _by_status(counts.requests()),
        ),
        _family(
            "refused_total",
            "counter",
            "Answers to what was no request of ours: malformed, too large, a connection too many.",
            _by_status(counts.refused()),
        ),
        _family(
            "request_seconds",
            "histogram",
            "How long requests took, from their head to their answer.",
            _histogram(counts),
        ),
        *(
            _family(name, "counter", help_text, [("", counts.numbers[place])])
            for place, name, help_text in _COUNTERS
        ),
        _family("processes", "gauge", "Processes that serve.", [("", len(counts.process_ids))]),
        _family(
            "resident_bytes",
            "gauge",
            "Memory of these processes together.",
            [("", sum(map(resident_bytes, counts.process_ids)))],
        ),
        _family(
            "start_time_seconds",
            "gauge",
            "When the service started, in seconds since 1970.",
            [("", f"{start_time_seconds:.3f}")],
        ),
    ]
    return "".join(families)


def _family(
    name: str, kind: str, help_text: str, samples: Iterable[tuple[str, int | float | str]]
) -> str:
    name = f"confledger_{name}"
    lines = [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{suffix} {value}" for suffix, value in samples]
    return "\n".join(lines) + "\n"


def _by_status(numbers: dict[int, int]) -> Iterator[tuple[str, int]]:
    return ((f'{{status="{status}"}}', number) for status, number in numbers.items())


def _histogram(counts: Counts) -> Iterator[tuple[str, int | float]]:
    buckets = counts.buckets()
    for bound, number in zip((*BUCKETS_SECONDS, "+Inf"), buckets, strict=True):
        yield f'_bucket{{le="{bound}"}}', number
    yield "_sum", counts.seconds()
    yield "_count", buckets[-1]
