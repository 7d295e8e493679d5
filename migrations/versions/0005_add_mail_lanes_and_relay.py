"""Add priorities (lanes) and reasons to mails, and a row for the state of the mail server.

Why: a confirmation must not wait behind hundreds of other mails, and a mail server that cannot be reached must not use
up a mail's attempts. The columns are added in place: no table is copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNSENT = sa.text("status IN ('queued', 'awaiting_retry', 'inflight')")


def upgrade() -> None:
    op.execute(
        "ALTER TABLE outbox_messages ADD COLUMN lane SMALLINT NOT NULL DEFAULT 2"
        " CONSTRAINT ck_outbox_messages_lane_known CHECK (lane IN (1, 2, 3))"
    )
    op.execute(
        "ALTER TABLE outbox_messages ADD COLUMN abort_reason VARCHAR(20)"
        " CONSTRAINT ck_outbox_messages_abort_reason_known"
        " CHECK (abort_reason IN ('address_wrong', 'told_otherwise', 'not_needed', 'outdated'))"
    )
    op.drop_index("ix_outbox_messages_due", "outbox_messages")
    op.create_index(
        "ix_outbox_messages_unsent",
        "outbox_messages",
        ["lane", "next_attempt_at", "id"],
        sqlite_where=UNSENT,
        postgresql_where=UNSENT,
    )
    relay = op.create_table(
        "mail_relay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_relay_single_row")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_mail_relay_failures_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_relay")),
    )
    op.bulk_insert(relay, [{"id": 1, "failures": 0}])


def downgrade() -> None:
    op.drop_table("mail_relay")
    op.drop_index("ix_outbox_messages_unsent", "outbox_messages")
    op.create_index("ix_outbox_messages_due", "outbox_messages", ["status", "next_attempt_at", "id"])
    op.drop_column("outbox_messages", "abort_reason")
    op.drop_column("outbox_messages", "lane")
