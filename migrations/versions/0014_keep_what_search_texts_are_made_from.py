"""Keep beside `search_extra` the answers that it was made from, so that a search ignores it once they have changed.

Why: an earlier version that runs beside this one, or after a downgrade, changes name, title and phone number without
`search_extra`; searches would still find a person by values that are no longer true. The column is added in place and
stays empty here: a job of the worker fills it for existing rows, as it does for rows that an earlier version writes.
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
