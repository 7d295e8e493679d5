"""Add paces of mails to many: when the next such mail may leave, to each domain and to all domains together.

Why: mail servers take thousands of mails within minutes for spam. All workers of one database keep the pace together.
An earlier version that runs beside this one sends without a pace.
"""

import sqlalchemy as sa
from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_paces",
        sa.Column("domain", sa.String(length=320), nullable=False),
        sa.Column("free_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_paces")),
    )


def downgrade() -> None:
    op.drop_table("mail_paces")
