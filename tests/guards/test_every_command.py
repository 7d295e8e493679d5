"""Every command works on each database, and reports a wrong setting in a sentence (R23, S05)."""

import json
import os
from pathlib import Path

import click
import flask_migrate
import pytest
from flask.cli import ScriptInfo

from forum import cli as command_line
from forum import create_app, presence
from forum.audit.models import AuditEntry
from forum.cli import cli
from forum.commands import preparing, serving, starting
from forum.commands.keys import refuse_wrong_keys
from forum.commands.preparing import prepare
from forum.extensions import db
from forum.settings.errors import UnsafeSettings
from forum.settings.keys import new_data_keys
from tests.guards import secret_settings
from tests.tried_migrations import add_migration, copy_migrations
from tools.forking import FORUM, run

# The commands, in the order in which they run on one database: the text that each must print, and its arguments.
COMMANDS = {
    "db upgrade": ("The tables are up to date.", ()),
    "db current": ("(head)", ()),
    "db heads": ("(head)", ()),
    "db history": ("<base> -> 0001", ()),
    "db check": ("No new upgrade operations detected", ()),
    "db migrate": ("", ("-m", "try it", "--rev-id", "9998", "-d", "{folder}/migrations")),
    "db revision": ("9999_try_it.py", ("-m", "try it", "--rev-id", "9999", "-d", "{folder}/migrations")),
    "create-organiser": ("/account/", ("anna@example.org", "--name", "Anna")),
    "create-event": (
        "/console/nordiskt-forum-2027/",
        ("Nordiskt forum", "--first-day", "2027-11-16", "--place", "Stockholm", "--places", "250"),
    ),
    "disable-organiser": ("", ("anna@example.org",)),
    "doctor": ("disk", ("--offline",)),
    "doctor mail": ("sender: forum@localhost is an address of this machine", ()),
    "bounces": ("1: not a report", ()),
    "backup": ("forum-", ("{folder}/backups", "--keys", "{folder}/keys.json")),
    "mail-test": ("Written into the folder mail/", ("anna@example.org",)),
    "mend-counters": ("", ()),
    "make-avif": ("0 images have AVIF files now", ()),
    "seed": ("Error: This forum has events or people that the demo does not have", ("--people", "3")),
    "rebuild-search": ("The index is made anew", ()),
    "content export": (" files.", ("{folder}/content",)),
    "content import": ("0 differences imported.", ("{folder}/content",)),
    "release-mail": ("0 mails are released", ()),
    "audit verify": ("", ()),
    "audit erase-details": ("are erased", ("1",)),
    "rotate-keys": ("", ()),
    "new-keys": ("identity", ()),
    "static": ("static files", ()),
    "db downgrade": ("", ("base",)),
    "restore": ("Restored as of", ("{folder}/backups/{backup}",)),
}
SERVING = {"run", "dev", "serve", "worker"}  # tests/commands/test_serving.py tests the commands that serve
# Commands that exit with 1: no worker runs in this test, and its event is no demo.
FAILING = {"doctor", "seed"}
OFFLINE = {"new-keys", "static", "db heads", "db history", "db revision"}  # the commands that use no database
# `forum doctor` lists a database that does not answer as one fault of several; the worker waits for the database.
GOING_ON = {"doctor", "doctor mail", "worker"}
WITHOUT_SETTINGS = {"new-keys"}
# Commands that run with any keys: they use none, report wrong ones themselves, or replace the database.
WITH_ANY_KEYS = {
    *("doctor", "doctor mail"),
    "new-keys",
    "static",
    "restore",
    *(name for name in COMMANDS if name.startswith("db ")),
}
AWAY = "postgresql://u:a-secret@127.0.0.1:1/x"
WRONG = {
    "DATABASE_URL": [
        "mysql://x/y", "nonsense", "postgresql+psycopg2://x/y", "postgresql://u:a-secret@/x?host=/nowhere",
        AWAY, "sqlite:////nowhere/forum.sqlite3", f"sqlite:///{__file__}",
    ],
    "LIMITER_STORAGE": ["nonsense://x"],
    "INSTANCE": ["/proc/nowhere", "/dev/null"],
    "BASE_URL": ["ftp://example.org", "http://[::1"],
    "TRUSTED_PROXIES": ["some"],
    "DATA_KEYS": ["a-secret"],
    "ENV": ["live"],
}  # fmt: skip
WRONG_SETTINGS = [(name, value) for name, values in WRONG.items() for value in values]


def names(group: click.Group = cli, before: str = "") -> set[str]:
    """Return the names of all commands, those in groups with the group's name."""
    return {
        name
        for short, command in group.commands.items()
        for name in (
            names(command, f"{short} ") | ({short} if command.invoke_without_command else set())
            if isinstance(command, click.Group)
            else {before + short}
        )
    }


def typed(command: str, folder: Path) -> list[str]:
    """Return the command's arguments as a user types them in a shell."""
    backup = next((path.name for path in folder.glob("backups/*.tar")), "none")
    return [*command.split(), *(word.format(folder=folder, backup=backup) for word in COMMANDS[command][1])]


def test_every_command_is_listed():
    assert names() == {*COMMANDS, *SERVING}


def test_every_command_does_its_work(make_app, blank_database_url, tmp_path):
    """Every command succeeds, and its output has no secret of the settings (S44)."""
    app = make_app(blank_database_url, **secret_settings.GIVEN)
    copy_migrations(tmp_path)
    for command, (words, _) in COMMANDS.items():
        if command == "restore":
            drop_everything(app)
        answer = app.test_cli_runner().invoke(
            cli, typed(command, tmp_path), obj=ScriptInfo(create_app=lambda: app)
        )
        assert (command, secret_settings.shown_in(app, answer.output)) == (command, [])
        # Click's test runner does not capture the output of Alembic; the tests that start processes check that output.
        is_heard = words in answer.output or command.startswith("db ")
        assert (command, answer.exit_code, is_heard) == (command, int(command in FAILING), True), (
            answer.output,
            answer.exception,
        )


def drop_everything(app) -> None:
    """Remove what a restore would refuse to overwrite: SQLite's file, or PostgreSQL's tables."""
    with app.app_context():
        db.session.remove()
        if db.engine.name == "sqlite":
            Path(db.engine.url.database).unlink()
        else:
            with db.engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE alembic_version")
        db.engine.dispose()


@pytest.mark.parametrize(("name", "value"), WRONG_SETTINGS)
def test_a_wrong_setting_is_a_sentence(monkeypatch, tmp_path, name, value):
    monkeypatch.setenv("FORUM_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv(f"FORUM_{name}", value)
    answer = click.testing.CliRunner().invoke(cli, ["db", "upgrade"], obj=ScriptInfo(create_app=create_app))
    if not isinstance(answer.exception, SystemExit):
        # The command raises UnsafeSettings, which cli.main prints.
        assert f"FORUM_{name}" in str(answer.exception), answer.exception
        return
    lines = answer.stderr.splitlines()
    assert (answer.exit_code, len(lines), lines[0].startswith("Error: "), "secret" in lines[0]) == (
        1,
        1,
        True,
        False,
    )


def test_every_command_refuses_a_wrong_setting(monkeypatch, tmp_path):
    """No command starts with wrong settings; `cli.main` prints the error as a sentence."""
    monkeypatch.setenv("FORUM_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("FORUM_ENV", "live")
    # Some commands set the environment variable FORUM_BASE_URL; monkeypatch removes it again for later tests.
    monkeypatch.setenv("FORUM_BASE_URL", "http://127.0.0.1:8000")
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "empty.tar").touch()
    for command in names() - WITHOUT_SETTINGS:
        arguments = typed(command, tmp_path) if command in COMMANDS else [command]
        said = ScriptInfo(create_app=command_line._create_app)
        answer = click.testing.CliRunner().invoke(cli, arguments, obj=said)
        assert isinstance(answer.exception, UnsafeSettings), (command, answer.exception, answer.output)
        assert "FORUM_ENV must be one of development, production" in answer.exception.problems, command


@pytest.mark.parametrize("purpose", ["audit", "identity"])
def test_every_command_but_those_listed_refuses_keys_of_another_database(
    make_app, sqlite_url, settings, monkeypatch, tmp_path, purpose
):
    """Commands refuse keys that do not fit: one audit entry with a wrong key would break the audit chain for ever."""
    refuse_wrong_keys(make_app(sqlite_url))  # make_app stores the check values of the right keys
    others = {**json.loads(settings["DATA_KEYS"]), purpose: json.loads(new_data_keys())[purpose]}
    wrong = make_app(sqlite_url, DATA_KEYS=json.dumps(others))
    monkeypatch.setenv("FORUM_ENV", "development")
    # Some commands set the environment variable FORUM_BASE_URL; monkeypatch removes it again for later tests.
    monkeypatch.setenv("FORUM_BASE_URL", "http://127.0.0.1:8000")
    for module in (command_line, starting):
        monkeypatch.setattr(module, "create_app", lambda: wrong)
    for module, name in ((presence, "share"), (serving, "refuse_taken_address"), (preparing, "prepare")):
        monkeypatch.setattr(module, name, lambda *_: None)

    refused = {
        command
        for command in names() - WITH_ANY_KEYS
        if _is_refused(typed(command, tmp_path) if command in COMMANDS else [command], purpose)
    }

    assert refused == names() - WITH_ANY_KEYS
    with wrong.app_context():
        assert db.session.query(AuditEntry).count() == 0
    assert not (tmp_path / "keys.json").exists()


def _is_refused(arguments: list[str], purpose: str) -> bool:
    said = ScriptInfo(create_app=command_line._create_app)
    answer = click.testing.CliRunner().invoke(cli, arguments, obj=said)
    problem = f"FORUM_DATA_KEYS: the keys for {purpose} are not those that sealed this database"
    return isinstance(answer.exception, UnsafeSettings) and answer.exception.problems == [problem]


@pytest.mark.parametrize("url", ["sqlite:////nowhere/forum.sqlite3", "sqlite:///{folder}/blank.sqlite3"])
def test_a_database_that_is_away_or_empty_is_a_sentence(make_app, tmp_path, url):
    app = make_app(url.format(folder=tmp_path))
    (tmp_path / "backups").mkdir()
    for command in COMMANDS.keys() - OFFLINE - {"restore", "db upgrade"}:
        answer = app.test_cli_runner().invoke(
            cli, typed(command, tmp_path), obj=ScriptInfo(create_app=lambda: app)
        )
        assert (command, type(answer.exception)) in {(command, SystemExit), (command, type(None))}, (
            answer.exception
        )


def test_typed_commands_end_as_they_should(tmp_path):
    """Two commands, one with a wrong setting, run as processes; the other tests call commands in this process."""
    assert spawn(tmp_path, "db", "upgrade") == (0, "The tables are up to date.\n", "")
    status, _, said = spawn(
        tmp_path, "db", "current", DATABASE_URL="postgresql://u:a-secret@/x?host=/nowhere"
    )
    assert (status, len(said.splitlines()), said.startswith("Error: The database cannot be used")) == (
        1,
        1,
        True,
    )


@pytest.mark.slow
def test_every_typed_command_does_its_work(make_app, blank_database_url, tmp_path):
    copy_migrations(tmp_path)
    for command, (words, _) in COMMANDS.items():
        if command == "restore":
            drop_everything(make_app(blank_database_url))
        status, said, wrong = spawn(tmp_path, *typed(command, tmp_path), DATABASE_URL=blank_database_url)
        assert (command, status, words in said + wrong) == (command, int(command in FAILING), True), wrong


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), WRONG_SETTINGS)
def test_a_typed_command_with_a_wrong_setting_says_a_sentence(tmp_path, name, value):
    for command in ("backup", "run"):
        arguments = typed(command, tmp_path) if command in COMMANDS else [command]
        status, _, said = spawn(tmp_path, *arguments, **{name: value})
        assert (status in {1, 2}, len(said.splitlines()), "secret" in said) == (True, 1, False), said


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [("ENV", "live"), ("DATABASE_URL", AWAY)])
def test_every_typed_command_says_a_wrong_setting_in_a_sentence(tmp_path, name, value):
    """`forum bounces` exits with the status that makes a mail server keep the report and try again."""
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "empty.tar").touch()
    for command in sorted(names() - (WITHOUT_SETTINGS if name == "ENV" else OFFLINE | GOING_ON)):
        arguments = typed(command, tmp_path) if command in COMMANDS else [command]
        status, _, said = spawn(tmp_path, *arguments, **{name: value})
        ends = {os.EX_TEMPFAIL} if command == "bounces" else {1, 2}
        told = (command, status in ends, len(said.splitlines()), "secret" in said)
        assert told == (command, True, 1, False), said


def spawn(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run a command as a process; return its exit status and output."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    given = {"ENV": "development", "INSTANCE": str(folder / "instance"), **settings}
    done = run(
        *(FORUM, *arguments), env={**plain, **{f"FORUM_{name}": value for name, value in given.items()}}
    )
    return done.returncode, done.stdout, done.stderr


ADDS = """
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("events") as batch_op:
        batch_op.add_column(sa.Column("later", sa.Integer(), nullable=False, server_default="0"))
"""
HAS_TO_BE_FILLED = """
    with op.batch_alter_table("events") as batch_op:
        batch_op.alter_column("later", server_default=None, existing_type=sa.Integer())
"""
TAKES_AWAY = """
    op.drop_table("worker_heartbeats")
    with op.batch_alter_table("events") as batch_op:
        batch_op.drop_column("later")
        batch_op.drop_column("hotline_url")
"""


def test_tables_of_a_newer_version_are_used_where_they_can_be(make_app, database_url, tmp_path):
    """After an update is undone, the older version uses the newer version's tables, or says why it cannot."""
    app, newer = make_app(database_url, DEMO=False), copy_migrations(tmp_path)

    def meet(step: str) -> tuple[int, str]:
        revision = add_migration(newer, step).name[:4]
        with app.app_context():
            flask_migrate.upgrade(directory=str(newer))
        answer = app.test_cli_runner().invoke(cli, ["db", "upgrade"], obj=ScriptInfo(create_app=lambda: app))
        assert isinstance(answer.exception, SystemExit | None), answer.exception
        return answer.exit_code, answer.output.replace(revision, "N")

    assert meet(ADDS) == (
        0,
        "The tables are those of a newer version (N). This version can use them; nothing was changed.\n",
    )
    prepare(app)
    for step, lacks in (
        (HAS_TO_BE_FILLED, "the column events.later has to be filled"),
        (TAKES_AWAY, "there is no table worker_heartbeats, there is no column events.hotline_url"),
    ):
        assert meet(step) == (
            1,
            "Error: The tables are those of a newer version (N), and this version cannot use them"
            f" ({lacks}). Install the newer version again, or restore the backup made before the update.\n",
        )
