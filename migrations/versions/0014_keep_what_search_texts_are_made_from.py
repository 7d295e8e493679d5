"""Keep beside `search_extra` the answers that it was made from, so that a search ignores it once they have changed.

Why: an earlier version that runs beside this one, or after the way back, changes name, title and phone number and
leaves `search_extra`; a person would still be found by what is no longer true of them. Rows are not filled here: a job
of the worker does that for these as for all that an earlier version writes. The column is added in place.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "registrations",
        sa.Column("search_extra_from", sa.String(length=1100), nullable=False, server_default=sa.text("''")),
    )


def downgrade() -> None:
    op.drop_column("registrations", "search_extra_from")
