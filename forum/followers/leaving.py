"""Leaving the news by writing a mail (M06): each mail of the news names an address to which its reader can write.

The address has the form of those to which mail servers report (`outbox.return_paths`). It belongs to one follower,
tells nothing about the person, and is known only from the mails.
"""

from datetime import datetime

from sqlalchemy import select

from forum.database import read_locked
from forum.extensions import db
from forum.followers import actions
from forum.followers.links import LEAVING, leave_mark
from forum.followers.models import Follower
from forum.outbox import return_paths


def note(addresses: str, *, now: datetime) -> bool:
    """End the news of the follower who leaves by one of these addresses, to which a mail came; return whether one is.

    Each follower has an address of their own for leaving.
    """
    for number, mark in return_paths.rows_in(LEAVING, addresses):
        query = select(Follower).where(Follower.id == number)
        follower = db.session.scalars(read_locked(query)).one_or_none()
        # Compare the part of a digest that the address contains, too: after a restore from a backup the id in the
        # address may be that of another follower.
        if follower is not None and mark == return_paths.mark_of(leave_mark(follower)):
            actions.leave_as(follower, now=now)
            return True
    return False
