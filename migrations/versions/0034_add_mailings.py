"""Add tables of mailings and of their recipients.

Why: organisers write to many people at once. Each recipient has one row for each mailing, so after a worker was killed
the next one continues where it stopped, and nobody gets a second copy.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_OPEN_CHANGE = sa.text("kind = 'event_changed' AND status IN ('proposed', 'sending', 'paused')")
STATES = "'proposed', 'sending', 'paused', 'done', 'stopped', 'superseded', 'dismissed'"


def upgrade() -> None:
    op.create_table(
        "mailings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.CheckConstraint("people >= 0", name=op.f("ck_mailings_people_not_negative")),
        sa.CheckConstraint("kind IN ('event_changed')", name=op.f("ck_mailings_kind_known")),
        sa.CheckConstraint(f"status IN ({STATES})", name=op.f("ck_mailings_status_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_mailings_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["started_by"], ["users.id"], name=op.f("fk_mailings_started_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailings")),
    )
    op.create_index("ix_mailings_event_id", "mailings", ["event_id", "id"])
    op.create_index("ix_mailings_status", "mailings", ["status"])
    op.create_index(
        "uq_mailings_open_change",
        "mailings",
        ["event_id"],
        unique=True,
        sqlite_where=IS_OPEN_CHANGE,
        postgresql_where=IS_OPEN_CHANGE,
    )
    _add_recipients()


def _add_recipients() -> None:
    op.create_table(
        "mailing_recipients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'queued', 'left_out')", name=op.f("ck_mailing_recipients_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailings.id"],
            name=op.f("fk_mailing_recipients_mailing_id_mailings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_mailing_recipients_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["outbox_messages.id"],
            name=op.f("fk_mailing_recipients_message_id_outbox_messages"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_recipients")),
        sa.UniqueConstraint(
            "mailing_id", "registration_id", name=op.f("uq_mailing_recipients_mailing_id_registration_id")
        ),
    )
    op.create_index("ix_mailing_recipients_status", "mailing_recipients", ["mailing_id", "status", "id"])
    op.create_index("ix_mailing_recipients_registration_id", "mailing_recipients", ["registration_id"])
    op.create_index("ix_mailing_recipients_message_id", "mailing_recipients", ["message_id"])


def downgrade() -> None:
    op.drop_table("mailing_recipients")
    op.drop_table("mailings")
