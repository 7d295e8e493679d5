"""The worker's part of a task: one person after the other, each in a transaction of their own.

The act and its outcome for the person are stored together: although a worker may be killed, no act is done twice and no
person is forgotten (R12). People whose data may not be used are left out.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from forum.accounts import queries as accounts
from forum.accounts.audiences import REGISTRARS
from forum.bulk.acts import ACTS, JUDGING, REFUSALS
from forum.extensions import db
from forum.registration import places, restrictions
from forum.tasks import actions, queries
from forum.tasks.enums import Outcome, TaskStatus
from forum.tasks.models import Task, TaskPerson

# How many people of a task are handled before the worker's other jobs run: one or two seconds of work.
AT_ONCE = 200
log = logging.getLogger("forum.worker")


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the TaskPerson rows to work on next, at most AT_ONCE of each running task."""
    return [row for task in queries.list_running() for row in queries.list_waiting(task, AT_ONCE)]


def work_one(row_id: int, *, now: datetime) -> int:
    """Do the task's act for one person and store the outcome; return how many people were handled."""
    row = db.session.get(TaskPerson, row_id)
    if row is None:
        return 0
    places.lock(row.task.event)
    still = (
        TaskPerson.id == row_id,
        TaskPerson.outcome == Outcome.WAITING,
        Task.status == TaskStatus.RUNNING,
    )
    query = select(TaskPerson).join(TaskPerson.task).where(*still)
    row = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        return 0
    db.session.refresh(row.task)
    if not accounts.may_still(row.task.starter, row.task.event_id, REGISTRARS.roles):
        actions.stop(row.task, actor=actions.WORKER, now=now)
        return 0
    row.outcome, row.done_at = _do(row, now), now
    return 1


def finish(task_id: int, *, now: datetime) -> int:
    """End a task if it has no people left to work on; return 1 if it has ended now, else 0."""
    task = db.session.get_one(Task, task_id)
    places.lock(task.event)
    db.session.refresh(task)
    return int(actions.finish(task, now=now))


def list_running(*, now: datetime) -> Sequence[int]:
    """Return the ids of the tasks that are running."""
    return queries.list_running()


def _do(row: TaskPerson, now: datetime) -> Outcome:
    """Do the task's act for a person in a savepoint, which a refusal or an error rolls back; return the outcome."""
    task, registration = row.task, row.registration
    db.session.refresh(registration)
    if restrictions.is_restricted(registration):
        return Outcome.RESTRICTED
    if task.kind in JUDGING and row.seen_version != registration.version:
        return Outcome.CHANGED
    try:
        with db.session.begin_nested():
            return ACTS[task.kind](registration, task, now)
    except tuple(REFUSALS) as refusal:
        return REFUSALS[type(refusal)]
    except (OperationalError, InterfaceError):
        # The database is unreachable or busy: the worker tries this person again later.
        raise
    # Record any other error as the person's outcome: trying again would fail again, and hold up everybody after this
    # person.
    except Exception:
        log.exception("task %s failed for registration %s", task.id, registration.id)
        return Outcome.FAILED
