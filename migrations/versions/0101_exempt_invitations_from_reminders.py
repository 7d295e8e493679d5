"""Let an invitation be exempt from the event's rule, by which people who do not answer get a reminder.

Why: organisers want to write to a minister's office themselves, without a reminder by the forum. An earlier version
that runs beside this one reminds such people by the rule.
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
