"""Add the purpose of links that calendar programs follow: the secret address of a person's calendar feed.

Why: a calendar program that has subscribed to the feed shows changes by itself. An earlier version that runs beside
this one has no page for such a link, and ends it with all others of the registration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None

TABLE, NAME = "registration_tokens", "ck_registration_tokens_purpose_known"
PURPOSES = ("confirm", "manage", "own_data", "own_data_page")


def upgrade() -> None:
    _know((*PURPOSES, "calendar"))


def downgrade() -> None:
    """End the feeds, because the earlier version has no page for them."""
    purpose = sa.column("purpose", sa.String)
    op.execute(sa.delete(sa.table(TABLE, purpose)).where(purpose == "calendar"))
    _know(PURPOSES)


def _know(purposes: tuple[str, ...]) -> None:
    with op.batch_alter_table(TABLE) as tokens:
        tokens.drop_constraint(op.f(NAME), type_="check")
        tokens.create_check_constraint(op.f(NAME), sa.column("purpose").in_(purposes))
