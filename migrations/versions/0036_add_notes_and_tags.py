"""Add tables of private notes and of tags of a registration.

Why: organisers write notes about a telephone call, and find people by words of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "registration_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_registration_notes_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["users.id"],
            name=op.f("fk_registration_notes_author_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_notes")),
    )
    op.create_index("ix_registration_notes_registration_id", "registration_notes", ["registration_id", "id"])
    op.create_table(
        "registration_tags",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_registration_tags_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_registration_tags_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("registration_id", "name", name=op.f("pk_registration_tags")),
    )
    op.create_index(
        "ix_registration_tags_event_id", "registration_tags", ["event_id", "name", "registration_id"]
    )


def downgrade() -> None:
    op.drop_table("registration_tags")
    op.drop_table("registration_notes")
