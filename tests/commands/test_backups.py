"""Backups are whole while the forum writes, and have no keys; old ones are deleted; failures are reported (R21)."""

import errno
import os
import sqlite3
import tarfile
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from forum import clock, presence
from forum.commands import backups
from forum.extensions import db
from tests.commands.archives import made, run
from tests.factories.events import NOW
from tests.factories.mails import make_mails
from tools.servers import POSTGRES_PASSWORD


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def database(app):
    """Give a session that is closed before each command, because commands open their own."""
    with app.app_context():
        yield db.session
        db.session.remove()


@pytest.mark.postgresql
def test_programs_of_postgresql_get_the_password_where_no_other_user_sees_it(
    make_app, postgres_url, postgres_server, tmp_path, monkeypatch
):
    """PostgreSQL's programs get the password in the environment: other users can read a process's arguments."""
    (tmp_path / "bin").mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        program = backups._find_program(name)
        script = f'#!/bin/sh\nprintf "%s\\n" {name} "$@" >>{tmp_path}/arguments\nexec {program} "$@"\n'
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    name = postgres_server.create()
    in_query = f"postgresql:///{name}?host={postgres_server.folder}&user=postgres&password={quote(POSTGRES_PASSWORD)}"

    dumped = run(make_app(postgres_url), "backup", str(tmp_path / "backups"))
    restored = run(make_app(in_query), "restore", str(made(tmp_path / "backups")))
    postgres_server.drop(name)

    assert (dumped.exit_code, restored.exit_code) == (0, 0), dumped.output + restored.output
    arguments = (tmp_path / "arguments").read_text()
    assert [name for name in ("pg_dump", "pg_restore", "psql") if name not in arguments.splitlines()] == []
    assert [
        word for word in (POSTGRES_PASSWORD, quote(POSTGRES_PASSWORD), "password") if word in arguments
    ] == []


def test_backup_holds_no_key(app, tmp_path, settings):
    run(app, "backup", str(tmp_path / "backups"))

    content = made(tmp_path / "backups").read_bytes()
    with tarfile.open(made(tmp_path / "backups")) as tar:
        assert tar.getnames()[0] == "manifest.json"
    assert settings["SECRET_KEY"].encode() not in content
    assert app.config["DATA_KEYS"]["outbox"][0] not in content


def test_backup_is_whole_while_others_write(app, tmp_path):
    stopped, written = threading.Event(), []

    def write():
        with app.app_context():
            while not stopped.is_set():
                make_mails(2)
                written.append(2)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = run(app, "backup", str(tmp_path / "backups"))
    finally:
        stopped.set()
        writer.join(60)

    assert done.exit_code == 0, done.output
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        with tarfile.open(made(tmp_path / "backups")) as tar:
            (tmp_path / "forum.sqlite3").write_bytes(tar.extractfile("forum.sqlite3").read())
        copy = sqlite3.connect(tmp_path / "forum.sqlite3")
        number, *_ = copy.execute("SELECT count(*) FROM outbox_messages").fetchone()
        copy.close()
        # Each transaction writes two rows, so an odd number would mean half a transaction.
        assert number % 2 == 0


@pytest.mark.parametrize(
    ("found", "words"), [(None, "is missing"), ("/bin/false", "pg_dump: ")], ids=["missing", "failing"]
)
def test_backup_names_a_program_that_is_missing_or_fails(
    make_app, postgres_url, tmp_path, monkeypatch, found, words
):
    monkeypatch.setattr(backups.shutil, "which", lambda _name: found)
    monkeypatch.setattr(backups, "POSTGRES_FOLDERS", "/nowhere")

    answer = run(make_app(postgres_url), "backup", str(tmp_path / "backups"))

    assert (answer.exit_code, words in answer.output) == (1, True)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_that_fails_half_way_leaves_no_copy(make_app, sqlite_url, tmp_path, monkeypatch):
    """The disk is full once the database has been copied: no file with people's data stays beside the backups."""
    seen = []

    def is_full(whole, parts, manifest):
        seen.extend(path.name for path in parts if path.exists())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backups.archives, "write", is_full)
    answer = run(make_app(sqlite_url), "backup", str(tmp_path / "backups"))

    assert (answer.exit_code, seen[0]) == (1, "forum.sqlite3")
    assert list((tmp_path / "backups").iterdir()) == []


def test_backups_are_noted_and_only_so_many_kept(make_app, sqlite_url, tmp_path, frozen):
    app, folder = make_app(sqlite_url), tmp_path / "backups"
    folder.mkdir()
    (folder / "forum-notes.tar").write_text("somebody's own")
    (folder / ".forum-backup-killed").mkdir()
    for hour in range(3):
        clock.freeze(NOW + timedelta(hours=hour))
        assert run(app, "backup", str(folder), "--keep", "2").exit_code == 0
        assert presence.last_backup(app.config["INSTANCE"]) == clock.now()

    kept = [f"forum-{NOW + timedelta(hours=hour):%Y%m%dT%H%M%SZ}.tar" for hour in (1, 2)]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*kept, "forum-notes.tar"])


def test_full_disk_of_the_instance_spoils_no_backup_that_is_whole(
    make_app, sqlite_url, tmp_path, monkeypatch, frozen
):
    app, folder = make_app(sqlite_url), tmp_path / "backups"
    assert run(app, "backup", str(folder)).exit_code == 0
    clock.freeze(NOW + timedelta(hours=1))
    write = Path.write_text

    def is_full(path, text):
        if path.name != ".last-backup":
            return write(path, text)
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", is_full)
    answer = run(app, "backup", str(folder), "--keep", "1", "--keys", str(tmp_path / "keys.json"))

    assert (answer.exit_code, "When it was made could not be noted: No space left" in answer.stderr) == (
        0,
        True,
    )
    assert [path.name for path in folder.iterdir()] == [f"forum-{clock.now():%Y%m%dT%H%M%SZ}.tar"]
    assert (tmp_path / "keys.json").exists()
    assert presence.last_backup(app.config["INSTANCE"]) == NOW
    assert not (app.config["INSTANCE"] / ".last-backup").exists()
