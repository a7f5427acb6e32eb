"""SQLite's errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from confledger.errors import StoreBusy, StoreUnusable

_UNUSABLE: Final = (
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.InterruptError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
    OSError,
)


def translated(error: BaseException, path: Path) -> BaseException:
    """An error of SQLite's as ours, with the cause kept; one that is a mistake of ours as it is."""
    ours: BaseException
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        ours = StoreBusy(f"the store {path} is busy")
    elif isinstance(error, _UNUSABLE):
        ours = StoreUnusable(f"the store {path} can't be used: {error}")
    else:
        return error
    ours.__cause__ = error
    return ours


@contextmanager
def errors_translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        ours = translated(error, path)
        if ours is error:
            raise
        raise ours from error
