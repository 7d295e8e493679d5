"""The audit trail cannot be changed unnoticed: triggers refuse changes, the chain reveals them (S46, P28)."""

import re
import secrets
import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import make_url, text
from sqlalchemy.exc import DatabaseError

from forum.audit import actions as audit
from forum.audit import heads
from forum.audit.models import AuditDetails, AuditEntry
from forum.audit.queries import find_history
from forum.cli import cli
from forum.database import start_write
from forum.extensions import db
from forum.logs import JsonLines
from forum.settings.project import PROJECT
from tests.factories.events import NOW, make_event
from tests.factories.registrations import register, write

pytestmark = pytest.mark.usefixtures("database")
DROP_TRIGGERS = {
    "sqlite": ("DROP TRIGGER audit_entries_no_UPDATE", "DROP TRIGGER audit_entries_no_DELETE"),
    "postgresql": ("DROP TRIGGER audit_entries_append_only ON audit_entries",),
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def trail():
    """Give an audit trail of six entries about one event."""
    event = make_event()
    for number in range(6):
        record(event, number=number)
    return event


def record(subject, *, action="event.tried", actor="command", **details):
    return write(audit.record, action, subject, actor=actor, at=NOW, **details)


def tamper(*statements: str) -> None:
    """Change the trail as the owner of the database could: drop the triggers, then update rows."""
    start_write(db.session)
    for statement in (*DROP_TRIGGERS[db.engine.dialect.name], *statements):
        db.session.execute(text(statement))
    db.session.commit()


def test_an_entry_says_who_did_what_to_whom_and_when():
    event = make_event()
    entry = record(event, action="event.closed", actor="user:7", seats=3)
    assert (entry.id, entry.at, entry.actor, entry.action) == (1, NOW, "user:7", "event.closed")
    assert (entry.subject_type, entry.subject_id, entry.details.payload) == ("events", event.id, {"seats": 3})
    assert entry.previous_hash == "0" * 64


def test_each_entry_is_chained_to_the_one_before(trail):
    entries = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.id for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert len({entry.hash for entry in entries}) == 6


def test_a_whole_chain_verifies_and_so_does_an_empty_one(trail):
    assert audit.verify() is None


def test_an_empty_trail_verifies():
    assert audit.verify() is None


def test_a_chain_of_more_than_one_batch_verifies():
    event = make_event()
    start_write(db.session)
    for number in range(520):
        audit.record("event.tried", event, actor="command", at=NOW + timedelta(seconds=number), number=number)
    db.session.commit()
    assert audit.verify() is None


def test_an_entry_that_is_not_committed_leaves_no_gap(trail):
    start_write(db.session)
    audit.record("event.tried", trail, actor="command", at=NOW)
    db.session.rollback()
    assert (record(trail).id, audit.verify()) == (7, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "UPDATE audit_entries SET actor = actor WHERE id = 1",
        "DELETE FROM audit_entries WHERE id = 6",
        "DELETE FROM audit_entries",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_entry(trail, statement):
    start_write(db.session)
    with pytest.raises(DatabaseError, match="audit entries are append-only"):
        db.session.execute(text(statement))
    db.session.rollback()
    assert audit.verify() is None


@pytest.mark.postgresql
def test_postgresql_refuses_to_truncate_too(make_app, postgres_url):
    with (
        make_app(postgres_url).app_context(),
        pytest.raises(DatabaseError, match="audit entries are append-only"),
    ):
        db.session.execute(text("TRUNCATE audit_entries CASCADE"))


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'user:8'",
        "action = 'event.tried2'",
        "subject_type = 'sectors'",
        "subject_id = 99",
        "event_id = 99",
        "at = '2027-05-03 12:00:01'",
        "details_digest = replace(details_digest, substr(details_digest, 1, 1), 'x')",
        "previous_hash = 'x' || substr(previous_hash, 2)",
        "hash = 'x' || substr(hash, 2)",
    ],
    ids=lambda change: change.split()[0],
)
def test_one_changed_value_is_named_by_its_sequence_number(trail, change):
    tamper(f"UPDATE audit_entries SET {change} WHERE id = 3")  # noqa: S608 - from the parameters
    assert audit.verify() == 3


def test_one_changed_byte_in_the_details_is_named(trail):
    tamper("UPDATE audit_details SET payload = '{\"number\": 4}' WHERE entry_id = 3")
    assert audit.verify() == 3


def test_a_changed_salt_is_named(trail):
    tamper("UPDATE audit_details SET salt = 'x' || substr(salt, 2) WHERE entry_id = 3")
    assert audit.verify() == 3


@pytest.mark.parametrize("gone", [1, 3])
def test_a_deleted_entry_is_named(trail, gone):
    delete = ("DELETE FROM audit_details WHERE entry_id = {}", "DELETE FROM audit_entries WHERE id = {}")
    tamper(*[statement.format(gone) for statement in delete])
    assert audit.verify() == gone


def test_a_deleted_entry_is_named_even_when_the_others_close_up(trail):
    tamper(
        "DELETE FROM audit_details WHERE entry_id >= 3",
        "DELETE FROM audit_entries WHERE id = 3",
        *[f"UPDATE audit_entries SET id = {number - 1} WHERE id = {number}" for number in (4, 5, 6)],  # noqa: S608
    )
    assert audit.verify() == 3


def test_two_entries_that_changed_places_are_named(trail):
    swap = "UPDATE audit_entries SET id = {1} WHERE id = {0}"
    tamper(
        "DELETE FROM audit_details WHERE entry_id IN (3, 4)",
        *[swap.format(*pair) for pair in ((3, 99), (4, 3), (99, 4))],
    )
    assert audit.verify() == 3


def test_an_entry_sealed_with_another_key_is_named(app, trail):
    keys = app.config["DATA_KEYS"]["audit"]
    own, keys[:] = keys[:], [bytes(32)]
    record(trail)
    keys[:] = own
    assert audit.verify() == 7


def test_a_new_key_in_front_keeps_the_old_chain_whole(app, trail):
    keys = app.config["DATA_KEYS"]["audit"]
    keys.insert(0, bytes(range(32)))
    record(trail)
    assert audit.verify() is None


def test_erased_details_leave_the_chain_whole_and_nothing_to_guess_from(trail):
    start_write(db.session)
    db.session.delete(db.session.get(AuditDetails, 3))
    db.session.commit()
    assert audit.verify() is None
    assert db.session.get(AuditEntry, 3).details is None
    digests = db.session.scalars(db.select(AuditEntry.details_digest)).all()
    assert len(set(digests)) == 6  # details are salted: equal details get different digests


def test_equal_details_have_different_digests():
    event = make_event()
    assert record(event, number=1).details_digest != record(event, number=1).details_digest


def test_a_cut_end_is_seen_by_the_head_that_was_noted(trail, caplog):
    """A head (noted hash of the newest entry) shows that the newest entries are lost, also after new entries."""
    caplog.set_level("INFO", "forum.audit")
    assert (heads.note(now=NOW), audit.examine(now=NOW)) == (1, [])
    assert db.session.get(AuditEntry, 6).hash in JsonLines().format(caplog.records[-1])
    tamper("DELETE FROM audit_details WHERE entry_id > 4", "DELETE FROM audit_entries WHERE id > 4")
    assert (audit.verify(), audit.examine(now=NOW)) == (
        None,
        ["entry 6, noted on 2027-05-03, is gone or another"],
    )
    for _ in range(3):
        record(trail)
    assert (audit.verify(), audit.examine(now=NOW)) == (
        None,
        ["entry 6, noted on 2027-05-03, is gone or another"],
    )


def test_erased_details_are_named_unless_that_is_recorded(app, trail):
    run = app.test_cli_runner().invoke
    assert [run(cli, ["audit", "erase-details", number]).exit_code for number in ("3", "3", "99")] == [
        0,
        1,
        1,
    ]
    db.session.rollback()
    assert (audit.verify(), audit.examine(now=NOW), find_history(db.session.get(AuditEntry, 3))[0].action) == (
        None, [], "audit.details_erased"
    )  # fmt: skip
    tamper("DELETE FROM audit_details WHERE entry_id IN (2, 5)")
    assert (audit.verify(), audit.examine(now=NOW)) == (None, ["the details of entries are gone: 2, 5"])


def test_notes_that_are_old_unreadable_or_taken_away_are_named(app, trail):
    later, notes = NOW + heads.MAY_BE_SILENT + timedelta(seconds=1), app.config["INSTANCE"] / heads.FILE
    is_here = db.engine.dialect.name == "sqlite"
    assert audit.examine(now=NOW) == []
    missing = f"{heads.FILE} is missing, though the chain began on 2027-05-03: "
    assert [words.startswith(missing) for words in audit.examine(now=later)] == [True] * is_here
    heads.note(now=NOW)
    assert audit.examine(now=later) == ["no head has been noted since 2027-05-03"]
    notes.write_text("2027-05-03 6\n")
    assert audit.examine(now=NOW) == [f"{heads.FILE} cannot be read"]


def test_a_restore_takes_back_what_was_noted_since_its_backup_and_nothing_else(app, trail):
    """A restore drops heads (hashes of newest entries) noted since its backup; the chain must have all others."""
    gone, hour = ["entry 6, noted on 2027-05-03, is gone or another"], timedelta(hours=1)
    heads.note(now=NOW)
    tamper("DELETE FROM audit_details WHERE entry_id > 4", "DELETE FROM audit_entries WHERE id > 4")
    heads.note_restore(NOW + hour, now=NOW + 2 * hour)
    assert audit.examine(now=NOW) == gone
    heads.note_restore(NOW - hour, now=NOW + 3 * hour)
    assert audit.examine(now=NOW) == []
    heads.note(now=NOW + 4 * hour)
    assert audit.examine(now=NOW) == []
    later = heads.Head(NOW + 5 * hour, 6, "0" * 64)
    with (app.config["INSTANCE"] / heads.FILE).open("a") as notes:
        notes.write(f"{later}\n")
    assert audit.examine(now=NOW) == gone


def test_the_command_and_the_doctor_name_what_is_wrong(app, trail):
    entry, run = db.session.get(AuditEntry, 6), app.test_cli_runner().invoke
    number, entry_hash = entry.id, entry.hash
    noted = ["audit", "verify", "--number", str(number), "--hash", entry_hash]
    whole = run(cli, noted)
    assert (whole.exit_code, whole.output) == (0, f"whole: 6 entries; the newest is 6, {entry_hash}\n")
    tamper("DELETE FROM audit_details WHERE entry_id = 6", "DELETE FROM audit_entries WHERE id = 6")
    cut = run(cli, noted)
    assert (cut.exit_code, cut.output.splitlines()) == (
        1,
        [
            "BAD  entry 6, which the last check found, is gone",
            "BAD  entry 6 is gone or another than the one that was noted",
        ],
    )
    start_write(db.session)
    db.session.execute(text("UPDATE audit_entries SET actor = 'user:8' WHERE id = 3"))
    db.session.commit()
    assert "BAD  audit: entry 3 is not what was written\n" in run(cli, ["doctor", "--offline"]).output


@pytest.mark.postgresql
def test_postgresql_keeps_the_record_from_a_role_that_does_not_own_it(make_app, postgres_server):
    """With the SQL of docs/operations.md the role of the forum cannot change or delete audit entries.

    The role may delete details, because erasing a person does. `forum doctor` names details that were deleted by hand.
    """
    # All databases of a PostgreSQL server share its roles, so this test's role has a name that no other test uses.
    name = f"kept_{secrets.token_hex(4)}"
    blocks = re.findall(r"```sql\n(.+?)```", (PROJECT / "docs/operations.md").read_text(), re.DOTALL)
    (told,) = [block for block in blocks if "-- in it" in block]
    making, _comment, granting = re.sub(r"\bforum(_owner)?\b", rf"{name}\1", told).partition("-- in it")

    def app_of(role: str, password: str) -> Flask:
        url = make_url(postgres_server.url(name)).set(username=role, password=password)
        return make_app(url.render_as_string(hide_password=False))

    with postgres_server.connect() as superuser:
        for statement in making.split(";")[:-1]:
            superuser.execute(statement.encode())
    try:
        with app_of(f"{name}_owner", "a-password").app_context():
            upgrade()
            for statement in granting.partition("\n")[2].split(";")[:-1]:
                db.session.execute(text(statement))
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
        with app_of(name, "another-password").app_context():
            register(make_event())
            for statement in (
                "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
                "DROP TRIGGER audit_entries_append_only ON audit_entries",
                "DELETE FROM audit_entries",
                "TRUNCATE audit_entries CASCADE",
                "UPDATE audit_details SET salt = ''",
                "DROP TABLE audit_details",
            ):
                start_write(db.session)
                with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
                    db.session.execute(text(statement))
            db.session.rollback()
            assert audit.examine(now=NOW) == []
            start_write(db.session)
            db.session.execute(text("DELETE FROM audit_details WHERE entry_id = 1"))
            db.session.commit()
            assert audit.examine(now=NOW) == ["the details of entries are gone: 1"]
            db.session.remove()
            db.engine.dispose()
    finally:
        postgres_server.drop(name)
        with postgres_server.connect() as superuser:
            superuser.execute(f"DROP ROLE {name}, {name}_owner".encode())


def test_history_is_about_one_subject_only(trail):
    other = register(trail)
    register(trail)
    assert [entry.action for entry in find_history(other)] == ["registration.received"]
    assert len(find_history(trail)) == 6


def test_details_of_any_plain_shape_verify():
    event = make_event()
    record(event, numbers=[1, 2.5, None, True], nested={"b": {"ä": "ö"}, "a": []}, empty={})
    db.session.expire_all()
    assert audit.verify() is None


def test_many_writers_make_one_chain(app):
    event_id = make_event().id

    def work() -> None:
        with app.app_context():
            for _ in range(5):
                start_write(db.session)
                audit.record("event.tried", _Subject(event_id), actor="worker", at=NOW)
                db.session.commit()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # End this session's transaction, which still sees the audit trail as it was before the threads wrote.
    db.session.rollback()
    assert (db.session.query(AuditEntry).count(), audit.verify()) == (30, None)


class _Subject:
    """A stand-in for the model that an audit entry is about: an object with a table's name and an id."""

    __tablename__ = "events"

    def __init__(self, number: int):
        self.id = number
