"""Keep who was left out of a message from the start, and why.

Why: an organiser sees how many people were left out, by reason, and asks who they are. Of messages sent before this
step only the numbers are known. An earlier version that runs beside this one counts such people
neither as recipients nor as left out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None

FORMERLY = ("chosen", "waiting", "queued", "left_out")
NOW = (*FORMERLY, "omitted")


def upgrade() -> None:
    _know(NOW)


def downgrade() -> None:
    """Forget who was left out from the start. Numbers stay; people whom organisers chose one by one stay chosen."""
    people = sa.table("mailing_recipients", *map(sa.column, ("mailing_id", "status", "left_because")))
    mailings = sa.table("mailings", sa.column("id"), sa.column("audience"))
    one_by_one = people.c.mailing_id.in_(sa.select(mailings.c.id).where(mailings.c.audience.is_(None)))
    is_omitted = people.c.status == "omitted"
    op.execute(sa.update(people).where(is_omitted, one_by_one).values(status="chosen", left_because=None))
    op.execute(sa.delete(people).where(is_omitted))
    _know(FORMERLY)


def _know(codes: tuple[str, ...]) -> None:
    name = op.f("ck_mailing_recipients_status_known")
    with op.batch_alter_table("mailing_recipients") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column("status").in_(codes))
