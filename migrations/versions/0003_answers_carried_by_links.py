"""Let a link that confirms a registration carry the answers of its own form.

Why: a stranger who registered somebody else's address before its owner did decided which answers the owner confirmed.
Now each link confirms the answers of the form for which it was sent. The answers are encrypted at a fixed length and
deleted with the link. Older links have no answers and confirm the registration as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submissions", sa.Column("answers", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("registration_tokens") as batch_op:
        batch_op.add_column(sa.Column("submission_key", sa.String(length=64), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_registration_tokens_submission_key_submissions"),
            "submissions",
            ["submission_key"],
            ["key"],
            ondelete="CASCADE",
        )
        batch_op.create_index("ix_registration_tokens_submission_key", ["submission_key"])


def downgrade() -> None:
    with op.batch_alter_table("registration_tokens") as batch_op:
        batch_op.drop_index("ix_registration_tokens_submission_key")
        batch_op.drop_constraint(
            batch_op.f("fk_registration_tokens_submission_key_submissions"), type_="foreignkey"
        )
        batch_op.drop_column("submission_key")
    op.drop_column("submissions", "answers")
