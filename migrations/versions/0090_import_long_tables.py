"""Import long tables.

Why: a table of thousands of people is kept encrypted in parts, which the worker checks and imports one after the other,
each in one transaction. A large import is undone in parts, too, so the import says since when it is being undone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATES = "'sent', 'checking', 'checked', 'starting', 'running', 'done', 'stopped'"


def upgrade() -> None:
    op.create_table(
        "import_tables",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("step >= 0", name=op.f("ck_import_tables_step_not_negative")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_import_tables_state_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_import_tables_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_import_tables_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["attendee_imports.id"],
            name=op.f("fk_import_tables_import_id_attendee_imports"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_tables")),
        sa.UniqueConstraint("import_id", name=op.f("uq_import_tables_import_id")),
    )
    op.create_index("ix_import_tables_event_id", "import_tables", ["event_id"])
    op.create_index("ix_import_tables_user_id", "import_tables", ["user_id"])
    op.create_index("ix_import_tables_state", "import_tables", ["state"])
    op.create_table(
        "import_table_parts",
        sa.Column("table_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["table_id"],
            ["import_tables.id"],
            name=op.f("fk_import_table_parts_table_id_import_tables"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("table_id", "number", name=op.f("pk_import_table_parts")),
    )
    op.add_column("attendee_imports", sa.Column("undo_asked_at", MOMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("attendee_imports") as batch:
        batch.drop_column("undo_asked_at")
    op.drop_table("import_table_parts")
    op.drop_table("import_tables")
