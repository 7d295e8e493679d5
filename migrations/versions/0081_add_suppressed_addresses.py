"""Add marks on addresses that mail to many leaves out.

Why: mail servers report that an address is gone, or that its owner has marked a mail as unwanted. A keyed digest of the
address stays when the person is erased, so that the objection is still heeded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

CAUSES = ("bounced", "complained")


def upgrade() -> None:
    op.create_table(
        "suppressed_addresses",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(sa.column("cause").in_(CAUSES), name=op.f("ck_suppressed_addresses_cause_known")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_suppressed_addresses")),
    )


def downgrade() -> None:
    op.drop_table("suppressed_addresses")
