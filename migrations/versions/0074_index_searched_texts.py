"""Index the texts in which organisers search for people, on SQLite.

Why: a search read the texts of every registration. An FTS5 table has their sequences of three letters, so that a word
that few people have is found without reading the others. Adding a registration to it in the transaction that writes it
would make registering slower, so a trigger only notes the registration in `people_index_due`, and the worker adds many
at once. What is changed or deleted leaves the index at once: `secure-delete` leaves nothing of it in the file.

`people_indexed` has the texts that the index was made from. An SQLite older than 3.42 lacks `secure-delete` and gets no
index, like PostgreSQL: a search reads every registration there.
"""

import sqlite3

from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

SECURE_DELETE = (3, 42, 0)
UPGRADE = (
    "CREATE TABLE people_index_due (id INTEGER NOT NULL CONSTRAINT pk_people_index_due PRIMARY KEY)",
    """
    CREATE VIEW people_indexed AS SELECT id, search_text, search_extra FROM registrations
    WHERE id NOT IN (SELECT id FROM people_index_due)
    """,
    """
    CREATE VIRTUAL TABLE people_index USING fts5(
        search_text, search_extra, content='people_indexed', content_rowid='id',
        tokenize='trigram', detail='none', columnsize=0
    )
    """,
    "INSERT INTO people_index(people_index, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO people_index(people_index) VALUES ('rebuild')",
    """
    CREATE TRIGGER registrations_added AFTER INSERT ON registrations BEGIN
    INSERT INTO people_index_due (id) VALUES (new.id); END
    """,
    """
    CREATE TRIGGER registrations_changed AFTER UPDATE OF id, search_text, search_extra ON registrations
    WHEN (old.id, old.search_text, old.search_extra) IS NOT (new.id, new.search_text, new.search_extra) BEGIN
    INSERT INTO people_index(people_index, rowid, search_text, search_extra)
    SELECT 'delete', old.id, old.search_text, old.search_extra
    WHERE NOT EXISTS (SELECT 1 FROM people_index_due WHERE id = old.id);
    DELETE FROM people_index_due WHERE id = old.id;
    INSERT INTO people_index_due (id) VALUES (new.id); END
    """,
    """
    CREATE TRIGGER registrations_removed AFTER DELETE ON registrations BEGIN
    INSERT INTO people_index(people_index, rowid, search_text, search_extra)
    SELECT 'delete', old.id, old.search_text, old.search_extra
    WHERE NOT EXISTS (SELECT 1 FROM people_index_due WHERE id = old.id);
    DELETE FROM people_index_due WHERE id = old.id; END
    """,
)
DOWNGRADE = (
    "DROP TRIGGER IF EXISTS registrations_added",
    "DROP TRIGGER IF EXISTS registrations_changed",
    "DROP TRIGGER IF EXISTS registrations_removed",
    "DROP TABLE IF EXISTS people_index",
    "DROP VIEW IF EXISTS people_indexed",
    "DROP TABLE IF EXISTS people_index_due",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite" and sqlite3.sqlite_version_info >= SECURE_DELETE:
        _run(UPGRADE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _run(DOWNGRADE)


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
