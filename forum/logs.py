"""Log lines: one JSON object each, ids instead of names, no values of what went wrong (S45, P28)."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

QUIET = {"alembic": logging.WARNING, "whitenoise": logging.WARNING}
PLACES = 6


class JsonLines(logging.Formatter):
    """A record as one line; a dict given as the message becomes the line's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line.update(record.msg if isinstance(record.msg, dict) else {"message": record.getMessage()})
        if record.exc_info and record.exc_info[1]:
            line.update(without_values(record.exc_info[1]))
        return json.dumps(
            line, default=str
        )  # ASCII: no control, line break or direction of any alphabet gets out


def configure(level: str = "info") -> None:
    """Send every log line of this process to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quieter in QUIET.items():
        logging.getLogger(name).setLevel(quieter)


def without_values(error: BaseException) -> dict[str, object]:
    """Return the kind of an error and where it happened; its text could hold what a person had typed."""
    places = [
        f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "at": places[: -PLACES - 1 : -1]}
