"""Index the texts in which organisers search for people, on PostgreSQL.

Why: a search read the texts of every registration. The extension pg_trgm indexes their sequences of three letters, so
that PostgreSQL itself finds the words of the conditions that a search has already. Where the extension is lacking or
the role may not create it, nothing changes: docs/operations.md says how to add it. The downgrade leaves the extension,
which other programs may use.
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

# Finds the schema of the extension pg_trgm: it may not be in the search path.
WHERE = text(
    "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace"
    " WHERE extname = 'pg_trgm'"
)
INDEX = """
    CREATE INDEX people_index ON registrations
    USING gin (search_text {schema}.gin_trgm_ops, search_extra {schema}.gin_trgm_ops)
"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError:
        return
    connection.exec_driver_sql(INDEX.format(schema=connection.scalar(WHERE)))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX IF EXISTS people_index")
