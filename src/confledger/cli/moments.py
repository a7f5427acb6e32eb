"""Moments as people write them."""

from datetime import UTC, date, datetime, time, timedelta

import click

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class Moment(click.ParamType[int]):
    """A day, or a time with its zone, as UTC milliseconds since 1970.

    Args:
        is_end: whether a day stands for its last millisecond, and not its first.
    """

    name = "moment"

    def __init__(self, *, is_end: bool) -> None:
        self._is_end = is_end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read a moment."""
        if isinstance(value, int):
            return value
        text = str(value)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return self._time(text, param, ctx)
        moment = datetime.combine(day, time(), UTC)
        if self._is_end:
            moment += _DAY - timedelta(milliseconds=1)
        return milliseconds(moment)

    def _time(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"must be a day, as 2031-01-31, or a time with its zone, as"
                f" 2031-01-31T08:30:00+08:00, not {text!r}",
                param,
                ctx,
            )
        if moment.tzinfo is None:
            self.fail(f"must say its zone, as {text}Z", param, ctx)
        return milliseconds(moment)


def milliseconds(moment: datetime) -> int:
    """A moment as UTC milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def written(time_ms: int) -> str:
    """A moment for people: UTC, to the second."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
