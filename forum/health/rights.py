"""Checking that the database's role may use every table (R29).

Where another role owns the tables, the forum's role has no rights to a new table until the owner grants them: then
single pages fail while the database answers and its tables are recent enough.
"""

from datetime import datetime

from sqlalchemy import text

from forum.database import Base
from forum.extensions import db

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Tables that the forum's role may not change (docs/operations.md), with the rights that it needs nevertheless. Rows of
# audit details may be deleted, because erasing a person deletes them.
LIMITED = {"audit_entries": ("SELECT", "INSERT"), "audit_details": ("SELECT", "INSERT", "DELETE")}
# Tables without a model: triggers write them with the rights of the database role that the forum uses.
WITHOUT_MODEL = ("search_index", "people_counts")
# For a table that does not exist the conditions are NULL, so this query leaves it out: another check reports it. CASE
# is needed because PostgreSQL may evaluate the second condition of AND first, and `has_sequence_privilege` fails for an
# index.
MISSING = text(
    "SELECT name, string_agg(kind, ', ') AS kinds"
    " FROM unnest(CAST(:names AS text[]), CAST(:kinds AS text[])) AS needed(name, kind)"
    " WHERE NOT has_table_privilege(to_regclass(quote_ident(name)), kind) GROUP BY name"
    " UNION ALL SELECT relname, 'USAGE' FROM pg_class JOIN pg_depend ON objid = pg_class.oid AND deptype = 'a'"
    " WHERE refobjid IN"
    " (SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:names AS text[])) AS name)"
    " AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(pg_class.oid, 'USAGE') END ORDER BY 1"
)


def check(now: datetime) -> tuple[bool, str]:
    """Return whether the database's role has the rights that it needs, and a sentence on it; SQLite has no roles."""
    if db.engine.dialect.name != "postgresql":
        return True, "the database knows none"
    needed = [
        (name, kind) for name in (*Base.metadata.tables, *WITHOUT_MODEL) for kind in LIMITED.get(name, ALL)
    ]
    names, kinds = (list(column) for column in zip(*needed, strict=True))
    lacking = db.session.execute(MISSING, {"names": names, "kinds": kinds}).all()
    if not lacking:
        return True, "every table may be used"
    told = "; ".join(f"{kinds} on {name}" for name, kinds in lacking)
    return False, f"the database's role lacks {told}: GRANT, as docs/operations.md says"
