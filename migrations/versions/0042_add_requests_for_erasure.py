"""Add requests for erasure, and the purposes of links to all of a person's data.

Why: people ask to be erased, which has to be answered within a month; and they see all of their data by a link that
works for ten minutes. An earlier version that runs beside this one uses neither.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("state = 'open'")
PURPOSE = "ck_registration_tokens_purpose_known"


def upgrade() -> None:
    with op.batch_alter_table("registration_tokens") as tokens:
        tokens.drop_constraint(op.f(PURPOSE))
        tokens.create_check_constraint(
            op.f(PURPOSE), "purpose IN ('confirm', 'manage', 'own_data', 'own_data_page')"
        )
    op.create_table(
        "erasure_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'refused', 'taken_back')", name=op.f("ck_erasure_requests_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_erasure_requests_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_erasure_requests_registration_id_registrations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_requests")),
    )
    op.create_index("ix_erasure_requests_event_id", "erasure_requests", ["event_id", "state", "due_at"])
    op.create_index(
        "uq_erasure_requests_open",
        "erasure_requests",
        ["registration_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )


def downgrade() -> None:
    op.drop_table("erasure_requests")
    op.execute("DELETE FROM registration_tokens WHERE purpose IN ('own_data', 'own_data_page')")
    with op.batch_alter_table("registration_tokens") as tokens:
        tokens.drop_constraint(op.f(PURPOSE))
        tokens.create_check_constraint(op.f(PURPOSE), "purpose IN ('confirm', 'manage')")
