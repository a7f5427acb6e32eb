"""A store for the browser's tests: small meetings, large ones, one that runs, and two users."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Final

from confledger.app import Parts, open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID, AdminType, Directory, User
from confledger.auth.passwords import hash_password
from confledger.generator.meetings import GeneratedMeeting, generated_meeting
from confledger.generator.putting import put_meetings
from confledger.ledger.conference import Conference
from confledger.ledger.record import ControlRecord
from confledger.settings import Settings

ACCOUNT: Final = "ann"
STRANGER: Final = "stranger"
PASSWORD: Final = "correct horse"

SAMPLE: Final = "9a0fa6d10a5b11eaae5e191763c22c0e"
"""The vendor's documented meeting, of 23 records, as the demo has it."""
LARGEST: Final = "c0ffee00000011eaae5e191763c22c0e"
"""50,000 records about 1,000 people."""
RUNNING: Final = "11fe0000000011eaae5e191763c22c0e"
"""A meeting that nobody has ended; it has 3 records."""

_LARGEST_START_MS: Final = 1_735_722_000_000
_RUNNING_START_MS: Final = 1_767_225_600_000
_RECORDS: Final = 50_000
_PEOPLE: Final = 1_000
_WORDS: Final = (
    ("MUTE_PARTICIPANT", 40),
    ("UNMUTE_PARTICIPANT", 38),
    ("REQUEST_FLOOR", 8),
    ("CANCEL_REQUEST_FLOOR", 6),
    ("BROADCAST_PARTICIPANT", 3),
    ("ROLL_CALL_PARTICIPANT", 3),
    ("SET_HOST", 1),
    ("MUTE_ALL", 1),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in the store."""

    middle: str
    """A meeting of 5,000 records about 50 people."""
    middle_subject: str
    app_id: str
    app_key: str
    """Of an app that may push."""


async def fill(folder: Path) -> Filled:
    """Fill the store of a data folder."""
    async with open_parts(Settings(data_folder=folder)) as parts:
        await _add_user(parts, ACCOUNT, "Ann Example", AdminType.ADMINISTRATOR)
        await _add_user(parts, STRANGER, "Sam Stranger", AdminType.ORDINARY)
        with as_file(files("confledger.demo") / "sample") as sample:
            await parts.importer.take(sorted(sample.iterdir()), DEFAULT_CORP_ID, SAMPLE)
        middle = generated_meeting(records=5_000, seed=2024, people=50)
        small = [generated_meeting(records=60, seed=7, index=place) for place in range(60)]
        # Of the many only a few, so that filling takes a moment and no more.
        await put_meetings(
            parts.intake,
            parts.stores.conferences,
            DEFAULT_CORP_ID,
            [middle, *small, _largest(), _running()],
        )
        apps = await parts.open_apps()
        app, app_key = await apps.create("meetings", DEFAULT_CORP_ID, frozenset({"read", "write"}))
        return Filled(
            middle.conference.conference_uuid, middle.conference.subject, app.app_id, app_key
        )


async def _add_user(parts: Parts, account: str, name: str, admin_type: AdminType) -> None:
    user = User(uuid.uuid4().hex, DEFAULT_CORP_ID, account, admin_type, Directory(name=name))
    await parts.stores.tenants.add_user(user, hash_password(PASSWORD))


def _conference(
    conference_uuid: str, subject: str, start_ms: int, end_ms: int | None
) -> Conference:
    return Conference(
        conference_uuid=conference_uuid,
        conference_id="912345678",
        subject=subject,
        start_time_ms=start_ms,
        end_time_ms=end_ms,
        scheduler_name="Ann Example",
        has_recording=False,
        viewers=frozenset(),
        details="{}",
    )


def _largest() -> GeneratedMeeting:
    records = list(_many_records())
    end_ms = records[-1].operate_time_ms
    conference = _conference(LARGEST, "General assembly", _LARGEST_START_MS, end_ms)
    return GeneratedMeeting(conference=conference, participants=[], stays=[], records=records)


def _many_records() -> Iterator[ControlRecord]:
    random = Random(50)  # noqa: S311 - the same meeting each time
    people = [f"delegate-{place:04}" for place in range(1, _PEOPLE + 1)]
    operations = random.choices(
        [code for code, _ in _WORDS], [weight for _, weight in _WORDS], k=_RECORDS - _PEOPLE
    )
    time_ms = _LARGEST_START_MS
    for person in people:
        time_ms += 40
        yield _record(time_ms, "CALL_PARTICIPANT", person, "Conference System")
    for place, operation in enumerate(operations):
        time_ms += random.randint(1, 280)
        person = "" if operation == "MUTE_ALL" else random.choice(people)
        source = "MCU" if "MUTE_PARTICIPANT" in operation else "Portal"
        yield _record(time_ms, operation, person, source, is_failed=place % 97 == 0)


def _running() -> GeneratedMeeting:
    conference = _conference(RUNNING, "Night shift handover", _RUNNING_START_MS, None)
    records = [
        _record(_RUNNING_START_MS + 1_000, "CALL_PARTICIPANT", "ward-3", "Conference System"),
        _record(_RUNNING_START_MS + 2_000, "UNMUTE_PARTICIPANT", "ward-3", "MCU"),
        _record(_RUNNING_START_MS + 60_000, "SET_HOST", "ward-3", "Conference System"),
    ]
    return GeneratedMeeting(conference=conference, participants=[], stays=[], records=records)


def _record(
    time_ms: int, operation: str, person: str, source: str, *, is_failed: bool = False
) -> ControlRecord:
    return ControlRecord(
        operate_time_ms=time_ms,
        source=source,
        operator=source,
        operator_basis="system" if source != "Portal" else "stated",
        operation=operation,
        object=person,
        result="FAILED" if is_failed else "SUCCESS",
        event_id=f"{time_ms} {operation} {person}",
    )
