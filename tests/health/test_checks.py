"""Health checks name what is broken and reveal no secret (R29)."""

import json
import os
import re
import shlex
import subprocess
import time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, make_url, text

from forum import clock, presence
from forum.accounts.enums import Role
from forum.cli import cli
from forum.database import start_write
from forum.extensions import db
from forum.health import checks
from forum.outbox import heartbeats
from forum.privacy import erasing
from forum.registration import tombstones
from forum.settings.project import PROJECT, VERSION
from tests.factories.events import NOW, make_event
from tests.factories.mails import make_mail
from tests.factories.registrations import confirmed, write


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, DEMO=False)


@pytest.fixture(autouse=True)
def _now(frozen):
    assert frozen == NOW


def beat(session, moment=NOW) -> None:
    start_write(session)
    heartbeats.beat("worker", now=moment)
    session.commit()


def ask(app, path: str = "/status") -> tuple[int, dict]:
    answer = app.test_client().get(path)
    return answer.status_code, {**json.loads(answer.data), "version": None}


def failing(app) -> list[str]:
    return ask(app)[1]["failing"]


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_livez_answers_without_the_database(make_app, path):
    answer = make_app("sqlite:////no/such/folder/forum.sqlite3").test_client().get(path)

    assert (answer.status_code, answer.text, answer.headers["Cache-Control"]) == (200, "ok\n", "no-cache")


def test_all_is_green_when_all_is_well(app, database):
    beat(database)

    assert ask(app, "/readyz") == (200, {"ready": True, "failing": [], "version": None})
    assert ask(app) == (200, {"well": True, "failing": [], "missing": ["event"], "version": None})
    assert app.test_client().get("/status").json["version"] == VERSION


def test_status_misses_a_worker_that_was_never_there_and_pages_go_on(app, database):
    assert ask(app) == (503, {"well": False, "failing": ["worker"], "missing": ["event"], "version": None})
    assert ask(app, "/readyz")[0] == 200


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(-60, [], id="a minute ago"),
        pytest.param(-61, ["worker"], id="longer ago"),
        pytest.param(2, [], id="two clocks that agree"),
        pytest.param(3600, ["worker"], id="written by a clock that is an hour ahead"),
    ],
)
def test_status_misses_a_worker_without_a_sign_of_life(app, database, seconds, expected):
    beat(database, NOW + timedelta(seconds=seconds))

    assert failing(app) == expected


def test_status_and_the_overview_tell_of_erasures_that_a_backup_would_undo(app, database, sign_in_as):
    # With PostgreSQL the file of tombstones (records of erasures) may be on the worker's machine: a machine without
    # the file reports no erasure as missing from it.
    (app.config["INSTANCE"] / tombstones.FILE).touch()
    forum = make_event()
    write(erasing.erase, confirmed(forum), actor="command", now=NOW)
    organiser, title = sign_in_as(Role.ORGANISER, forum), "Erased people may be here again"
    beat(database)
    assert (failing(app), title in organiser.get("console.overview", event="nf27").text) == ([], False)
    clock.freeze(later := NOW + timedelta(minutes=6))
    beat(database, later)

    assert failing(app) == ["erasures"]
    assert title in organiser.get("console.overview", event="nf27").text


@pytest.mark.parametrize(
    ("minutes", "state", "expected"),
    [
        pytest.param(15, {}, [], id="not long yet"),
        pytest.param(16, {}, ["mail"], id="nobody sends it"),
        pytest.param(16, {"status": "awaiting_retry", "attempts": 2}, ["mail"], id="put off"),
        pytest.param(5, {"status": "awaiting_retry", "attempts": 3}, ["mail"], id="three failures"),
        pytest.param(60, {"status": "failed", "attempts": 1}, ["dead-letters"], id="given up"),
        pytest.param(60, {"status": "sent"}, [], id="sent"),
    ],
)
def test_status_tells_of_mail_that_does_not_leave(app, database, minutes, state, expected):
    """The age of a mail counts from its creation, although each failed attempt moves the next attempt to later."""
    beat(database)
    mail = make_mail(now=NOW - timedelta(minutes=minutes))
    start_write(database)
    for name, value in {"next_attempt_at": NOW + timedelta(hours=1), **state}.items():
        setattr(mail, name, value)
    database.commit()

    assert failing(app) == expected


def test_a_dead_letter_is_no_alarm_in_a_demo(app, database):
    """A dead letter (a mail that has failed for good) fails /status, but not in a demo, which begins with one."""
    beat(database)
    mail = make_mail(now=NOW)
    start_write(database)
    mail.status, mail.attempts = "failed", 9
    database.commit()
    assert failing(app) == ["dead-letters"]

    app.config["DEMO"] = True

    assert ask(app)[0] == 200
    assert "ok   dead-letters: 1; the console's Mail page says why (no alarm in a demo)" in doctor(app).output


def test_doctor_counts_one_as_one(app, database):
    beat(database, NOW - timedelta(seconds=1))
    mail = make_mail(now=NOW - timedelta(minutes=1))
    start_write(database)
    mail.status, mail.attempts = "awaiting_retry", 1
    database.commit()

    told = doctor(app).output
    assert "worker: was seen 1 second ago" in told
    assert "mail: 1 waits, the oldest for 1 minute; 1 attempt in a row failed" in told


@pytest.mark.parametrize(("present", "status"), [("0000", 503), ("nonsense", 503), ("9999", 200)])
def test_only_tables_that_are_too_old_take_a_process_out(app, database, present, status):
    """A process accepts tables that a newer version has migrated, because migrations only add to tables."""
    beat(database)
    start_write(database)
    database.execute(text("UPDATE alembic_version SET version_num = :present"), {"present": present})
    database.commit()

    assert ask(app, "/readyz")[0] == ask(app)[0] == status
    assert failing(app) == ([] if status == 200 else ["migrations"])


def test_status_tells_of_a_full_disk(app, database, monkeypatch):
    beat(database)
    monkeypatch.setattr(checks, "DISK_MUST_HAVE", 2**62)

    assert failing(app) == ["disk"]


def test_status_tells_of_a_backup_that_is_old_or_was_never_made(app, database):
    """With PostgreSQL a missing backup is no fault, because another machine may make the backups."""
    beat(database)
    app.config["PRODUCTION"] = True
    assert failing(app) == (["backup"] if db.engine.name == "sqlite" else [])
    presence.note_backup(app.config["INSTANCE"], NOW - timedelta(hours=25))
    assert failing(app) == []
    presence.note_backup(app.config["INSTANCE"], NOW - timedelta(hours=27))
    assert failing(app) == ["backup"]


def test_status_tells_of_counters_that_are_wrong(app, database):
    beat(database)
    event = make_event()
    start_write(database)
    event.sectors[0].taken = event.taken = 1
    database.commit()

    assert failing(app) == ["counters"]


@pytest.mark.parametrize(("seconds", "expected"), [(-1, []), (3, ["clock"]), (-3, ["clock"])])
def test_status_tells_of_a_clock_that_is_not_the_databases(
    make_app, postgres_url, monkeypatch, seconds, expected
):
    app = make_app(postgres_url)
    with app.app_context():
        beat(db.session)
    here = time.time
    monkeypatch.setattr(checks.time, "time", lambda: here() + seconds)

    assert failing(app) == expected


def test_status_and_doctor_tell_of_a_database_that_takes_no_changes(make_app, postgres_url, sqlite_url):
    app = make_app(postgres_url)
    with app.app_context():
        beat(db.session)
        event.listen(db.engine, "checkout", lambda raw, *_: raw.set_read_only(True))
    assert failing(app) == ["writable"]

    path = sqlite_url.removeprefix("sqlite:///")
    said = doctor(make_app(f"sqlite:///file:{path}?mode=ro&uri=true"))
    assert "BAD  changes: could not be checked (OperationalError)" in said.output.splitlines()


@pytest.fixture
def limited_url(postgres_server, postgres_url):
    """Give the URL of a database whose tables belong to another role, with the rights in docs/operations.md."""
    grants = re.findall(r"^(?:GRANT|REVOKE) .+;$", (PROJECT / "docs/operations.md").read_text(), re.MULTILINE)
    url = make_url(postgres_url)
    with postgres_server.connect(url.database) as owner:
        owner.execute("CREATE ROLE forum LOGIN PASSWORD 'of the role'")
        for grant in grants:
            owner.execute(grant)
        yield url.set(username="forum", password="of the role").render_as_string(hide_password=False)
        owner.execute("DROP OWNED BY forum; DROP ROLE forum")


@pytest.mark.postgresql
def test_status_and_doctor_tell_of_a_table_without_rights(make_app, limited_url, postgres_server):
    app = make_app(limited_url)
    with app.app_context():
        beat(db.session)
        # Erasing also deletes details of the audit trail, for which the role needs a right of its own.
        write(erasing.erase, confirmed(make_event()), actor="command", now=NOW)
    assert failing(app) == []

    with postgres_server.connect(make_url(limited_url).database) as owner:
        owner.execute("REVOKE ALL ON ended_sign_ins FROM forum; REVOKE DELETE ON tags FROM forum")
        # A table without a model: a trigger writes it with each registration.
        owner.execute("REVOKE INSERT ON people_counts FROM forum")
        owner.execute("REVOKE ALL ON SEQUENCE posts_id_seq FROM forum")
        # The forum runs without this right, but its backup fails.
        owner.execute("REVOKE SELECT ON SEQUENCE tags_id_seq FROM forum")
    assert failing(app) == ["rights"]
    assert (
        "BAD  rights: the database's role may not use all that it needs; say as the owner of the tables:"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON ended_sign_ins TO forum; GRANT INSERT ON people_counts TO forum;"
        " GRANT USAGE, SELECT ON SEQUENCE posts_id_seq TO forum; GRANT DELETE ON tags TO forum;"
        " GRANT USAGE, SELECT ON SEQUENCE tags_id_seq TO forum;"
    ) in doctor(app).output.splitlines()


@pytest.mark.postgresql
def test_doctor_tells_how_rights_are_mended_and_saying_so_mends_them(make_app, limited_url, postgres_server):
    """Checks that fail without a right name the table in the database's words; with the right they succeed again."""
    app = make_app(limited_url)
    with app.app_context():
        beat(db.session)
    with postgres_server.connect(make_url(limited_url).database) as owner:
        owner.execute("REVOKE ALL ON alembic_version, key_checks, mail_relay FROM forum")
        lines = doctor(app).output.splitlines()
        assert [line for line in lines if "could not be checked" in line] == [
            "BAD  migrations: could not be checked: permission denied for table alembic_version",
            "BAD  keys: could not be checked: permission denied for table key_checks",
            "BAD  sealed: could not be checked: permission denied for table key_checks",
            "BAD  audit: could not be checked: permission denied for table key_checks",
        ]
        (told,) = (line for line in lines if line.startswith("BAD  rights: "))
        owner.execute(told.partition("owner of the tables: ")[2])

    assert failing(app) == []
    assert "ok   rights: every table may be used" in doctor(app).output.splitlines()


@pytest.mark.postgresql
def test_doctor_names_the_statements_of_the_documentation_where_nearly_all_rights_are_missing(
    make_app, limited_url, postgres_server
):
    app = make_app(limited_url)
    with postgres_server.connect(make_url(limited_url).database) as owner:
        owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM forum")
        (told,) = (line for line in doctor(app).output.splitlines() if line.startswith("BAD  rights: "))

    assert told.count("GRANT ") == 5
    assert re.search(
        r"; and so on for \d+ more: say all of “The forum need not own its tables” in docs/", told
    )


@pytest.mark.postgresql
def test_doctor_tells_of_a_schema_without_rights(make_app, limited_url, postgres_server):
    """Without a right to the schema the tables cannot be seen, so `forum doctor` must not say that they are missing."""
    app = make_app(limited_url)
    with postgres_server.connect(make_url(limited_url).database) as owner:
        owner.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
        try:
            assert "rights" in failing(app)
            lines = doctor(app).output.splitlines()
        finally:
            owner.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")

    assert [line for line in lines if line.startswith(("BAD  migrations", "BAD  rights"))] == [
        "BAD  migrations: there are no tables that the database's role can see",
        "BAD  rights: the database's role may use no schema; say as its owner: GRANT USAGE ON SCHEMA public TO forum;",
    ]
    assert not any("could not be checked" in line for line in lines)


@pytest.mark.postgresql
def test_doctor_says_why_the_database_lets_nobody_in(make_app, limited_url, postgres_server):
    app, name = make_app(limited_url), make_url(limited_url).database
    with postgres_server.connect(name) as owner:
        owner.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')
        try:
            lines = doctor(app).output.splitlines()
        finally:
            owner.execute(f'GRANT CONNECT ON DATABASE "{name}" TO PUBLIC')

    assert f'BAD  database: could not be checked: permission denied for database "{name}"' in lines
    # The password of the database role, "of the role", must be in no line that `forum doctor` prints.
    assert "of the role" not in "\n".join(lines)


@pytest.mark.postgresql
def test_command_that_lacks_a_right_leads_to_the_doctor(make_app, limited_url, postgres_server):
    app = make_app(limited_url)
    with postgres_server.connect(make_url(limited_url).database) as owner:
        owner.execute("REVOKE ALL ON outbox_messages FROM forum")

    told = app.test_cli_runner().invoke(cli, ["release-mail"]).output

    assert told.splitlines()[-1] == (
        "Error: The database cannot be used: permission denied for table outbox_messages."
        " `forum doctor` names the rights that are missing."
    )


def test_a_database_that_is_away_is_asked_once(make_app, tmp_path, monkeypatch):
    """When the database does not answer one check, no further check waits for the same time limit."""
    app = make_app(f"postgresql+psycopg://nobody@/nowhere?host={tmp_path}")
    tried, connect = [], psycopg.Connection.connect.__func__

    def note(cls, *arguments, **options):
        tried.append(1)
        return connect(cls, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "connect", classmethod(note))

    assert ask(app, "/readyz") == (503, {"ready": False, "failing": list(checks.READY), "version": None})
    assert failing(app) == [name for name in checks.STATUS if name not in checks.WITHOUT_DATABASE]
    assert len(tried) == 2


def test_a_database_without_tables_is_told_of(make_app, blank_database_url):
    app = make_app(blank_database_url)

    assert ask(app, "/readyz")[1]["failing"] == ["migrations"]
    assert failing(app) == [
        *("migrations", "keys", "worker", "mail", "dead-letters", "counters", "chain", "erasures"),
    ]
    told = app.test_cli_runner().invoke(cli, ["doctor", "--offline"]).output
    assert re.search(r"BAD  migrations: there are no tables, .*: forum db upgrade$", told, re.MULTILINE)


def test_doctor_says_what_is_wrong_and_shows_no_secret(app, database, settings):
    """`forum doctor` does not print the secret key (S44)."""
    beat(database)
    well = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])
    app.config["MAIL_DEFAULT_SENDER"] = "nobody"
    secret = app.config["INSTANCE"] / "secret_key"
    secret.write_text("x")
    secret.chmod(0o644)
    ill = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])

    assert (well.exit_code, ill.exit_code) == (0, 1)
    assert [line for line in ill.output.splitlines() if line.startswith("BAD")] == [
        "BAD  sender: FORUM_MAIL_DEFAULT_SENDER: the address is not a mail address",
        f"BAD  {secret}: may be read by others (mode 0644): chmod go-rwx {secret}",
    ]
    assert settings["SECRET_KEY"] not in well.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_doctor_names_a_file_that_is_not_the_folders_owners(app, database):
    beat(database)
    noted = app.config["INSTANCE"] / presence.LAST_BACKUP
    presence.note_backup(app.config["INSTANCE"], NOW)
    noted.chmod(0o600)
    os.chown(noted, 54321, -1)

    ill = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])

    assert [line for line in ill.output.splitlines() if line.startswith("BAD")] == [
        f"BAD  {noted}: is #54321's, the folder is root's: chown root {noted}"
    ]


@pytest.mark.parametrize("content", ["", "yesterday", None])
def test_a_note_of_the_last_backup_that_cannot_be_read_is_not_taken_for_none(app, database, content):
    noted = app.config["INSTANCE"] / presence.LAST_BACKUP
    noted.mkdir() if content is None else noted.write_text(content)

    (found,) = checks.examine(["backup"], NOW)

    assert (found.is_well, found.words) == (False, "last-backup in the instance folder cannot be read")


def test_doctor_asks_the_mail_server(app, database, smtp_server):
    from forum.commands.doctor import _mail_server

    app.config["MAIL_SERVER"] = "127.0.0.1"
    state = app.extensions["mail"]
    state.server, state.port = "127.0.0.1", smtp_server.port
    assert _mail_server(app) == checks.Finding("mail server", True, "answers, and lets us in")

    state.port = 1
    assert not _mail_server(app).is_well
    assert "BAD  mail server: " in app.test_cli_runner().invoke(cli, ["doctor"]).output


@pytest.mark.parametrize(("production", "is_well"), [(False, True), (True, False)])
def test_doctor_says_that_no_mail_server_is_set(app, database, production, is_well):
    app.config["PRODUCTION"] = production
    output = app.test_cli_runner().invoke(cli, ["doctor"]).output
    assert f"{'ok  ' if is_well else 'BAD '} mail server: none is set" in output


def test_doctor_names_each_file_that_others_may_read_and_the_command_that_mends_it(app, database, tmp_path):
    instance, keys = app.config["INSTANCE"], tmp_path / "keys in a file.json"
    open_to_all = [instance / "forum.sqlite3", instance / "limits.sqlite3-wal", keys]
    for path in open_to_all:
        path.write_text("x")
        path.chmod(0o644)
    images = tmp_path / "images elsewhere"
    images.mkdir()
    for folder in (instance, images):
        folder.chmod(0o755)
    app.config.update(SECRET_FILES=[keys], IMAGES=images)

    ill = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])
    mends = [line.rpartition("): ")[2] for line in ill.output.splitlines() if "(mode " in line]
    for command in mends:
        subprocess.run(shlex.split(command), check=True)
    well = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])

    named = [shlex.split(command)[-1] for command in mends]
    assert named == [str(path) for path in (instance, images, *open_to_all)]
    assert ("(mode " in well.output, "ok   files: " in well.output) == (False, True)


def doctor(app):
    return app.test_cli_runner().invoke(cli, ["doctor", "--offline"])


def test_doctor_says_once_that_there_are_no_tables(make_app, blank_database_url):
    told = doctor(make_app(blank_database_url)).output
    assert [line for line in told.splitlines() if "tables" in line or "could not be checked" in line] == [
        f"BAD  migrations: there are no tables, and this version needs {checks._revisions()[0]}: forum db upgrade"
    ]
