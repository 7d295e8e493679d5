"""Remembers where the development server listens, so that links made by other commands lead to its port."""

import os
from contextlib import suppress
from pathlib import Path

NOTE = "own-address"


def note(instance: Path, base_url: str) -> None:
    """Store the address of the server that starts now; if that fails, links lead to the default port."""
    with suppress(OSError):
        descriptor = os.open(instance / NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(base_url)


def noted(instance: Path) -> str | None:
    """Return the address of the server that was started last in this instance folder."""
    with suppress(OSError, UnicodeError):
        return (instance / NOTE).read_text().strip() or None
    return None
