"""The page gets what the timeline says, in its compact form."""

import json

from confledger.console.timeline_json import timeline_json
from confledger.generator.meetings import generated_meeting
from confledger.ledger.record import ControlRecord
from confledger.ledger.timeline import timeline_of


def record(time_ms: int, operation: str, object_: str, operator: str) -> ControlRecord:
    """One that succeeded, done by somebody."""
    return ControlRecord(
        operate_time_ms=time_ms,
        source="Portal",
        operator=operator,
        operator_basis="stated",
        operation=operation,
        object=object_,
        result="SUCCESS",
    )


RECORDS = [
    record(1000, "MUTE_PARTICIPANT", "+991116005905", "Ann"),
    record(2000, "LOCK_CONFERENCE", "", "Ann"),
    record(3000, "UNMUTE_PARTICIPANT", "+991116005905", "MCU"),
]


def test_the_answer_is_compact_and_whole() -> None:
    """Spans, marks and lanes are arrays with places in `people` and `kinds`."""
    answer = json.loads(timeline_json(RECORDS, names={"Ann": "Ann Baker"}, masks_numbers=False))
    microphone, lock = answer["kinds"].index("microphone"), answer["kinds"].index("lock")
    assert answer["people"] == [
        {"key": "+991116005905", "name": "+991116005905"},
        {"key": "Ann", "name": "Ann Baker"},
        {"key": "MCU", "name": "MCU"},
    ]
    assert answer["spans"] == [
        [0, microphone, 0, 1000, 3000, 0, 2],
        [-1, lock, 1, 2000, None, 1, None],
        [0, microphone, 1, 3000, None, 2, None],
    ]
    assert answer["marks"] == [[1, 1000, 0], [1, 2000, 1], [2, 3000, 2]]
    assert [answer[key] for key in ("count", "startMs", "lastMs", "endMs")] == [3, 1000, 3000, None]
    assert answer["reactions"] == []


def test_numbers_are_starred_where_the_corp_wants_that() -> None:
    """In keys and in names; and two numbers that look alike then stay two lanes."""
    records = [*RECORDS, record(4000, "MUTE_PARTICIPANT", "+991116006905", "Ann")]
    people = json.loads(timeline_json(records, names={"Ann": "+991116005906"}, masks_numbers=True))[
        "people"
    ]
    assert [person["key"] for person in people] == ["**********905", "Ann", "MCU", "**********905"]
    assert people[1]["name"] == "**********906"


def test_nothing_is_lost_of_a_large_meeting() -> None:
    """As many spans, marks and reactions as the timeline has."""
    records = generated_meeting(records=5_000, seed=7, people=50).records
    answer = json.loads(timeline_json(records, names={}, masks_numbers=False))
    timeline = timeline_of(records)
    assert len(answer["spans"]) == len(timeline.spans) > 1_000
    assert answer["marks"] == [list(mark) for mark in timeline.marks]
    assert answer["reactions"] == [list(reaction) for reaction in timeline.reactions]


def test_a_meeting_without_records_has_an_empty_timeline() -> None:
    """Nobody, nothing, and no times."""
    answer = json.loads(timeline_json([], names={}, masks_numbers=True))
    assert answer["spans"] == answer["people"] == answer["marks"] == []
    assert answer["startMs"] is answer["endMs"] is None
