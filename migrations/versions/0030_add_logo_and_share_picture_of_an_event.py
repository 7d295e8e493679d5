"""Add the logo and the share picture of an event: the keys of two images of its library.

Why: organisers choose them among their images. An event without them, as each is so far, looks as before; an earlier
version that runs beside this one does not know the columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

COLUMNS = ("logo_key", "share_key")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("events", sa.Column(name, sa.String(16)))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("events", name)
