"""Add the languages of an event, in which its texts are written and which its visitors can choose.

Why: until now each event was in every language of the site, so existing events keep both languages. The
column is added in place with that default, which an earlier version that runs beside this one leaves as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "events",
        sa.Column("languages", sa.JSON(), nullable=False, server_default=sa.text('\'["sv", "en"]\'')),
    )


def downgrade() -> None:
    op.drop_column("events", "languages")
