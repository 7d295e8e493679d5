"""Count the registrations of each sector and state while they are written.

Why: every page of the console that says how many people there are read the index of all registrations, which took half
of the time of a list of 100,000 people. Triggers add a row to `people_counts` for each registration that comes, goes or
changes its state, also for what an earlier version writes beside this one. Numbers of the same sector and state add up;
the worker replaces many rows by their sums. With one row whose number is raised, each registration would wait until the
one before it is committed.
"""

from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None

TABLE = """
    CREATE TABLE people_counts (
        event_id INTEGER NOT NULL, sector_id INTEGER NOT NULL, status VARCHAR(20) NOT NULL, number INTEGER NOT NULL
    )
"""
COUNT = """
    INSERT INTO people_counts (event_id, sector_id, status, number)
    SELECT event_id, sector_id, status, count(*) FROM registrations GROUP BY event_id, sector_id, status
"""
ADD = "INSERT INTO people_counts (event_id, sector_id, status, number) VALUES"
COME, GONE = "(new.event_id, new.sector_id, new.status, 1)", "(old.event_id, old.sector_id, old.status, -1)"
STATE = "event_id, sector_id, status"
DIFFERS = "WHEN ((old.event_id, old.sector_id, old.status) {} (new.event_id, new.sector_id, new.status))"
SQLITE = (
    f"CREATE TRIGGER people_counted_added AFTER INSERT ON registrations BEGIN {ADD} {COME}; END",
    f"CREATE TRIGGER people_counted_removed AFTER DELETE ON registrations BEGIN {ADD} {GONE}; END",
    f"CREATE TRIGGER people_counted_changed AFTER UPDATE OF {STATE} ON registrations"
    f" {DIFFERS.format('IS NOT')} BEGIN {ADD} {COME}, {GONE}; END",
)
POSTGRES = (
    f"""
    CREATE FUNCTION count_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'DELETE' THEN {ADD} {COME}; END IF;
    IF TG_OP <> 'INSERT' THEN {ADD} {GONE}; END IF;
    RETURN NULL; END $$
    """,
    "CREATE TRIGGER people_counted_added AFTER INSERT OR DELETE ON registrations"
    " FOR EACH ROW EXECUTE FUNCTION count_people()",
    f"CREATE TRIGGER people_counted_changed AFTER UPDATE OF {STATE} ON registrations"
    f" FOR EACH ROW {DIFFERS.format('IS DISTINCT FROM')} EXECUTE FUNCTION count_people()",
)
NO_SQLITE = (
    "DROP TRIGGER IF EXISTS people_counted_added",
    "DROP TRIGGER IF EXISTS people_counted_removed",
    "DROP TRIGGER IF EXISTS people_counted_changed",
)
NO_POSTGRES = (
    "DROP TRIGGER IF EXISTS people_counted_added ON registrations",
    "DROP TRIGGER IF EXISTS people_counted_changed ON registrations",
    "DROP FUNCTION count_people()",
)


def upgrade() -> None:
    """Create the triggers before counting: on PostgreSQL they lock the table, so nobody registers before the end."""
    _run(TABLE, *(SQLITE if _is_sqlite() else POSTGRES), COUNT)


def downgrade() -> None:
    _run(*(NO_SQLITE if _is_sqlite() else NO_POSTGRES), "DROP TABLE people_counts")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _run(*statements: str) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
