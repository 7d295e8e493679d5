"""Tasks for tests, made by the forum's own actions.

task = make_running(event)      everybody is to get a tag: one person has it, one was left as they were, others wait
task = make_cancelled(event)    has ended, and has cancelled three people who have just registered
task = make_moved(event)        has ended, and has moved a person to the last sector, which requires an answer
"""

from collections.abc import Mapping, Sequence
from typing import Any

from forum.accounts import queries as accounts
from forum.accounts.enums import Role
from forum.bulk import selection, working
from forum.bulk.selection import Selection
from forum.events.models import Event
from forum.extensions import db
from forum.people import notes
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.tasks import actions, queries
from forum.tasks.enums import TaskKind
from forum.tasks.models import Task, TaskPerson
from tests.factories.events import NOW
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write


def make_running(event: Event) -> Task:
    """Start a task that tags everybody, and let it handle the first two people, of whom one has the tag already."""
    people = selection.in_turn(Selection(event, Filters(), None))
    by = _by(event)
    told = {"payload": {"tags": ["press"]}, "form_key": event.slug}
    task = write(actions.start, event, TaskKind.TAG, people, **told, **by)
    first, second = working.list_next(now=NOW)[:2]
    tagged = db.session.get_one(TaskPerson, second).registration
    write(notes.set_tags, tagged, ["press"], actor="command", now=NOW)
    for row in (first, second):
        write(working.work_one, row, now=NOW)
    return task


def make_cancelled(event: Event) -> Task:
    """Register three people, and let a task cancel their registrations until the task ends."""
    people = [confirmed(event, event.sectors[0].key, family_name=name) for name in ("Alm", "Berg", "Dal")]
    return _do(TaskKind.CANCEL, {"words": {}, "reason": ""}, people)


def make_moved(event: Event) -> Task:
    """Register a person, and let a task move them to the event's last sector, which gets a required question."""
    last = event.sectors[-1].key
    make_question(event, "for-the-moved", sectors=[last], is_required=True)
    person = confirmed(event, event.sectors[0].key, family_name="Ek")
    return _do(TaskKind.MOVE, {"sector": last, "may_wait": True}, [person])


def _do(kind: TaskKind, payload: Mapping[str, Any], people: Sequence[Registration]) -> Task:
    event = people[0].event
    chosen = Selection(event, Filters(), frozenset(one.reference for one in people))
    told = {"payload": payload, "form_key": f"{kind} {event.slug}"}
    task = write(actions.start, event, kind, selection.in_turn(chosen), **told, **_by(event))
    for row in queries.list_waiting(task.id, len(people)):
        write(working.work_one, row, now=NOW)
    write(working.finish, task.id, now=NOW)
    return task


def _by(event: Event) -> dict[str, Any]:
    return {"user_id": accounts.list_holders(Role.ADMIN, event.id)[0].id, "now": NOW}
