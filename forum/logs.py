"""Logging: each line is a JSON object, with ids instead of names and without the values of an error (S45, P28)."""

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
# The first words of a warning about the number of threads that Granian logs at each start. This log leaves it out: so
# many threads are meant to be, as forum/commands/serving.py explains.
MANY_THREADS = "Configuration allows spawning up to"
FRAMES = 6
# Matches the end of a path from the part, such as /r, after which a personal link has its token, even a damaged one.
# A path with a short word in place of the token, such as /r/change, is not matched.
AFTER_LINK = re.compile(
    r"(/(?:r|reset|welcome|demo|preview-link)(?![a-z0-9_-]))(?!/?[a-z-]{0,12}/?$).*", re.I | re.S
)
# Matches what may be a token or a part of one: a token has 43 characters, each of which may be percent-encoded. A part
# of a token is recognised by having capitals, small letters and digits.
LETTERS_OF_LINKS = re.compile(r"[A-Za-z0-9_%-]{20,}")
SURELY, KINDS = 32, (str.isupper, str.islower, str.isdigit)
LONGEST = {"path": 300}
LONGEST_OTHER = 2000


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON; a message that is a dict becomes the fields of the line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
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
        # ASCII escapes line breaks and changes of writing direction: no value can forge a line or disguise its text.
        return json.dumps(safe, default=str)


def configure(level: str = "info") -> None:
    """Write all log lines of this process to standard error as JSON."""
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
    """Disable a logger during the block, for a command that reports errors itself."""
    logger = logging.getLogger(name)
    was, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was


def without_links(text: str) -> str:
    """Return the text with `***` for everything that looks like the token of a personal link (S22, S45).

    A token has capital letters; long URLs made of words have none and are kept.
    """
    return LETTERS_OF_LINKS.sub(_cut, AFTER_LINK.sub(r"\1/***", text))


def _shortened(name: str, text: str) -> str:
    """Return a log field's text, cut to the length for this field and without tokens of personal links."""
    return without_links(text[:LONGEST_OTHER])[: LONGEST.get(name, LONGEST_OTHER)]


def _cut(match: re.Match[str]) -> str:
    letters = match[0]
    if len(letters) < SURELY:
        is_link = all(any(map(is_of_kind, letters)) for is_of_kind in KINDS)
    else:
        is_link = letters != letters.lower() or "%" in letters
    return "***" if is_link else letters


def without_values(error: BaseException) -> dict[str, object]:
    """Return an error's type and its innermost stack frames, but not its message, which may hold a person's input."""
    frames = [
        f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "at": frames[: -FRAMES - 1 : -1]}
