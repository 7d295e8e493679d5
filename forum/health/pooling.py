"""Checking what a connection pooler, such as PgBouncer, does with the connections to PostgreSQL (R16, R29).

A pooler may drop the time limits that each connection asks for when it begins. With transaction pooling it also gives
each transaction another of the server's processes, so that prepared statements of a connection are lost, and its
settings and locks are lost or become another connection's.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from forum.extensions import db
from forum.postgres import ASKED

SETTINGS = text("SELECT name, current_setting(name) FROM unnest(CAST(:names AS text[])) AS name")
LOOKS = 5
ADVICE = "docs/operations.md says what a connection pooler needs"


def check(now: datetime) -> tuple[bool, str]:
    """Return whether each connection has its time limits and a server process of its own, and a sentence on that.

    A connection pooler such as PgBouncer can take both away. SQLite has no pooler, so its check always succeeds.
    """
    if db.engine.dialect.name != "postgresql":
        return True, "the database is a file, which no pooler can come before"
    rows = db.session.execute(SETTINGS, {"names": list(ASKED)}).all()
    settings = {row.name: row.current_setting for row in rows}
    lost = [
        f"{name} is {settings[name]} instead of {value}"
        for name, value in ASKED.items()
        if settings[name] != value
    ]
    if _shares_processes():
        lost.append("connections share the server's processes")
    if lost:
        return False, f"{', '.join(lost)}: {ADVICE}"
    return True, "connections have their time limits, and each has a process of the server"


def _shares_processes() -> bool:
    """Return whether a pooler gives the server's process of one connection to another after a transaction.

    Several transactions are compared, because a connection may get its former process again by chance.
    """
    seen = set[int | None]()
    with db.engine.connect() as first, db.engine.connect() as second:
        for _number in range(LOOKS):
            seen.add(_read_process(first))
            first.rollback()
            # The second connection stays in its transaction, so a pooler cannot give its process to the first.
            if len(seen) > 1 or _read_process(second) in seen:
                return True
    return False


def _read_process(connection: Connection) -> int | None:
    return connection.scalar(text("SELECT pg_backend_pid()"))
