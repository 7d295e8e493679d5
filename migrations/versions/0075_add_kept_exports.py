"""Add tables of exported lists that the worker makes, and of their parts.

Why: a long list is made some rows at a time, so that it keeps neither the worker nor a request busy for long. It is
kept encrypted for a day, for the organiser who has asked for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PURPOSES = "'door', 'badges', 'groups', 'contact', 'report', 'everything'"
RECIPIENTS = "'office', 'co_organiser', 'processor', 'authority'"
SHAPES = "'xlsx', 'csv', 'paper'"


def upgrade() -> None:
    op.create_table(
        "kept_exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=20), nullable=False),
        sa.Column("shape", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ready_at", MOMENT, nullable=True),
        sa.CheckConstraint("done >= 0", name=op.f("ck_kept_exports_done_not_negative")),
        sa.CheckConstraint(f"purpose IN ({PURPOSES})", name=op.f("ck_kept_exports_purpose_known")),
        sa.CheckConstraint(f"recipient IN ({RECIPIENTS})", name=op.f("ck_kept_exports_recipient_known")),
        sa.CheckConstraint(f"shape IN ({SHAPES})", name=op.f("ck_kept_exports_shape_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_kept_exports_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_kept_exports_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_exports")),
    )
    op.create_index("ix_kept_exports_event_id", "kept_exports", ["event_id"])
    op.create_index("ix_kept_exports_user_id", "kept_exports", ["user_id"])
    op.create_table(
        "kept_export_parts",
        sa.Column("export_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["kept_exports.id"],
            name=op.f("fk_kept_export_parts_export_id_kept_exports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_kept_export_parts")),
    )


def downgrade() -> None:
    op.drop_table("kept_export_parts")
    op.drop_table("kept_exports")
