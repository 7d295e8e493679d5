"""Index consents by the readers that they name.

Why: to show a public form, the forum queries whether the list of participants shows anybody. Without this index the
query read all people with a place, as long as nobody had consented.
"""

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_consents_audience", "consents", ["audience", "registration_id"])


def downgrade() -> None:
    op.drop_index("ix_consents_audience", table_name="consents")
