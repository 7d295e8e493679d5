"""The stored state of the test data (world.py), to which a guard returns before each form that it sends; SQLite only.

kept = KeptState(world)
kept.restore()                    # all rows and cookies are what they were, and the process remembers nothing
prepare(world, endpoint)          # the person waits, has an offer or is cancelled, if this form needs that
"""

import sqlite3
from contextlib import closing

from flask import Flask

from forum.database import start_write
from forum.extensions import db
from forum.registration import actions, text_index
from forum.registration.enums import Status
from forum.web.limits import COUNTER
from tests.factories.events import NOW
from tests.guards.test_access_matrix import IN_LINE, put_in_line
from tests.guards.world import PERSON, World, find_registration

# By endpoint: the status that the person's registration must have, or else the form would change nothing.
LINED_UP = {**IN_LINE, **dict.fromkeys(("self_service.accept", "self_service.decline"), Status.OFFERED)}


class KeptState:
    """What the database and the browsers held at one moment."""

    def __init__(self, world: World):
        self._world = world
        with world.app.app_context():
            self._path = str(db.engine.url.database)
        self._rows = sqlite3.connect(":memory:")
        self._close()
        with closing(sqlite3.connect(self._path)) as stored:
            stored.backup(self._rows)
        self._cookies = {name: dict(browser._cookies or {}) for name, browser in world.browsers.items()}

    def restore(self) -> None:
        """Bring back the stored rows and cookies, and forget what the process remembers."""
        self._close()
        with closing(sqlite3.connect(self._path)) as stored:
            self._rows.backup(stored)
        for name, cookies in self._cookies.items():
            self._world.browsers[name]._cookies = dict(cookies)
        forget_remembered(self._world.app)

    def _close(self) -> None:
        with self._world.app.app_context():
            db.session.remove()
            db.engine.dispose()


def forget_remembered(app: Flask) -> None:
    """Empty the caches and counters of the process: the next request reads and renders everything anew."""
    # Count views from 1 again: their number within an hour decides which of them get an audit entry.
    app.extensions[COUNTER].storage.reset()
    app.extensions["page_cache"].clear()
    for name in ("kept_footers", "kept_values", "kept_questions"):
        app.extensions.get(name, {}).clear()
    # Forget whether the database has an index of people, which a process asks only once.
    app.extensions.pop(text_index.EXISTS, None)


def prepare(world: World, endpoint: str) -> None:
    """Bring the person into the state in which the form of this endpoint changes something."""
    if endpoint in LINED_UP:
        put_in_line(world, LINED_UP[endpoint])
    if endpoint == "attendee_undoing.reinstate":
        with world.app.app_context():
            start_write(db.session)
            actions.cancel(find_registration(world, PERSON), actor="command", now=NOW)
            db.session.commit()
