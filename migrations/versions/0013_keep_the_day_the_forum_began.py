"""Keep the day on which the forum began to publish under its name.

Why: the ids of feed entries are tag: URIs (RFC 4151), which name a day on which the site's name belonged to the forum.
They named 2016, when no such site existed. An existing forum gets the day of this step: its name is its own today. The
column is added in place: no table is copied.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("content_version", sa.Column("began_on", sa.Date(), nullable=True))
    row = sa.table("content_version", sa.column("began_on", sa.Date()))
    op.execute(sa.update(row).values(began_on=datetime.now(UTC).date()))


def downgrade() -> None:
    op.drop_column("content_version", "began_on")
