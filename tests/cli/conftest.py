"""The command line, with everything it keeps in a folder of the test's own."""

import sys
import tempfile
from pathlib import Path

import pytest

from cli.running import Ran, Run
from confledger.cli import main


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands keep what they are given no place for; it is made when needed."""
    folder = tmp_path / "data"
    monkeypatch.setenv("CONFLEDGER_DATA_FOLDER", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return folder


@pytest.fixture
def store(data_folder: Path) -> Path:
    """The file of the default store."""
    return data_folder / "confledger.sqlite3"


@pytest.fixture
def run(
    data_folder: Path,  # noqa: ARG001 - it is set for the command
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command as the installed one does, and sees to it that nobody gets a traceback."""

    def run(*arguments: str | Path, may_surprise: bool = False) -> Ran:
        monkeypatch.setattr(sys, "argv", ["confledger", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        assert "Traceback" not in out + err
        assert may_surprise or "something unexpected" not in err
        return Ran(stopped.value.code, out, err)

    return run
