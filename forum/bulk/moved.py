"""The people whom a task has moved to another sector and who have not answered what that sector requires."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import missing_answers, moving_words
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE
from forum.tasks.enums import Outcome, TaskKind
from forum.tasks.models import Task, TaskPerson

# How many people with unanswered questions one page names.
ROWS = 100


@dataclass(frozen=True)
class Unanswered:
    """A page of moved people, each with the unanswered questions as a text; `people` counts those of all pages."""

    people: int = 0
    rows: Sequence[tuple[Registration, str]] = ()
    number: int = 1
    has_next: bool = False


def read_unanswered(task: Task, number: int) -> Unanswered:
    """Return a page of the people whom the task has moved to a sector that requires answers which they have not given.

    People who have left the sector again, and people whose data may not be used, are left out. `number` is that of the
    page, from 1 on; beyond the last page, the last one is returned.
    """
    sector = find_sector(task.event, task.payload.get("sector", "")) if task.kind == TaskKind.MOVE else None
    if sector is None:
        return Unanswered()
    done = TaskPerson.task_id == task.id, TaskPerson.outcome == Outcome.DONE
    people = select(Registration).where(
        Registration.id.in_(select(TaskPerson.registration_id).where(*done)),
        Registration.sector_id == sector.id,
        Registration.status.in_(LIVE),
        IS_FREE,
    )
    missing = missing_answers.list_in_own(task.event, people)
    number = min(max(1, number), max(1, -(-len(missing) // ROWS)))
    shown = list(missing)[(number - 1) * ROWS :][:ROWS]
    named = db.session.scalars(
        select(Registration).where(Registration.id.in_(shown)).order_by(Registration.id)
    )
    rows = [(one, moving_words.names(missing[one.id])) for one in named] if shown else []
    return Unanswered(len(missing), rows, number, has_next=number * ROWS < len(missing))
