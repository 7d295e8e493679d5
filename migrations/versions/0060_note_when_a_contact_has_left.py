"""Note when the contact of a delegation has left its page.

Why: a copy of the browser's cookie could still open the page. An earlier version that runs beside this one does not
read the column, so a copy opens that version's page until the sign-in expires.
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delegation_links") as batch:
        batch.add_column(sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("delegation_links") as batch:
        batch.drop_column("left_at")
