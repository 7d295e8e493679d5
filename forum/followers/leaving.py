"""Leaving the news by writing a mail: the address that a mail of the news names for that, and what comes there (M06).

The address is of the kind to which mail servers report (`outbox.return_paths`). It belongs to the follower and tells
nothing about them, and only somebody who has a mail of the news knows it.
"""

from datetime import datetime

from sqlalchemy import select

from forum.database import read_locked
from forum.extensions import db
from forum.followers import actions
from forum.followers.links import LEAVING, leave_mark
from forum.followers.models import Follower
from forum.outbox import reports, return_paths


def note(raw: bytes, *, sent_to: str = "", now: datetime) -> bool:
    """End the news of a follower if a mail came to their address for that; return whether there is one to end."""
    addresses = f"{sent_to} {reports.addressed_to(raw)}"
    for number, mark in return_paths.rows_in(LEAVING, addresses):
        query = select(Follower).where(Follower.id == number)
        follower = db.session.scalars(read_locked(query)).one_or_none()
        # Compare the address's mark with the follower's own: SQLite gives a deleted follower's number to a later one.
        if follower is not None and mark == return_paths.mark_of(leave_mark(follower)):
            actions.leave_as(follower, now=now)
            return True
    return False
