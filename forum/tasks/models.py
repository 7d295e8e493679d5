"""The tables of tasks and of their people (R12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.tasks.enums import Outcome, TaskKind, TaskStatus

LONGEST_KEY = 64


class Task(Base):
    """Work on many people of an event, which an organiser has started and the worker does for them.

    `payload` has the details that this kind of task needs, such as tags; words that people wrote are deleted from it
    when the task ends. `form_key` is that of the form that started it, so that a form that is sent twice starts one
    task (R03). `people` is the number of people at the start; a person's row is deleted with the registration.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("people >= 0", name="people_not_negative"),
        UniqueConstraint("form_key"),
        Index("ix_tasks_event_id", "event_id", "id"),
        Index("ix_tasks_status", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    kind: Mapped[TaskKind] = member(TaskKind)
    status: Mapped[TaskStatus] = member(TaskStatus, default=TaskStatus.RUNNING)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    form_key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    people: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")
    starter = relationship("User")


class TaskPerson(Base):
    """A person of a task, fixed when it starts; the database allows one row a person.

    After the worker was killed, the task goes on with the rows that are still waiting, in the order of their ids.
    `seen_version` is the registration's version at the start; NULL in tasks that an earlier version has started.
    """

    __tablename__ = "task_people"
    __table_args__ = (
        UniqueConstraint("task_id", "registration_id"),
        Index("ix_task_people_outcome", "task_id", "outcome", "id"),
        Index("ix_task_people_registration_id", "registration_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    outcome: Mapped[Outcome] = member(Outcome, default=Outcome.WAITING)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_version: Mapped[int | None]

    task: Mapped[Task] = relationship()
    registration = relationship("Registration")
