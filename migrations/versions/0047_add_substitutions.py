"""Add substitutions: who was named to come instead of a registered person, and who has come.

Why: somebody who cannot come hands the place to a colleague. An earlier version that runs beside this one does not read
the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _registration(column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_substitutions_{column}_registrations")
    return sa.ForeignKeyConstraint([column], ["registrations.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "substitutions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        _registration("registration_id"),
        _registration("successor_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitutions")),
    )
    op.create_index("ix_substitutions_registration_id", "substitutions", ["registration_id"])
    op.create_index("ix_substitutions_successor_id", "substitutions", ["successor_id"])
    op.create_index("uq_substitutions_digest", "substitutions", ["digest"], unique=True)


def downgrade() -> None:
    op.drop_table("substitutions")
