"""Note when a link to the contact of a delegation was made.

Why: opening a newer link ends the older ones. A link without this moment counts as older than all links that have
one. An earlier version that runs beside this one makes links without it, and ends none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delegation_links") as batch:
        batch.add_column(sa.Column("created_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("delegation_links") as batch:
        batch.drop_column("created_at")
