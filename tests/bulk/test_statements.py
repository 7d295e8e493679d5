"""Each act on many people takes as many SQL statements for hundreds of people as for one.

Counted are those of the page that asks, of the request that starts the task, and of the worker's work with one person.
"""

import re
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.bulk import selection, working
from forum.bulk.forms import FORMS
from forum.demo import crowd
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.jobs.worker import run_job
from forum.tasks import actions
from forum.tasks.enums import TaskKind
from forum.tasks.models import Task, TaskPerson
from tests.bulk.steps import JOBS_OF_TASKS
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tools.pages import Pages, counted_statements

CONFIRMED = "sector=justice&status=confirmed"
WAITING = "sector=ngo&status=waiting"
IN_REVIEW = "sector=government&status=in_review"
# For each act the people that it is about, and what is filled in. Undoing comes after cancelling, which it undoes.
ACTS: Mapping[TaskKind, tuple[str, Mapping[str, str]]] = {
    # Offering comes first: later acts would let the forum itself offer the free place.
    TaskKind.OFFER: (WAITING, {"reason": "Speaks."}),
    TaskKind.TAG: (CONFIRMED, {"tags": "new"}),
    TaskKind.UNTAG: (CONFIRMED, {"tag": "new"}),
    TaskKind.RESEND: (CONFIRMED, {}),
    TaskKind.CANCEL: (CONFIRMED, {}),
    TaskKind.REINSTATE: ("", {}),
    TaskKind.MOVE: (CONFIRMED, {"sector": "tech"}),
    TaskKind.APPROVE: (IN_REVIEW, {"whom": "all"}),
}


@pytest.fixture
def admin(database, sign_in_as, monkeypatch) -> Pages:
    """Give an admin of all events; the worker handles one person of a task at a time."""
    monkeypatch.setattr(working, "AT_ONCE", 1)
    return sign_in_as(Role.ADMIN)


def make_empty(slug: str) -> Event:
    """Save an event whose last open sector has one place."""
    sectors = [
        make_sector("justice", position=1, ceiling=500),
        make_sector("tech", position=2, ceiling=500),
        make_sector("government", position=3, ceiling=500, policy=SectorPolicy.REVIEW),
        make_sector("ngo", position=4, ceiling=1),
    ]
    return make_event(slug=slug, is_current=False, capacity=5000, organisation_cap=None, sectors=sectors)


def make_few(slug: str, number: int) -> Event:
    """Save an event in which so many people are confirmed, so many in review and so many wait for a place."""
    event = make_empty(slug)
    confirmed(event, "ngo")  # this person has the sector's only place
    for _each in range(number):
        for sector in ("justice", "government", "ngo"):
            confirmed(event, sector)
    return event


def make_many(slug: str, number: int) -> Event:
    """Save an event in which so many people are registered, in any state."""
    event = make_empty(slug)
    for _part in range(number // 1000):
        write(crowd.Crowd(event, NOW).add, 1000)
    write(crowd.make_room, event)
    return event


def told(admin: Pages, event: Event, *, at_least: int = 1) -> dict[str, int]:
    """Return how many statements each act takes: for the page that asks, the start of the task, and the first person.

    Each act has to be about at least `at_least` people; only undoing is about the one person who has been cancelled.
    """
    admin.get("attendees.index", event=event.slug)
    # One place is free, which an organiser offers by hand.
    write(setattr, event.sectors[-1], "ceiling", event.sectors[-1].ceiling + 1)
    numbers: dict[str, int] = {}
    for kind, (filters, typed) in ACTS.items():
        asked = admin.open(_address(event, kind, filters))
        started = asked.form().submit(_filled(asked, typed), expect=303)
        numbers |= {f"{kind}: ask": len(asked.statements), f"{kind}: start": len(started.statements)}
        numbers[f"{kind}: a person"] = _count(admin, lambda: run_job(JOBS_OF_TASKS[0]))
        assert _newest().people >= (1 if kind == TaskKind.REINSTATE else at_least), kind
        assert (kind, _end_newest()) == (kind, "done")
    return numbers


def _address(event: Event, kind: TaskKind, filters: str) -> str:
    if kind == TaskKind.REINSTATE:
        return f"/console/{event.slug}/tasks/{_newest().id}/undo"
    return f"/console/{event.slug}/attendees/many/{kind}?whom=all&{filters}"


def _filled(asked, typed: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is filled in, and the number of people if the page asks to type it."""
    number = re.sub(r"\D", "", asked.h1)
    return {**typed, "number": number} if "number" in asked.form().names else typed


def _count(admin: Pages, act: Callable[[], object]) -> int:
    db.session.rollback()
    with counted_statements(admin.app) as statements:
        act()
    return len(statements)


def _newest() -> Task:
    return db.session.scalars(select(Task).order_by(Task.id.desc())).first()


def _end_newest() -> str:
    """Stop the newest task; return the outcome for the first of its people."""
    db.session.rollback()
    task = _newest()
    write(actions.stop, task, actor="command", now=NOW)
    outcomes = select(TaskPerson.outcome).where(TaskPerson.task_id == task.id)
    return db.session.scalars(outcomes.order_by(TaskPerson.id)).first()


def test_every_act_on_many_people_is_counted():
    assert set(ACTS) == {*FORMS, TaskKind.REINSTATE} == set(TaskKind)


def test_act_on_three_people_takes_as_many_statements_as_on_one(admin):
    # The first event fills what a process remembers, such as the events that an admin may switch to.
    _first, one, three = (told(admin, make_few(f"f{at}", number)) for at, number in enumerate((1, 1, 3)))
    assert three == one


@pytest.mark.slow
def test_act_on_hundreds_of_people_takes_as_many_statements_as_on_one(admin):
    _first, one = (told(admin, make_few(f"f{at}", 1)) for at in range(2))
    assert told(admin, make_many("many", 3_000), at_least=101) == one


def test_people_who_are_too_many_to_try_take_no_more_statements(admin, monkeypatch):
    """Of more people than `MOST_TRIED` the page does not say how many would get a place if they were approved now."""
    path = _address(make_few("few", 3), TaskKind.APPROVE, IN_REVIEW)
    pages = []
    for most in (3, 3, 2):
        monkeypatch.setattr(selection, "MOST_TRIED", most)
        pages.append(admin.open(path))
    assert ["3 people get a place at once." in page.text for page in pages] == [True, True, False]
    # Leave out statements about the audit trail: whether a view of the page gets an entry there depends on how often
    # the page was opened before.
    _first, tried, untried = (sum("audit" not in one for one in page.statements) for page in pages)
    assert untried <= tried
