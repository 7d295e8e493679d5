"""Add categories of messages that organisers write, each of which a person can refuse.

Why: a person who wants no invitations to later events may still want to know when the bus leaves. Existing messages get
the category for practical information. A refusal of all messages stays a refusal of all. An earlier version that runs
beside this one heeds only refusals of all messages, and knows no categories.
"""

import sqlalchemy as sa
from alembic import op

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None

FORMERLY, NOW = ("messages",), ("messages", "practical", "further")


def upgrade() -> None:
    # Add the columns in place, each with its own check. If a table were copied, the checks of columns that earlier
    # steps added would become checks of the whole table, and the downgrades of those steps could not drop the columns.
    for table in ("mailings", "leave_links"):
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN category VARCHAR(20) DEFAULT 'practical' NOT NULL"
            f" CONSTRAINT ck_{table}_category_known CHECK (category IN ('practical', 'further'))"
        )
    _know(NOW)


def downgrade() -> None:
    """Forget the categories: whoever has refused one category refuses all messages, to get no unwanted message."""
    refusals = sa.table("mail_refusals", *map(sa.column, ("category", "digest", "refused_at")))
    whole = sa.select(refusals.c.digest).where(refusals.c.category == "messages")
    partly = sa.select(sa.literal("messages"), refusals.c.digest, sa.func.min(refusals.c.refused_at))
    partly = partly.where(refusals.c.digest.not_in(whole)).group_by(refusals.c.digest)
    op.execute(sa.insert(refusals).from_select(["category", "digest", "refused_at"], partly))
    op.execute(sa.delete(refusals).where(refusals.c.category.not_in(FORMERLY)))
    _know(FORMERLY)
    op.drop_column("leave_links", "category")
    op.drop_column("mailings", "category")


def _know(codes: tuple[str, ...]) -> None:
    name = op.f("ck_mail_refusals_category_known")
    with op.batch_alter_table("mail_refusals") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column("category").in_(codes))
