"""Add invitations.

Why: organisers invite people by name to a sector, and each answers by a link of their own. An earlier version that
runs beside this one does not know the table and leaves it alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("state = 'open'")
IS_UNSENT = sa.text("state = 'open' AND link_digest IS NULL")


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("sector_id", sa.Integer(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_canonical", sa.String(length=320), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("link_digest", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'yes', 'no', 'expired', 'withdrawn')", name=op.f("ck_invitations_state_known")
        ),
        _leads_to("event_id", "events", "CASCADE"),
        _leads_to("sector_id", "sectors", "CASCADE"),
        _leads_to("made_by", "users", "SET NULL"),
        _leads_to("message_id", "outbox_messages", "SET NULL"),
        _leads_to("registration_id", "registrations", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_invitations_link_digest")),
    )
    _add_indexes()


def downgrade() -> None:
    op.drop_table("invitations")


def _leads_to(column: str, table: str, on_delete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_invitations_{column}_{table}"
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(name), ondelete=on_delete)


def _add_indexes() -> None:
    for name, columns in (
        ("email", ["event_id", "email_canonical"]),
        ("event_id", ["event_id", "state", "id"]),
        ("expires_at", ["state", "expires_at"]),
        ("sector_id", ["sector_id"]),
        ("message_id", ["message_id"]),
        ("registration_id", ["registration_id"]),
    ):
        op.create_index(f"ix_invitations_{name}", "invitations", columns)
    op.create_index(
        "ix_invitations_unsent",
        "invitations",
        ["id"],
        sqlite_where=IS_UNSENT,
        postgresql_where=IS_UNSENT,
    )
    op.create_index(
        "uq_invitations_open_email",
        "invitations",
        ["event_id", "email_canonical"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
