"""Outputs that get their name when they are whole."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from confledger.errors import CannotWrite

_PREFIX: Final = ".confledger-export-"
_LIST: Final = re.compile(r"conferences-\d{6,}\.json")
_CONFERENCE: Final = re.compile(r"[0-9a-f]{32}")
_PAGE: Final = re.compile(r"(detail|attendance|records)-\d{6,}(\.[a-zA-Z-]+)?\.json")


@contextmanager
def new_file(path: Path, *, replaces: bool) -> Iterator[BinaryIO]:
    """A file to write, which stands beside `path` and takes its name at the end.

    Only its owner may read it. Where anything goes wrong nothing is left of it.

    Args:
        path: the name.
        replaces: whether a file of that name may be there, and is replaced.

    Raises:
        CannotWrite: it can't be written, or something is in its place.
    """
    path = Path(os.path.realpath(path))
    with reasons_told(path):
        _check_file(path, replaces=replaces)
        number, name = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)
        try:
            with os.fdopen(number, "w+b") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            _check_file(path, replaces=replaces)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def new_folder(path: Path, *, replaces: bool) -> Iterator[Path]:
    """The same for a folder; what is replaced has to be an export, and not just any folder.

    Raises:
        CannotWrite: as above.
    """
    path = Path(os.path.realpath(path))
    with reasons_told(path):
        _check_folder(path, replaces=replaces)
        with temporary_folder(beside=path) as folder:
            whole = folder / "new"
            whole.mkdir(mode=0o700)
            yield whole
            _check_folder(path, replaces=replaces)
            for file in whole.rglob("*"):
                _reach_the_disk(file)
            old = folder / "old"
            if path.exists():
                path.rename(old)
            try:
                whole.rename(path)
            except OSError:
                if old.exists():
                    old.rename(path)
                raise


@contextmanager
def temporary_folder(*, beside: Path) -> Iterator[Path]:
    """A folder for what is not finished, on the file system where it will be."""
    with tempfile.TemporaryDirectory(
        prefix=_PREFIX, dir=beside.parent, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def _check_file(path: Path, *, replaces: bool) -> None:
    if path.exists() and not replaces:
        raise CannotWrite(path, "it exists; --force replaces it")
    if path.exists() and not path.is_file():
        raise CannotWrite(path, "it is no file")


def _check_folder(path: Path, *, replaces: bool) -> None:
    if path.exists() and not replaces:
        raise CannotWrite(path, "it exists; --force replaces it")
    if path.exists() and not path.is_dir():
        raise CannotWrite(path, "it is no folder")
    if path.exists() and not all(map(_is_of_an_export, path.iterdir())):
        raise CannotWrite(path, "it holds something else than an export, which is not replaced")


def _is_of_an_export(path: Path) -> bool:
    if not path.is_dir():
        return _LIST.fullmatch(path.name) is not None
    return _CONFERENCE.fullmatch(path.name) is not None and all(
        _PAGE.fullmatch(each.name) for each in path.iterdir()
    )


def _reach_the_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def reasons_told(path: Path) -> Iterator[None]:
    """Tell in a sentence why an output can't be written.

    Raises:
        CannotWrite: it can't.
    """
    try:
        yield
    except OSError as error:
        raise CannotWrite(path, error.strerror or str(error)) from error
