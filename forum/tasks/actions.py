"""Starting, stopping, ending and forgetting tasks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, literal, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.tasks import queries
from forum.tasks.enums import Outcome, TaskKind, TaskStatus
from forum.tasks.models import Task, TaskPerson

KEPT_FOR = timedelta(days=14)
FORGOTTEN_AT_ONCE = 20
# Keys of `Task.payload` that stay when the task has ended; words that people wrote are deleted.
LASTING = ("tags", "sector", "undoes")
WORKER = "worker"


def start(
    event: Event,
    kind: TaskKind,
    people: Select[int, int],
    *,
    payload: Mapping[str, Any],
    form_key: str,
    user_id: int,
    now: datetime,
) -> Task:
    """Start a task about the people whose ids and versions `people` selects, in its order; the list is fixed now."""
    task = Task(event_id=event.id, kind=kind, payload=dict(payload), form_key=form_key)
    task.started_at, task.started_by = now, user_id
    db.session.add(task)
    db.session.flush()
    person, version = people.selected_columns
    rows = people.with_only_columns(literal(task.id), person, literal(Outcome.WAITING.value), version)
    filled = insert(TaskPerson).from_select(["task_id", "registration_id", "outcome", "seen_version"], rows)
    db.session.execute(filled)
    task.people = sum(queries.count_by_outcome([task])[task.id].values())
    audit.record("task.started", task, actor=f"user:{user_id}", at=now, kind=kind, people=task.people)
    return task


def stop(task: Task, *, actor: str, now: datetime) -> bool:
    """Stop a task for good: people whom it has not reached are left alone. Return whether it was still running."""
    if task.status != TaskStatus.RUNNING:
        return False
    _end(task, TaskStatus.STOPPED, now)
    audit.record("task.stopped", task, actor=actor, at=now)
    return True


def finish(task: Task, *, now: datetime) -> bool:
    """End a task if none of its people is left to handle; return whether it has ended now."""
    if task.status != TaskStatus.RUNNING or queries.list_waiting(task.id, 1):
        return False
    _end(task, TaskStatus.DONE, now)
    audit.record("task.done", task, actor=WORKER, at=now)
    return True


def forget_old(*, now: datetime) -> int:
    """Delete tasks that ended two weeks ago, a few at a time; return how many were deleted."""
    ended = select(Task.id).where(Task.status != TaskStatus.RUNNING, Task.ended_at <= now - KEPT_FOR)
    ids = db.session.scalars(ended.order_by(Task.id).limit(FORGOTTEN_AT_ONCE)).all()
    db.session.execute(delete(Task).where(Task.id.in_(ids)))
    return len(ids)


def _end(task: Task, status: TaskStatus, now: datetime) -> None:
    task.status, task.ended_at = status, now
    task.payload = {name: value for name, value in task.payload.items() if name in LASTING}
