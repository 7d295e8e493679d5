"""Each migration has one successor and can be undone, and data of earlier releases survive them all (R23)."""

import base64
import json
import re
from collections import defaultdict
from itertools import pairwise

import flask_migrate
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, inspect
from sqlalchemy.engine import Connection

from forum import MIGRATIONS, clock, migrating
from forum.accounts import sign_ins
from forum.audit import actions as audit
from forum.extensions import db
from forum.health import keys
from forum.registration.models import CareAnswer, ProtectedIdentity
from forum.sealing import location_of, unseal
from tests.factories.events import NOW
from tests.guards import old_data

Tables = dict[str, set[str]]  # by table: its columns, constraints and indexes
PRIMARY_KEY = re.compile(r"pk_|None$")

# Migrations that leave the description of the tables unchanged. Some change only tables that earlier releases made,
# because newer tables are made in the new form. Others change the rule of a constraint: the description has only the
# constraint's name.
ALIKE = {"0050", "0069", "0085", "0100", "0102", "0104", "0107", "0114", "0115"}
# By kind of database: migrations that change nothing on it.
OTHERS_ALONE = {"sqlite": {"0076"}, "postgresql": {"0074"}}
PARTS = """
SELECT relname, attname || ' ' || format_type(atttypid, atttypmod) || ' ' || NOT attnotnull
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT relname, conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'
"""
RELEASES = sorted(path.stem for path in old_data.FILES.glob("*.json"))


@pytest.fixture
def blank(blank_database_url, static_folder, tmp_path):
    """Give an app on an empty database; the test runs once for each kind of database."""
    app = old_data.make_app(blank_database_url, tmp_path, STATIC=static_folder)
    clock.freeze(NOW)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    clock.freeze(None)


@pytest.fixture
def described(monkeypatch):
    """Record what the tables are after each migration that runs during the test."""
    return Described(monkeypatch)


def steps() -> list:
    """Return the migrations, the oldest first."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    return list(ScriptDirectory.from_config(config).walk_revisions())[::-1]


class Described:
    """The tables after each migration that ran: the revision, with columns, constraints and indexes by table."""

    def __init__(self, monkeypatch) -> None:
        self._seen: list[tuple[str, Tables]] = []
        self._known: dict[tuple[str, ...], set[str]] = {}
        described = self

        class Describing(migrating.StepCheck):
            def __call__(self, **step) -> None:
                super().__call__(**step)
                revision = next(iter(step["heads"]), "base")
                described._seen.append((revision, described._tables(self._connection)))

        monkeypatch.setattr(migrating, "StepCheck", Describing)

    def take(self) -> list[tuple[str, Tables]]:
        """Return the tables after each migration since the last call, in the order in which the migrations ran."""
        seen, self._seen = self._seen, []
        return seen

    def _tables(self, connection: Connection) -> Tables:
        is_sqlite = connection.dialect.name == "sqlite"
        tables = self._sqlite_tables(connection) if is_sqlite else postgresql_tables(connection)
        tables.pop(old_data.VERSION_TABLE, None)
        return tables

    def _sqlite_tables(self, connection: Connection) -> Tables:
        # Reading a table back takes longer than migrating it. SQLite keeps a table and its indexes as the statements
        # that made them, so a table is read again only when one of its statements differs.
        statements = defaultdict(list)
        for table, sql in connection.exec_driver_sql("SELECT tbl_name, sql FROM sqlite_schema ORDER BY name"):
            statements[table].append(str(sql))
        tables = {}
        for name in inspect(connection).get_table_names():
            key = name, *statements[name]
            if key not in self._known:
                table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
                self._known[key] = {
                    *(f"{column.name} {column.type} {column.nullable}" for column in table.columns),
                    *(str(rule.name) for rule in (*table.constraints, *table.indexes)),
                }
            tables[name] = self._known[key]
        return tables


def postgresql_tables(connection: Connection) -> Tables:
    """Return the columns, constraints and indexes of each table, in one statement instead of SQLAlchemy's many."""
    tables: Tables = defaultdict(set)
    for table, part in connection.exec_driver_sql(PARTS):
        tables[table].add(part)
    return tables


def unsealed(rows: dict[str, list[dict]], *, is_bound: bool) -> dict[str, list[dict]]:
    """Return the rows with encrypted values decrypted; before migration 0008 values were not bound to a row."""
    opened = {name: [dict(row) for row in listed] for name, listed in rows.items()}
    for column in keys.sealed_columns():
        # The stored data have no rows of a table that their release did not have yet.
        for row in opened.get(column.table.name, []):
            if row.get(column.name):
                location = location_of(column, row) if is_bound else keys.UNBOUND
                closed = base64.b64decode(row[column.name]["bytes"])
                row[column.name] = unseal(closed, column.type.purpose, location).decode("latin-1")
    return opened


def lost(before: dict, after: dict) -> list[str]:
    """Return the values that a migration has lost from columns that still exist, by table."""
    found = []
    for name, rows in before.items():
        columns = set(after[name][0]) & set(rows[0]) if rows and after.get(name) else set()
        kept = [{column: row.get(column) for column in columns} for row in after.get(name, [])]
        found += [name for row in rows if {key: row.get(key) for key in columns} not in kept or not columns]
    return sorted(set(found))


def test_migrations_are_one_line_in_the_order_of_their_numbers():
    found = steps()
    assert found[0].down_revision is None
    assert [after.down_revision for after in found[1:]] == [before.revision for before in found[:-1]]
    assert all(int(after.revision) == int(before.revision) + 1 for before, after in pairwise(found))
    assert all(step.path.rpartition("/")[2].startswith(f"{step.revision}_") and step.doc for step in found)


def test_every_step_goes_back_and_forth(blank, described):
    """All migrations run up, down and up again; after each one the tables are those of its first run."""
    flask_migrate.upgrade()
    first = [("base", {}), *described.take()]
    flask_migrate.downgrade(revision="base")
    assert differing(first, [first[-1], *described.take()][::-1]) == []
    flask_migrate.upgrade()
    assert differing(first, [first[0], *described.take()]) == []
    assert [revision for revision, _tables in first[1:]] == [step.revision for step in steps()]
    unchanged = {revision for (_, before), (revision, after) in pairwise(first) if after == before}
    assert unchanged == ALIKE | OTHERS_ALONE[db.engine.dialect.name]


def test_step_that_does_not_go_back_is_found():
    """Control: a downgrade that leaves a column behind is found, and so is a migration that changes nothing."""
    first = [("base", {}), ("0001", {"a": {"id INTEGER False"}})]
    assert differing(first, first) == []
    assert differing(first, [("base", {"a": {"id INTEGER False"}}), first[1]]) == ["base"]
    assert differing(first, [first[1], first[1]]) == ["base"]


def differing(first: list[tuple[str, Tables]], again: list[tuple[str, Tables]]) -> list[str]:
    """Return the revisions at which the tables differ from those after the first run."""
    return [one[0] for one, other in zip(first, again, strict=True) if one != other]


def test_sqlite_gives_no_id_twice_in_any_table(blank):
    """If a new row got the id of a deleted one, a console page opened before would change the new row."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a sequence of PostgreSQL never goes back")
    flask_migrate.upgrade()
    assert reusing() == set()


def test_databases_of_earlier_releases_give_no_id_twice_either(blank, monkeypatch):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("a sequence of PostgreSQL never goes back")
    with monkeypatch.context() as earlier:
        earlier.delattr(migrating.ForumSQLite, "create_table")
        flask_migrate.upgrade(revision="0049")
    assert {"organisations", "invitations", "posts"} <= reusing()
    flask_migrate.upgrade()
    assert reusing() == set()


def test_databases_of_earlier_releases_go_back_step_by_step_too(blank, described, monkeypatch):
    """Migration 0050 copies their tables on SQLite: checks that came with a column then stand beside the columns."""
    with monkeypatch.context() as earlier:
        if db.engine.dialect.name == "sqlite":
            earlier.delattr(migrating.ForumSQLite, "create_table")
        flask_migrate.upgrade(revision="0049")
    flask_migrate.upgrade()
    first = [("base", {}), *described.take()]
    flask_migrate.downgrade(revision="base")
    assert differing(keyless(first), keyless([first[-1], *described.take()][::-1])) == []


def keyless(run: list[tuple[str, Tables]]) -> list[tuple[str, Tables]]:
    """Return the run without the names of primary keys: a table that gives no id twice has its key without a name."""
    return [
        (
            revision,
            {name: {part for part in parts if not PRIMARY_KEY.match(part)} for name, parts in tables.items()},
        )
        for revision, tables in run
    ]


def reusing() -> set[str]:
    """Return the tables in which SQLite may reuse the id of a deleted row."""
    metadata = MetaData()
    with db.engine.connect() as connection:
        metadata.reflect(connection)
        made = dict(
            connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all()
        )
    numbered = {
        name
        for name, table in metadata.tables.items()
        if old_data.holds_data(name) and migrating.numbers_its_rows(table)
    }
    assert len(numbered) > 25
    return {name for name in numbered if "AUTOINCREMENT" not in made[name]}


def test_there_is_old_data_of_the_first_release():
    assert RELEASES[0] == steps()[0].revision


@pytest.mark.parametrize("release", RELEASES)
def test_old_data_outlives_every_migration_since(blank, release):
    """Rows are unchanged, the audit chain is valid, and people can still sign in and use their links."""
    kept = json.loads((old_data.FILES / f"{release}.json").read_text())
    flask_migrate.upgrade(revision=release)
    with db.engine.begin() as connection:
        old_data.insert_rows(connection, kept["rows"])
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        after = old_data.read_rows(connection)
    before = unsealed(kept["rows"], is_bound=release >= "0008")
    assert lost(before, unsealed(after, is_bound=True)) == []
    assert sum(map(len, kept["rows"].values())) > 150
    assert audit.verify() is None
    assert opened(blank, kept["tokens"]) == {"public": 200, "own": 200, "console": 200}


def test_sealing_answers_for_everybody_keeps_what_was_told_both_ways(blank):
    """A protected person stays protected; after the downgrade nobody else has a row in protected_identities."""
    kept = json.loads((old_data.FILES / "0001.json").read_text())["rows"]
    told = {row["registration_id"] for row in kept["protected_identities"]}
    flask_migrate.upgrade(revision="0001")
    with db.engine.begin() as connection:
        old_data.insert_rows(connection, kept)
    flask_migrate.upgrade()
    people = db.session.scalars(db.select(ProtectedIdentity)).all()
    sealed = {row.registration_id: row.answer for row in people}
    assert {number for number, answer in sealed.items() if answer["is_protected"]} == told
    assert len(sealed) == len(kept["registrations"]) == db.session.query(CareAnswer).count()
    assert all(sealed[number]["real_name"].startswith("zq") for number in told)
    db.session.rollback()
    flask_migrate.downgrade(revision="0001")
    with db.engine.connect() as connection:
        back = old_data.read_rows(connection)
    assert {row["registration_id"] for row in back["protected_identities"]} == told
    moments = [[row["recorded_at"] for row in rows["care_answers"]] for rows in (kept, back)]
    assert moments[0] == moments[1]


def test_events_of_an_earlier_release_name_the_numbers_and_the_hotline_that_every_page_named(blank):
    kept = json.loads((old_data.FILES / "0008.json").read_text())["rows"]
    kept["events"][0]["hotline_url"] = None
    flask_migrate.upgrade(revision="0008")
    with db.engine.begin() as connection:
        old_data.insert_rows(connection, kept)
    flask_migrate.upgrade(revision="0009")
    said = {"country": "SE", "emergency": "112", "police": "114 14"}
    urls = {row["id"]: row["hotline_url"] for row in kept["events"]}
    with db.engine.connect() as connection:
        lines = {row["id"]: row["help_lines"] for row in old_data.read_rows(connection)["events"]}
    assert None in urls.values()
    assert lines == {
        number: [{**said, "report": {"name": {}, "url": url}} if url else said]
        for number, url in urls.items()
    }


def test_stored_words_of_mail_servers_and_addresses_are_forgotten(blank):
    """Migration 0115 keeps the status code of a report, and of a mail server's answer all but addresses."""
    kept = json.loads((old_data.FILES / "0008.json").read_text())["rows"]
    first = kept["outbox_messages"][0]
    told = [
        ("failed", "550 5.1.1 <zoe@home.example>: Zoe Ek has left", True, "Bounced 5.1.1"),
        ("sent", "later", True, "Delayed"),
        ("sent", "Complaint", True, "Complaint"),
        ("failed", "550 <p@example.org>: no", False, "550 …: no"),
        ("queued", None, False, None),
    ]
    kept["outbox_messages"] = [
        {**first, "id": number, "message_id": f"<{number}@x>", "status": status, "last_error": error}
        | {"sent_at": first["created_at"] if is_sent else None}
        for number, (status, error, is_sent, _after) in enumerate(told, 1)
    ]
    flask_migrate.upgrade(revision="0008")
    with db.engine.begin() as connection:
        old_data.insert_rows(connection, kept)
        connection.execute(db.text("UPDATE mail_relay SET last_error = '421 <p@example.org>'"))
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        after = old_data.read_rows(connection)
    assert [row["last_error"] for row in sorted(after["outbox_messages"], key=lambda row: row["id"])] == [
        error for *_before, error in told
    ]
    assert [row["last_error"] for row in after["mail_relay"]] == ["421 …"]


@pytest.mark.slow
def test_values_sealed_for_their_row_are_sealed_for_none_on_the_way_back(blank):
    """A downgrade unbinds encrypted values from their rows. A value that no key decrypts stays and is reported."""
    kept = json.loads((old_data.FILES / "0001.json").read_text())["rows"]
    flask_migrate.upgrade(revision="0001")
    with db.engine.begin() as connection:
        old_data.insert_rows(connection, kept)
        connection.execute(
            db.text("UPDATE users SET totp_proposed = :junk WHERE id = 1"), {"junk": b"x" * 40}
        )
    flask_migrate.upgrade()
    found = keys.find_misplaced()
    assert (found.rows, found.unbound, found.total > 20) == (["users.totp_proposed 1"], 0, True)
    db.session.rollback()
    flask_migrate.downgrade(revision="0007")
    with db.engine.connect() as connection:
        back = old_data.read_rows(connection)
    junk = {"bytes": base64.b64encode(b"x" * 40).decode()}
    assert [row["id"] for row in back["users"] if row.pop("totp_proposed") == junk] == [1]
    told = [{**row, "totp_proposed": None} for row in kept["users"]]
    before = {"users": told, "outbox_messages": kept["outbox_messages"], "submissions": kept["submissions"]}
    assert lost(unsealed({**kept, **before}, is_bound=False), unsealed(back, is_bound=False)) == []
    flask_migrate.upgrade()
    assert keys.find_misplaced() == found


def test_values_are_not_sealed_for_their_row_with_wrong_keys(blank, caplog):
    kept = json.loads((old_data.FILES / "0001.json").read_text())["rows"]
    flask_migrate.upgrade(revision="0001")
    with db.engine.begin() as connection:
        old_data.insert_rows(connection, kept)
    flask_migrate.upgrade(revision="0007")
    with db.engine.connect() as connection:
        before = old_data.read_rows(connection)
    blank.config["DATA_KEYS"]["outbox"][0] = bytes(range(32))
    with pytest.raises(SystemExit):
        flask_migrate.upgrade()
    assert "The data keys for outbox do not open what they sealed. Nothing has been changed" in caplog.text
    with db.engine.connect() as connection:
        assert old_data.read_rows(connection) == before


def test_lost_rows_columns_and_tables_are_found():
    """Control: a changed word, a lost row and a lost table are noticed; added and removed columns are not."""
    before = {"a": [{"id": 1, "x": "å"}, {"id": 2, "x": "b"}], "b": [{"id": 1, "old": 1}]}
    assert lost(before, {"a": before["a"], "b": [{"id": 1, "new": 2}]}) == []
    assert lost(before, {**before, "a": [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}]}) == ["a"]
    assert lost(before, {**before, "a": before["a"][:1]}) == ["a"]
    assert lost(before, {"a": before["a"]}) == ["b"]


def opened(app, tokens: dict[str, str]) -> dict[str, int]:
    """Return the statuses of a public page, a person's own page and an organiser's list."""
    visitor, person, organiser = (app.test_client() for _ in range(3))
    person.get(f"/en/r/{tokens['person']}")
    with organiser.session_transaction() as session:
        session[sign_ins.TOKEN] = tokens["admin"]
    return {
        "public": visitor.get("/en/").status_code,
        "own": person.get("/en/r/").status_code,
        "console": organiser.get("/console/nf27/attendees").status_code,
    }
