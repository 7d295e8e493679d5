"""Add delegations: several people whom one contact registers, and the links to the contact.

Why: an organisation names two to twenty people in one form. Until the contact has confirmed, people
are stored in these tables only. An earlier version that runs beside this one does not read the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "delegations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("sector_id", sa.Integer(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_canonical", sa.String(length=320), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("is_all_or_nobody", sa.Boolean(), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirm_by", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        _key("delegations", "event_id", "events"),
        _key("delegations", "sector_id", "sectors"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
        sa.UniqueConstraint("form_key", name=op.f("uq_delegations_form_key")),
    )
    op.create_index("ix_delegations_event_id", "delegations", ["event_id", "id"])
    op.create_index("ix_delegations_sector_id", "delegations", ["sector_id"])
    op.create_index("ix_delegations_email", "delegations", ["sector_id", "email_canonical"])
    op.create_table(
        "delegates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delegation_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=150), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("told", sa.String(length=20), nullable=False),
        _key("delegates", "delegation_id", "delegations"),
        _key("delegates", "registration_id", "registrations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegates")),
    )
    op.create_index("uq_delegates_position", "delegates", ["delegation_id", "position"], unique=True)
    op.create_index("ix_delegates_registration_id", "delegates", ["registration_id"])
    op.create_table(
        "delegation_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("delegation_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        _key("delegation_links", "delegation_id", "delegations"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_delegation_links")),
    )
    op.create_index("ix_delegation_links_delegation_id", "delegation_links", ["delegation_id"])


def downgrade() -> None:
    op.drop_table("delegation_links")
    op.drop_table("delegates")
    op.drop_table("delegations")
