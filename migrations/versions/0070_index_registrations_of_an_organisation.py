"""Index registrations of an organisation.

Why: the attendee list is filtered by organisations and sorted by name. The index by which the places of an
organisation are counted holds only registrations with a place; the new, larger index has the event as its last column,
so that this count does not use it.
"""

from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

COLUMNS = ["organisation_key", "sort_key", "id", "event_id"]


def upgrade() -> None:
    op.create_index("ix_registrations_of_organisation", "registrations", COLUMNS)


def downgrade() -> None:
    op.drop_index("ix_registrations_of_organisation", table_name="registrations")
