"""Index registrations by address before event.

Why: the index had the same columns in the same order as the index of live registrations, so SQLite used one or the
other to find a live registration, depending on the order in which it had read the schema.
"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

OLD, NEW = "ix_registrations_email", "ix_registrations_email_event"


def upgrade() -> None:
    op.create_index(NEW, "registrations", ["email_canonical", "event_id"])
    op.drop_index(OLD, "registrations")


def downgrade() -> None:
    op.create_index(OLD, "registrations", ["event_id", "email_canonical"])
    op.drop_index(NEW, "registrations")
