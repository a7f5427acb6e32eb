"""`confledger generate`: made-up meetings, on the command line."""

from pathlib import Path

import anyio
import pytest

from cli.running import Run
from confledger.app import open_parts
from confledger.auth.accounts import DEFAULT_CORP_ID
from confledger.generator.meetings import generated_meetings
from confledger.ledger.conference import ConferenceQuery, ParticipantQuery
from confledger.settings import Settings

SMALL = ("--meetings", "12", "--records", "240", "--seed", "5")


def kept(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """By conference: how many participants, stays and records it has, and its subject."""

    async def read() -> dict[str, tuple[int, int, int, str]]:
        found = {}
        async with open_parts(Settings(data_folder=folder)) as parts:
            query = ConferenceQuery(since_ms=0, until_ms=2**48)
            conferences = parts.stores.conferences
            listed, _ = await conferences.list(DEFAULT_CORP_ID, query, offset=0, limit=500)
            for conference in listed:
                key = (DEFAULT_CORP_ID, conference.conference_uuid)
                _, people = await conferences.participants(
                    *key, ParticipantQuery(), offset=0, limit=1
                )
                _, stays = await conferences.attendance(*key, search="", offset=0, limit=1)
                page = await parts.stores.records.page(*key, offset=0, limit=1)
                found[conference.conference_uuid] = (
                    people,
                    stays,
                    page.count,
                    conference.subject,
                )
        return found

    return anyio.run(read)


def test_the_meetings_are_in_the_ledger(run: Run, data_folder: Path) -> None:
    """Each of the seed's meetings is there, with its people, its stays and its records."""
    ran = run("generate", *SMALL, "--json")

    assert (ran.code, ran.err) == (0, "")
    assert list(ran.json.items()) == [("conferences", 12), ("records", 240), ("duplicates", 0)]
    assert kept(data_folder) == {
        meeting.conference.conference_uuid: (
            len(meeting.participants),
            len(meeting.stays),
            len(meeting.records),
            meeting.conference.subject,
        )
        for meeting in generated_meetings(meetings=12, records=240, seed=5)
    }


def test_run_again_it_adds_nothing(run: Run, data_folder: Path) -> None:
    """The second time everything is there already, and is told so."""
    assert run("generate", *SMALL).out == "new records: 240, already there: 0, conferences: 12\n"
    before = kept(data_folder)

    ran = run("generate", *SMALL)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "new records: 0, already there: 240, conferences: 12\n"
    assert kept(data_folder) == before


def test_other_figures_of_a_seed_are_other_meetings(run: Run) -> None:
    """More records for the same seed stand beside the first ones, and contradict none of them."""
    run("generate", *SMALL)

    ran = run("generate", "--meetings", "12", "--records", "24000", "--seed", "5", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.json["records"] + ran.json["duplicates"] == 24_000


@pytest.mark.parametrize(
    ("arguments", "option", "rule"),
    [
        (("--meetings", "5", "--records", "4"), "'--records'", "must be at least as many as"),
        (("--meetings", "0"), "'--meetings'", "0 is not in the range"),
        (("--seed", "-1"), "'--seed'", "-1 is not in the range"),
        (("--seed", "x"), "'--seed'", "'x' is not a valid integer"),
    ],
)
def test_a_wrong_figure_is_named(
    run: Run, store: Path, arguments: tuple[str, ...], option: str, rule: str
) -> None:
    """The option and its rule are told, and no store is made."""
    ran = run("generate", *arguments)

    assert ran.code == 2
    assert f"Invalid value for {option}" in ran.err
    assert rule in ran.err
    assert not store.exists()


def test_an_unknown_corp_gets_nothing(run: Run, data_folder: Path) -> None:
    """A corp must be there before its meetings are."""
    ran = run("generate", *SMALL, "--corp", "nobody")

    assert ran.code == 1
    assert "nobody" in ran.err
    assert kept(data_folder) == {}
