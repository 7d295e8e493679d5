"""Exempt invitations from reminders: whether the event's rule leaves a silent person alone.

Why: organisers write to a minister's office themselves, and nobody else reminds it. An earlier version that runs beside
this one reminds such people by the rule.
"""

import sqlalchemy as sa
from alembic import op

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "invitations", sa.Column("exempt_from_rule", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Forget the exemptions: the rule reminds these people, too."""
    op.drop_column("invitations", "exempt_from_rule")
