"""Faults of a SQLite database: locked by another process, full, or read-only, for the time of a block.

with locked(app, sqlite_url):
    …
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from flask import Flask, has_app_context
from sqlalchemy import event
from sqlalchemy.engine import make_url

from forum.extensions import db


@contextmanager
def locked(_app: Flask, url: str) -> Iterator[None]:
    """Hold SQLite's write lock, as another process would."""
    other = sqlite3.connect(make_url(url).database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def full(app: Flask, url: str) -> Iterator[None]:
    """Make the SQLite database full within the block: its file cannot grow, so a write that needs room fails."""
    _end_session()
    with closing(sqlite3.connect(make_url(url).database)) as connection:
        # Remove the pages that migrations have freed, which a full database could still use.
        connection.execute("VACUUM")
        (used,) = connection.execute("PRAGMA page_count").fetchone()
    with _pragma(app, f"max_page_count={used}", "max_page_count=1000000"):
        yield


@contextmanager
def read_only(app: Flask, _url: str) -> Iterator[None]:
    """Make the SQLite database read-only within the block: every write fails."""
    with _pragma(app, "query_only=ON", "query_only=OFF"):
        yield


@contextmanager
def _pragma(app: Flask, setting: str, undone: str) -> Iterator[None]:
    """Set a pragma on all connections of the app, new ones included, within the block."""

    def apply(raw, _record):
        raw.execute(f"PRAGMA {setting}")

    _end_session()
    with app.app_context():
        engine = db.engine
    engine.dispose()
    event.listen(engine, "connect", apply)
    yield
    event.remove(engine, "connect", apply)
    _end_session()
    engine.dispose()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA {undone}")


def _end_session() -> None:
    """Give back the connection of the test's own session, which would not get the pragma."""
    if has_app_context():
        db.session.remove()
