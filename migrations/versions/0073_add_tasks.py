"""Add tables of tasks and of their people.

Why: organisers change many people at once. Each person has one row for each task, so after a worker was killed the next
one continues where it stopped, and nobody is changed twice.
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KINDS = "'tag', 'untag', 'move', 'offer', 'cancel'"
STATES = "'running', 'done', 'stopped'"
OUTCOMES = (
    "'waiting', 'done', 'as_it_was', 'restricted', 'ended', 'not_waiting', 'no_place', 'no_sector', 'too_late', "
    "'too_many_tags', 'several_forms', 'recused', 'second_needed', 'failed'"
)


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("people >= 0", name=op.f("ck_tasks_people_not_negative")),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_tasks_kind_known")),
        sa.CheckConstraint(f"status IN ({STATES})", name=op.f("ck_tasks_status_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_tasks_event_id_events"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["started_by"], ["users.id"], name=op.f("fk_tasks_started_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("form_key", name=op.f("uq_tasks_form_key")),
    )
    op.create_index("ix_tasks_event_id", "tasks", ["event_id", "id"])
    op.create_index("ix_tasks_status", "tasks", ["status"])
    _add_people()


def _add_people() -> None:
    op.create_table(
        "task_people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name=op.f("ck_task_people_outcome_known")),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_people_task_id_tasks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_task_people_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_people")),
        sa.UniqueConstraint(
            "task_id", "registration_id", name=op.f("uq_task_people_task_id_registration_id")
        ),
    )
    op.create_index("ix_task_people_outcome", "task_people", ["task_id", "outcome", "id"])
    op.create_index("ix_task_people_registration_id", "task_people", ["registration_id"])


def downgrade() -> None:
    op.drop_table("task_people")
    op.drop_table("tasks")
