"""Add the map link, the directions and the contacts of an event.

Why: organisers write once how to get to the event and whom to ask, for all pages that show this. Existing events have
neither directions nor contacts yet, and an earlier version that runs beside this one does not know the columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("map_url", sa.String(500)))
    op.add_column(
        "events", sa.Column("directions", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("events", sa.Column("contacts", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    for name in ("contacts", "directions", "map_url"):
        op.drop_column("events", name)
