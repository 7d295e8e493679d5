"""Add the glossary: words that texts avoid, with the better word and the reason, in each language.

Why: organisers could not change the words that the editor points out, because they were written in the code. The step
adds the entries that were there. An earlier version, which may run beside this one, still points out the words that
were in the code.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ENTRIES = (
    ("en", "child pornography", "documented sexual abuse of children", "It is evidence of a crime."),
    ("sv", "barnpornografi", "dokumenterade sexuella övergrepp mot barn", "Det är bevis på ett brott."),
    ("sv", "barnporr", "dokumenterade sexuella övergrepp mot barn", "Det är bevis på ett brott."),
)


def upgrade() -> None:
    table = op.create_table(
        "glossary_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("avoid", sa.String(length=100), nullable=False),
        sa.Column("better", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossary_terms")),
        sa.UniqueConstraint("language", "avoid", name=op.f("uq_glossary_terms_language_avoid")),
    )
    names = ("language", "avoid", "better", "reason")
    op.bulk_insert(table, [dict(zip(names, entry, strict=True)) for entry in ENTRIES])


def downgrade() -> None:
    op.drop_table("glossary_terms")
