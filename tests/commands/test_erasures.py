"""A restored backup brings back nobody who was erased (P09): records of erasures (tombstones) lie outside backups."""

import json
from datetime import timedelta
from pathlib import Path

import click
import pytest
from sqlalchemy import delete, func, select, update

from forum import clock, presence
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.commands import erasures, preparing, serving, starting
from forum.delegations import contact_acts
from forum.delegations.models import Delegate, Delegation
from forum.events.models import Event
from forum.extensions import db
from forum.invitations.models import Invitation
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox.models import OutboxMessage
from forum.privacy import actions, erasing
from forum.privacy.models import ErasureRequest
from forum.questions.enums import FileType, QuestionKind
from forum.questions.models import Answer, AnswerFile, Question
from forum.registration import actions as registration
from forum.registration import separating, tombstones, uniting
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.tombstone_models import Tombstone
from forum.settings.keys import new_data_keys
from tests.commands.archives import made, run
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.factories.steady_clock import go_steadily
from tests.guards.test_hanging import everything_stored, named_elsewhere

pytestmark = pytest.mark.usefixtures("frozen")
CANARIES = (
    "Zqfirst",
    "Zqsecond",
    "Zqoffice",
    "zqfirst@example.org",
    "zqsecond@example.org",
    "kim@example.org",
)
HOUR = timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def test_erasures_are_repeated_in_a_restored_backup_before_the_forum_serves(
    app, make_app, blank_url, tmp_path, monkeypatch
):
    """After the backup a person's registrations are merged; then the person, with a file, and a contact are erased."""
    with app.app_context():
        sectors = [make_sector(key, ceiling=2) for key in ("justice", "ngo")]
        event = make_event(capacity=2, sectors=sectors)
        first, second = (
            confirmed(event, given_name=f"Zq{name}", organisation="Zqoffice", email=f"zq{name}@example.org")
            for name in ("first", "second")
        )
        next_one = confirmed(event)
        cv = make_question(event, "cv", QuestionKind.FILE)
        content = {"file_type": FileType.PDF, "size": 4, "content": b"%PDF", "received_at": NOW}
        save(AnswerFile(key="a" * 32, registration_id=first.id, question_id=cv.id, **content))
        named_elsewhere(first, next_one)
        request, reference = write(actions.ask, first, now=NOW).id, next_one.reference
        db.session.remove()
    assert run(app, "backup", str(tmp_path / "backups")).exit_code == 0
    clock.freeze(NOW + HOUR)
    with app.app_context():
        first, second = (find("Zqfirst"), find("Zqsecond"))
        write(uniting.unite, first, second, (), actor="command", now=clock.now())
        asked = db.session.get_one(ErasureRequest, request)
        write(actions.carry_out, asked, actor="command", now=clock.now())
        contact = db.session.scalars(select(Delegation).where(Delegation.email == "kim@example.org")).one()
        write(contact_acts.forget_contact, contact, now=clock.now())
        assert remember() == 3
        db.session.remove()
    clock.freeze(NOW + 2 * HOUR)
    other = make_app(blank_url)

    restored = run(other, "restore", str(made(tmp_path / "backups")))

    assert (
        "3 erasures since then are known: whoever of them is in this backup is erased again"
        in restored.output
    )
    with other.app_context():
        assert [word for word in CANARIES if word not in everything_stored()] == []
        said = tombstones.examine(now=clock.now())
        assert said == (False, "3 erasures must be repeated after a restore: forum db upgrade")
        db.session.remove()
    seen = serve(other, monkeypatch)
    assert [word for word in CANARIES if word.lower() in seen.lower()] == []
    with other.app_context():
        assert [one.reference for one in db.session.scalars(select(Registration))] == [reference]
        assert db.session.query(AnswerFile).count() == 0
        done = db.session.get_one(ErasureRequest, request)
        assert (done.state, done.registration_id, done.decided_at) == ("done", None, NOW + HOUR)
        kinds = set(db.session.scalars(select(OutboxMessage.kind).where(OutboxMessage.created_at > NOW)))
        assert kinds == {"offered"}
        entries = db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor == "command")).all()
        assert entries.count("registration.erased_again") == 2
        assert audit.verify() is None
        assert tombstones.examine(now=clock.now()) == (True, "3 erasures are remembered")
        db.session.remove()
    assert run(other, "db", "upgrade").output == "The tables are up to date.\n"


def test_whoever_registers_again_after_the_erasure_stays(make_app, sqlite_url, tmp_path):
    """A tombstone file that is put back while the forum serves erases nobody who has registered since the erasure."""
    app = make_app(sqlite_url)
    with app.app_context():
        event = make_event()
        confirmed(event, given_name="Zqfirst", email="zq@example.org")
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    with app.app_context():
        write(erasing.erase, find("Zqfirst"), actor="command", now=NOW)
        db.session.remove()
    # The tombstone is not in the file yet: restoring writes it there before it replaces the database.
    assert run(app, "restore", str(made(tmp_path / "backups")), "--replace").exit_code == 0
    with app.app_context():
        write(erasing.erase, find("Zqfirst"), actor="command", now=NOW)
        confirmed(db.session.query(Event).one(), given_name="Zqagain", email="zq@example.org", now=NOW + HOUR)
        db.session.execute(db.delete(Tombstone))
        db.session.commit()

        assert job("erase again") == 0

        assert [one.given_name for one in db.session.scalars(select(Registration))] == ["Zqagain"]
        assert db.session.query(Tombstone).count() == 1


def test_a_kill_between_commit_and_file_loses_no_tombstone(make_app, sqlite_url, tmp_path, monkeypatch):
    app = make_app(sqlite_url)
    file = app.config["INSTANCE"] / tombstones.FILE
    with app.app_context():
        write(erasing.erase, confirmed(make_event(), given_name="Zq"), actor="command", now=NOW)
        clock.freeze(NOW + HOUR)
        assert tombstones.examine(now=clock.now()) == (
            False, "1 are not in tombstones.log, which the worker writes",
        )  # fmt: skip
        half = file.with_name(f".{tombstones.FILE}.killed")
        half.touch()
        with monkeypatch.context() as killed:
            killed.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError))
            assert remember() == 0
        assert (file.exists(), list(file.parent.glob(f".{tombstones.FILE}*"))) == (False, [])

        assert [remember(), remember()] == [1, 0]

        (line,) = file.read_text().splitlines()
        assert ("Zq" in line, len(line.split())) == (False, 4)
        file.write_text(f"{line}\n{line[:40]}")
        remember()
        assert tombstones.examine(now=clock.now()) == (False, "1 line of tombstones.log cannot be read")
        clock.freeze(NOW + timedelta(days=app.config["BACKUPS_KEPT_DAYS"]))
        remember()
        # After the clock has jumped tombstones are kept, or a backup could bring erased people back (R18).
        assert (job("forget old erasures"), file.read_text().splitlines()) == (0, [line, line[:40]])
        go_steadily(clock.now())
        assert job("forget old erasures") == 1
        assert (file.read_text(), db.session.query(Tombstone).count()) == (f"{line[:40]}\n", 0)


def test_the_forum_does_not_serve_while_an_erasure_cannot_be_repeated(
    make_app, sqlite_url, settings, tmp_path
):
    app = make_app(sqlite_url)
    with app.app_context():
        event = make_event()
        confirmed(event)
        write(erasing.erase, confirmed(event), actor="command", now=NOW)
        remember()
        db.session.execute(db.delete(Tombstone))
        db.session.commit()
    others = {**json.loads(settings["DATA_KEYS"]), "audit": json.loads(new_data_keys())["audit"]}
    with pytest.raises(click.ClickException, match="could not be erased: the keys for audit"):
        erasures.erase_again(make_app(sqlite_url, DATA_KEYS=json.dumps(others)))
    file = app.config["INSTANCE"] / tombstones.FILE
    moment, _key, *digests = file.read_text().split()
    file.write_text(" ".join((moment, "0" * 16, *digests)))
    with pytest.raises(click.ClickException, match="could not be erased: the audit key 0000"):
        erasures.erase_again(app)
    run(app, "db", "downgrade", "0062")

    with pytest.raises(click.ClickException, match="`forum db upgrade` comes first"):
        erasures.erase_again(app)

    assert "could not be erased: the audit key 0000" in run(app, "db", "upgrade").output


def test_an_earlier_registration_of_an_erased_person_is_not_brought_back(make_app, sqlite_url, tmp_path):
    """Erasing a person who has cancelled and registered again writes tombstones for both registrations."""
    app = make_app(sqlite_url)
    with app.app_context():
        confirmed(make_event(), given_name="Zqone", email="zq@example.org")
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    clock.freeze(NOW + HOUR)
    with app.app_context():
        write(registration.cancel, find("Zqone"), actor="person", now=clock.now())
        event = db.session.scalars(select(Event)).one()
        confirmed(event, given_name="Zqtwo", email="zq@example.org", now=clock.now())
        write(erasing.erase, find("Zqtwo"), actor="command", now=clock.now())
        assert (remember(), db.session.query(Registration).count()) == (2, 0)
        db.session.remove()
    assert run(app, "restore", str(made(tmp_path / "backups")), "--replace").exit_code == 0
    assert "1 erasure is repeated" in run(app, "db", "upgrade").output
    with app.app_context():
        assert db.session.query(Registration).count() == 0


def test_a_merge_that_was_undone_before_the_erasure_takes_nothing_from_the_other_person(
    app, make_app, blank_url, tmp_path
):
    """Restoring the backup undoes the merge again, even more than a day after it, when organisers no longer could."""
    with app.app_context():
        event = make_event()
        first, second = (
            confirmed(event, given_name=f"Zq{name}", email=f"zq{name}@example.org") for name in ("a", "b")
        )
        cv = make_question(event, "cv", QuestionKind.FILE)
        give_file(second, cv, "b")
        write(uniting.unite, first, second, ("email", "q-cv"), actor="command", now=NOW)
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    clock.freeze(NOW + HOUR)
    with app.app_context():
        write(separating.separate_last, find("Zqa"), actor="command", now=clock.now())
        clock.freeze(NOW + 30 * HOUR)
        write(erasing.erase, find("Zqa"), actor="command", now=clock.now())
        remember()
        stands = standing()
        db.session.remove()
    assert stands == ([("Zqb", "zqb@example.org", "confirmed")], ["b" * 32])
    clock.freeze(NOW + 31 * HOUR)
    other = make_app(blank_url)
    assert run(other, "restore", str(made(tmp_path / "backups"))).exit_code == 0
    assert "1 erasure is repeated" in run(other, "db", "upgrade").output
    with other.app_context():
        assert standing() == stands


@pytest.mark.parametrize("has_waiting_list", [True, False], ids=["waits", "is named"])
def test_a_merge_that_was_undone_ends_nobody_unsaid_in_a_full_event(
    app, make_app, blank_url, tmp_path, has_waiting_list
):
    """A merged person, whose place somebody else has in the backup, gets an offer or is named in the output."""
    with app.app_context():
        event = make_event(capacity=2, has_waiting_list=has_waiting_list)
        first, second = (
            confirmed(event, given_name=f"Zq{name}", email=f"zq{name}@example.org") for name in ("a", "b")
        )
        cv = make_question(event, "cv", QuestionKind.FILE)
        give_file(first, cv, "a")
        give_file(second, cv, "b")
        write(uniting.unite, first, second, ("email", "q-cv"), actor="command", now=NOW)
        confirmed(event, given_name="Zqc")
        reference = second.reference
        db.session.remove()
    back_up_then_part_and_erase(app, tmp_path / "backups", "Zqa")
    other = make_app(blank_url)
    assert run(other, "restore", str(made(tmp_path / "backups"))).exit_code == 0
    output = run(other, "db", "upgrade").output
    with other.app_context():
        status = find("Zqb").status
        assert list(db.session.scalars(select(AnswerFile.key))) == ["b" * 32]
    if has_waiting_list:
        assert (status, "has ended" in output) == (Status.OFFERED, False)
    else:
        assert (status, f"has ended {reference}, and" in output) == (Status.CANCELLED, True)


@pytest.mark.parametrize("is_over", [False, True], ids=["full", "over"])
def test_nothing_of_an_erased_person_stays_with_whom_they_were_merged_into(
    make_app, sqlite_url, tmp_path, is_over
):
    """A restore gives the kept registration its own address back, even if no place is free to undo the merge."""
    app = make_app(sqlite_url)
    with app.app_context():
        event = make_event(
            capacity=2, has_waiting_list=is_over, starts_at=NOW + 20 * HOUR, ends_at=NOW + 30 * HOUR
        )
        first, second = (
            confirmed(event, given_name=f"Zq{name}", email=f"zq{name}@example.org") for name in "ab"
        )
        write(uniting.unite, first, second, ("email",), actor="command", now=NOW)
        confirmed(event, given_name="Zqc", email="zqc@example.org")
        db.session.remove()
    back_up_then_part_and_erase(app, tmp_path / "backups", "Zqb")
    clock.freeze(NOW + (40 if is_over else 2) * HOUR)
    other = make_app(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert run(other, "restore", str(made(tmp_path / "backups"))).exit_code == 0
    output = run(other, "db", "upgrade").output
    assert ("1 erasure is repeated" in output, "by hand" in output) == (True, False)
    with other.app_context():
        assert (find("Zqa").email, find("Zqa").status) == ("zqa@example.org", Status.CONFIRMED)
        told = db.select(OutboxMessage.recipient).where(OutboxMessage.created_at == clock.now())
        assert list(db.session.scalars(told)) == ([] if is_over else ["zqa@example.org"])


def test_merges_in_a_row_that_were_undone_end_nobody(make_app, sqlite_url, tmp_path):
    """In the backup a third person is merged into a second, that one into a first; erasing the second ends neither."""
    app = make_app(sqlite_url)
    with app.app_context():
        event = make_event()
        first, second, third = (confirmed(event, given_name=f"Zq{name}") for name in "abc")
        write(uniting.unite, second, third, (), actor="command", now=NOW)
        write(uniting.unite, first, second, (), actor="command", now=NOW + HOUR / 60)
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    clock.freeze(NOW + HOUR)
    with app.app_context():
        for name in ("Zqa", "Zqb"):
            write(separating.separate_last, find(name), actor="command", now=clock.now())
        write(erasing.erase, find("Zqb"), actor="command", now=clock.now())
        remember()
        db.session.remove()
    assert run(app, "restore", str(made(tmp_path / "backups")), "--replace").exit_code == 0
    assert "by hand" not in run(app, "db", "upgrade").output
    with app.app_context():
        assert [find(name).status for name in ("Zqa", "Zqc")] == [Status.CONFIRMED] * 2


def back_up_then_part_and_erase(app, backups: Path, name: str) -> None:
    """Make a backup; an hour later cancel person Zqc, undo the merge into Zqa, and erase the person called `name`."""
    run(app, "backup", str(backups))
    clock.freeze(NOW + HOUR)
    with app.app_context():
        write(registration.cancel, find("Zqc"), actor="command", now=clock.now())
        write(separating.separate_last, find("Zqa"), actor="command", now=clock.now())
        write(erasing.erase, find(name), actor="command", now=clock.now())
        remember()
        db.session.remove()


def give_file(person: Registration, question: Question, letter: str) -> None:
    """Save a file as the person's answer to the question; the file's key is this letter, 32 times."""
    content = {"file_type": FileType.PDF, "size": 4, "content": b"%PDF", "received_at": NOW}
    save(AnswerFile(key=letter * 32, registration_id=person.id, question_id=question.id, **content))
    told = {"key": letter * 32, "name": f"{letter}.pdf", "size": 4}
    save(Answer(registration_id=person.id, question_id=question.id, value=told))


def standing():
    people = db.session.query(Registration)
    return [(one.given_name, one.email, one.status) for one in people], list(
        db.session.scalars(select(AnswerFile.key))
    )


def test_an_empty_database_begins_with_a_file_whose_key_is_not_here(
    make_app, sqlite_url, blank_url, monkeypatch
):
    """A new database starts beside a tombstone file of another key: nobody is erased, and its demo is complete."""
    with make_app(sqlite_url).app_context():
        write(erasing.erase, confirmed(make_event()), actor="command", now=NOW)
        remember()
        db.session.remove()
    other = make_app(blank_url, DATA_KEYS=new_data_keys(), DEMO=True)
    planted = []
    monkeypatch.setattr(preparing, "build_static", lambda *_: None)
    monkeypatch.setattr(preparing, "compile_translations", lambda *_: None)
    monkeypatch.setattr(
        preparing, "load_demo", lambda **_: planted.append(db.session.query(Tombstone).count())
    )
    preparing.prepare(other)
    assert (planted, erasures.erase_again(other)) == ([1], "")
    with other.app_context():
        write(lambda: db.session.execute(delete(Tombstone)))
    assert run(other, "db", "upgrade").exit_code == 0
    with other.app_context():
        assert db.session.query(Tombstone).count() == 1


def find(name: str) -> Registration:
    return db.session.scalars(select(Registration).where(Registration.given_name == name)).one()


def remember() -> int:
    return job("remember erasures")


def job(name: str) -> int:
    """Run a job as the worker does; return how many objects it handled."""
    (found,) = [each for each in JOBS if each.name == name]
    return run_job(found)


def serve(app, monkeypatch) -> str:
    """Run `forum serve` up to the moment at which it would serve; return what the database holds then."""
    seen = []

    def look(*_args, **_kwargs):
        with app.app_context():
            seen.append(everything_stored())
            db.session.remove()

    monkeypatch.setenv("FORUM_ENV", "development")
    monkeypatch.setenv("FORUM_BASE_URL", "http://127.0.0.1:8000")
    monkeypatch.setattr(starting, "create_app", lambda: app)
    monkeypatch.setattr(presence, "share", lambda _instance: None)
    monkeypatch.setattr(serving, "serve", look)
    answer = app.test_cli_runner().invoke(starting.serve, [])
    assert answer.exit_code == 0, answer.output
    (stored,) = seen
    return stored


def test_a_restore_erases_nobody_else(app, make_app, blank_url, tmp_path):
    """Rows with an address that the erased person had only until a correction stay: they are somebody else's."""
    with app.app_context():
        event = make_event()
        confirmed(event, given_name="Zqfirst", email="office@example.org")
        make_delegation(event, "office@example.org", NOW, "office")
        save(new_invitation(event, "ngo", "office@example.org", email_canonical="office@example.org"))
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    with app.app_context():
        address = {"email": "zqfirst@example.org", "email_canonical": "zqfirst@example.org"}
        write(lambda: db.session.execute(update(Registration).values(address)))
        clock.freeze(NOW + HOUR)
        write(erasing.erase, find("Zqfirst"), actor="command", now=clock.now())
        remember()
        db.session.remove()
    other = make_app(blank_url)
    assert run(other, "restore", str(made(tmp_path / "backups"))).exit_code == 0
    assert erasures.erase_again(other).startswith("1 erasure is repeated")
    with other.app_context():
        tables = Registration, Delegation, Invitation
        assert [db.session.scalar(select(func.count()).select_from(one)) for one in tables] == [0, 1, 1]


def test_what_was_made_after_the_erasure_stays(app):
    """Rows made after the erasure stay, even if the table of tombstones was emptied, as by undoing a migration."""
    with app.app_context():
        event = make_event()
        contact = make_delegation(event, "kim@example.org", NOW, "same")
        older = make_delegation(event, "boss@example.org", NOW, "older")
        confirmed(event, given_name="Zqfirst", email="zqfirst@example.org")
        clock.freeze(NOW + HOUR)
        write(erasing.erase, find("Zqfirst"), actor="command", now=clock.now())
        write(contact_acts.forget_contact, contact, now=clock.now())
        assert remember() == 2
        clock.freeze(NOW + 2 * HOUR)
        confirmed(event, given_name="Zqagain", email="zqfirst@example.org", now=clock.now())
        for key in ("same", "newer"):
            make_delegation(event, "zqfirst@example.org", clock.now(), key)
        words = {"given_name": "Zqfirst", "family_name": "", "title": "", "email": "zqfirst@example.org"}
        save(Delegate(delegation_id=older.id, position=1, asked_at=clock.now(), **words))
        write(lambda: db.session.execute(delete(Tombstone)))
    assert erasures.erase_again(app) == ""
    with app.app_context():
        keys = sorted(db.session.scalars(select(Delegation.form_key)))
        people = db.session.scalars(select(Delegate.email)).all()
        assert (keys, people) == (["newer", "older", "same"], ["zqfirst@example.org"])
        assert find("Zqagain") is not None


@pytest.mark.parametrize("length", [100, 150])
def test_a_line_that_cannot_be_read_keeps_the_forum_from_serving(app, length):
    """A cut line may be the tombstone of somebody whom the backup has brought back, even if only the address is cut."""
    with app.app_context():
        confirmed(make_event(), given_name="Zqfirst", email="zqfirst@example.org")
        write(erasing.erase, find("Zqfirst"), actor="command", now=clock.now())
        remember()
        file = app.config["INSTANCE"] / tombstones.FILE
        file.write_text(file.read_text()[:length])
        assert "has 1 line that cannot be read" in erasures.tell_since(NOW)
    with pytest.raises(click.ClickException, match="has 1 line that cannot be read"):
        erasures.erase_again(app)


def make_delegation(event, email, asked_at, form_key):
    moments = dict.fromkeys(("asked_at", "confirm_by", "confirmed_at"), asked_at)
    words = {"organisation": "Zqoffice", "country": "SE", "given_name": "Kim", "family_name": ""}
    where = {"event_id": event.id, "sector_id": event.sectors[0].id, "form_key": form_key, "language": "en"}
    found = Delegation(
        email=email, email_canonical=email, is_all_or_nobody=False, **words, **where, **moments
    )
    return save(found)
