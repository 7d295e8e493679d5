"""Add files as answers: which files a question takes, and the files themselves, sealed.

Why: some forums ask for a certificate or a picture. An earlier version that runs beside this one knows no question of
the kind file, and does not read the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS = ("text", "long_text", "number", "yes_no", "one_of", "several_of", "date", "country")
TYPES = ("pdf", "picture")


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("questions") as batch:
        batch.drop_constraint(op.f("ck_questions_kind_known"), type_="check")
        batch.create_check_constraint(op.f("ck_questions_kind_known"), sa.column("kind").in_(kinds))


def upgrade() -> None:
    with op.batch_alter_table("questions") as batch:
        batch.add_column(sa.Column("file_types", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
        batch.add_column(
            sa.Column("most_megabytes", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )
    _allow_kinds((*KINDS, "file"))
    op.create_table(
        "answer_files",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("file_type", sa.String(length=20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("asked_from", sa.String(length=64), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(sa.column("file_type").in_(TYPES), name=op.f("ck_answer_files_file_type_known")),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["questions.id"],
            name=op.f("fk_answer_files_question_id_questions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_answer_files_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_answer_files")),
    )
    for column in ("registration_id", "question_id", "ends_at"):
        op.create_index(f"ix_answer_files_{column}", "answer_files", [column])


def downgrade() -> None:
    op.drop_table("answer_files")
    op.execute(
        sa.text("DELETE FROM answers WHERE question_id IN (SELECT id FROM questions WHERE kind = 'file')")
    )
    op.execute(sa.text("DELETE FROM questions WHERE kind = 'file'"))
    _allow_kinds(KINDS)
    with op.batch_alter_table("questions") as batch:
        batch.drop_column("most_megabytes")
        batch.drop_column("file_types")
