"""Store what remains of messages to people chosen by where they are, and until when each delegate can confirm.

Why: the recipients of a message to those who arrive on Monday reveal when they arrive, so they are deleted with the
answers (P27). Numbers remain, and the links by which people refuse messages. An earlier version that runs beside this
one deletes the answers alone; this version deletes the recipients when it runs next.

A delegation's people have longer to confirm while their event is cancelled, and the contact's page says until when.
"""

import sqlalchemy as sa
from alembic import op

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("questions", sa.Column("traces_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mailings", sa.Column("kept_counts", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "mailings", sa.Column("question_keys", sa.JSON(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("delegates", sa.Column("confirm_by", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "leave_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_leave_links")),
    )


def downgrade() -> None:
    """Forget the kept links and numbers, and until when delegates can confirm; deleted recipients stay deleted."""
    op.drop_table("leave_links")
    op.drop_column("delegates", "confirm_by")
    op.drop_column("mailings", "question_keys")
    op.drop_column("mailings", "kept_counts")
    op.drop_column("questions", "traces_deleted_at")
