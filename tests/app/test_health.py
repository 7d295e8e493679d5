"""Health for monitors: broken parts are named, secrets are not (R29)."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from forum.cli import cli
from forum.database import start_write
from forum.outbox import heartbeats
from forum.web import health
from tests.factories.events import NOW
from tests.factories.mails import make_mail


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture(autouse=True)
def _now(frozen):
    assert frozen == NOW


def beat(session, moment=NOW) -> None:
    start_write(session)
    heartbeats.beat("worker", now=moment)
    session.commit()


def ask(app) -> tuple[int, dict]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, json.loads(answer.data)


def test_healthz_answers_without_the_database(make_app):
    answer = make_app("sqlite:////no/such/folder/forum.sqlite3").test_client().get("/healthz")

    assert (answer.status_code, answer.text, answer.headers["Cache-Control"]) == (200, "ok\n", "no-cache")


def test_readyz_is_green_when_all_is_well(app, database):
    beat(database)

    assert ask(app) == (200, {"ready": True, "failing": []})


def test_readyz_misses_a_worker_that_was_never_there(app, database):
    assert ask(app) == (503, {"ready": False, "failing": ["worker"]})


@pytest.mark.parametrize(("silent", "failing"), [(60, []), (61, ["worker"])])
def test_readyz_misses_a_silent_worker(app, database, silent, failing):
    beat(database, NOW - timedelta(seconds=silent))

    assert ask(app)[1]["failing"] == failing


@pytest.mark.parametrize(("minutes", "failing"), [(15, []), (16, ["mail"])])
def test_readyz_tells_of_mail_that_does_not_leave(app, database, minutes, failing):
    beat(database)
    make_mail(now=NOW - timedelta(minutes=minutes))

    assert ask(app)[1]["failing"] == failing


def test_readyz_tells_of_a_migration_that_is_missing(app, database):
    beat(database)
    start_write(database)
    database.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    database.commit()

    assert ask(app) == (503, {"ready": False, "failing": ["migrations"]})


def test_readyz_tells_of_a_full_disk(app, database, monkeypatch):
    beat(database)
    monkeypatch.setattr("forum.web.health.DISK_MUST_HAVE", 2**62)

    assert ask(app)[1]["failing"] == ["disk"]


def test_readyz_tells_of_a_database_that_takes_no_changes(make_app, sqlite_url):
    path = sqlite_url.removeprefix("sqlite:///")
    app = make_app(f"sqlite:///file:{path}?mode=ro&uri=true")

    status, answer = ask(app)

    assert (status, "database" in answer["failing"]) == (503, True)


def test_readyz_survives_a_database_without_tables(make_app, blank_database_url):
    assert ask(make_app(blank_database_url)) == (
        503,
        {"ready": False, "failing": ["database", "migrations", "mail", "worker"]},
    )


def test_looking_changes_nothing(app, database):
    """A monitor asks every few seconds; the write lock is taken and given back, no row is touched."""
    beat(database)
    before = _changes(database)

    assert ask(app)[0] == 200

    assert _changes(database) == before


def test_doctor_says_what_is_wrong_and_shows_no_secret(app, database, settings):
    beat(database)
    well = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])
    app.config["MAIL_DEFAULT_SENDER"] = "nobody"
    (app.config["INSTANCE"] / "secret_key").write_text("x")
    (app.config["INSTANCE"] / "secret_key").chmod(0o644)
    ill = app.test_cli_runner().invoke(cli, ["doctor", "--offline"])

    assert (well.exit_code, ill.exit_code) == (0, 1)
    assert [line for line in ill.output.splitlines() if line.startswith("BAD")] == [
        "BAD  sender: FORUM_MAIL_DEFAULT_SENDER: the address is not a mail address",
        "BAD  secret_key: mode 0644; should be 0600",
    ]
    assert settings["SECRET_KEY"] not in well.output


def test_doctor_asks_the_mail_server(app, database, smtp_server):
    from forum.commands.doctor import _mail_server

    app.config["MAIL_SERVER"] = "127.0.0.1"
    state = app.extensions["mail"]
    state.server, state.port = "127.0.0.1", smtp_server.port
    assert _mail_server(app) == health.Finding("mail server", True, "answers, and lets us in")

    state.port = 1
    assert not _mail_server(app).is_well
    assert "BAD  mail server: " in app.test_cli_runner().invoke(cli, ["doctor"]).output


@pytest.mark.parametrize(("production", "is_well"), [(False, True), (True, False)])
def test_doctor_says_that_no_mail_server_is_set(app, database, production, is_well):
    app.config["PRODUCTION"] = production
    output = app.test_cli_runner().invoke(cli, ["doctor"]).output
    assert f"{'ok  ' if is_well else 'BAD '} mail server: none is set" in output


def _changes(session) -> int:
    if session.get_bind().dialect.name == "postgresql":
        return session.scalar(text("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"))
    return session.scalar(text("SELECT total_changes()"))
