"""What the tests of the command line share."""

import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Protocol

from conftest import CONFERENCE

GOLDEN = Path(__file__).parents[1] / "golden" / "control_records_sample.json"
"""The documented page: the first twenty records of the sample's meeting."""

UNKNOWN_CONFERENCE = "0" * 32

LINE = {"operateTime": 1_574_119_913_464, "operateCode": "申请发言"}
"""The least that a record has to say."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The standard output, which has to be one JSON document."""
        return json.loads(self.out)


class Run(Protocol):
    """Runs the command with some arguments, within the test's process."""

    def __call__(self, *arguments: str | Path, may_surprise: bool = False) -> Ran:
        """Run it to its end, which must not surprise it unless that is what the test is about."""


def bring(run: Run, path: Path, *records: dict[str, Any], conference: str = CONFERENCE) -> None:
    """Import some records, of which only what matters to the test need be said."""
    path.write_text("".join(json.dumps(LINE | record) + "\n" for record in records))
    ran = run("import", path, "--conference", conference)
    assert (ran.code, ran.err) == (0, "")


def bring_sample(run: Run) -> None:
    """Import the sample's meeting, which has 23 records."""
    with as_file(files("confledger.demo") / "sample" / "records.jsonl") as path:
        ran = run("import", path, "--conference", CONFERENCE)
    assert (ran.code, ran.err) == (0, "")


def names_in(folder: Path) -> set[str]:
    """What lies in a folder, however deep."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
