"""Add a table of ended sign-ins: those to personal pages that the person has left.

Why: the session's cookie alone says that a browser is signed in, so leaving the page ended nothing for somebody who had
copied the cookie. A row is kept until the sign-in would have ended by itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_sign_ins",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_ended_sign_ins_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ended_sign_ins")),
    )
    op.create_index("ix_ended_sign_ins_registration_id", "ended_sign_ins", ["registration_id"])


def downgrade() -> None:
    op.drop_table("ended_sign_ins")
