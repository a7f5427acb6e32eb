"""What the service says while it runs: one line for each event, with fields."""

import json
import logging
import time
from typing import Final

logger: Final = logging.getLogger("confledger")

_ORDINARY_FIELDS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}


class LineFormatter(logging.Formatter):
    """`2026-01-31T08:30:00.123Z INFO request status=200 path="/a b"`.

    The event is a constant, and what varies is in the fields; a value with
    anything but plain characters in it is written as a JSON string, so that no
    value can pass for a line or a field of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line, and after it a traceback where the record has one."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = f"{moment}.{int(record.msecs):03d}Z {record.levelname} {record.getMessage()}"
        for name, value in record.__dict__.items():
            if name not in _ORDINARY_FIELDS and name != "color_message":
                line += f" {name}={plain_or_quoted(str(value))}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def plain_or_quoted(value: str) -> str:
    """A value as it stands in a line, where nothing in it can pass for more than a value."""
    is_plain = value.isascii() and value.isprintable() and not set(value) & set(' "=\\')
    return value if value and is_plain else json.dumps(value)


def log_configuration() -> dict[str, object]:
    """For `logging.config.dictConfig`: ours and the server's lines, to the standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": LineFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            "confledger": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        },
    }
