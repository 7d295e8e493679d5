"""Checking that the database's role may use every table (R29).

Where another role owns the tables, the forum's role has no rights to a new table until the owner grants them: then
single pages fail while the database answers and its tables are recent enough.
"""

import re
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from forum.database import Base
from forum.extensions import db

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Tables that the forum's role may not change (docs/operations.md), with the rights that it needs nevertheless. Rows of
# audit details may be deleted, because erasing a person deletes them.
LIMITED = {
    "alembic_version": ("SELECT",),
    "audit_entries": ("SELECT", "INSERT"),
    "audit_details": ("SELECT", "INSERT", "DELETE"),
}
# Tables without a model: triggers write two of them with the rights of the database role that the forum uses.
WITHOUT_MODEL = ("alembic_version", "search_index", "people_counts")
NAMED_AT_MOST = 5
DENIED = "42501"  # PostgreSQL's code of an error about a missing right
REFUSED = re.compile(r"FATAL:\s+(.+)")
# For a table that does not exist the conditions are NULL, so this query leaves it out: another check reports it. CASE
# is needed because PostgreSQL may evaluate the second condition of AND first, and `has_sequence_privilege` fails for an
# index. The forum needs USAGE of a sequence, and pg_dump, which makes its backups, SELECT.
MISSING = text(
    "SELECT name, string_agg(kind, ', ') AS kinds"
    " FROM unnest(CAST(:names AS text[]), CAST(:kinds AS text[])) AS needed(name, kind)"
    " WHERE NOT has_table_privilege(to_regclass(quote_ident(name)), kind) GROUP BY name"
    " UNION ALL SELECT 'SEQUENCE ' || relname, 'USAGE, SELECT' FROM pg_class"
    " JOIN pg_depend ON objid = pg_class.oid AND deptype = 'a'"
    " WHERE refobjid IN"
    " (SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:names AS text[])) AS name)"
    " AND CASE relkind WHEN 'S' THEN NOT (has_sequence_privilege(pg_class.oid, 'USAGE')"
    " AND has_sequence_privilege(pg_class.oid, 'SELECT')) END"
)


def check(now: datetime) -> tuple[bool, str]:
    """Return whether the database's role has the rights that it needs, and a sentence on it; SQLite has no roles.

    The sentence has the statements that give the role what is missing.
    """
    if db.engine.dialect.name != "postgresql":
        return True, "the database knows none"
    role = db.session.scalar(text("SELECT quote_ident(current_user)"))
    if not may_use_schema():
        grant = f"GRANT USAGE ON SCHEMA public TO {role};"
        return False, f"the database's role may use no schema; say as its owner: {grant}"
    needed = [
        (name, kind) for name in (*Base.metadata.tables, *WITHOUT_MODEL) for kind in LIMITED.get(name, ALL)
    ]
    names, kinds = (list(column) for column in zip(*needed, strict=True))
    lacking = db.session.execute(MISSING, {"names": names, "kinds": kinds}).all()
    if not lacking:
        return True, "every table may be used"
    lacking = sorted(lacking, key=lambda row: row.name.removeprefix("SEQUENCE "))
    told = " ".join(f"GRANT {row.kinds} ON {row.name} TO {role};" for row in lacking[:NAMED_AT_MOST])
    if (more := len(lacking) - NAMED_AT_MOST) > 0:
        told += f" and so on for {more} more: say all of “The forum need not own its tables” in docs/operations.md"
    return False, f"the database's role may not use all that it needs; say as the owner of the tables: {told}"


def may_use_schema() -> bool:
    """Return whether the database's role may use a schema: without that right it cannot see any table."""
    if db.engine.dialect.name != "postgresql":
        return True
    return db.session.scalar(text("SELECT current_schema()")) is not None


def told_cause(problem: Exception) -> str | None:
    """Return PostgreSQL's words for a missing right or for its refusal of a connection; None for any other error.

    These words name tables, databases and roles, and no stored value.
    """
    original = problem.orig if isinstance(problem, DBAPIError) else None
    if getattr(original, "sqlstate", None) == DENIED:
        return str(original).partition("\n")[0]
    refusal = REFUSED.search(str(original))
    return refusal.group(1) if refusal else None
