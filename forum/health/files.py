"""Checks whether the files of every image are there."""

from datetime import datetime

from forum.counting import counted
from forum.images import queries, store

NAMED_AT_MOST = 5


def check(_now: datetime) -> tuple[bool, str]:
    """Return whether every image has its files, and a sentence about it."""
    images = queries.list_all()
    missing = store.find_missing(images)
    if not missing:
        return True, f"all files of {counted(len(images), 'image', 'images')} are there"
    named = ", ".join(missing[:NAMED_AT_MOST]) + (", …" if len(missing) > NAMED_AT_MOST else "")
    return False, (
        f"{len(missing)} of {counted(len(images), 'image lacks', 'images lack')} files ({named}):"
        " a backup has them, and so has `forum content import` of an export"
    )
