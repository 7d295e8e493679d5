"""Add a column for the title, the phone digits and the short spellings by which a search finds a registration.

Why: organisers look for people by title or phone number too, and by "Soerensen" as well as "Sørensen". The text that
was searched so far stays as it is, for earlier versions may run beside this one. The column is added in place and stays
empty here: filling it would keep every reader waiting on PostgreSQL until the migration ends. A job of the worker fills
it, a batch at a time, also for what an earlier version writes later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "registrations",
        sa.Column("search_extra", sa.String(length=500), nullable=False, server_default=sa.text("''")),
    )


def downgrade() -> None:
    op.drop_column("registrations", "search_extra")
