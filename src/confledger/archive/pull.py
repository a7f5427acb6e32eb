"""Takes what a remote ledger holds into ours, and can be stopped at any moment."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from confledger.archive.joining import joined_records, joined_stays
from confledger.archive.remote import RemoteLedger
from confledger.catalogue.language import LANGUAGES
from confledger.catalogue.words import Catalogue
from confledger.errors import (
    ConfledgerError,
    EventConflict,
    InvalidRecord,
    RemoteError,
    RemoteUnreachable,
    RemoteUntrustworthy,
)
from confledger.ledger.archive import ArchivedConference, ArchiveStore
from confledger.ledger.conference import Conference, ConferenceNews, ConferenceStore
from confledger.ledger.intake import Intake
from confledger.ledger.phrases import PhraseStore
from confledger.wire.conference_json import (
    ConferenceInfoJSON,
    conference_of,
    merged_details,
    participant_of,
    uuid_of,
    viewers_of,
)

_WINDOW_MS: Final = 7 * 24 * 60 * 60 * 1000
_CONFERENCES_AT_ONCE: Final = 4
_UNANSWERED_MAX: Final = 3
"""A source that gives no answer about more conferences in a row than this gives none at all."""
_PROBLEM_CHARACTERS_MAX: Final = 1000
_LOOKED_AT_AGAIN_MAX: Final = 10_000
_MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class PullReport:
    """What came of a pull so far."""

    windows: int
    """How many windows the pull is made of."""
    windows_done: int = 0
    conferences: int = 0
    """How many were looked at."""
    changed: int = 0
    """How many of these had something new, or were new."""
    records: int = 0
    """How many records are new."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why something could not be had, by conference."""
    unanswered: int = 0
    """How many conferences in a row could not be had because the source gave no answer."""
    other_words: dict[str, str] = field(default_factory=dict)
    """What the source calls operations and results in English, by what we call them there,
    where the two are not the same."""


Tell = Callable[[PullReport], None]
"""Is told of a pull whenever something came of it."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A remote ledger, and where it is taken to.

    A record's place in its conference is its event id, so whatever is taken again
    is known again: a pull that was killed is simply run again.
    """

    remote: RemoteLedger
    source: str
    """The remote's address, by which the store knows it."""
    intake: Intake
    conferences: ConferenceStore
    phrases: PhraseStore
    states: ArchiveStore
    catalogue: Catalogue

    async def pull(self, corp_id: str, since_ms: int, until_ms: int, tell: Tell) -> PullReport:
        """Take every ended conference that began between two moments, ends included.

        A conference with a problem does not keep the others from being taken, and is
        looked at again by every pull, whenever it began. A week whose list can't be
        trusted does not keep the other weeks from being taken: its error is raised at
        the end.

        Args:
            corp_id: whose they will be.
            since_ms: UTC, milliseconds since 1970.
            until_ms: likewise.
            tell: is told of the progress.

        Raises:
            NoSuchCorp: the corp is unknown.
            RemoteError: the remote's list can't be had, or it does not answer any more.
            StoreError: our store can't take it.
        """
        windows = list(_windows(since_ms, until_ms))
        report = PullReport(len(windows))
        await self.states.begin_run(
            corp_id, self.source, since_ms=since_ms, until_ms=until_ms, now_ms=_now_ms()
        )
        problem = "it was stopped"
        failure: RemoteUntrustworthy | None = None
        try:
            old_failure = await self._pull_problems(corp_id, since_ms, until_ms, report, tell)
            for start_ms, end_ms in windows:
                try:
                    await self._pull_window(corp_id, start_ms, end_ms, report, tell)
                except RemoteUntrustworthy as error:
                    failure = failure or error
                report.windows_done += 1
                if failure is None:
                    span = {"since_ms": since_ms, "reached_ms": end_ms + 1}
                    await self.states.reach(corp_id, self.source, **span)
                tell(report)
            if failure := failure or old_failure:
                raise failure
            problem = ""
        except ConfledgerError as error:
            problem = str(error)[:_PROBLEM_CHARACTERS_MAX]
            raise
        finally:
            await self.states.end_run(corp_id, self.source, now_ms=_now_ms(), problem=problem)
        return report

    async def _pull_problems(
        self, corp_id: str, since_ms: int, until_ms: int, report: PullReport, tell: Tell
    ) -> RemoteUntrustworthy | None:
        """Look again at conferences with a problem that a pull of a span would not come to.

        Returns:
            Why one of their lists can't be trusted, which keeps none of the others.
        """
        failure: RemoteUntrustworthy | None = None
        troubled, _ = await self.states.problems(corp_id, self.source, limit=_LOOKED_AT_AGAIN_MAX)
        starts = {each.start_time_ms for each in troubled}
        for start_ms in sorted(starts):
            if not since_ms <= start_ms <= until_ms:
                # The list has whole minutes, the source asks by the moment.
                end_ms = start_ms + _MINUTE_MS - 1
                try:
                    await self._pull_window(corp_id, start_ms, end_ms, report, tell)
                except RemoteUntrustworthy as error:
                    failure = failure or error
        return failure

    async def _pull_window(
        self, corp_id: str, start_ms: int, end_ms: int, report: PullReport, tell: Tell
    ) -> None:
        places = asyncio.Semaphore(_CONFERENCES_AT_ONCE)

        async def take(info: ConferenceInfoJSON) -> None:
            async with places:
                await self._take(corp_id, info, report)
            tell(report)

        async for page in self.remote.conferences(start_ms, end_ms):
            try:
                async with asyncio.TaskGroup() as group:
                    for info in page:
                        group.create_task(take(info))
            except* ConfledgerError as errors:
                raise next(_leaves(errors)) from None

    async def _take(self, corp_id: str, info: ConferenceInfoJSON, report: PullReport) -> None:
        conference_uuid = uuid_of(info, "")
        listed = conference_of(info, conference_uuid, "")
        known = await self.states.conference(corp_id, self.source, conference_uuid)
        state = ArchivedConference(
            conference_uuid=conference_uuid,
            start_time_ms=listed.start_time_ms,
            # After a problem nothing that is here is taken on trust: what the source
            # says otherwise by now is a conflict, and no silent difference.
            record_count=known.record_count if known and not known.problem else 0,
            is_whole=known is not None and known.is_whole and not known.problem,
            problem="",
            checked_time_ms=_now_ms(),
        )
        had = state
        try:
            state = await self._take_records(corp_id, state, report)
            if not state.is_whole:
                await self._take_rest(corp_id, listed)
                state = replace(state, is_whole=True)
                report.changed += 1
            elif await self._take_listed(corp_id, listed):
                report.changed += 1
        except (RemoteError, EventConflict, InvalidRecord) as error:
            if isinstance(error, RemoteUnreachable):
                report.unanswered += 1
                if report.unanswered > _UNANSWERED_MAX:
                    raise
            problem = str(error)[:_PROBLEM_CHARACTERS_MAX]
            report.problems[conference_uuid] = problem
            # What was taken before the problem was written down as it was taken.
            latest = await self.states.conference(corp_id, self.source, conference_uuid)
            state = replace(latest or had, problem=problem, checked_time_ms=state.checked_time_ms)
        else:
            report.problems.pop(conference_uuid, None)
            report.unanswered = 0
        report.conferences += 1
        await self.states.put_conference(corp_id, self.source, state)

    async def _take_records(
        self, corp_id: str, state: ArchivedConference, report: PullReport
    ) -> ArchivedConference:
        """Take the records behind those that are here; one page at a time, each for good."""
        async for page in self.remote.records(state.conference_uuid, offset=state.record_count):
            joined = joined_records(page, self.catalogue)
            report.other_words |= joined.other_words
            if joined.phrases:
                await self.phrases.learn(corp_id, joined.phrases)
            receipts = await self.intake.take(corp_id, {state.conference_uuid: joined.records})
            report.records += receipts[state.conference_uuid].accepted
            state = replace(state, record_count=page.offset + len(page.records), is_whole=False)
            await self.states.put_conference(corp_id, self.source, state)
        return state

    async def _take_listed(self, corp_id: str, listed: Conference) -> bool:
        """Take what the list says of a conference that is here, such as a recording made since.

        Returns:
            Whether it says anything new.
        """
        known = await self.conferences.get(corp_id, listed.conference_uuid)
        merged = replace(merged_details(listed, known), viewers=frozenset())
        if merged == known:
            return False
        news = ConferenceNews(conference_uuid=listed.conference_uuid, conference=listed)
        await self.conferences.put(corp_id, [news], merged_details)
        return True

    async def _take_rest(self, corp_id: str, listed: Conference) -> None:
        """Take what the list, the detail and the attendance say, in one go."""
        conference_uuid = listed.conference_uuid
        detail = await self.remote.detail(conference_uuid)
        chinese, english = [
            await self.remote.attendance(conference_uuid, language) for language in LANGUAGES
        ]
        stays, phrases = joined_stays(chinese, english)
        if phrases:
            await self.phrases.learn(corp_id, phrases)
        told = conference_of(detail.info, conference_uuid, "conferenceData.")
        viewers = told.viewers | viewers_of(list(detail.participants))
        news = [
            ConferenceNews(conference_uuid=conference_uuid, conference=listed),
            ConferenceNews(
                conference_uuid=conference_uuid,
                conference=replace(told, viewers=viewers),
                participants=[
                    participant_of(each, place) for place, each in enumerate(detail.participants)
                ],
                stays=stays,
            ),
        ]
        await self.conferences.put(corp_id, news, merged_details)


def _windows(since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """A span in windows of a week, ends included, the oldest first."""
    for start_ms in range(since_ms, until_ms + 1, _WINDOW_MS):
        yield start_ms, min(start_ms + _WINDOW_MS - 1, until_ms)


def _leaves(errors: BaseExceptionGroup[ConfledgerError]) -> Iterator[ConfledgerError]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
