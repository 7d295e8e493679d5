"""Writing what a test needs."""

from typing import TypeVar

from forum.database import start_write
from forum.extensions import db

Thing = TypeVar("Thing")


def save(thing: Thing, *others: object) -> Thing:
    """Write and commit the objects in a transaction of their own, return the first.

    Needs an app context; what the session held before is given up.
    """
    start_write(db.session)
    db.session.add_all([thing, *others])
    db.session.commit()
    return thing
