"""Let an unconfirmed registration's hold on a place end before its link expires, and count such places by client.

Why: when few places are left, nobody shall keep a place for two days with an address that nobody reads, and one client
shall not hold all of them. Both new columns may be NULL, so an older version of the forum can still write rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = "ix_registrations_asked_from"


def upgrade() -> None:
    op.add_column("registrations", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("registrations", sa.Column("asked_from", sa.String(length=64), nullable=True))
    op.execute("UPDATE registrations SET held_until = confirm_by WHERE status = 'pending' AND holds_place")
    is_known = sa.text("asked_from IS NOT NULL")
    op.create_index(
        INDEX, "registrations", ["event_id", "asked_from"], sqlite_where=is_known, postgresql_where=is_known
    )


def downgrade() -> None:
    op.drop_index(INDEX, "registrations")
    op.drop_column("registrations", "asked_from")
    op.drop_column("registrations", "held_until")
