"""Add a reason why somebody gets no message: the person has answered before the message left.

Why: in the results of a message to people without an answer, no reason stood beside a person who had answered before
it left. Rows that are stored already stay without a reason. An earlier version that runs beside this one
shows the reason's code instead of words.
"""

import sqlalchemy as sa
from alembic import op

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None

FORMERLY = (
    *("ended", "unconfirmed", "restricted", "no_address", "unsubscribed", "suppressed"),
    "no_language",
)
NOW = (*FORMERLY, "answered")


def upgrade() -> None:
    _know(NOW)


def downgrade() -> None:
    """Forget that people were left out of a message because they had answered; they stay left out."""
    people = sa.table("mailing_recipients", sa.column("left_because"))
    op.execute(sa.update(people).where(people.c.left_because == "answered").values(left_because=None))
    _know(FORMERLY)


def _know(codes: tuple[str, ...]) -> None:
    name = op.f("ck_mailing_recipients_left_because_known")
    with op.batch_alter_table("mailing_recipients") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column("left_because").in_(codes))
