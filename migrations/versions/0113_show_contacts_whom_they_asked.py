"""Add which substitutes a delegation's contact has named: the column `is_by_contact` of substitutions.

Why: the contact's page shows whom the contact has asked to come instead of a person, and lets the contact take the
request back. The page must not show whom the person has asked, and the table did not tell the two kinds apart.
Substitutes who were asked before this migration count as asked by the person; they have 48 hours to answer.
"""

import sqlalchemy as sa
from alembic import op

revision = "0113"
down_revision = "0112"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "substitutions", sa.Column("is_by_contact", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("substitutions", "is_by_contact")
