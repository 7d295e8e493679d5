"""Store which organisation a merged one counts as, which merges can be undone, and which pairs are marked as different.

Why: organisers merge organisations by hand and undo that, and mark organisations with similar names as different. An
earlier version that runs beside this one counts the places of a merged organisation apart; the next change of an
organisation corrects its registrations.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("organisations") as organisations:
        organisations.add_column(sa.Column("counts_as_id", sa.Integer()))
        organisations.create_foreign_key(
            op.f("fk_organisations_counts_as_id_organisations"),
            "organisations",
            ["counts_as_id"],
            ["id"],
            ondelete="CASCADE",
        )
    op.create_index("ix_organisations_counts_as_id", "organisations", ["counts_as_id"])
    op.create_table(
        "organisation_merges",
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cap_before", sa.Integer(), nullable=True),
        sa.Column("cap_after", sa.Integer(), nullable=True),
        _organisation("organisation_merges", "merged_id"),
        _organisation("organisation_merges", "kept_id"),
        sa.PrimaryKeyConstraint("merged_id", name=op.f("pk_organisation_merges")),
    )
    op.create_index("ix_organisation_merges_kept_id", "organisation_merges", ["kept_id"])
    op.create_table(
        "organisation_distinctions",
        sa.Column("older_id", sa.Integer(), nullable=False),
        sa.Column("younger_id", sa.Integer(), nullable=False),
        _organisation("organisation_distinctions", "older_id"),
        _organisation("organisation_distinctions", "younger_id"),
        sa.PrimaryKeyConstraint("older_id", "younger_id", name=op.f("pk_organisation_distinctions")),
    )
    op.create_index("ix_organisation_distinctions_younger_id", "organisation_distinctions", ["younger_id"])


def downgrade() -> None:
    op.drop_table("organisation_distinctions")
    op.drop_table("organisation_merges")
    op.drop_index("ix_organisations_counts_as_id", "organisations")
    with op.batch_alter_table("organisations") as organisations:
        organisations.drop_constraint(op.f("fk_organisations_counts_as_id_organisations"), type_="foreignkey")
        organisations.drop_column("counts_as_id")


def _organisation(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_organisations")
    return sa.ForeignKeyConstraint([column], ["organisations.id"], name=name, ondelete="CASCADE")
