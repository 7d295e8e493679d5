"""Add reminders of invitations: when they are due, and whether they were sent.

Why: a person who has not answered is reminded once, by a second link beside the invitation's own. An earlier version
that runs beside this one reminds nobody, and does not know the link of a reminder.
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_TO_REMIND = sa.text("state = 'open' AND remind_at IS NOT NULL AND reminded_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("invitations") as invitations:
        invitations.add_column(sa.Column("remind_at", MOMENT))
        invitations.add_column(sa.Column("reminded_at", MOMENT))
        invitations.add_column(sa.Column("reminder_digest", sa.String(length=64)))
        invitations.add_column(sa.Column("reminder_id", sa.Integer()))
        invitations.create_unique_constraint(op.f("uq_invitations_reminder_digest"), ["reminder_digest"])
        invitations.create_foreign_key(
            op.f("fk_invitations_reminder_id_outbox_messages"),
            "outbox_messages",
            ["reminder_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index("ix_invitations_reminder_id", "invitations", ["reminder_id"])
    op.create_index(
        "ix_invitations_to_remind",
        "invitations",
        ["remind_at"],
        sqlite_where=IS_TO_REMIND,
        postgresql_where=IS_TO_REMIND,
    )


def downgrade() -> None:
    op.drop_index("ix_invitations_to_remind", "invitations")
    op.drop_index("ix_invitations_reminder_id", "invitations")
    with op.batch_alter_table("invitations") as invitations:
        invitations.drop_constraint(op.f("fk_invitations_reminder_id_outbox_messages"), type_="foreignkey")
        invitations.drop_constraint(op.f("uq_invitations_reminder_digest"), type_="unique")
        for column in ("reminder_id", "reminder_digest", "reminded_at", "remind_at"):
            invitations.drop_column(column)
