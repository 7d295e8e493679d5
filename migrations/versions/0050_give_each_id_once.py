"""Never give an id twice on SQLite: copy the tables that would give the id of a deleted last row to the next row.

Why: a console page that was opened before a row was deleted would remove or change the newer row with the same id.
Tables that later migrations make never reuse an id (`forum/migrating.py`), nor does PostgreSQL. The downgrade changes
nothing: an earlier version works with tables that never reuse an id, too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

REUSING = """
    SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE 'search~_index%' ESCAPE '~'
    AND name != 'alembic_version' AND sql NOT LIKE '%AUTOINCREMENT%'
"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    for name in connection.scalars(sa.text(REUSING)).all():
        seen = sa.inspect(connection)
        key = seen.get_pk_constraint(name)["constrained_columns"]
        types = {column["name"]: column["type"] for column in seen.get_columns(name)}
        refers = {column for rule in seen.get_foreign_keys(name) for column in rule["constrained_columns"]}
        if len(key) == 1 and isinstance(types[key[0]], sa.Integer) and key[0] not in refers:
            with op.batch_alter_table(name, recreate="always"):
                pass


def downgrade() -> None:
    pass
