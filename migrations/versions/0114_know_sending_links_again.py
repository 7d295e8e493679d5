"""Add a kind of task that sends many people their links again.

Why: after an import organisers could send a link again to one person at a time only. The worker of an earlier version
that runs beside this one, or after it, stores "failed" for the people of such a task and sends nothing; its pages name
the task "Another change".
"""

import sqlalchemy as sa
from alembic import op

revision = "0114"
down_revision = "0113"
branch_labels = None
depends_on = None

KINDS = ("tag", "untag", "move", "approve", "offer", "cancel", "reinstate")


def upgrade() -> None:
    _know((*KINDS, "resend"))


def downgrade() -> None:
    """Forget the tasks that send links again, with their rows; the mails stay."""
    tasks = sa.table("tasks", sa.column("id"), sa.column("kind"))
    people = sa.table("task_people", sa.column("task_id"))
    sending = sa.select(tasks.c.id).where(tasks.c.kind == "resend")
    op.execute(sa.delete(people).where(people.c.task_id.in_(sending)))
    op.execute(sa.delete(tasks).where(tasks.c.kind == "resend"))
    _know(KINDS)


def _know(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_tasks_kind_known")
    with op.batch_alter_table("tasks") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column("kind").in_(kinds))
