"""Hold places for people whom a delegation's contact names and whose address has a registration already.

Why: the place of a new address was held, and that of a registered one was free at once, so the next person whom the
contact added told which of the two it was. An earlier version that runs beside this one holds no such place and ends
none; its command `mend-counters` would free them in the counters, and this version's would count them again.

A person's time of asking outlasts the correction of the address, also where the address has a registration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0111"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bare_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("sector_id", sa.Integer(), nullable=False),
        sa.Column("organisation_key", sa.String(200), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("requested_at", "confirm_by", "held_until")
        ),
        sa.Column("asked_from", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_bare_holds_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sector_id"], ["sectors.id"], name=op.f("fk_bare_holds_sector_id_sectors"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bare_holds")),
    )
    op.create_index("ix_bare_holds_event_id", "bare_holds", ["event_id", "organisation_key"])
    op.create_index("ix_bare_holds_sector_id", "bare_holds", ["sector_id"])
    op.create_index("ix_bare_holds_asked_from", "bare_holds", ["event_id", "asked_from"])
    with op.batch_alter_table("delegates") as delegates:
        delegates.add_column(sa.Column("first_asked_at", sa.DateTime(timezone=True), nullable=True))
        delegates.add_column(sa.Column("bare_hold_id", sa.Integer(), nullable=True))
        delegates.create_foreign_key(
            op.f("fk_delegates_bare_hold_id_bare_holds"),
            "bare_holds",
            ["bare_hold_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index("ix_delegates_bare_hold_id", "delegates", ["bare_hold_id"])


def downgrade() -> None:
    """Free the places that are held without a registration."""
    op.execute(
        "UPDATE sectors SET"
        " taken = taken - (SELECT count(*) FROM bare_holds AS b WHERE b.sector_id = sectors.id),"
        " reserved = reserved - (SELECT count(*) FROM bare_holds AS b WHERE b.sector_id = sectors.id)"
    )
    op.execute(
        "UPDATE events SET"
        " taken = taken - (SELECT count(*) FROM bare_holds AS b WHERE b.event_id = events.id)"
    )
    op.drop_index("ix_delegates_bare_hold_id", "delegates")
    with op.batch_alter_table("delegates") as delegates:
        delegates.drop_constraint(op.f("fk_delegates_bare_hold_id_bare_holds"), type_="foreignkey")
        delegates.drop_column("bare_hold_id")
        delegates.drop_column("first_asked_at")
    op.drop_table("bare_holds")
