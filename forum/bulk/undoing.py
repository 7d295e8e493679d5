"""Undoing the cancellations of a task: within a day, by the rules for undoing a single cancellation (R28).

Only a cancellation that this task itself has made is undone: a person who was reinstated since, and has cancelled anew,
stays cancelled.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, exists, literal, select, true
from sqlalchemy.orm import aliased

from forum.bulk.selection import MOST_TRIED, NAMED, Foreseen, sum_up
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.registration import listing, places, reinstating
from forum.registration.enums import LIVE, Status
from forum.registration.models import Registration
from forum.registration.reinstating import UNDO_TIME
from forum.registration.restrictions import RESTRICTED
from forum.tasks.enums import Outcome, TaskKind, TaskStatus
from forum.tasks.models import Task, TaskPerson

Again = aliased(Registration)
# The condition for people who have registered again: the event has a live, confirmed registration of their address.
IS_AGAIN = exists().where(
    Again.event_id == Registration.event_id,
    Again.email_canonical == Registration.email_canonical,
    Again.status.in_([status for status in LIVE if status != Status.PENDING]),
)
# The order of undoing: people who had a place come before people who waited, because a free place is offered to the
# line at once.
TURN = case((Registration.cancelled_from == Status.CONFIRMED, 0), else_=1), Registration.requested_at


def is_possible(task: Task, now: datetime) -> bool:
    """Return whether the task has ended, and has cancelled registrations so recently that undoing can be tried."""
    if task.kind != TaskKind.CANCEL or task.status == TaskStatus.RUNNING or task.ended_at is None:
        return False
    return now < task.ended_at + UNDO_TIME and not events.is_off(task.event, now)


def foresee(task: Task, *, now: datetime) -> Foreseen:
    """Return for how many people the task's cancellations can be undone now, and for how many not and why."""
    outcome = _outcome(task.event, now).label("outcome")
    people = _cancelled(task.id).with_only_columns(Registration.id, outcome, literal(0).label("judged"))
    seen, fewer = sum_up(people), _count_without_place(task, now)
    return seen.without_places(fewer or 0, is_tried=fewer is not None)


def why_not(registration: Registration, task_id: int, *, now: datetime) -> Outcome | None:
    """Return why the task's cancellation cannot be undone; None if only a lack of places could still prevent it."""
    outcome = _outcome(registration.event, now)
    mine = _cancelled(task_id).where(Registration.id == registration.id).with_only_columns(outcome)
    left = Outcome(db.session.scalar(mine) or Outcome.CHANGED_SINCE)
    return None if left == Outcome.DONE else left


def in_turn(task: Task) -> Select[int, int]:
    """Select ids and versions of the registrations that the task has cancelled, in the order of undoing."""
    both = _cancelled(task.id).with_only_columns(Registration.id, Registration.version)
    return both.order_by(*TURN, Registration.id)


def list_named(task: Task) -> Sequence[Registration]:
    """Return the first of the people whose registrations the task has cancelled, in the order of their names."""
    return db.session.scalars(_cancelled(task.id).order_by(*listing.BY_NAME).limit(NAMED)).all()


def list_languages(task: Task) -> Sequence[str]:
    """Return the languages in which the people whose registrations the task has cancelled get mails."""
    return db.session.scalars(_cancelled(task.id).with_only_columns(Registration.language).distinct()).all()


def _count_without_place(task: Task, now: datetime) -> int | None:
    """Return how many people who had a place would find none free now; None if they are too many to try."""
    can = _cancelled(task.id).where(_outcome(task.event, now) == Outcome.DONE.value)
    had_place = can.where(Registration.cancelled_from == Status.CONFIRMED).order_by(*TURN, Registration.id)
    people = db.session.scalars(had_place.limit(MOST_TRIED + 1)).all()
    if len(people) > MOST_TRIED:
        return None
    return len(people) - len(reinstating.find_placed(task.event, people, now))


def _cancelled(task_id: int) -> Select[Registration]:
    """Select the registrations that the task has cancelled, each with the task's row (TaskPerson) beside it."""
    mine = TaskPerson.task_id == task_id, TaskPerson.outcome == Outcome.DONE
    return select(Registration).join(TaskPerson, TaskPerson.registration_id == Registration.id).where(*mine)


def _outcome(event: Event, now: datetime) -> ColumnElement[str]:
    """Return the SQL expression for why a cancellation cannot be undone, else DONE; free places are not considered."""
    reasons: list[tuple[ColumnElement[bool], Outcome]] = [
        (Registration.id.in_(RESTRICTED), Outcome.RESTRICTED),
        (Registration.status.in_(LIVE), Outcome.AS_IT_WAS),
        (Registration.status != Status.CANCELLED, Outcome.CHANGED_SINCE),
        # A registration that ended at another moment than that of the task's act was reinstated and then cancelled
        # again: that later cancellation stays.
        (Registration.ended_at != TaskPerson.done_at, Outcome.CHANGED_SINCE),
        (Registration.cancelled_from.is_(None), Outcome.UNCONFIRMED),
        (Registration.ended_at <= now - UNDO_TIME, Outcome.DAY_OVER),
        (IS_AGAIN, Outcome.REGISTERED_AGAIN),
    ]
    if not places.takes_waiters(event, now):
        reasons.append((Registration.cancelled_from.in_((Status.WAITING, Status.OFFERED)), Outcome.NO_LINE))
    if events.is_off(event, now):
        reasons.append((true(), Outcome.ENDED))
    whens = [(condition, outcome.value) for condition, outcome in reasons]
    return case(*whens, else_=Outcome.DONE.value)
