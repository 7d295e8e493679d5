"""What was deleted is not left in the files of SQLite, whatever the build of SQLite does by itself (F8, P08)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event as engine_events

from forum.extensions import db
from forum.privacy import erasing
from forum.registration import text_index
from forum.web.limits import SqliteStorage
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, write

TITLE = "Zyxwvutologist"


@pytest.fixture(autouse=True)
def built_without(monkeypatch):
    """Let each connection begin as in a build of SQLite that leaves the bytes of deleted rows where they are."""
    connect = sqlite3.connect

    def connected(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.execute("PRAGMA secure_delete=OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", connected)


def left_in(path: Path, word: str) -> int:
    """Return how often the word is in SQLite's files, after the write-ahead log has been moved into the database."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    files = [one for one in path.parent.glob(f"{path.name}*") if not one.name.endswith("-shm")]
    return sum(one.read_bytes().lower().count(word.lower().encode()) for one in files)


@pytest.mark.parametrize("is_undone", [False, True], ids=["as it is", "control: without the setting"])
def test_a_person_who_is_erased_is_not_left_in_the_file(database, event, is_undone):
    """The person's title must leave the registration, the texts that searches read, and the search index."""
    path = Path(str(db.engine.url.database))
    if is_undone:
        engine_events.listen(db.engine, "connect", lambda raw, _: raw.execute("PRAGMA secure_delete=OFF"))
        database.rollback()
        db.engine.dispose()
    person = confirmed(event, "justice", title=TITLE)
    for first in text_index.list_due(now=NOW):
        write(text_index.add, first, now=NOW)
    assert left_in(path, TITLE) > 1
    write(erasing.erase, person, actor="command", now=NOW)
    database.remove()
    assert bool(left_in(path, TITLE)) is is_undone


def test_the_key_of_a_counter_that_has_ended_is_not_left_in_its_file(tmp_path):
    """The key of a counter is a client's network address, so it must not stay in the file."""
    path = tmp_path / "limits.sqlite3"
    storage = SqliteStorage(f"sqlite:///{path}")
    storage.incr("192.0.2.17", -1)
    assert left_in(path, "192.0.2.17") > 0
    assert storage.forget_ended() == 1
    assert left_in(path, "192.0.2.17") == 0
