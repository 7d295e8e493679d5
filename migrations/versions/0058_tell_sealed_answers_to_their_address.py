"""Remember which address's owner may read the sealed answers, and whether a person asked for a new address.

Why: organisers merge registrations and enter addresses, and must not get to read sealed answers in this way. An earlier
version that runs beside this one writes neither column: a merge or confirmation by that version counts as the person's
own act, as before, but a new address that it stored counts as one that organisers have entered.
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("registrations", sa.Column("sealed_for", sa.String(length=64)))
    op.add_column(
        "address_changes", sa.Column("is_own", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("address_changes", "is_own")
    op.drop_column("registrations", "sealed_for")
