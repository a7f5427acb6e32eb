"""Meeting systems that push records, and keep account of what was acknowledged."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import httpx

from acceptance.service import run
from acceptance.vendor import RECORDS

_UNKNOWN: Final = "MMC.111070005"
"""The code of the error that a conference is not known."""
_RECORDS_MAX: Final = 12
"""How many records a batch has at most."""


def make_writing_app(command: str, folder: Path, *options: str) -> tuple[str, str]:
    """An app that may push and read, in the store of a data folder or of some options."""
    creating = ["app", "create", "meetings", "--scope", "read,write", "--json"]
    done = run(command, *creating, "--data-folder", str(folder / "data"), *options, folder=folder)
    made = json.loads(done.stdout)
    return made["appId"], made["appKey"]


def push_path(conference_uuid: str) -> str:
    """Where the records of a conference are pushed to."""
    return f"/ledger/v1/conferences/{conference_uuid}/records"


def body_of(event_ids: list[str]) -> bytes:
    """A push of some records, each with its id where a reader sees it, too."""
    records = [
        {"operateTime": place, "operation": "MUTE_ALL", "eventId": event_id, "detail": event_id}
        for place, event_id in enumerate(event_ids)
    ]
    return json.dumps(records).encode()


async def events_served(client: httpx.AsyncClient, conference_uuid: str) -> list[str]:
    """The events of a conference, in the order of its pages; none where it is unknown."""
    event_ids: list[str] = []
    while True:
        question = f"{RECORDS}?confUUID={conference_uuid}&offset={len(event_ids)}&limit=500"
        answer = await client.get(question)
        if answer.status_code == 400 and answer.json()["error_code"] == _UNKNOWN:
            return []
        page = answer.raise_for_status().json()
        event_ids += [record["detail"] for record in page["data"]]
        if not page["data"]:
            assert page["count"] == len(event_ids)
            return event_ids


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that were acknowledged."""

    event_ids: list[str]
    first_seq: int | None
    """Where the ledger said that they begin; None where they had been kept by a push that got no
    answer."""


@dataclass(slots=True)
class Pusher:
    """Pushes batch after batch, the next one only when the last one is acknowledged."""

    name: str
    conference_uuid: str
    random: Random
    acknowledged: list[Batch] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    """The events of the batch that is not acknowledged; the next push brings them again."""
    may_be_kept: bool = False
    """Whether that batch was sent, and nothing was heard of it."""
    unanswered: int = 0
    """How many pushes got no answer."""
    doubts_503: bool = False
    """Whether a push that was answered with 503 may be kept: the store may have gone away after
    it was asked to keep it, and before it said that it had."""
    known_already: int = 0
    """How many records were kept by such pushes, as their repetitions showed."""

    async def push(self, client: httpx.AsyncClient, *, batches: int | None = None) -> None:
        """Push until there are so many batches, or else until the connection breaks.

        Raises:
            httpx.TransportError: it broke.
        """
        while self.pending or batches is None or len(self.acknowledged) < batches:
            self.pending = self.pending or list(self._new_events())
            try:
                answer = await client.post(
                    push_path(self.conference_uuid),
                    content=body_of(self.pending),
                    headers={"Content-Type": "application/json"},
                )
            except httpx.TransportError:
                self.may_be_kept = True
                self.unanswered += 1
                raise
            if answer.status_code == 503:
                self.may_be_kept |= self.doubts_503
                await asyncio.sleep(0.1)  # a busy store is asked again
            else:
                self._note(answer)

    def event_ids(self) -> list[str]:
        """All that was acknowledged, in the order in which it was pushed."""
        return [event_id for batch in self.acknowledged for event_id in batch.event_ids]

    def _new_events(self) -> Iterator[str]:
        for place in range(self.random.randint(1, _RECORDS_MAX)):
            yield f"{self.name} batch {len(self.acknowledged)} record {place}"

    def _note(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        size = len(self.pending)
        # All or nothing: a batch that got no answer is there as a whole, or not at all.
        is_new = receipt["accepted"] == size and receipt["duplicates"] == 0
        was_kept = receipt["accepted"] == 0 and receipt["duplicates"] == size
        assert is_new or (was_kept and self.may_be_kept), (self.name, self.pending, receipt)
        self.acknowledged.append(Batch(self.pending, receipt["firstSeq"] if is_new else None))
        self.known_already += receipt["duplicates"]
        self.pending = []
        self.may_be_kept = False


def acknowledged_in(pushers: list[Pusher]) -> int:
    """How many batches were acknowledged."""
    return sum(len(pusher.acknowledged) for pusher in pushers)
