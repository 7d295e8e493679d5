"""The database's own index of the texts in which organisers search for people.

PostgreSQL uses its index (migration 0076) by itself, if a statement only looks for the words: beside an order and a
limit its planner may walk through all people in that order instead, even where a word is rare. So a first statement
looks for the words, and where few people have them, a second one reads these.

On SQLite, from version 3.42 on, an FTS5 table has the sequences of three letters of each registration's texts
(migration 0074). The table only names people who may have a word: `search_conditions` decides about each of them, so
that a search finds the same people with and without it. A trigger notes each new or changed registration as due, and
the worker adds these to the index, because adding them one by one would make each registration slower. A registration
that is changed or deleted leaves the index in the same transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Select, text
from sqlalchemy.exc import DatabaseError

from forum.extensions import db
from forum.registration.searching import Term

FEW = 1000
BATCH = 500
GRAM = 3
# Only every second three-letter sequence is searched: searching the others, too, would cost as much again and exclude
# hardly anybody.
STEP = 2
MOST_GRAMS = 24  # how many three-letter sequences of a searched text are looked up at most
KEPT = "people named"  # key in session.info for the index's answers within this transaction
EXISTS = "people index"  # key in app.extensions: whether the database is known to have the index
NEEDED = ("people_index", "registrations_added", "registrations_changed", "registrations_removed")
PRESENT = "SELECT count(*) FROM sqlite_schema WHERE name IN (?, ?, ?, ?)"
ON_POSTGRESQL = "SELECT count(*) FROM pg_indexes WHERE indexname = 'people_index'"
NAMED = text(
    "SELECT id FROM people_index_due"
    " UNION ALL SELECT rowid FROM people_index WHERE people_index MATCH :wanted LIMIT :most"
)
DUE = text("SELECT id FROM people_index_due ORDER BY id")
ADD = text(
    "INSERT INTO people_index(rowid, search_text, search_extra)"
    " SELECT id, search_text, search_extra FROM registrations"
    " WHERE id IN (SELECT id FROM people_index_due WHERE id >= :first ORDER BY id LIMIT :most)"
)
NO_LONGER_DUE = text(
    "DELETE FROM people_index_due"
    " WHERE id IN (SELECT id FROM people_index_due WHERE id >= :first ORDER BY id LIMIT :most)"
)
CHECK = text("INSERT INTO people_index(people_index, rank) VALUES ('integrity-check', 1)")
REBUILD = text("INSERT INTO people_index(people_index) VALUES ('rebuild')")


def exists() -> bool:
    """Return whether there is an FTS5 table to ask, and the triggers without which it would miss people."""
    if db.session.get_bind().dialect.name != "sqlite":
        return False
    if not current_app.extensions.get(EXISTS):
        # Ask only once in a process whether the table is there. Ask on the driver's connection, where tests count no
        # statements: the first page that a test opens would otherwise seem to need one statement more than later ones.
        (present,) = _driver().execute(PRESENT, NEEDED).fetchone()
        current_app.extensions[EXISTS] = present == len(NEEDED)
    return current_app.extensions[EXISTS]


def is_used() -> bool:
    """Return whether searches for people use an index of the database."""
    if db.session.get_bind().dialect.name == "postgresql":
        return bool(db.session.scalar(text(ON_POSTGRESQL)))
    return exists()


def find_few(terms: Iterable[Term], people: Select[Any]) -> Sequence[int] | None:
    """Return the ids of at most FEW people, among whom are all who meet these terms, or None.

    None means that more people may meet them, or that the index cannot tell. Only the texts of the terms are
    considered, not countries or tags. `people` selects the ids of those who meet the terms, for PostgreSQL.
    """
    wanted = _expression(terms)
    if wanted and _is_on_postgresql():
        ids = db.session.scalars(people.limit(FEW + 1)).all()
        return ids if len(ids) <= FEW else None
    if not wanted or not exists():
        return None
    # A page needs the index's answer several times: for its rows, for how many there are, and for the number of its
    # first row. The answer is reused until the next write.
    session = db.session()
    session.flush()
    asked = session.get_transaction(), session.get_nested_transaction(), _driver().total_changes, wanted
    kept = session.info.get(KEPT)
    if not kept or kept[0] != asked:
        ids = session.scalars(NAMED, {"wanted": wanted, "most": FEW + 1}).all()
        kept = session.info[KEPT] = asked, ids if len(ids) <= FEW else None
    return kept[1]


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the first id of each batch of registrations that are to be added to the index."""
    return db.session.scalars(DUE).all()[::BATCH] if exists() else ()


def add(first: int, *, now: datetime) -> int:
    """Add to the index the batch of due registrations that begins with this id; return how many were added."""
    batch = {"first": first, "most": BATCH}
    db.session.execute(ADD, batch)
    done: int = db.session.connection().execute(NO_LONGER_DUE, batch).rowcount
    return done


def is_whole() -> bool:
    """Return whether the index agrees with the registrations. Call after `start_write`."""
    if not exists():
        return True
    try:
        db.session.execute(CHECK)
    except DatabaseError:
        return False
    return True


def rebuild() -> None:
    """Delete the index, and make it again from all registrations."""
    if exists():
        db.session.execute(text("DELETE FROM people_index_due"))
        db.session.execute(REBUILD)


def _is_on_postgresql() -> bool:
    """Return whether the database is PostgreSQL and has the index for searching people (migration 0076)."""
    if db.session.get_bind().dialect.name != "postgresql":
        return False
    known = current_app.extensions
    if not known.get(EXISTS):
        (number,) = _driver().execute(ON_POSTGRESQL).fetchone()
        known[EXISTS] = bool(number)
    return known[EXISTS]


def _driver() -> Any:
    """Return the connection of the database's driver, in the session's transaction."""
    return db.session.connection().connection.driver_connection


def _expression(terms: Iterable[Term]) -> str:
    """Return FTS5's query for people who may meet these terms; a term with a text of one or two letters is left out."""
    parts = [term.texts for term in terms if term.texts and min(map(len, term.texts)) >= GRAM]
    return " AND ".join(f"({' OR '.join(map(_grams, texts))})" for texts in parts)


def _grams(words: str) -> str:
    last = len(words) - GRAM
    places = (*range(0, last, STEP)[: MOST_GRAMS - 1], last)
    grams = dict.fromkeys(words[place : place + GRAM] for place in places)
    quoted = ['"' + gram.replace('"', '""') + '"' for gram in grams]
    return f"({' AND '.join(quoted)})"
