"""Keep long answers on their way to "Check your answers" in rows of the database.

Why: answers that are too long for a cookie were lost when somebody went back from that page. An earlier version that
runs beside this one does not know the rows: a person whose requests reach both versions gets an empty form, as when
answers have expired.
"""

import sqlalchemy as sa
from alembic import op

revision = "0103"
down_revision = "0102"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_kept_answers_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_kept_answers")),
    )
    for column in ("event_id", "ends_at"):
        op.create_index(f"ix_kept_answers_{column}", "kept_answers", [column])


def downgrade() -> None:
    """Delete the answers; whoever was filling in a form enters them again."""
    op.drop_table("kept_answers")
