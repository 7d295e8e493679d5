"""Add how many places an organisation may have in one sector.

Why: an organisation may have more or fewer places in one sector than its cap for all sectors says. An earlier version
that runs beside this one does not know the table and counts by the cap for all sectors.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation_caps",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("sector_id", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.CheckConstraint("cap > 0", name=op.f("ck_organisation_caps_cap_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_organisation_caps_organisation_id_organisations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sector_id"],
            ["sectors.id"],
            name=op.f("fk_organisation_caps_sector_id_sectors"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "sector_id", name=op.f("pk_organisation_caps")),
    )
    op.create_index("ix_organisation_caps_sector_id", "organisation_caps", ["sector_id"])


def downgrade() -> None:
    op.drop_table("organisation_caps")
