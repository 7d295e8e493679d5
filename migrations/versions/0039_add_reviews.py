"""Add what a review needs: since when a registration waits for a decision, the promised day, and reasons for refusals.

Why: organisers decide about registrations in sectors with the policy "review". The columns are added in place: no
table is copied. An earlier version that runs beside this one leaves them empty; registrations that it reviews count
from when they were asked for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_REVIEWED = sa.text("review_since IS NOT NULL")
REASONS = "'other_sector', 'off_subject', 'enough_colleagues', 'too_few_places', 'not_verified', 'other'"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE events ADD COLUMN review_days INTEGER"
        " CONSTRAINT ck_events_review_days_positive CHECK (review_days > 0)"
    )
    op.add_column(
        "events",
        sa.Column("has_second_reviewer", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("registrations", sa.Column("review_since", MOMENT))
    op.add_column("registrations", sa.Column("answer_by", MOMENT))
    op.add_column("registrations", sa.Column("decline_words", sa.String(length=2000)))
    op.execute(
        "ALTER TABLE registrations ADD COLUMN decline_reason VARCHAR(20)"
        f" CONSTRAINT ck_registrations_decline_reason_known CHECK (decline_reason IN ({REASONS}))"
    )
    op.execute(
        "UPDATE registrations SET review_since = COALESCE(confirmed_at, requested_at) WHERE status = 'in_review'"
    )
    op.create_index(
        "ix_registrations_reviewed",
        "registrations",
        ["event_id", "review_since"],
        sqlite_where=IS_REVIEWED,
        postgresql_where=IS_REVIEWED,
    )
    _add_tables()


def _add_tables() -> None:
    op.create_table(
        "proposed_refusals",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_proposed_refusals_reason_known")),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_proposed_refusals_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"],
            ["users.id"],
            name=op.f("fk_proposed_refusals_proposed_by_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_proposed_refusals")),
    )
    op.create_table(
        "recusals",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recused_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_recusals_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recusals_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("registration_id", "user_id", name=op.f("pk_recusals")),
    )


def downgrade() -> None:
    op.drop_table("recusals")
    op.drop_table("proposed_refusals")
    op.drop_index("ix_registrations_reviewed", "registrations")
    for name in ("decline_reason", "decline_words", "answer_by", "review_since"):
        op.drop_column("registrations", name)
    op.drop_column("events", "has_second_reviewer")
    op.drop_column("events", "review_days")
