"""Hold places for invitations: add which invitations hold one, and how many places of each sector they hold.

Why: organisers can promise a place with an invitation. The place counts as taken until the invitation ends. An earlier
version that runs beside this one holds no place for an invitation, and does not know which invitations hold one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sectors") as sectors:
        sectors.add_column(sa.Column("reserved", sa.Integer(), nullable=False, server_default=sa.text("0")))
        sectors.create_check_constraint(
            op.f("ck_sectors_reserved_within_taken"), "reserved >= 0 AND reserved <= taken"
        )
    with op.batch_alter_table("invitations") as invitations:
        invitations.add_column(
            sa.Column("holds_place", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        invitations.create_check_constraint(
            op.f("ck_invitations_holds_place_while_open"), "state = 'open' OR NOT holds_place"
        )


def downgrade() -> None:
    """Give back the places that invitations hold: the earlier version would count them wrongly."""
    op.execute(
        "UPDATE events SET taken = taken"
        " - (SELECT COALESCE(SUM(reserved), 0) FROM sectors WHERE sectors.event_id = events.id)"
    )
    op.execute("UPDATE sectors SET taken = taken - reserved, reserved = 0")
    with op.batch_alter_table("invitations") as invitations:
        invitations.drop_constraint(op.f("ck_invitations_holds_place_while_open"), type_="check")
        invitations.drop_column("holds_place")
    with op.batch_alter_table("sectors") as sectors:
        sectors.drop_constraint(op.f("ck_sectors_reserved_within_taken"), type_="check")
        sectors.drop_column("reserved")
