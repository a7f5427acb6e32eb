"""Moments as people write them."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import click

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Python reads other forms too, such as 20260131 and 2026-W05-6, which look like no day to us.
_FORM: Final = re.compile(rf"{_DAY.pattern}([T ]\d{{2}}:|\Z)", re.ASCII)
_MILLISECOND: Final = timedelta(milliseconds=1)

RULE: Final = "must be a day such as 2026-01-31 or a time such as 2026-01-31T08:00+08:00"


def moment_ms(text: str, zone: tzinfo, *, is_end: bool) -> int:
    """A day or a time as UTC milliseconds since 1970.

    Args:
        text: as `RULE` says.
        zone: of a text that names none.
        is_end: whether a day stands for its last millisecond, and not for its first.

    Raises:
        ValueError, OverflowError: it is no such text.
    """
    if not _FORM.match(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    if is_end and _DAY.fullmatch(text):
        moment += timedelta(days=1) - _MILLISECOND
    return (moment - _EPOCH) // _MILLISECOND


class Moment(click.ParamType[int]):
    """A day or a time, in UTC unless it says its zone."""

    name = "moment"

    def __init__(self, *, is_end: bool) -> None:
        self._is_end = is_end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read a moment."""
        if isinstance(value, int):
            return value
        try:
            return moment_ms(str(value), UTC, is_end=self._is_end)
        except (ValueError, OverflowError):
            self.fail(f"{RULE}, not {value!r}", param, ctx)


def written(time_ms: int) -> str:
    """A moment for people: UTC, to the second."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
