"""Add requests for restriction and objections.

Why: people ask that what is held about them is kept but not used (Articles 18 and 21 GDPR), which has to be answered
within a month. An earlier version that runs beside this one does not read the table, so it still shows and writes to
whoever is restricted: let no request be granted before the update is over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("state IN ('open', 'granted')")


def upgrade() -> None:
    op.create_table(
        "restriction_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('restriction', 'objection')", name=op.f("ck_restriction_requests_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'granted', 'declined', 'taken_back', 'lifted')",
            name=op.f("ck_restriction_requests_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_restriction_requests_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_restriction_requests_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction_requests")),
    )
    op.create_index(
        "ix_restriction_requests_event_id", "restriction_requests", ["event_id", "state", "due_at"]
    )
    op.create_index(
        "ix_restriction_requests_registration_id", "restriction_requests", ["registration_id", "state"]
    )
    op.create_index(
        "uq_restriction_requests_one",
        "restriction_requests",
        ["registration_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )


def downgrade() -> None:
    op.drop_table("restriction_requests")
