"""Let memberships have the roles registrar, viewer and editor.

Why: each of these roles allows a part of what an organiser may do. An earlier version that runs beside this one opens
no page to people with them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

ROLES = ("admin", "organiser", "mailer", "door", "care", "protected_handler")
NARROW = ("registrar", "viewer", "editor")


def upgrade() -> None:
    _know_roles((*ROLES, *NARROW))


def downgrade() -> None:
    """Delete memberships with the roles that the earlier version does not know: each role that it knows allows more."""
    memberships = sa.table("memberships", sa.column("role"))
    op.execute(sa.delete(memberships).where(memberships.c.role.in_(NARROW)))
    _know_roles(ROLES)


def _know_roles(roles: tuple[str, ...]) -> None:
    with op.batch_alter_table("memberships") as batch:
        batch.drop_constraint(op.f("ck_memberships_role_known"), type_="check")
        batch.create_check_constraint(op.f("ck_memberships_role_known"), sa.column("role").in_(roles))
