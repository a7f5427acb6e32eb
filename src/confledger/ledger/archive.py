"""How far another ledger has been taken into this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedConference:
    """How far a conference of a source is here."""

    conference_uuid: str
    start_time_ms: int
    """When it began, as the source's list says: UTC, milliseconds since 1970."""
    record_count: int
    """How many of its records have been taken, from the first on."""
    is_whole: bool
    """Whether the rest of it, as it was when the records were taken, is here too."""
    problem: str
    """Why something could not be had when it was last looked at; empty where nothing was wrong."""
    checked_time_ms: int
    """When it was last looked at: UTC, milliseconds, by our clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSource:
    """When a source was last archived, and how far."""

    source: str
    """Its address."""
    since_ms: int
    reached_ms: int
    """What began between the two, the first included, is here, but for the conferences
    that have a problem. Where they are equal, nothing is."""
    until_ms: int
    """Up to when the last run asked."""
    started_time_ms: int
    ended_time_ms: int | None
    """By our clock; None while it runs, or where it was killed."""
    problem: str
    """Why it ended early; empty where it did not."""
    conference_count: int
    record_count: int
    """How many conferences and records of the source are here by now, of all runs."""


class ArchiveStore(Protocol):
    """Where a corp keeps how far its sources are archived.

    Every method raises `StoreBusy` or `StoreUnusable` where the store can't do it.
    """

    async def begin_run(
        self, corp_id: str, source: str, *, since_ms: int, until_ms: int, now_ms: int
    ) -> None:
        """Write down that a source is being archived from now on.

        What earlier runs brought here stays known.

        Raises:
            NoSuchCorp: the corp is unknown.
        """

    async def reach(self, corp_id: str, source: str, *, since_ms: int, reached_ms: int) -> None:
        """Write down that what began between two moments is here, the first included.

        It is added to what was here before. Where there would be a gap between, what was
        here before stays all that is known, so that nothing in the gap counts as here.
        """

    async def end_run(self, corp_id: str, source: str, *, now_ms: int, problem: str) -> None:
        """Write down that the run of a source has ended, and why, if early."""

    async def put_conference(
        self, corp_id: str, source: str, conference: ArchivedConference
    ) -> None:
        """Write down how far a conference is, over what was known."""

    async def conference(
        self, corp_id: str, source: str, conference_uuid: str
    ) -> ArchivedConference | None:
        """How far a conference is; None where nothing of it is here."""

    async def sources(self, corp_id: str) -> Sequence[ArchiveSource]:
        """Every source of a corp, by address."""

    async def problems(
        self, corp_id: str, source: str, *, limit: int
    ) -> tuple[Sequence[ArchivedConference], int]:
        """The conferences of a source that have a problem, by id; and how many there are."""
