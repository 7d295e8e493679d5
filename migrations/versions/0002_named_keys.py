"""Keep a sealed check value for each purpose of the data keys, and name the key of each audit entry.

Why: wrong keys must be noticed when the forum starts, not when a person opens a page; and an audit entry must stay
verifiable after a newer key has been put before the one that signed it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column. Existing entries keep no key's name: any of the keys may have signed them."""
    op.create_table(
        "key_checks",
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_key_checks")),
    )
    op.add_column("audit_entries", sa.Column("key", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Drop the table and the column. Nothing is lost: which key signed an entry can be found again by trying all."""
    op.drop_column("audit_entries", "key")
    op.drop_table("key_checks")
