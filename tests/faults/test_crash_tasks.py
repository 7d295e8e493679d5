"""A worker that is killed at any commit of a task does each person's act completely or not at all, and once (R12)."""

import pytest
from sqlalchemy import select

from forum.accounts.models import User
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.bulk import selection, undoing
from forum.bulk.selection import Selection
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people import notes
from forum.people.models import RegistrationTag
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.tasks import actions
from forum.tasks.enums import Outcome, TaskKind, TaskStatus
from forum.tasks.models import Task, TaskPerson
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.organisers import sign_in_somebody
from tests.factories.registrations import confirmed, write

pytestmark = pytest.mark.slow  # this module is slow, because the job runs in processes that are killed
KINDS = {
    TaskKind.TAG: {"tags": ["vip"]},
    TaskKind.UNTAG: {"tags": ["press"]},
    TaskKind.MOVE: {"sector": "ngo", "may_wait": False},
    TaskKind.APPROVE: {"whom": "all", "words": {"sv": "Hej.", "en": "Hello."}},
    TaskKind.OFFER: {"reason": "Speaks."},
    TaskKind.RESEND: {},
    TaskKind.CANCEL: {"reason": "Moved.", "words": {"sv": "Vi flyttar.", "en": "We move."}},
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def test_a_worker_is_killed_in_tasks_of_every_kind():
    """Undoing cancellations has a test of its own, because a task that has cancelled has to come before it."""
    assert {*KINDS, TaskKind.REINSTATE} == {*TaskKind}


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_worker_leaves_no_act_half_done_and_none_undone(frozen, app, database, crash, kind):
    event = _fill(SectorPolicy.REVIEW if kind == TaskKind.APPROVE else SectorPolicy.OPEN)
    sign_in_somebody(app, event=event)
    by = {"user_id": db.session.scalars(select(User.id)).one(), "now": NOW}
    task = _start(event, kind, selection.in_turn(Selection(event, Filters(), None)), by)
    assert crash("work off tasks", "before", 1)
    assert (_done(), _changed(kind)) == (0, 0)
    for number in (1, 2):
        assert crash("work off tasks", "after", number)
        assert _done() == number * (number + 1) // 2
        assert _changed(kind) == _outcomes().count(Outcome.DONE)
    _run_jobs()
    assert db.session.scalars(select(Task.status)).all() == [TaskStatus.DONE]
    assert _changed(kind) == _outcomes().count(Outcome.DONE) > 0
    held = db.session.scalars(select(Registration.id).where(Registration.holds_place)).all()
    assert db.session.scalar(select(Event.taken)) == len(held)
    assert (task.people, audit.verify()) == (5, None)


def test_a_killed_worker_reinstates_each_person_once_and_never_past_a_limit(frozen, app, database, crash):
    """A task that undoes cancellations goes on where a killed worker stopped; newer registrations keep their places."""
    event = _fill(SectorPolicy.OPEN)
    sign_in_somebody(app, event=event)
    by = {"user_id": db.session.scalars(select(User.id)).one(), "now": NOW}
    cancelled = _start(event, TaskKind.CANCEL, selection.in_turn(Selection(event, Filters(), None)), by)
    _run_jobs()
    write(setattr, event, "capacity", 4)
    newcomer = confirmed(event, "justice")
    task = _start(event, TaskKind.REINSTATE, undoing.in_turn(cancelled), by, undoes=cancelled.id)
    for number in (1, 2):
        assert crash("work off tasks", "after", number)
        assert _live() == 1 + number * (number + 1) // 2
    _run_jobs()
    assert sorted(_outcomes()[5:]) == [*[Outcome.DONE] * 4, Outcome.NO_PLACE]
    held = db.session.scalars(select(Registration.id).where(Registration.holds_place)).all()
    assert (newcomer.id in held, len(held), db.session.scalar(select(Event.taken))) == (True, 4, 4)
    assert (task.people, task.status, audit.verify()) == (5, TaskStatus.DONE, None)


def _start(event: Event, kind: TaskKind, people, by, **more) -> Task:
    start_write(db.session)
    payload = {**KINDS.get(kind, {"words": {}}), **more}
    task = actions.start(event, kind, people, payload=payload, form_key=kind, **by)
    db.session.commit()
    return task


def _run_jobs() -> None:
    db.session.rollback()
    for job in JOBS:
        if job.name in ("work off tasks", "end tasks"):
            run_job(job)
    db.session.expire_all()


def _live() -> int:
    db.session.rollback()
    everybody = db.session.scalars(select(Registration).execution_options(populate_existing=True)).all()
    return sum(one.is_live for one in everybody)


def _fill(policy: SectorPolicy) -> Event:
    """Save an event with five people: all are in review, or the last one waits although places have become free."""
    sectors = [make_sector("justice", ceiling=9, policy=policy), make_sector("ngo", ceiling=2)]
    event = make_event(capacity=4, sectors=sectors, organisation_cap=9)
    for _number in range(5):
        write(notes.set_tags, confirmed(event, "justice"), ["press"], actor="command", now=NOW)
    write(setattr, event, "capacity", 9)
    return event


def _outcomes() -> list[Outcome]:
    db.session.rollback()
    return list(db.session.scalars(select(TaskPerson.outcome).order_by(TaskPerson.id)))


def _done() -> int:
    return 5 - _outcomes().count(Outcome.WAITING)


def _changed(kind: TaskKind) -> int:
    """Return how many people have what a task of this kind gives them, such as a tag or another sector."""
    db.session.rollback()
    tagged = {name: set() for name in ("vip", "press")}
    for number, name in db.session.execute(select(RegistrationTag.registration_id, RegistrationTag.name)):
        tagged[name].add(number)
    resent = db.session.scalars(
        select(AuditEntry.subject_id).where(AuditEntry.action == "registration.mail_resent")
    ).all()
    everybody = db.session.scalars(select(Registration).execution_options(populate_existing=True)).all()
    is_changed = {
        TaskKind.TAG: lambda one: one.id in tagged["vip"],
        TaskKind.UNTAG: lambda one: one.id not in tagged["press"],
        TaskKind.MOVE: lambda one: one.sector.key == "ngo",
        TaskKind.APPROVE: lambda one: one.status == "confirmed",
        TaskKind.OFFER: lambda one: one.status == "offered",
        TaskKind.RESEND: lambda one: one.id in resent,
        TaskKind.CANCEL: lambda one: one.status == "cancelled" and notes.list_notes(one),
    }
    return sum(bool(is_changed[kind](one)) for one in everybody)
