"""Keep, sealed, what the contact of a delegation has typed of a person who is registered.

Why: the contact reads what the contact has typed, and not what the person has changed since. An earlier version that
runs beside this one leaves the column empty; the contact then reads no name of people with an address of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delegates", sa.Column("typed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("delegates", "typed")
