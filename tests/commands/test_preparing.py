"""Preparing to serve: when several processes start at once, one of them does the work."""

import subprocess
import threading

import click
import pytest
from sqlalchemy import create_engine, text

from forum import postgres
from forum.commands.preparing import START_LOCK, compile_translations, one_at_a_time, refuse_missing_tables
from tools.forking import Forked

PREPARE = "from forum import create_app; from forum.commands.preparing import prepare; prepare(create_app())"
PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Hello,"\nmsgstr "Hej,"\n'


@pytest.mark.slow
def test_starts_at_once_take_turns(blank_database_url, settings, tmp_path):
    """When several processes in one folder, or machines with one PostgreSQL, start at once, one prepares at a time."""
    in_one_folder = blank_database_url.startswith("sqlite")
    processes = [
        Forked(
            PREPARE, stderr=subprocess.PIPE,
            env={
                "PATH": "", "FORUM_DATABASE_URL": blank_database_url, "FORUM_DATA_KEYS": settings["DATA_KEYS"],
                "FORUM_SECRET_KEY": settings["SECRET_KEY"], "FORUM_STATIC": str(settings["STATIC"]),
                "FORUM_INSTANCE": str(tmp_path / ("instance" if in_one_folder else str(number))),
            },
        )
        for number in range(3)
    ]  # fmt: skip
    errors = [process.stderr.read() for process in processes]

    assert [process.wait(120) for process in processes] == [0, 0, 0], errors
    engine = create_engine(blank_database_url)
    with engine.connect() as connection:
        counted = "SELECT count(*), count(DISTINCT slug) FROM events"
        assert tuple(connection.execute(text(counted)).one()) == (2, 2)
    engine.dispose()


@pytest.mark.postgresql
def test_start_waits_for_another_one_however_long_that_takes(make_app, postgres_url, monkeypatch):
    """A start waits for another one's migrations, however large the tables, without the pages' time limit (R16)."""
    monkeypatch.setitem(postgres.WAITS, "options", "-c lock_timeout=50 -c statement_timeout=50")
    monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.05)
    app, engine, begun = make_app(postgres_url), create_engine(postgres_url), []

    def start() -> None:
        with app.app_context(), one_at_a_time(app):
            begun.append(True)

    with engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": START_LOCK})
        other.commit()
        waiting = threading.Thread(target=start)
        waiting.start()
        waiting.join(timeout=0.5)  # wait ten times as long as the pages' lock timeout
        assert (begun, waiting.is_alive()) == ([], True)
        other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": START_LOCK})
        waiting.join(timeout=30)
    engine.dispose()
    assert begun == [True]


def test_only_what_has_changed_is_compiled(tmp_path):
    catalogue = tmp_path / "translations" / "sv" / "LC_MESSAGES" / "messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(PO)

    assert [compile_translations(tmp_path) for _ in range(2)] == [1, 0]
    assert sorted(path.name for path in catalogue.parent.iterdir()) == ["messages.mo", "messages.po"]
    catalogue.write_text(PO.replace("Hej", "God dag"))
    assert compile_translations(tmp_path) == 1


def test_database_without_tables_is_not_served(make_app, blank_database_url, database_url, tmp_path):
    with pytest.raises(
        click.ClickException, match=r"The database has no tables\. `forum db upgrade` makes them\."
    ):
        refuse_missing_tables(make_app(blank_database_url))
    refuse_missing_tables(make_app(database_url))
    refuse_missing_tables(make_app(f"postgresql+psycopg://nobody@/nowhere?host={tmp_path}"))
