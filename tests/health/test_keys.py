"""Wrong data keys are noticed at the start, newer keys replace older ones, and audit entries name their key."""

import base64
import json

import pytest
from click.testing import Result
from sqlalchemy import select, text

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.cli import cli
from forum.commands import serving, starting
from forum.commands.keys import refuse_wrong_keys
from forum.database import start_write
from forum.extensions import db
from forum.health import checks, keys
from forum.health.models import KeyCheck
from forum.sealing import open_in_row
from forum.settings.errors import UnsafeSettings
from forum.settings.keys import KEY_PURPOSES, new_data_keys
from tests.factories.events import NOW, make_event
from tests.factories.mails import make_mails
from tests.factories.registrations import register


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def other_keys(settings: dict, *purposes: str, before: bool = False) -> str:
    """Return data keys with a new key for each of these purposes: instead of the old keys, or before them."""
    kept, fresh = json.loads(settings["DATA_KEYS"]), json.loads(new_data_keys())
    return json.dumps(
        {name: (fresh[name] + (kept[name] if before else []) if name in purposes else kept[name]) for name in kept}
    )  # fmt: skip


def run(app, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(cli, list(arguments))


@pytest.mark.parametrize("purpose", KEY_PURPOSES)
def test_wrong_keys_stop_the_start_and_are_told_of(make_app, database_url, app, settings, purpose):
    refuse_wrong_keys(app)
    wrong = make_app(database_url, DATA_KEYS=other_keys(settings, purpose))
    said = f"the keys for {purpose} are not those that sealed this database"

    with pytest.raises(UnsafeSettings) as refusal:
        refuse_wrong_keys(wrong)

    assert refusal.value.problems == [f"FORUM_DATA_KEYS: {said}"]
    told = run(wrong, "doctor", "--offline").output
    assert f"BAD  keys: {said}" in told
    assert [f"BAD  {check}: cannot be known: {said}" in told for check in ("sealed", "audit")] == [True, True]
    assert f"Error: {said}; nothing has been changed." in run(wrong, "rotate-keys").output
    refuse_wrong_keys(app)


def test_wrong_keys_are_not_taken_for_right_because_no_check_was_stored_yet(
    make_app, database_url, app, settings
):
    """A database of an earlier version has no check values for keys, so the keys are tried on its sealed values."""
    with app.app_context():
        make_mails(1)
        assert not db.session.scalars(select(KeyCheck)).all()
        db.session.remove()
    wrong = make_app(database_url, DATA_KEYS=other_keys(settings, "outbox"))

    with pytest.raises(UnsafeSettings, match="the keys for outbox are not"):
        refuse_wrong_keys(wrong)

    with app.app_context():
        assert not db.session.scalars(select(KeyCheck)).all()


@pytest.mark.parametrize("is_named", [True, False])
def test_another_audit_key_is_not_taken_for_right_where_there_are_entries(
    make_app, database_url, app, settings, monkeypatch, is_named
):
    """A wrong audit key is found by the audit entries, if an early version stored no check value or no key's name."""
    with app.app_context(), monkeypatch.context() as earlier:
        if not is_named:
            earlier.setattr(audit, "key_name", lambda _key: None)
        event = make_event()
        start_write(db.session)
        audit.record("event.opened", event, actor="worker", at=NOW)
        db.session.commit()
        db.session.remove()

    with pytest.raises(UnsafeSettings, match="the keys for audit are not"):
        refuse_wrong_keys(make_app(database_url, DATA_KEYS=other_keys(settings, "audit")))

    refuse_wrong_keys(app)


def test_database_that_is_away_or_empty_does_not_stop_the_start(make_app, blank_database_url, tmp_path):
    refuse_wrong_keys(make_app(blank_database_url))
    refuse_wrong_keys(make_app(f"postgresql+psycopg://nobody@/nowhere?host={tmp_path}"))


def test_rotating_seals_every_value_under_the_newest_key(make_app, database_url, app, settings):
    refuse_wrong_keys(app)
    with app.app_context():
        event = make_event()
        register(event, "ngo", is_protected=True, real_name="Verkliga Namnet")
        make_mails(keys.BATCH + 1)
        before = values()
        db.session.remove()
    purposes = ("identity", "care", "outbox")
    both = make_app(database_url, DATA_KEYS=other_keys(settings, *purposes, before=True))

    done = run(both, "rotate-keys")

    newest = both.config["DATA_KEYS"]
    assert (done.exit_code, f"{len(before)} values are sealed" in done.output) == (0, True), done.output
    with both.app_context():
        for purpose in purposes:
            del newest[purpose][1:]
        assert values() == before
        keys.check()
        assert not [each for each in checks.examine(["keys"], NOW) if not each.is_well]
    with app.app_context(), pytest.raises(keys.WrongKeys):
        keys.check()


def test_machines_that_sign_with_different_keys_are_told_of(make_app, database_url, app, monkeypatch):
    """Machines with different FORUM_SECRET_KEYs are reported: each would refuse the other's forms and sign-ins."""
    other = make_app(database_url, SECRET_KEY="another-one-0123456789abcdefghijklmnopqrs")
    monkeypatch.setenv("FORUM_ENV", "development")
    # The command sets this variable for the whole test process; monkeypatch undoes that.
    monkeypatch.setenv("FORUM_BASE_URL", "http://127.0.0.1:8000")
    monkeypatch.setattr(serving, "serve", lambda *_arguments, **_options: None)

    def words() -> list[str]:
        said = []
        for each in (app, other):
            with each.app_context():
                said += [found.words for found in checks.examine(["keys"], NOW)]
                db.session.remove()
        return said

    def serve(which) -> None:
        monkeypatch.setattr(starting, "create_app", lambda: which)
        assert run(which, "serve").exit_code == 0

    well, ill = "open what is sealed", "FORUM_SECRET_KEY is not that of the machine that began to serve last"
    assert words() == [well, well]
    serve(app)
    assert words() == [well, ill]
    assert run(app, "rotate-keys").exit_code == 0
    serve(other)
    assert words() == [ill, well]


def test_value_that_no_key_opens_is_left_and_counted(app, database):
    make_mails(2)
    keys.remember()
    start_write(db.session)
    junk = text("UPDATE outbox_messages SET content = :junk WHERE id = 1")
    db.session.execute(junk, {"junk": b"x" * 40})
    db.session.commit()
    db.session.remove()

    said = run(app, "rotate-keys")

    assert said.exit_code == 1
    assert "1 value is sealed under the newest keys." in said.output
    assert "Error: 1 value does not open in its row; what is there was left as before" in said.output


def test_audit_entries_name_their_key_and_outlive_a_newer_one(app, database):
    audit_keys = app.config["DATA_KEYS"]["audit"]
    record()
    audit_keys.insert(0, bytes(range(32)))
    record()

    names = db.session.scalars(select(AuditEntry.key).order_by(AuditEntry.id)).all()
    assert names == [audit.key_name(key) for key in reversed(audit_keys)]
    assert audit.verify() is None
    assert base64.b64encode(audit_keys[1]).decode()[:8] not in str(names)
    audit_keys.pop()
    assert audit.verify() == 1


def test_entry_of_before_keys_were_named_is_proven_by_any_of_them(app, database):
    record()
    entry = db.session.scalars(select(AuditEntry)).one()
    app.config["DATA_KEYS"]["audit"].insert(0, bytes(range(32)))
    entry.key = None
    assert audit._is_signed(entry)
    entry.actor = "user:8"
    assert not audit._is_signed(entry)
    db.session.rollback()


def record() -> None:
    start_write(db.session)
    audit.record("event.tried", Something(), actor="command", at=NOW)
    db.session.commit()


class Something:
    """A stand-in for the model that an audit entry is about."""

    __tablename__ = "events"
    id = 1


def values() -> list[tuple[str, str]]:
    """Return all sealed values of the database, decrypted."""
    found = []
    for column in keys.sealed_columns():
        rows = db.session.execute(select(column.table).where(column.is_not(None))).mappings()
        found += [(str(column), str(open_in_row(column, row[column.name], row))) for row in rows]
    return sorted(found)
