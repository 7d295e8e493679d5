"""Log lines: one JSON object each, ids instead of names, no values of what went wrong (S45, P28)."""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

from forum.settings.project import VERSION

QUIET = {"alembic": logging.WARNING, "whitenoise": logging.WARNING}
MANY_THREADS = (
    "Configuration allows spawning up to"  # said by Granian at each start; forum/commands/serving.py says why
)
PLACES = 6
# What follows one of these routes is a link's token, whatever was made of it on its way here (their own pages: a word).
AFTER_LINK = re.compile(r"(/(?:r|reset|welcome|demo)(?![a-z0-9_-]))(?!/?[a-z-]{0,12}/?$).*", re.I | re.S)
# The token of a link has 43 letters, each of which may be written as %41; a piece of one is known by its three kinds.
LETTERS_OF_LINKS = re.compile(r"[A-Za-z0-9_%-]{20,}")
SURELY, KINDS = 32, (str.isupper, str.islower, str.isdigit)
LONGEST = {"path": 300}
LONGEST_OTHER = 2000


class JsonLines(logging.Formatter):
    """A record as one line; a dict given as the message becomes the line's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "version": VERSION,
            "level": record.levelname.lower(),
            "process": record.process,
            "logger": record.name,
        }
        if request_id := g.get("reference") if has_request_context() else None:
            line["request_id"] = request_id
        line.update(record.msg if isinstance(record.msg, dict) else {"message": record.getMessage()})
        if record.exc_info and record.exc_info[1]:
            line.update(without_values(record.exc_info[1]))
        safe = {
            name: _shortened(name, value) if isinstance(value, str) else value for name, value in line.items()
        }
        # ASCII: no control, line break or direction of any alphabet gets out.
        return json.dumps(safe, default=str)


def configure(level: str = "info") -> None:
    """Send every log line of this process to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    handler.addFilter(lambda record: not str(record.msg).startswith(MANY_THREADS))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quieter in QUIET.items():
        logging.getLogger(name).setLevel(quieter)


@contextmanager
def silenced(name: str) -> Iterator[None]:
    """Log nothing under this name meanwhile: for a command that tells itself what went wrong."""
    logger = logging.getLogger(name)
    was, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was


def without_links(text: str) -> str:
    """Return the text without anything that looks like the token of a personal link, wherever it stands (S22, S45).

    A token has capital letters; long addresses of words have none, and stay.
    """
    return LETTERS_OF_LINKS.sub(_cut, AFTER_LINK.sub(r"\1/***", text))


def _shortened(name: str, text: str) -> str:
    """Return the field without links, and only so much of it as somebody would read."""
    return without_links(text[:LONGEST_OTHER])[: LONGEST.get(name, LONGEST_OTHER)]


def _cut(found: re.Match[str]) -> str:
    letters = found[0]
    if len(letters) < SURELY:
        is_link = all(any(map(is_of_kind, letters)) for is_of_kind in KINDS)
    else:
        is_link = letters != letters.lower() or "%" in letters
    return "***" if is_link else letters


def without_values(error: BaseException) -> dict[str, object]:
    """Return the kind of an error and where it happened; its text could hold what a person had typed."""
    places = [
        f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "at": places[: -PLACES - 1 : -1]}
