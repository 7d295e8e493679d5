"""Saving objects for tests."""

from typing import TypeVar

from forum.database import start_write
from forum.extensions import db

Thing = TypeVar("Thing")


def save(thing: Thing, *others: object) -> Thing:
    """Save the objects in a transaction and commit it; return the first object.

    Needs an app context; uncommitted changes in the session are rolled back first.
    """
    start_write(db.session)
    db.session.add_all([thing, *others])
    db.session.commit()
    return thing
