"""Add organisations, and the names and mail domains that show which registrations belong to them.

Why: an organisation is written in many ways, and its places are counted together. An earlier version that runs beside
this one counts places by the names that people have typed; the next change of an organisation corrects its
registrations.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), server_default=sa.text("''"), nullable=False),
        sa.Column("sector_id", sa.Integer(), nullable=True),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.Column("is_suggested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("cap IS NULL OR cap > 0", name=op.f("ck_organisations_cap_positive")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_organisations_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sector_id"],
            ["sectors.id"],
            name=op.f("fk_organisations_sector_id_sectors"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("event_id", "key", name=op.f("uq_organisations_event_id_key")),
    )
    op.create_table(
        "organisation_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("written", sa.String(length=253), nullable=False),
        sa.CheckConstraint("kind IN ('name', 'domain')", name=op.f("ck_organisation_marks_kind_known")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_organisation_marks_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_organisation_marks_organisation_id_organisations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_marks")),
        sa.UniqueConstraint(
            "event_id", "kind", "value", name=op.f("uq_organisation_marks_event_id_kind_value")
        ),
    )
    op.create_index(
        "ix_organisation_marks_organisation_id", "organisation_marks", ["organisation_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("organisation_marks")
    op.drop_table("organisations")
