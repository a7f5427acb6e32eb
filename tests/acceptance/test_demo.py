"""`confledger demo`, as its reader uses it: what it prints is run as printed."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from acceptance.service import Demo, running_demo, started, temporary_folder, wait_until
from acceptance.vendor import GOLDEN, SAMPLE_MEETING, WORDS, golden_page

ENGLISH: Final = "-H 'Accept-Language: en-US'"


def run_by_shell(line: str) -> str:
    """What a line prints when somebody types it into a shell."""
    done = subprocess.run(
        ["bash", "-c", line],  # noqa: S607 - whichever bash the reader has
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def generated_meeting(demo: Demo) -> str:
    """The meeting that is not the vendor's."""
    (conference_uuid,) = demo.meetings.keys() - {SAMPLE_MEETING}
    return conference_uuid


def test_the_printed_command_answers_the_vendors_sample(demo: Demo) -> None:
    """The curl line, run as printed, gives the first page of the sample: each key and value,
    in the sample's order.
    """
    answer = run_by_shell(demo.curl)

    # Objects as lists of their pairs, so that the order of the keys counts.
    assert json.loads(answer, object_pairs_hook=list) == json.loads(
        GOLDEN.read_text("utf-8"), object_pairs_hook=list
    )
    assert json.loads(answer)["count"] == 23
    assert "启动声控" in answer


def test_with_the_printed_header_the_answer_is_in_english(demo: Demo) -> None:
    """With the header that the demo names, operations and results are English, and nothing else
    changes.
    """
    page = json.loads(run_by_shell(f"{demo.curl} {ENGLISH}"))

    expected: list[dict[str, Any]] = [
        record | {"operateCode": WORDS[record["operateCode"]], "operateResult": "Success"}
        for record in golden_page()["data"]
    ]
    assert page == golden_page() | {"data": expected}


def test_the_other_meeting_has_five_thousand_records(demo: Demo) -> None:
    """The demo says that its second meeting has 5,000 records, and so it has."""
    other = generated_meeting(demo)
    page = json.loads(run_by_shell(demo.curl.replace(SAMPLE_MEETING, other)))

    assert demo.meetings == {SAMPLE_MEETING: 23, other: 5000}
    assert page["count"] == 5000
    assert len(page["data"]) == 20


@pytest.mark.parametrize(
    ("signal_number", "codes"),
    [(signal.SIGTERM, {0}), (signal.SIGINT, {0, 130})],
    ids=["SIGTERM", "Ctrl+C"],
)
def test_the_temporary_store_goes_with_the_demo(
    command: str, tmp_path: Path, signal_number: int, codes: set[int]
) -> None:
    """However the demo is stopped, by a supervisor or by Ctrl+C, nothing of its store is left."""
    with running_demo(command, tmp_path) as demo:
        assert run_by_shell(demo.curl)
        assert stores(tmp_path)
        code = demo.service.stop(signal_number)

    assert code in codes
    assert list(temporary_folder(tmp_path).iterdir()) == []


def stores(folder: Path) -> list[Path]:
    """The files of temporary stores."""
    return list(temporary_folder(folder).glob("*/*"))


def test_a_demo_that_is_stopped_before_it_is_up_leaves_nothing(
    command: str, tmp_path: Path
) -> None:
    """A demo that a supervisor stops while its store is still being filled removes it too."""
    with started([command, "demo", "--port", "0"], tmp_path) as process:
        wait_until(lambda: stores(tmp_path), "the store is there")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)

    assert stores(tmp_path) == []
