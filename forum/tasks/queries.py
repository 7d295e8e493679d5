"""Reading tasks, and counting the outcomes for their people."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ScalarSelect, exists, func, select
from sqlalchemy.orm import joinedload

from forum.columns import LARGEST_ID
from forum.events.models import Event
from forum.extensions import db
from forum.tasks.enums import UNTOUCHED, Outcome, TaskStatus
from forum.tasks.models import Task, TaskPerson
from forum.web.pagination import Cursor, Order, Page, read_page

LISTED = 20
ROWS = 100


def find(event: Event, task_id: int) -> Task | None:
    """Return the event's task with this id; None for another event's (S13)."""
    if task_id > LARGEST_ID:
        return None
    return db.session.scalars(select(Task).where(Task.event_id == event.id, Task.id == task_id)).one_or_none()


def find_by_form(event: Event, form_key: str) -> Task | None:
    """Return the task that this form has started already."""
    query = select(Task).where(Task.event_id == event.id, Task.form_key == form_key)
    return db.session.scalars(query).one_or_none()


def list_latest(event: Event) -> Sequence[Task]:
    """Return the event's latest tasks, the newest first."""
    mine = select(Task).where(Task.event_id == event.id).options(joinedload(Task.starter))
    return db.session.scalars(mine.order_by(Task.id.desc()).limit(LISTED)).all()


def list_running() -> Sequence[int]:
    """Return the ids of the tasks that are running, the oldest first."""
    return db.session.scalars(
        select(Task.id).where(Task.status == TaskStatus.RUNNING).order_by(Task.id)
    ).all()


def standing(event: Event, since: datetime) -> ScalarSelect[int]:
    """Return, as an SQL column, how many running tasks of the event have handled nobody since the moment `since`."""
    moved = exists().where(TaskPerson.task_id == Task.id, TaskPerson.done_at > since)
    mine = Task.event_id == event.id, Task.status == TaskStatus.RUNNING, Task.started_at <= since
    return select(func.count(Task.id)).where(*mine, ~moved).scalar_subquery()


def list_waiting(task_id: int, limit: int) -> Sequence[int]:
    """Return the ids of the next rows whose people are not handled yet."""
    mine = TaskPerson.task_id == task_id, TaskPerson.outcome == Outcome.WAITING
    return db.session.scalars(select(TaskPerson.id).where(*mine).order_by(TaskPerson.id).limit(limit)).all()


def count_by_outcome(tasks: Collection[Task]) -> dict[int, dict[Outcome, int]]:
    """Return the number of people by outcome, for each task's id; people erased since the start are not counted."""
    groups = (TaskPerson.task_id, TaskPerson.outcome)
    mine = TaskPerson.task_id.in_([task.id for task in tasks])
    counts: dict[int, dict[Outcome, int]] = {task.id: {} for task in tasks}
    if tasks:
        for task_id, outcome, number in db.session.execute(
            select(*groups, func.count()).where(mine).group_by(*groups)
        ):
            counts[task_id][outcome] = number
    return counts


def read_untouched(task: Task, cursor: Cursor | None) -> Page[TaskPerson]:
    """Return a page of the people whom the task has left unchanged, in the order of the task."""
    query = select(TaskPerson).where(TaskPerson.task_id == task.id, TaskPerson.outcome.in_(UNTOUCHED))
    query = query.options(joinedload(TaskPerson.registration))
    number = (
        int(cursor.key) if cursor and cursor.key.isdigit() and len(cursor.key) < len(str(LARGEST_ID)) else 0
    )
    beside = db.session.get(TaskPerson, number) if number else None
    if beside is not None and beside.task_id != task.id:
        beside = None
    backwards = cursor is not None and cursor.backwards
    return read_page(
        db.session, query, Order((TaskPerson.id,)), size=ROWS, beside=beside, backwards=backwards
    )
