"""What is exported for another ledger is there as it was here."""

import io
import json
import tempfile
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.export.jsonl_file import JSONLinesWriter
from confledger.export.selection import Selection
from confledger.export.tables import export_rows
from confledger.ledger.conference import Conference, ConferenceNews
from confledger.ledger.record import ControlRecord
from confledger.wire.conference_json import (
    AttendanceJSON,
    ParticipantJSON,
    SavedConferenceInfoJSON,
    attendance_of,
    conference_of,
    participant_of,
)
from conftest import CONFERENCE, MakeRecord, new_parts
from export.ledgers import (
    START_MS,
    UUIDS,
    WORDS,
    fill,
    in_new_store,
    ledger_of,
    ledgers,
    records,
    save,
    told_over_the_wire,
)

Ledgers = tuple[list[ConferenceNews], dict[str, list[ControlRecord]]]


async def kept(parts: Parts) -> dict[str, list[ControlRecord]]:
    """All records of a store, as if all had been received at once."""
    ledger, found = ledger_of(parts), {}
    async for uuid in ledger.uuids(Selection(DEFAULT_CORP_ID)):
        pages = [page async for _, page in ledger.pages(DEFAULT_CORP_ID, uuid)]
        found[uuid] = [replace(each, received_time_ms=0) for page in pages for each in page.records]
    return found


async def take(parts: Parts, path: Path) -> None:
    """Import what an export has left, of which nothing may be refused or out of place."""
    report = await parts.importer.take([path], DEFAULT_CORP_ID, None)
    assert (report.failures, report.notes) == ([], [])


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        UUIDS,
        st.lists(
            st.tuples(records(times=st.integers(0, 253_402_300_799_999)), WORDS),
            min_size=1,
            max_size=6,
            unique_by=lambda pair: pair[1],
        ),
        max_size=3,
    )
)
def test_json_lines_come_back_as_the_same_records(
    engine: str,
    told: dict[str, list[tuple[ControlRecord, str]]],
) -> None:
    """Every field of every record, its event id and its place are in the other ledger."""
    batches = {
        uuid: [replace(record, event_id=event_id) for record, event_id in pairs]
        for uuid, pairs in told.items()
    }

    async def write(stream: io.BytesIO, parts: Parts) -> dict[str, list[ControlRecord]]:
        await fill(parts, [], batches)
        writer, selection = JSONLinesWriter(stream), Selection(DEFAULT_CORP_ID)
        await export_rows(ledger_of(parts), selection, "en-US", writer, lambda _: None)
        writer.close()
        return await kept(parts)

    async def read(path: Path, parts: Parts) -> dict[str, list[ControlRecord]]:
        if batches:
            await take(parts, path)
        return await kept(parts)

    with tempfile.TemporaryDirectory() as name:
        path, stream = Path(name) / "records.jsonl", io.BytesIO()
        before = in_new_store(engine, partial(write, stream))
        path.write_bytes(stream.getvalue())
        assert in_new_store(engine, partial(read, path)) == before == batches


def comes_back(engine: str, told: Ledgers) -> dict[str, bytes]:
    """Check that a folder tells another ledger all that the wire can tell; what that is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "answers"

        async def write(parts: Parts) -> dict[str, bytes]:
            await fill(parts, *told)
            await save(parts, folder)
            return await told_over_the_wire(parts)

        async def read(parts: Parts) -> dict[str, bytes]:
            if any(folder.iterdir()):
                await take(parts, folder)
            return await told_over_the_wire(parts)

        before = in_new_store(engine, write)
        assert in_new_store(engine, read) == before
        return before


@settings(max_examples=25, deadline=None)
@given(ledgers())
def test_a_folder_comes_back_as_the_same_answers(engine: str, told: Ledgers) -> None:
    """List, detail, attendance and records, in both languages, are equal byte for byte."""
    comes_back(engine, told)


def test_what_is_longer_than_a_page_comes_back(engine: str, make_record: MakeRecord) -> None:
    """Several pages of each call make several files, which are read in the meeting's order."""

    def ended(uuid: str) -> Conference:
        info = SavedConferenceInfoJSON(startTimeMs=START_MS, endTimeMs=START_MS + 1)
        return conference_of(info, uuid, "")

    others = [f"{number:032x}" for number in range(501)]
    told = [ConferenceNews(conference_uuid=uuid, conference=ended(uuid)) for uuid in others]
    stays = [AttendanceJSON(displayName="Ann", joinTime=START_MS + i) for i in range(1001)]
    told.append(
        ConferenceNews(
            conference_uuid=CONFERENCE,
            conference=ended(CONFERENCE),
            participants=[participant_of(ParticipantJSON(name=f"P{i}"), i) for i in range(1001)],
            stays=[attendance_of(each, "") for each in stays],
        )
    )
    batch = [make_record(event_id=str(i), operate_time_ms=2000 - i) for i in range(1501)]

    comes_back(engine, (told, {CONFERENCE: batch}))


async def test_the_files_are_named_as_is_documented(
    parts: Parts, make_record: MakeRecord, tmp_path: Path
) -> None:
    """One that ended is in the list; one that runs says so in its detail; numbers are in clear."""
    ended, running, recorded = (letter * 32 for letter in "abc")
    start = SavedConferenceInfoJSON(startTimeMs=START_MS + 1, endTimeMs=START_MS + 60_002)
    told = [
        ConferenceNews(
            conference_uuid=ended,
            conference=conference_of(start, ended, ""),
            stays=[attendance_of(AttendanceJSON(joinTime=START_MS), "")],
        ),
        ConferenceNews(
            conference_uuid=running,
            conference=conference_of(
                SavedConferenceInfoJSON(startTimeMs=START_MS, conferenceState="Created"),
                running,
                "",
            ),
        ),
    ]
    batch = [make_record(object="+991116005905")]
    await fill(parts, told, {ended: batch, recorded: batch})

    await save(parts, tmp_path / "out")

    files = {
        str(path.relative_to(tmp_path / "out")): json.loads(path.read_text("utf-8"))
        for path in (tmp_path / "out").rglob("*.json")
    }
    pages = ("records-000000.en-US.json", "records-000000.zh-CN.json")
    assert sorted(files) == [
        *(f"{ended}/{name}" for name in ("attendance-000000.json", "detail-000000.json", *pages)),
        f"{running}/detail-000000.json",
        *(f"{recorded}/{name}" for name in pages),
        "conferences-000000.json",
    ]
    (listed,) = files["conferences-000000.json"]["data"]
    assert (listed["startTimeMs"], listed["endTimeMs"]) == (START_MS + 1, START_MS + 60_002)
    assert (listed["confUUID"], listed["conferenceState"]) == (ended, "Destroyed")
    runs = files[f"{running}/detail-000000.json"]["conferenceData"]
    assert runs["conferenceState"] == "Created"
    assert "endTimeMs" not in runs
    words = [files[f"{recorded}/{name}"]["data"][0] for name in pages]
    assert [each["operateResult"] for each in words] == ["Success", "成功"]
    assert words[0]["operationObject"] == "+991116005905"


async def test_our_keys_are_in_no_answer(parts: Parts, tmp_path: Path) -> None:
    """The times in milliseconds are read from files, and the wire answers without them."""
    path = tmp_path / "list.json"
    told = {
        "confUUID": CONFERENCE,
        "startTime": "2001-01-01 00:00",
        "endTime": "2001-01-01 00:01",
        "startTimeMs": START_MS + 7,
        "endTimeMs": START_MS + 60_009,
    }
    path.write_text(json.dumps({"data": [told], "offset": 0, "limit": 500, "count": 1}))

    await take(parts, path)

    known = await parts.stores.conferences.get(DEFAULT_CORP_ID, CONFERENCE)
    assert known is not None
    assert (known.start_time_ms, known.end_time_ms) == (START_MS + 7, START_MS + 60_009)
    answers = b"".join((await told_over_the_wire(parts)).values())
    assert b"2019-11-18 23:31" in answers
    assert b"TimeMs" not in answers


async def test_words_that_no_catalogue_has_come_back_in_both_languages(
    engine: str, parts: Parts, make_record: MakeRecord, tmp_path: Path
) -> None:
    """What a text is called in the other language is learned from the two pages."""
    batch = [make_record(operation=None, operation_text="挥手", result=None, result_text="好的")]
    await fill(parts, [], {CONFERENCE: batch})
    phrases = [{"zh-CN": "挥手", "en-US": "Wave"}, {"zh-CN": "好的", "en-US": "Fine"}]
    await parts.stores.phrases.learn(DEFAULT_CORP_ID, phrases)
    await save(parts, tmp_path / "out")
    before = await told_over_the_wire(parts)
    assert b"Wave" in b"".join(before.values())

    async with new_parts(engine) as new:
        await take(new, tmp_path / "out")
        assert await told_over_the_wire(new) == before


def test_json_lines_of_nothing_are_nothing() -> None:
    """A writer without rows leaves an empty stream."""
    stream = io.BytesIO()
    writer = JSONLinesWriter(stream)
    writer.write([])
    writer.close()
    assert stream.getvalue() == b""
