"""What does not fit together in a store is found, on each engine."""

import apsw
import asyncpg
import pytest

from confledger.app import Parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.generator.meetings import generated_meetings
from confledger.generator.putting import put_meetings
from confledger.settings import Settings
from confledger.storage import checking
from confledger.storage.checking import check_store


@pytest.fixture(autouse=True)
async def filled(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some meetings, read in small pages."""
    monkeypatch.setattr(checking, "_ROWS_OF_PAGE", 7)
    made = generated_meetings(meetings=4, records=40, seed=3, corp_id=DEFAULT_CORP_ID)
    await put_meetings(parts.intake, parts.stores.conferences, DEFAULT_CORP_ID, list(made))


async def findings(parts: Parts) -> list[str]:
    """What is found."""
    return [sentence async for sentence in check_store(parts.stores.tables)]


async def test_a_store_in_order_has_no_findings(parts: Parts) -> None:
    """What the service itself writes fits together."""
    assert await findings(parts) == []


@pytest.mark.parametrize(
    ("statement", "sentences"),
    [
        pytest.param(
            "DELETE FROM record WHERE seq = 1 AND {of_first}",
            ["gap in the numbers", "records, and its head says", "events that are not"],
            id="a record is lost",
        ),
        pytest.param(
            "UPDATE head SET record_count = record_count + 1 WHERE conference_uuid = {first}",
            ["records, and its head says"],
            id="a head counts too many",
        ),
        pytest.param(
            "UPDATE event SET {event} WHERE seq = 0 AND {of_first}",
            ["events that are not"],
            id="an event has another id",
        ),
        pytest.param(
            "UPDATE event SET seq = 1 - seq WHERE seq < 2 AND {of_first}",
            ["events that are not"],
            id="two events are exchanged",
        ),
        pytest.param(
            "DELETE FROM event WHERE {of_first}",
            ["events that are not"],
            id="all events are lost",
        ),
        pytest.param(
            "UPDATE conference_day SET conference_count = conference_count + 1"
            " WHERE day = (SELECT min(day) FROM conference_day)",
            ["the count of the day says 2"],
            id="a day counts too many",
        ),
        pytest.param(
            "DELETE FROM conference_day WHERE day = (SELECT min(day) FROM conference_day)",
            ["the count of the day says 0"],
            id="a day is lost",
        ),
        pytest.param(
            "UPDATE viewer SET start_time_ms = 1 WHERE person = (SELECT min(person) FROM viewer"
            " WHERE conference_uuid = {first}) AND conference_uuid = {first}",
            ["another start or recording"],
            id="a viewer has another date",
        ),
        pytest.param(
            "INSERT INTO viewer (corp_id, person, conference_uuid) VALUES ('default', 'id:x', 'y')",
            ["is not there, and id:x may see it"],
            id="a viewer of nothing",
        ),
    ],
)
async def test_what_does_not_fit_is_told(
    parts: Parts, settings: Settings, statement: str, sentences: list[str]
) -> None:
    """One change behind the back of the service is found, and nothing else is."""
    first = "(SELECT min(conference_uuid) FROM conference)"
    of_first, event = f"conference_uuid = {first}", "event_id = 'x'"
    if parts.stores.tables.engine == "SQLite":
        of_first = f"head_id = (SELECT head_id FROM head WHERE {of_first})"  # noqa: S608 - our own words
        event = "event_hash = 7"
        if statement.startswith("DELETE FROM record"):
            sentences = ["1 rows of event lead to no record", *sentences[:2]]
    statement = statement.format(first=first, of_first=of_first, event=event)
    await _execute(settings.store_url, statement)

    found = await findings(parts)

    assert len(found) == len(sentences)
    for said, expected in zip(found, sentences, strict=True):
        assert expected in said


async def test_a_head_that_is_lost_is_told(parts: Parts, settings: Settings) -> None:
    """Records and events of a conference that nobody counts are found."""
    first = "(SELECT min(conference_uuid) FROM conference)"
    await _execute(settings.store_url, f"DELETE FROM head WHERE conference_uuid = {first}")  # noqa: S608 - our own words

    found = await findings(parts)

    if parts.stores.tables.engine == "SQLite":
        assert [each.partition(" ")[2] for each in found] == [
            "rows of event belong to no conference",
            "rows of record belong to no conference",
        ]
    else:
        (sentence,) = found
        assert "records or events, and no head" in sentence


async def _execute(url: str, statement: str) -> None:
    if url.startswith("sqlite:///"):
        apsw.Connection(url.removeprefix("sqlite:///")).execute(statement)
        return
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "INSERT INTO delivery VALUES ('y', 'default', 'k', x'00')",
            "1 rows of delivery belong to no conference",
        ),
        ("UPDATE record SET manner_id = 4000 WHERE seq = 0", "4 rows of record have no manner"),
    ],
)
async def test_what_a_row_in_sqlite_leads_to_is_there(
    parts: Parts, settings: Settings, statement: str, sentence: str
) -> None:
    """A push that is known of no conference, and a record without its words, are found."""
    await _execute(settings.store_url, statement)

    assert (await findings(parts))[0] == sentence


@pytest.mark.sqlite
async def test_sqlite_is_asked_too(parts: Parts, settings: Settings) -> None:
    """A row that belongs to a corp that is not there is what SQLite itself finds."""
    statement = "INSERT INTO phrase VALUES ('nobody', 'a', 'b', 'c')"
    await _execute(settings.store_url, statement)
    assert await findings(parts) == [
        "SQLite says: a row of phrase belongs to one that is not there"
    ]
