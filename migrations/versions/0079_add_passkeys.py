"""Add passkeys of organisers, and the purposes of the challenges that they answer.

Why: a passkey stands in for the six digits of the authenticator app, and cannot be phished. An earlier version that
runs beside this one asks for the digits as before; where it resets a second factor, the passkeys stay but open nothing,
and are deleted when the new second factor is set up.
"""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

PURPOSES = ("welcome", "reset", "second_factor", "demo")
OF_PASSKEYS = ("add_passkey", "use_passkey")


def upgrade() -> None:
    _know_purposes(("welcome", "reset", "second_factor", "add_passkey", "use_passkey", "demo"))
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_passkeys_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])


def downgrade() -> None:
    """Forget passkeys and their challenges: the authenticator app stays each account's second factor."""
    op.drop_table("passkeys")
    links = sa.table("one_time_links", sa.column("purpose"))
    op.execute(sa.delete(links).where(links.c.purpose.in_(OF_PASSKEYS)))
    _know_purposes(PURPOSES)


def _know_purposes(purposes: tuple[str, ...]) -> None:
    with op.batch_alter_table("one_time_links") as batch:
        batch.drop_constraint(op.f("ck_one_time_links_purpose_known"), type_="check")
        batch.create_check_constraint(
            op.f("ck_one_time_links_purpose_known"), sa.column("purpose").in_(purposes)
        )
