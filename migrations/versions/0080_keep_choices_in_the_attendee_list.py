"""Keep choices of people in the attendee list, and add a kind of task that approves registrations.

Why: organisers choose people over several pages, searches and filters, and approve many by a task. An approval leaves
out people whose registration has changed since the task was started, judged by the registration's version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None

KINDS = ("tag", "untag", "move", "offer", "cancel")
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
    *("too_many_tags", "several_forms", "recused", "second_needed", "failed"),
)
NEW_OUTCOMES = ("not_in_review", "changed")


def upgrade() -> None:
    op.create_table(
        "chosen_people",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chosen_people_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_chosen_people_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_chosen_people_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "event_id", "registration_id", name=op.f("pk_chosen_people")),
    )
    for column in ("event_id", "registration_id", "chosen_at"):
        op.create_index(f"ix_chosen_people_{column}", "chosen_people", [column])
    op.add_column("task_people", sa.Column("seen_version", sa.Integer(), nullable=True))
    _know("tasks", "kind", (*KINDS, "approve"))
    _know("task_people", "outcome", (*OUTCOMES, *NEW_OUTCOMES))


def downgrade() -> None:
    """Delete choices, and tasks that approve registrations: the earlier version knows neither. Approvals stay."""
    tasks, people = (
        sa.table("tasks", sa.column("id"), sa.column("kind")),
        sa.table("task_people", sa.column("task_id"), sa.column("outcome")),
    )
    approving = sa.select(tasks.c.id).where(tasks.c.kind == "approve")
    op.execute(sa.delete(people).where(people.c.task_id.in_(approving)))
    op.execute(sa.delete(tasks).where(tasks.c.kind == "approve"))
    _know("task_people", "outcome", OUTCOMES)
    _know("tasks", "kind", KINDS)
    op.drop_column("task_people", "seen_version")
    op.drop_table("chosen_people")


def _know(table: str, column: str, codes: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.column(column).in_(codes))
