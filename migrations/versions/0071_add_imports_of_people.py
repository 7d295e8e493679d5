"""Add imports of people.

Why: organisers import people from a table, have the next table with the same headings read with the same choice of
columns, and undo a whole import.
"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendee_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("sends_links", sa.Boolean(), nullable=False),
        sa.Column("headings", sa.String(length=32), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("form_key", sa.String(length=32), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_attendee_imports_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_attendee_imports_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendee_imports")),
        sa.UniqueConstraint("form_key", name=op.f("uq_attendee_imports_form_key")),
    )
    op.create_index("ix_attendee_imports_event_id", "attendee_imports", ["event_id", "id"])
    op.create_table(
        "imported_people",
        sa.Column("registration_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["attendee_imports.id"],
            name=op.f("fk_imported_people_import_id_attendee_imports"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_imported_people_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_imported_people")),
    )
    op.create_index("ix_imported_people_import_id", "imported_people", ["import_id"])


def downgrade() -> None:
    op.drop_index("ix_imported_people_import_id", table_name="imported_people")
    op.drop_table("imported_people")
    op.drop_index("ix_attendee_imports_event_id", table_name="attendee_imports")
    op.drop_table("attendee_imports")
