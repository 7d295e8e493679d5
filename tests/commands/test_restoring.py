"""Restoring a backup on another machine or over the same database; which restores are refused (R22)."""

import fcntl
import io
import os
import sqlite3
import stat
import tarfile
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from forum import clock, presence
from forum.accounts.enums import LinkPurpose
from forum.accounts.models import OneTimeLink, SignIn, User
from forum.audit import heads
from forum.audit.models import AuditEntry
from forum.commands import after_restore, archives, backups
from forum.commands.backups import BrokenBackup
from forum.database import start_write
from forum.extensions import db
from forum.health import checks
from forum.news import matching, reindexing
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import is_due
from forum.registration.kept_export_models import KeptExport, KeptExportPart
from tests.commands.archives import made, run
from tests.factories.events import NOW, make_event
from tests.factories.mails import make_mails
from tests.factories.news import make_post
from tests.factories.registrations import confirmed
from tests.guards.test_every_command import spawn
from tools.organisers import make_user, sign_in
from tools.pages import Pages
from tools.running import Running, is_alive, kill, prepare, wait_for


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def database(app):
    """Give a session that is closed before each command, because commands open their own."""
    with app.app_context():
        yield db.session
        db.session.remove()


def test_backup_comes_back_elsewhere_with_its_sealed_words(app, make_app, blank_url, tmp_path):
    with app.app_context():
        mail = make_mails(3)[0]
        content = mail.content
        make_post(headline="Alpha")
        db.session.remove()

    done = run(app, "backup", str(tmp_path / "backups"), "--keys", str(tmp_path / "keys.json"))
    other = make_app(blank_url, DATA_KEYS=(tmp_path / "keys.json").read_text())
    restored = run(other, "restore", str(made(tmp_path / "backups")))

    assert (done.exit_code, restored.exit_code) == (0, 0), restored.output
    assert "3 unsent mails are held" in restored.output
    with other.app_context():
        assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 3
        assert db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first().content == content
        assert db.session.scalar(text("SELECT version_num FROM alembic_version"))
        start_write(db.session)
        assert (reindexing.count_outdated(), reindexing.is_index_whole()) == (0, True)
        assert [post.headline for post in matching.find_posts("en", ["alpha"])] == ["Alpha"]
        db.session.rollback()
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (made(tmp_path / "backups"), tmp_path / "keys.json")
    ]
    assert modes == [0o600, 0o600]
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [made(tmp_path / "backups").name]


@pytest.mark.parametrize("damage", ["cut", "changed", "nonsense"])
def test_damaged_backup_is_refused_and_changes_nothing(app, make_app, blank_url, tmp_path, damage):
    run(app, "backup", str(tmp_path / "backups"))
    file = made(tmp_path / "backups")
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    else:
        file.write_text("not a tar")
    other = make_app(blank_url)

    answer = run(other, "restore", str(file))

    assert (answer.exit_code, "is damaged" in answer.output or "is not a backup" in answer.output) == (
        1,
        True,
    )
    assert list(file.parent.iterdir()) == [file]
    with other.app_context():
        assert db.inspect(db.engine).get_table_names() == []


def test_an_archive_with_a_folder_in_the_place_of_the_database_is_no_backup(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        manifest, folder = tarfile.TarInfo("manifest.json"), tarfile.TarInfo("forum.sqlite3")
        manifest.size, folder.type = 2, tarfile.DIRTYPE
        tar.addfile(manifest, io.BytesIO(b"{}"))
        tar.addfile(folder)

    with pytest.raises(BrokenBackup, match="is damaged"):
        archives.unpack(tmp_path / "a.tar", tmp_path, ["forum.sqlite3"])


def test_restore_names_a_database_that_is_damaged_inside(make_app, sqlite_url, tmp_path):
    """A restore refuses an archive with the right checksum whose database is damaged after its first page."""
    with pytest.raises(BrokenBackup, match="is damaged"):
        backups._check_sqlite(_damaged(Path(sqlite_url.removeprefix("sqlite:///")), tmp_path))


def _damaged(path: Path, folder: Path) -> Path:
    """Return a damaged copy of the database, in which two tables use the same page."""
    copy = folder / "damaged.sqlite3"
    with closing(sqlite3.connect(path)) as whole, closing(sqlite3.connect(copy)) as other:
        whole.backup(other)
        other.execute("PRAGMA writable_schema=ON")
        other.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name IN ('users', 'events')")
        other.commit()
    return copy


def test_restore_refuses_to_overwrite(app, tmp_path):
    run(app, "backup", str(tmp_path / "backups"))

    answer = run(app, "restore", str(made(tmp_path / "backups")))

    is_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    assert answer.exit_code == 1
    assert ("--replace gives it up" if is_sqlite else "restore into an empty one") in answer.output


def test_restore_in_place_removes_what_the_old_database_left_beside_it(make_app, sqlite_url, tmp_path):
    app = make_app(sqlite_url)
    run(app, "backup", str(tmp_path / "backups"))
    with app.app_context():
        make_mails(2)
        db.session.remove()
        db.engine.dispose()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    Path(f"{path}-wal").write_bytes(b"stale")

    answer = run(app, "restore", str(made(tmp_path / "backups")), "--replace")

    assert answer.exit_code == 0, answer.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


def test_backup_of_one_kind_of_database_is_refused_by_the_other(make_app, sqlite_url, postgres_url, tmp_path):
    run(make_app(sqlite_url), "backup", str(tmp_path / "backups"))

    answer = run(make_app(postgres_url), "restore", str(made(tmp_path / "backups")))

    assert (answer.exit_code, "it holds forum.sqlite3" in answer.output) == (1, True)


def test_restored_forum_lets_nobody_in_and_sends_nothing_by_itself(app, make_app, blank_url, tmp_path):
    """A restore ends all sign-ins and holds all mail: people may have signed out, and mails left, after the backup."""
    with app.app_context():
        make_mails(2)
        start_write(db.session)
        user = User(email="anna@example.org", name="Anna", created_at=NOW)
        db.session.add(SignIn(digest="0" * 64, user=user, created_at=NOW, last_seen_at=NOW, confirmed_at=NOW))
        link = OneTimeLink(digest="1" * 64, user=user, purpose=LinkPurpose.RESET, expires_at=NOW)
        db.session.add(link)
        db.session.commit()
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    other = make_app(blank_url)

    answer = run(other, "restore", str(made(tmp_path / "backups")))

    assert "1 sign-in and 1 one-time link of the backup were ended. 2 unsent mails are held" in answer.output
    assert " restored " in (other.config["INSTANCE"] / heads.FILE).read_text()
    with other.app_context():
        assert [db.session.query(model).count() for model in (SignIn, OneTimeLink)] == [0, 0]
        assert due() == 0
        (found,) = checks.examine(["mail"], clock.now())
        assert (found.is_well, found.words.partition("; ")[2]) == (
            False,
            "2 are held since the restore: forum release-mail",
        )
        db.session.remove()
    assert run(other, "release-mail").output == "2 mails are released.\n"
    with other.app_context():
        assert due() == 2


@pytest.mark.usefixtures("frozen")
def test_looks_after_a_restore_are_recorded_although_the_counters_outlive_it(
    app, make_app, blank_url, tmp_path
):
    """A restore resets the counters of views: they count a view whose audit entry the backup lacks (P18)."""
    counters = f"sqlite:///{tmp_path / 'counters.sqlite3'}"
    before = make_app(app.config["SQLALCHEMY_DATABASE_URI"], LIMITER_STORAGE=counters)
    with before.app_context():
        event = make_event()
        person, user = confirmed(event), make_user(event=event)
        where, user_id = {"event": event.slug, "reference": person.reference}, user.id
        db.session.remove()
    run(before, "backup", str(tmp_path / "backups"))
    assert look(before, user_id, where) == [1]
    after = make_app(blank_url, LIMITER_STORAGE=counters)

    answer = run(after, "restore", str(made(tmp_path / "backups")))

    assert answer.exit_code == 0, answer.output
    assert look(after, user_id, where, times=5) == [1, 1, 2]


def look(app, user_id: int, where: dict[str, str], *, times: int = 1) -> list[int]:
    """Open a person's page this many times as an organiser; return for each audit entry how many views it counts."""
    pages = Pages(app)
    with app.app_context():
        sign_in(pages, db.session.get(User, user_id))
        for _ in range(times):
            pages.get("attendees.show", **where)
        entries = select(AuditEntry).where(AuditEntry.action == "registration.viewed").order_by(AuditEntry.id)
        told = [entry.details.payload["times"] for entry in db.session.scalars(entries)]
        db.session.remove()
    return told


def test_restore_says_when_the_counters_of_looks_cannot_be_deleted(app, make_app, blank_url, tmp_path):
    """A restore succeeds while the store of counters is out of reach, and tells the operator to empty the store."""
    run(app, "backup", str(tmp_path / "backups"))
    other = make_app(blank_url, LIMITER_STORAGE="redis://127.0.0.1:1")

    answer = run(other, "restore", str(made(tmp_path / "backups")))

    assert (answer.exit_code, "Empty it before the forum starts" in answer.output) == (0, True)


def test_restore_leaves_no_part_of_a_prepared_file(app, make_app, blank_url, tmp_path):
    """Parts of a prepared file contain names, and parts without their file would make the next migration fail."""
    with app.app_context():
        event = make_event()
        asked = {"recipient": "office", "shape": "csv", "purpose": "everything", "language": "en"}
        lists = {"columns": ["reference"], "headings": ["Reference"], "people": [1]}
        user = User(email="anna@example.org", name="Anna", created_at=NOW)
        start_write(db.session)
        db.session.add(user)
        db.session.flush()
        export = KeptExport(
            event_id=event.id, user_id=user.id, asked_at=NOW, done=1, total=1, **asked, **lists
        )
        db.session.add(export)
        db.session.flush()
        db.session.add(KeptExportPart(export_id=export.id, number=0, content=b'[["Kim"]]'))
        db.session.commit()
        db.session.remove()
    run(app, "backup", str(tmp_path / "backups"))
    other = make_app(blank_url)
    assert run(other, "restore", str(made(tmp_path / "backups"))).exit_code == 0
    with other.app_context():
        counted = [
            db.session.scalar(select(func.count()).select_from(one)) for one in (KeptExport, KeptExportPart)
        ]
        assert counted == [0, 0]
        if db.engine.dialect.name == "sqlite":
            assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
        db.session.remove()


@pytest.mark.postgresql
@pytest.mark.parametrize("what", ["a failure", "somebody else"])
def test_restore_that_is_not_finished_leaves_postgresql_empty(
    make_app, postgres_url, postgres_server, tmp_path, monkeypatch, what
):
    """A failed restore is rolled back: data, ended sign-ins and held mails are one transaction."""
    run(make_app(postgres_url), "backup", str(tmp_path / "backups"))
    name = postgres_server.create()
    other = make_app(postgres_server.url(name))
    with ExitStack() as meanwhile:
        if what == "a failure":
            monkeypatch.setattr(after_restore, "quieting_script", lambda *_about: "SELECT 1 / 0;\n")
        else:
            write = after_restore.quieting_script
            connect = partial(postgres_server.connect, name)
            monkeypatch.setattr(
                after_restore,
                "quieting_script",
                lambda *about: (meanwhile.enter_context(connect()), write(*about))[1],
            )
        answer = run(other, "restore", str(made(tmp_path / "backups")))

    words = "division by zero" if what == "a failure" else "The forum runs."
    assert (answer.exit_code, words in answer.output) == (1, True), answer.output
    assert len(list((tmp_path / "backups").iterdir())) == 1
    with other.app_context():
        assert db.inspect(db.engine).get_table_names() == []
        db.engine.dispose()
    postgres_server.drop(name)


def due() -> int:
    query = select(func.count()).select_from(OutboxMessage).where(is_due(clock.now()))
    return db.session.scalar(query)


def test_backup_of_a_newer_version_is_refused(app, make_app, blank_url, tmp_path):
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    run(app, "backup", str(tmp_path / "backups"))

    answer = run(make_app(blank_url), "restore", str(made(tmp_path / "backups")))

    assert (answer.exit_code, "another version (9999)" in answer.output) == (1, True)


def test_restore_waits_for_no_power_cut_to_be_whole(make_app, sqlite_url, tmp_path, monkeypatch):
    """The restored file is synced to disk before it is renamed, and its folder is synced before the command ends."""
    app, order = make_app(sqlite_url), []
    run(app, "backup", str(tmp_path / "backups"))
    sync, replace = backups._sync, Path.replace
    monkeypatch.setattr(backups, "_sync", lambda path: order.append(path.name) or sync(path))
    monkeypatch.setattr(Path, "replace", lambda path, to: order.append("renamed") or replace(path, to))

    run(app, "restore", str(made(tmp_path / "backups")), "--replace")

    assert order == [".forum.sqlite3.restored", "renamed", tmp_path.name]


def test_restore_is_refused_while_somebody_works_on_the_database(
    app, make_app, blank_url, postgres_server, tmp_path
):
    run(app, "backup", str(tmp_path / "backups"))
    other = make_app(blank_url)
    with (other.config["INSTANCE"] / presence.LOCK).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        here = run(other, "restore", str(made(tmp_path / "backups")))
    assert here.output == "Error: The forum runs. Stop all its processes, then restore.\n"

    if blank_url.startswith("postgresql"):
        with postgres_server.connect(make_url(blank_url).database):
            elsewhere = run(other, "restore", str(made(tmp_path / "backups")))
        assert elsewhere.output == here.output
    assert run(other, "restore", str(made(tmp_path / "backups"))).exit_code == 0


@pytest.mark.slow
def test_restore_is_refused_while_a_process_of_the_forum_runs(tmp_path, sqlite_template, static_folder):
    """Each process of the forum holds a lock until it ends or is killed; a restore is refused while one is held."""
    instance = prepare(tmp_path / "instance", static_folder, sqlite_template)
    assert spawn(tmp_path, "backup", str(tmp_path / "backups"))[0] == 0
    file = str(made(tmp_path / "backups"))
    held = os.open(instance / presence.LOCK, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    taken = spawn(tmp_path, "db", "current")
    os.close(held)
    forum = Running("serve", tmp_path)
    try:
        wait_for(forum.answers, forum)
        refused = spawn(tmp_path, "restore", file, "--replace")
    finally:
        kill(forum)
    wait_for(lambda: not [pid for pid in forum.pids() if is_alive(pid)], forum)
    restored = spawn(tmp_path, "restore", file, "--replace")

    assert taken == (1, "", "Error: A restore is running. Try again when it has ended.\n")
    assert refused == (1, "", "Error: The forum runs. Stop all its processes, then restore.\n")
    assert restored[0] == 0, restored
