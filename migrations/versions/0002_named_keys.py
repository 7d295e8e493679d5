"""Keep a sealed check value for each purpose of the data keys, and name the key of each audit entry.

Why: keys that are not the ones which sealed the database must be noticed at the start, not when a person opens a page;
and an audit entry must stay provable when a newer key stands in front of the one that sealed it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column; entries that are there keep none, and any key of the list may have sealed them."""
    op.create_table(
        "key_checks",
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_key_checks")),
    )
    op.add_column("audit_entries", sa.Column("key", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Take both away; the names of keys can be found again by trying."""
    op.drop_column("audit_entries", "key")
    op.drop_table("key_checks")
