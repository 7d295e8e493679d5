"""Add the names of a hashtag in each language.

Why: a hashtag had one name, so English pages showed Swedish ones. A hashtag without names is shown by its one name, as
an older version that runs beside this one shows every hashtag. The column is added in place: no table is copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tags", sa.Column("names", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("tags", "names")
