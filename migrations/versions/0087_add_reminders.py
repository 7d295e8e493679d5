"""Add reminders: on which day a draft in the organisers' own words leaves by itself.

Why: organisers plan ahead, relative to the event's start or to registering. An earlier version that runs beside this
one sends no reminder by itself; a draft that an organiser sends with it by hand is not sent again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
REASONS = ("late", "nobody", "words", "subject", "filter")


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.String(length=20), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.Column("skipped_at", MOMENT, nullable=True),
        sa.Column("skipped_because", sa.String(length=20), nullable=True),
        sa.CheckConstraint("days >= 0", name=op.f("ck_reminders_days_not_negative")),
        sa.CheckConstraint("hour >= 0 AND hour <= 23", name=op.f("ck_reminders_hour_of_a_day")),
        sa.CheckConstraint("anchor IN ('start', 'registered')", name=op.f("ck_reminders_anchor_known")),
        sa.CheckConstraint(
            sa.column("skipped_because").in_(REASONS), name=op.f("ck_reminders_skipped_because_known")
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailings.id"], name=op.f("fk_reminders_mailing_id_mailings"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint("mailing_id", name=op.f("uq_reminders_mailing_id")),
    )


def downgrade() -> None:
    """Delete the plan of reminders; the drafts in it stay."""
    op.drop_table("reminders")
