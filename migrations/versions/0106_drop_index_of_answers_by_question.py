"""Drop the index of answers by question alone; migration 0105 says why, and why it is a step of its own."""

from alembic import op

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None

NAME = "ix_answers_question_id"


def upgrade() -> None:
    op.drop_index(NAME, table_name="answers")


def downgrade() -> None:
    op.create_index(NAME, "answers", ["question_id"])
