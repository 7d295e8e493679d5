"""Backup while others write, restore elsewhere, and what is refused (R21, R22)."""

import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from forum.cli import cli
from forum.commands import backups
from forum.commands.backups import BrokenBackup
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from tests.factories.mails import make_mails


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def database(app):
    """A session that is given up before a command runs, which has its own."""
    with app.app_context():
        yield db.session
        db.session.remove()


def run(app, *arguments: str):
    return app.test_cli_runner().invoke(cli, list(arguments))


def made(folder: Path) -> Path:
    (file,) = folder.glob("forum-*.tar")
    return file


def test_backup_comes_back_elsewhere_with_its_sealed_words(app, make_app, blank_url, tmp_path):
    with app.app_context():
        mail = make_mails(3)[0]
        content = mail.content
        db.session.remove()

    done = run(app, "backup", str(tmp_path / "backups"), "--keys", str(tmp_path / "keys.json"))
    other = make_app(blank_url, DATA_KEYS=(tmp_path / "keys.json").read_text())
    restored = run(other, "restore", str(made(tmp_path / "backups")))

    assert (done.exit_code, restored.exit_code) == (0, 0), restored.output
    with other.app_context():
        assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 3
        assert db.session.scalars(select(OutboxMessage.content).order_by(OutboxMessage.id)).first() == content
        assert db.session.scalar(text("SELECT version_num FROM alembic_version"))
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (made(tmp_path / "backups"), tmp_path / "keys.json")
    ]
    assert modes == [0o600, 0o600]
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [made(tmp_path / "backups").name]


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
        assert number % 2 == 0  # never half a transaction


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
    with other.app_context():
        assert db.inspect(db.engine).get_table_names() == []


def test_restore_names_a_database_that_is_damaged_inside(make_app, sqlite_url, tmp_path):
    """The archive is whole, and what lies in it is a database by its first page only."""
    with pytest.raises(BrokenBackup, match="is damaged"):
        backups._check_sqlite(_damaged(Path(sqlite_url.removeprefix("sqlite:///")), tmp_path))


def _damaged(path: Path, folder: Path) -> Path:
    """A copy in which two tables are said to lie in the same page."""
    copy = folder / "damaged.sqlite3"
    with closing(sqlite3.connect(path)) as whole, closing(sqlite3.connect(copy)) as other:
        whole.backup(other)
        other.execute("PRAGMA writable_schema=ON")
        other.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name IN ('users', 'events')")
        other.commit()
    return copy


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
    assert list((tmp_path / "backups").glob("*.tar")) == []


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


@pytest.fixture
def blank_url(request, app, tmp_path):
    """A database without tables, of the same kind as the app's."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        (tmp_path / "elsewhere").mkdir()
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'forum.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)
