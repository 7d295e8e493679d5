"""Add the order in which an event's lists have names.

Why: Danish and Norwegian lists end with æ ø å, Icelandic ones with þ æ ö, and all events had the Swedish and Finnish
order. The keys by which lists are sorted are stored, so the worker makes them anew after a change of the order, and
`sorted_to` says how far the worker has come. An earlier version that runs beside this one sorts the people whom it adds
in the Swedish order.
"""

from alembic import op

revision = "0097"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Add the columns in place, each with its own check. If the table were copied, the checks of columns that earlier
    # steps added would become checks of the whole table, and the downgrades of those steps could not drop the columns.
    op.execute(
        "ALTER TABLE events ADD COLUMN name_order VARCHAR(20) DEFAULT 'swedish' NOT NULL"
        " CONSTRAINT ck_events_name_order_known CHECK (name_order IN ('swedish', 'danish', 'icelandic'))"
    )
    op.execute("ALTER TABLE events ADD COLUMN sorted_to INTEGER")


def downgrade() -> None:
    """Forget the orders. Stored sort keys stay until a registration changes, so a list may mix two orders."""
    for name in ("sorted_to", "name_order"):
        op.drop_column("events", name)
