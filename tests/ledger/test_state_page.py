"""What the page on the state at an instant works out by hand, the module finds."""

import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from confledger.catalogue.words import load_catalogue
from confledger.ledger.timeline import MEETING, Kind, State, Timeline, timeline_of
from confledger.wire.record_json import LedgerRecordJSON, record_of_ledger_json

FOLDER = Path(__file__).parents[2] / "docs" / "explanation"
ENGLISH = FOLDER / "state-at-an-instant.md"
CHINESE = FOLDER / "state-at-an-instant.zh-CN.md"

A, B = "9bd1c8b20a5b11eab31381603f51d3ae", "a5db36ce0a5b11eab313a52e57f34bda"
COLUMNS = (
    (A, Kind.PRESENCE),
    (B, Kind.PRESENCE),
    (A, Kind.MICROPHONE),
    (B, Kind.MICROPHONE),
    (A, Kind.HOST),
    (B, Kind.FLOOR),
    (B, Kind.BROADCAST),
    (A, Kind.HAND),
    (None, Kind.VOICE_ACTIVATION),
)
WORDS = {
    "on": State.ON,
    "off": State.OFF,
    "unknown": State.UNKNOWN,
    "开": State.ON,
    "关": State.OFF,
    "未知": State.UNKNOWN,
}


def sample_timeline() -> Timeline:
    """Of the meeting in the vendor's documentation, as the demo has it."""
    lines = (files("confledger.demo") / "sample" / "records.jsonl").read_bytes().splitlines()
    catalogue = load_catalogue()
    return timeline_of(
        [
            record_of_ledger_json(msgspec.json.decode(line, type=LedgerRecordJSON), catalogue)
            for line in lines
        ]
    )


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_the_sample_meeting_is_as_the_page_works_it_out(page: Path) -> None:
    """Each cell of the table is what the module says of that instant."""
    timeline = sample_timeline()
    rows = re.findall(r"^\| (\d{13}) \| (.+) \|$", page.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == 13
    for instant_ms, cells in rows:
        instant = timeline.state_at(int(instant_ms))
        states = [
            instant.of(MEETING if who is None else timeline.people.index(who), kind)
            for who, kind in COLUMNS
        ]
        assert states == [WORDS[cell] for cell in cells.split(" | ")], instant_ms


def test_the_pages_of_both_languages_are_parallel() -> None:
    """As many headings, rows, rules and bullets."""
    texts = [page.read_text("utf-8") for page in (ENGLISH, CHINESE)]
    for pattern in (r"^#+ ", r"^\|", r"^\d\. ", r"^- "):
        english, chinese = (len(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        assert english == chinese, pattern
