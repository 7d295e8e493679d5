"""Let invited people pass an invitation on: whether they may, that it was done, and to whom.

Why: a person who cannot come may let a colleague come instead, where organisers have allowed it. An earlier version
that runs beside this one lets nobody do so, and shows an invitation that was passed on as one that has ended.
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

STATES = ("open", "yes", "no", "expired", "withdrawn")


def upgrade() -> None:
    with op.batch_alter_table("invitations") as invitations:
        for column in ("may_forward", "from_colleague"):
            invitations.add_column(sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()))
        invitations.add_column(sa.Column("forwarded_to_id", sa.Integer()))
        invitations.create_foreign_key(
            op.f("fk_invitations_forwarded_to_id_invitations"),
            "invitations",
            ["forwarded_to_id"],
            ["id"],
            ondelete="SET NULL",
        )
    _know_states((*STATES, "forwarded"))
    op.create_index("ix_invitations_forwarded_to_id", "invitations", ["forwarded_to_id"])


def downgrade() -> None:
    """Let invitations that were passed on count as withdrawn: the earlier version knows no better state for them."""
    op.execute("UPDATE invitations SET state = 'withdrawn' WHERE state = 'forwarded'")
    op.drop_index("ix_invitations_forwarded_to_id", "invitations")
    _know_states(STATES)
    with op.batch_alter_table("invitations") as invitations:
        invitations.drop_constraint(op.f("fk_invitations_forwarded_to_id_invitations"), type_="foreignkey")
        for column in ("forwarded_to_id", "from_colleague", "may_forward"):
            invitations.drop_column(column)


def _know_states(states: tuple[str, ...]) -> None:
    with op.batch_alter_table("invitations") as invitations:
        invitations.drop_constraint(op.f("ck_invitations_state_known"), type_="check")
        invitations.create_check_constraint(
            op.f("ck_invitations_state_known"), sa.column("state").in_(states)
        )
