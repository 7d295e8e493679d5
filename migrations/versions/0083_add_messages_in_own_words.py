"""Add mailings in the organisers' own words, and addresses that refuse them.

Why: organisers write to people whom they choose, and a person who wants no such messages can refuse them by pressing
one button. A draft is a mailing that is not sent, so that the same code sends these messages and those about changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS, STATES = ("event_changed",), ("waiting", "queued", "left_out")
REASONS = ("ended", "unconfirmed", "restricted", "no_address", "unsubscribed", "suppressed", "no_language")


def upgrade() -> None:
    op.add_column(
        "mailings", sa.Column("subjects", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("mailings", sa.Column("audience", sa.JSON(), nullable=True))
    op.add_column("mailings", sa.Column("fallback", sa.String(length=8), nullable=True))
    op.add_column("mailings", sa.Column("begins_at", MOMENT, nullable=True))
    op.add_column(
        "mailings", sa.Column("left_out", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("mailing_recipients", sa.Column("leave_digest", sa.String(length=64), nullable=True))
    op.add_column("mailing_recipients", sa.Column("left_because", sa.String(length=20), nullable=True))
    _know("mailings", "kind", (*KINDS, "own_words"))
    _know("mailing_recipients", "status", ("chosen", *STATES))
    with op.batch_alter_table("mailing_recipients") as batch:
        name = op.f("ck_mailing_recipients_left_because_known")
        batch.create_check_constraint(name, sa.column("left_because").in_(REASONS))
    op.create_index("uq_mailing_recipients_leave_digest", "mailing_recipients", ["leave_digest"], unique=True)
    op.create_table(
        "mail_refusals",
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("refused_at", MOMENT, nullable=False),
        sa.CheckConstraint("category IN ('messages')", name=op.f("ck_mail_refusals_category_known")),
        sa.PrimaryKeyConstraint("category", "digest", name=op.f("pk_mail_refusals")),
    )


def downgrade() -> None:
    """Delete mailings in own words, which the earlier version does not know; their mails stay in the outbox."""
    mailings = sa.table("mailings", sa.column("id"), sa.column("kind"))
    people = sa.table("mailing_recipients", sa.column("mailing_id"))
    own = sa.select(mailings.c.id).where(mailings.c.kind == "own_words")
    op.execute(sa.delete(people).where(people.c.mailing_id.in_(own)))
    op.execute(sa.delete(mailings).where(mailings.c.kind == "own_words"))
    op.drop_table("mail_refusals")
    op.drop_index("uq_mailing_recipients_leave_digest", table_name="mailing_recipients")
    with op.batch_alter_table("mailing_recipients") as batch:
        batch.drop_constraint(op.f("ck_mailing_recipients_left_because_known"), type_="check")
    _know("mailing_recipients", "status", STATES)
    _know("mailings", "kind", KINDS)
    with op.batch_alter_table("mailing_recipients") as batch:
        batch.drop_column("left_because")
        batch.drop_column("leave_digest")
    with op.batch_alter_table("mailings") as batch:
        for column in ("left_out", "begins_at", "fallback", "audience", "subjects"):
            batch.drop_column(column)


def _know(table: str, column: str, codes: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column(column).in_(codes))
