"""Add the colours of an event, with which its public pages are shown in the light and in the dark theme.

Why: organisers choose them in the settings. An event without colours of its own, as each is so far, has those of the
site; an earlier version that runs beside this one does not know the columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS = ("accent_light", "accent_dark")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("events", sa.Column(name, sa.String(7)))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("events", name)
