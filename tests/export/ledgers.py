"""Ledgers to export, and what an administrator is told of them."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import anyio
from hypothesis import strategies as st

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.catalogue.operations import OPERATIONS, RESULTS
from confledger.catalogue.words import load_catalogue
from confledger.export.selection import Ledger, Selection
from confledger.export.wire_folder import export_folder
from confledger.ledger.conference import ConferenceNews
from confledger.ledger.record import ControlRecord
from confledger.wire.conference_json import (
    AttendanceJSON,
    ParticipantJSON,
    PasswordEntryJSON,
    SavedConferenceInfoJSON,
    attendance_of,
    conference_of,
    participant_of,
    viewers_of,
)
from confledger.wire.control_records import PATH as RECORDS
from confledger.wire.history import ATTENDANCE_PATH, DETAIL_PATH, ORDERS
from confledger.wire.history import PATH as LIST
from conftest import client_of, new_parts, token_of

T = TypeVar("T")

CATALOGUE = load_catalogue()

START_MS = 1_574_119_860_000
TIME_MAX = 253_402_300_799_999

# What may be in a text: no surrogates, and no U+0000, which is refused where it comes in.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
WORDS = TEXTS.filter(bool)
TIMES = st.integers(START_MS, START_MS + 10_000_000)


def _is_unknown(text: str) -> bool:
    """Whether a text may be kept verbatim: the words of a code always become the code."""
    return CATALOGUE.operation_of(text) is None and CATALOGUE.result_of(text) is None


@st.composite
def records(draw: st.DrawFn, *, times: st.SearchStrategy[int] = TIMES) -> ControlRecord:
    """A record as the ledger may have it, but for its event id."""
    code = draw(st.none() | st.sampled_from([each.code for each in OPERATIONS]))
    result = draw(st.none() | st.sampled_from(list(RESULTS)))
    operator = draw(TEXTS)
    bases = ["inferred", "system", "unknown"] + ["stated"] * bool(operator)
    return ControlRecord(
        operate_time_ms=draw(times),
        source=draw(TEXTS),
        operator=operator,
        operator_basis=draw(st.sampled_from(bases)),
        operation=code,
        operation_text="" if code else draw(WORDS.filter(_is_unknown) | st.just("MUTE_ALL")),
        object=draw(TEXTS | st.just("+991116005905")),
        result=result,
        result_text="" if result else draw(TEXTS.filter(_is_unknown) | st.just("SUCCESS")),
        detail=draw(TEXTS),
    )


@st.composite
def news(draw: st.DrawFn, conference_uuid: str) -> ConferenceNews:
    """What is known of a conference beside its records; maybe nothing but its stays."""
    is_told = draw(st.booleans())
    stays = draw(
        st.lists(
            st.builds(
                AttendanceJSON,
                displayName=TEXTS,
                callNumber=TEXTS,
                deviceType=st.sampled_from(["软终端", "Hologram", ""]),
                joinTime=TIMES,
                leftTime=st.none() | TIMES,
                mediaType=TEXTS,
                deptName=TEXTS,
            ),
            min_size=0 if is_told else 1,
            max_size=3,
        )
    )
    told = [attendance_of(stay, "") for stay in stays]
    if not is_told:
        return ConferenceNews(conference_uuid=conference_uuid, stays=told)
    info = draw(
        st.builds(
            SavedConferenceInfoJSON,
            conferenceID=TEXTS,
            subject=TEXTS,
            startTimeMs=TIMES,
            endTimeMs=st.just(START_MS + 20_000_001),
            conferenceState=st.sampled_from(["Destroyed", "Created"]),
            userUUID=st.none() | WORDS,
            scheduserName=TEXTS,
            isHasRecordFile=st.booleans(),
            role=st.none() | WORDS,
            passwordEntry=st.lists(
                st.builds(
                    PasswordEntryJSON,
                    conferenceRole=st.sampled_from(["chair", "general"]),
                    password=st.just("******") | WORDS,
                ),
                max_size=2,
                unique_by=lambda entry: entry.conferenceRole,
            ),
            confConfigInfo=st.none() | st.fixed_dictionaries({"guestPwd": WORDS, "x": TEXTS}),
            subConfs=st.lists(st.dictionaries(WORDS, TEXTS), max_size=2),
        )
    )
    invited = draw(
        st.lists(
            st.builds(
                ParticipantJSON,
                name=TEXTS,
                participantID=TEXTS,
                userUUID=st.none() | WORDS,
                attendeeType=st.sampled_from(["normal", "terminal"]),
            ),
            max_size=3,
        )
    )
    conference = conference_of(info, conference_uuid, "")
    viewers = conference.viewers | viewers_of(invited)
    return ConferenceNews(
        conference_uuid=conference_uuid,
        conference=dataclasses.replace(conference, viewers=viewers),
        participants=[participant_of(each, place) for place, each in enumerate(invited)],
        stays=told,
    )


UUIDS = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[ConferenceNews], dict[str, list[ControlRecord]]]:
    """What some conferences are told of, and their records."""
    uuids = draw(st.lists(UUIDS, min_size=1, max_size=4, unique=True))
    told = [draw(news(each)) for each in uuids if draw(st.booleans())]
    batches = {each: draw(st.lists(records(), max_size=5)) for each in uuids}
    return told, {uuid: batch for uuid, batch in batches.items() if batch}


def in_new_store(engine: str, work: Callable[[Parts], Awaitable[T]]) -> T:
    """Do some work with a new, empty store of an engine."""

    async def run() -> T:
        async with new_parts(engine) as parts:
            return await work(parts)

    return anyio.run(run)


async def fill(
    parts: Parts, told: Sequence[ConferenceNews], batches: dict[str, list[ControlRecord]]
) -> None:
    """Put what is known of conferences into a store."""
    await parts.stores.conferences.put(DEFAULT_CORP_ID, told)
    await parts.intake.take(DEFAULT_CORP_ID, batches)


def ledger_of(parts: Parts) -> Ledger:
    """What an export reads from."""
    stores = parts.stores
    return Ledger(stores.conferences, stores.records, stores.phrases, parts.catalogue)


async def save(parts: Parts, folder: Path, *named: str) -> None:
    """Export a folder of saved answers."""
    await anyio.Path(folder).mkdir()
    ledger, selection = ledger_of(parts), Selection(DEFAULT_CORP_ID, named)
    size = await ledger.size_of(selection)
    assert await export_folder(ledger, selection, folder, size, lambda _: None) == size


async def told_over_the_wire(parts: Parts) -> dict[str, bytes]:
    """Every answer about every conference that an administrator gets, by its question."""
    token = await token_of(parts)
    answers: dict[str, bytes] = {}
    async with client_of(parts) as client:

        async def ask(path: str, query: str, language: str) -> int:
            """Ask for every page; small ones, that a step of paging is seen."""
            offset, count = 0, 1
            while offset < count:
                question = f"{path}?{query}&offset={offset}&limit=300"
                headers = {"X-Access-Token": token, "Accept-Language": language}
                answer = await client.get(question, headers=headers)
                assert answer.status_code == 200, answer.text
                answers[f"{question} {language}"] = answer.content
                body: dict[str, Any] = answer.json()
                count = body["count"] if "count" in body else body["data"]["count"]
                offset += 300
            return count

        for order in ORDERS:
            await ask(
                LIST, f"startDate=0&endDate={TIME_MAX}&queryAll=true&sortType={order}", "zh-CN"
            )
        for uuid in await parts.stores.conferences.walk(
            DEFAULT_CORP_ID, since_ms=None, until_ms=None, after="", limit=1000
        ):
            for language in ("zh-CN", "en-US"):
                for path in (DETAIL_PATH, ATTENDANCE_PATH, RECORDS):
                    await ask(path, f"confUUID={uuid}", language)
    return answers
