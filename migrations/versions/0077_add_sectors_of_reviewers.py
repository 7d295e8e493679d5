"""Let memberships have the role reviewer, with the sectors whose people a reviewer decides about.

Why: an organiser who knows the people of one sector decides about them, and sees no others. An earlier version that
runs beside this one opens no page to people with this role.
"""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

ROLES = (
    *("admin", "organiser", "mailer", "door", "care", "protected_handler"),
    *("registrar", "viewer", "editor"),
)


def upgrade() -> None:
    _know_roles((*ROLES, "reviewer"))
    op.create_table(
        "reviewed_sectors",
        sa.Column(
            "membership_id",
            sa.Integer,
            sa.ForeignKey(
                "memberships.id",
                name=op.f("fk_reviewed_sectors_membership_id_memberships"),
                ondelete="CASCADE",
            ),
            nullable=False,
        ),
        sa.Column(
            "sector_id",
            sa.Integer,
            sa.ForeignKey(
                "sectors.id", name=op.f("fk_reviewed_sectors_sector_id_sectors"), ondelete="CASCADE"
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("membership_id", "sector_id", name=op.f("pk_reviewed_sectors")),
    )
    op.create_index("ix_reviewed_sectors_sector_id", "reviewed_sectors", ["sector_id"])


def downgrade() -> None:
    """Delete memberships with the role that the earlier version does not know: each role that it knows allows more."""
    op.drop_table("reviewed_sectors")
    memberships = sa.table("memberships", sa.column("role"))
    op.execute(sa.delete(memberships).where(memberships.c.role == "reviewer"))
    _know_roles(ROLES)


def _know_roles(roles: tuple[str, ...]) -> None:
    with op.batch_alter_table("memberships") as batch:
        batch.drop_constraint(op.f("ck_memberships_role_known"), type_="check")
        batch.create_check_constraint(op.f("ck_memberships_role_known"), sa.column("role").in_(roles))
