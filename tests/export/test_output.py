"""An output has its name when it is whole, and not before."""

import subprocess
import sys
from pathlib import Path

import pytest

from confledger.errors import CannotWrite
from confledger.export.output import new_file, new_folder


def test_a_file_has_its_name_at_the_end(tmp_path: Path) -> None:
    """While it is written there is nothing of that name, and then there is nothing else."""
    path = tmp_path / "out.csv"
    with new_file(path, replaces=False) as stream:
        stream.write(b"whole")
        assert not path.exists()

    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """What went wrong is told, and what was there before is there still."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def fail() -> None:
        with new_file(path, replaces=True) as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_exists_is_replaced_only_if_somebody_says_so(tmp_path: Path) -> None:
    """Even a file that appears while another is written is kept."""
    path = tmp_path / "out.csv"
    with pytest.raises(CannotWrite, match="--force"), new_file(path, replaces=False):
        path.write_bytes(b"old")
    with pytest.raises(CannotWrite, match="--force"), new_file(path, replaces=False):
        pytest.fail("it was begun")
    assert path.read_bytes() == b"old"

    with new_file(path, replaces=True) as stream:
        stream.write(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_can_hold_nothing_is_told(tmp_path: Path) -> None:
    """The error has the path and the system's reason."""
    path = tmp_path / "missing" / "out.csv"
    with (
        pytest.raises(CannotWrite, match=f"{path}: No such file or directory"),
        new_file(path, replaces=False),
    ):
        pytest.fail("it was begun")


@pytest.mark.parametrize("kind", [new_file, new_folder], ids=["file", "folder"])
def test_an_output_that_is_killed_has_no_name(tmp_path: Path, kind: object) -> None:
    """Not even SIGKILL leaves half an output under its name."""
    path = tmp_path / "out"
    name = getattr(kind, "__name__", "")
    program = (
        "import sys, time; from pathlib import Path\n"
        f"from confledger.export.output import {name}\n"
        f"with {name}(Path(sys.argv[1]), replaces=False) as half:\n"
        "    print('begun', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.kill()

    assert not path.exists()


def test_a_folder_takes_the_place_of_an_older_export(tmp_path: Path) -> None:
    """With the word to do so, an export is replaced as a whole."""
    path = tmp_path / "out"
    with new_folder(path, replaces=False) as folder:
        (folder / "conferences-000000.json").write_text("old")
        (folder / ("a" * 32)).mkdir()
        assert not path.exists()
    with pytest.raises(CannotWrite, match="--force"), new_folder(path, replaces=False):
        pytest.fail("it was begun")
    with new_folder(path, replaces=True) as folder:
        (folder / ("b" * 32)).mkdir()

    assert [each.name for each in path.iterdir()] == ["b" * 32]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    """A home folder that somebody names by mistake is still there."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="something else"), new_folder(tmp_path, replaces=True):
        pytest.fail("it was begun")
    with (
        pytest.raises(CannotWrite, match="no folder"),
        new_folder(tmp_path / "thesis.txt", replaces=True),
    ):
        pytest.fail("it was begun")
    with pytest.raises(CannotWrite, match="no file"), new_file(tmp_path, replaces=True):
        pytest.fail("it was begun")
    assert (tmp_path / "thesis.txt").read_text() == "mine"
