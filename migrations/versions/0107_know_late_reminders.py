"""Add a reason why somebody gets no message: the time of the reminder was over.

Why: a reminder that had begun left any number of days late, with words such as "in three days", when the worker or the
mail server was away. An earlier version that runs beside this one shows the reason's code instead of words.
"""

import sqlalchemy as sa
from alembic import op

revision = "0107"
down_revision = "0106"
branch_labels = None
depends_on = None

FORMERLY = (
    *("ended", "unconfirmed", "restricted", "no_address", "unsubscribed", "suppressed"),
    *("no_language", "answered"),
)
NOW = (*FORMERLY, "late")


def upgrade() -> None:
    _know(NOW)


def downgrade() -> None:
    """Forget that people were left out of a reminder because its time was over; they stay left out."""
    people = sa.table("mailing_recipients", sa.column("left_because"))
    op.execute(sa.update(people).where(people.c.left_because == "late").values(left_because=None))
    _know(FORMERLY)


def _know(codes: tuple[str, ...]) -> None:
    name = op.f("ck_mailing_recipients_left_because_known")
    with op.batch_alter_table("mailing_recipients") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column("left_because").in_(codes))
