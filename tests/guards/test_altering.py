"""A migration that alters any table loses no row, trigger, check or index, and waits for locks only briefly (R23)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import Engine, Inspector, inspect, text

from forum import migrating
from forum.extensions import db
from forum.turns import Line
from tests.factories.events import make_event
from tests.guards import old_data
from tests.guards.conftest import BOTH
from tests.tried_migrations import add_migration, copy_migrations

KINDS = ("pk_constraint", "foreign_keys", "unique_constraints", "check_constraints", "indexes")
# SQL that reads the whole text of each trigger, to compare the triggers before a migration and after it.
TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
}
ADD = """
    with op.batch_alter_table("{table}") as batch_op:
        batch_op.add_column(sa.Column("tried", sa.Integer()))
    with op.batch_alter_table("{table}") as batch_op:
        batch_op.alter_column("tried", type_=sa.BigInteger(), existing_type=sa.Integer())
"""
DROP = """
    with op.batch_alter_table("{table}") as batch_op:
        batch_op.drop_column("tried")
"""
COPY_BY_HAND = """
    op.execute("CREATE TABLE copied (id INTEGER PRIMARY KEY)")
    op.execute("DROP TABLE audit_entries CASCADE")
    op.execute("ALTER TABLE copied RENAME TO audit_entries")
"""
DROP_TRIGGER = {
    "sqlite": '    op.execute("DROP TRIGGER {name}")\n',
    "postgresql": '    op.execute("DROP TRIGGER IF EXISTS {name} ON audit_entries")\n',
}
# Ways to get a trigger of the same name that refuses nothing or less, without dropping it by name.
UNTOLD = {"sqlite": COPY_BY_HAND.replace("CASCADE", ""), "postgresql": ""}
WEAKER = {
    "sqlite": """
    op.execute("CREATE TRIGGER {name} BEFORE DELETE ON audit_entries WHEN 1 = 0 BEGIN SELECT 1; END")
""",
    "postgresql": """
    op.execute("CREATE OR REPLACE TRIGGER {name} BEFORE DELETE ON audit_entries"
               " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()")
""",
}
# A table whose trigger names a column.
WATCHED = {
    "sqlite": """
    op.execute("CREATE TABLE tried (id INTEGER PRIMARY KEY, first INTEGER)")
    op.execute("CREATE TRIGGER tried_told AFTER UPDATE OF first ON tried BEGIN SELECT NEW.first; END")
""",
    "postgresql": """
    op.execute("CREATE TABLE tried (id INTEGER PRIMARY KEY, first INTEGER)")
    op.execute("CREATE TRIGGER tried_told AFTER UPDATE OF first ON tried"
               " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()")
""",
}
# A trigger that names another table. While that table is dropped, SQLite refuses to rename any table.
FOREIGN_TRIGGER = """
CREATE TRIGGER events_told AFTER INSERT ON events BEGIN
UPDATE registrations SET reference = reference WHERE 1 = 0; END
"""


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


@pytest.fixture
def folder(tmp_path) -> Path:
    """Give a copy of the migrations, to which a test adds one."""
    return copy_migrations(tmp_path)


@pytest.fixture
def engine(fresh_world) -> Engine:
    """Give the engine of a filled database, in an app context."""
    with fresh_world.app.app_context():
        db.session.remove()
        yield db.engine


def tables(engine: Engine) -> list[str]:
    return [name for name in inspect(engine).get_table_names() if old_data.holds_data(name)]


def stored(engine: Engine) -> dict[str, list]:
    """Return every row of every table, without the column that the test adds and alters."""
    with engine.connect() as connection:
        rows = old_data.read_rows(connection)
    return {name: [{k: v for k, v in row.items() if k != "tried"} for row in rows[name]] for name in rows}


def rules(engine: Engine) -> dict[str, list[str]]:
    """Return the database's triggers, check constraints, keys and indexes."""
    seen = inspect(engine)
    found = {f"{kind} {table}": read(seen, kind, table) for table in tables(engine) for kind in KINDS}
    with engine.connect() as connection:
        return {**found, "triggers": list(connection.exec_driver_sql(TRIGGERS[connection.dialect.name]))}


def read(seen: Inspector, kind: str, table: str) -> list[str]:
    """Return the constraints of one kind as text, because the conditions of partial indexes are not comparable."""
    rules = getattr(seen, f"get_{kind}")(table)
    for rule in rules if isinstance(rules, list) else [rules]:
        options = rule.get("dialect_options", {})
        options.update({name: str(value) for name, value in options.items()})
    return sorted(map(str, rules)) if isinstance(rules, list) else [str(rules)]


@pytest.mark.slow
def test_altering_every_table_keeps_its_rows_and_rules(engine, folder):
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            connection.exec_driver_sql(FOREIGN_TRIGGER)
    names = tables(engine)
    add_migration(
        folder,
        "".join(ADD.format(table=name) for name in names),
        "".join(DROP.format(table=name) for name in names),
    )
    rows, kept = stored(engine), rules(engine)

    flask_migrate.upgrade(directory=str(folder))

    assert (stored(engine), rules(engine)) == (rows, kept)
    assert ([name for name in names if not rows[name]], len(kept["triggers"]) > 0) == ([], True)
    flask_migrate.downgrade(directory=str(folder))
    assert (stored(engine), rules(engine)) == (rows, kept)


def test_migration_that_leaves_orphans_is_refused(make_app, sqlite_url, folder, caplog):
    with opened(make_app, sqlite_url) as engine:
        event_id = make_event().id
        db.session.remove()
        add_migration(folder, '    op.execute("DELETE FROM events")')

        refuse(folder)

        assert (
            "rows refer to nothing after the migration (search_entries to events, sectors to events)"
            in caplog.text
        )
        with engine.connect() as connection:
            assert connection.execute(text("SELECT id FROM events")).scalars().all() == [event_id]


def test_migration_that_loses_a_trigger_is_refused_unless_it_drops_it_by_name(
    make_app, database_url, folder, caplog
):
    with opened(make_app, database_url) as engine:
        kept = rules(engine)["triggers"]
        own = [name for name, _ in kept if name.startswith("audit_entries")]
        losing = add_migration(
            folder, COPY_BY_HAND.replace("CASCADE", "CASCADE" if engine.name == "postgresql" else "")
        )
        refuse(folder)
        assert f"The migration lost triggers: {', '.join(own)}." in caplog.text
        assert rules(engine)["triggers"] == kept

        losing.unlink()
        add_migration(folder, "".join(DROP_TRIGGER[engine.name].format(name=name) for name in own))
        flask_migrate.upgrade(directory=str(folder))
        assert rules(engine)["triggers"] == [trigger for trigger in kept if trigger[0] not in own]


def test_migration_that_weakens_a_trigger_is_refused_unless_it_drops_it_by_name(
    make_app, database_url, folder, caplog
):
    """A migration must drop a trigger by name before it makes a weaker one of the same name, or it is refused."""
    with opened(make_app, database_url) as engine:
        kept = rules(engine)["triggers"]
        own = [name for name, _ in kept if name.startswith("audit_entries")]
        weaker = "".join(WEAKER[engine.name].format(name=name) for name in own)
        weakening = add_migration(folder, UNTOLD[engine.name] + weaker)
        refuse(folder)
        assert f"The migration changed triggers: {', '.join(own)}." in caplog.text
        assert rules(engine)["triggers"] == kept

        weakening.unlink()
        dropping = "".join(DROP_TRIGGER[engine.name].format(name=name) for name in own)
        add_migration(folder, dropping + weaker)
        flask_migrate.upgrade(directory=str(folder))
        assert [name for name, _ in rules(engine)["triggers"]] == [name for name, _ in kept]


def test_a_renamed_column_may_change_the_text_of_a_trigger(make_app, database_url, folder):
    with opened(make_app, database_url) as engine:
        add_migration(folder, WATCHED[engine.name])
        add_migration(folder, '    op.execute("ALTER TABLE tried RENAME COLUMN first TO renamed")')
        flask_migrate.upgrade(directory=str(folder))
        assert "renamed" in dict(rules(engine)["triggers"])["tried_told"]


@pytest.mark.postgresql
def test_migration_waits_for_a_table_in_use_only_so_long(
    make_app, postgres_url, postgres_server, folder, caplog, monkeypatch
):
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT", "50ms")
    add_migration(folder, ADD.format(table="events"))
    with opened(make_app, postgres_url) as engine, postgres_server.connect(engine.url.database) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT FROM events")
        refuse(folder)
        assert "A table was in use for longer than 50ms, or by somebody who waited" in caplog.text
        reader.execute("COMMIT")
        monkeypatch.undo()
        flask_migrate.upgrade(directory=str(folder))
        # After the upgrade, a connection from the pool has its usual settings again.
        with engine.connect() as connection:
            shown = [connection.execute(text(f"SHOW {name}")).scalar() for name in TIMEOUTS]
    assert shown == ["20s", "1min"]


TIMEOUTS = ("lock_timeout", "statement_timeout")


def test_steps_of_one_upgrade_do_not_wait_for_each_other(make_app, sqlite_url, folder, monkeypatch):
    """An upgrade enters the queue of writers once, for all its migrations: a second entry would wait for the first."""
    add_migration(folder, ADD.format(table="events"))
    add_migration(folder, ADD.format(table="posts"))
    turns, enter = [], Line.enter
    monkeypatch.setattr(
        Line, "enter", lambda *given, **named: turns.append(enter(*given, **named)) or turns[-1]
    )
    with opened(make_app, sqlite_url) as engine:
        flask_migrate.upgrade(directory=str(folder))
        with engine.connect() as connection:
            connection.execution_options(sqlite_begin="IMMEDIATE")
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert turns == [True, True]


@contextmanager
def opened(make_app, url: str) -> Iterator[Engine]:
    with make_app(url).app_context():
        yield db.engine


def refuse(folder: Path) -> None:
    """Run an upgrade and check that it ends the process with exit status 1."""
    with pytest.raises(SystemExit) as ended:
        flask_migrate.upgrade(directory=str(folder))
    assert ended.value.code == 1
