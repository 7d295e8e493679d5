"""Add a table of offers, and the order and the end of offers of an event.

Why: organisers and the person see why a place was offered to this person, and how each offer ended. Offers that an
earlier version makes have no row; existing events keep the order of asking and offer places until they begin.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("ended_at IS NULL")
ENDS = "'accepted', 'declined', 'lapsed', 'withdrawn', 'cancelled', 'moved'"


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("remind_at", MOMENT, nullable=True),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_how", sa.String(length=20), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name=op.f("ck_offers_ended_somehow")),
        sa.CheckConstraint("made_by IN ('rule', 'organiser')", name=op.f("ck_offers_made_by_known")),
        sa.CheckConstraint(f"ended_how IN ({ENDS})", name=op.f("ck_offers_ended_how_known")),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_offers_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_offers_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_registration_id", "offers", ["registration_id", "id"])
    op.create_index(
        "uq_offers_open",
        "offers",
        ["registration_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    with op.batch_alter_table("events") as batch:
        batch.add_column(
            sa.Column("line_order", sa.String(length=20), nullable=False, server_default=sa.text("'time'"))
        )
        batch.add_column(
            sa.Column("offer_cutoff_hours", sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
        batch.create_check_constraint(op.f("ck_events_line_order_known"), "line_order IN ('time', 'balance')")
        batch.create_check_constraint(
            op.f("ck_events_offer_cutoff_hours_not_negative"), "offer_cutoff_hours >= 0"
        )


def downgrade() -> None:
    with op.batch_alter_table("events") as batch:
        batch.drop_constraint(op.f("ck_events_offer_cutoff_hours_not_negative"), type_="check")
        batch.drop_constraint(op.f("ck_events_line_order_known"), type_="check")
        batch.drop_column("offer_cutoff_hours")
        batch.drop_column("line_order")
    op.drop_table("offers")
