"""Add a kind of task that undoes the cancellations of another task, and its reasons to leave a person out.

Why: an organiser who has cancelled too many people undoes it for all whose cancellation can still be undone. The worker
of an earlier version that runs beside this one, or after it, stores "failed" for the people of such a task and changes
none of them. The earlier version's pages of tasks answer with an error as long as such a task is listed, which is two
weeks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None

KINDS = ("tag", "untag", "move", "approve", "offer", "cancel")
KINDS_NOW = (*KINDS, "reinstate")
OUTCOMES = (
    *(
        "waiting",
        "done",
        "as_it_was",
        "restricted",
        "ended",
        "not_waiting",
        "no_place",
        "no_sector",
        "too_late",
    ),
    *("too_many_tags", "several_forms", "recused", "second_needed", "not_in_review", "changed", "failed"),
)
OUTCOMES_NOW = (
    *OUTCOMES,
    *("registered_again", "unconfirmed", "day_over", "no_line", "changed_since"),
)


def upgrade() -> None:
    _know("tasks", "kind", KINDS_NOW)
    _know("task_people", "outcome", OUTCOMES_NOW)


def downgrade() -> None:
    """Forget the tasks that undo cancellations, with their rows; the people whom they brought back stay."""
    tasks = sa.table("tasks", sa.column("id"), sa.column("kind"))
    people = sa.table("task_people", sa.column("task_id"))
    undoing = sa.select(tasks.c.id).where(tasks.c.kind == "reinstate")
    op.execute(sa.delete(people).where(people.c.task_id.in_(undoing)))
    op.execute(sa.delete(tasks).where(tasks.c.kind == "reinstate"))
    _know("task_people", "outcome", OUTCOMES)
    _know("tasks", "kind", KINDS)


def _know(table: str, column: str, codes: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column(column).in_(codes))
