"""Each page and act of the attendee list takes as many SQL statements for thousands of people as for one."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import select

from forum.bulk.forms import FORMS
from forum.demo import crowd
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people import notes
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import text_index
from forum.registration.filtering import SORTS
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tools.pages import counted_statements

HERE, MANY = "/console/nf27", 3_000
LIST = f"{HERE}/attendees"
FILTERS = (
    "sector=justice&sector=ngo", "status=confirmed&status=waiting", "status=held&status=ended", "country=SE",
    "organisation=exempelstads+myndighet", "language=en", "tag=vip", "tag=vip&tag=press", "consent=photographs:no",
    "invited=no", "answer=challenge:cases", "answer=challenge:-", "answer=dinner:yes&answer=challenge:removal",
     "within=7", "since=2027-01-01", "until=2027-12-31",
)  # fmt: skip
SEARCHES = (
    "q=a",
    "q=asa+berg",
    "q=%23vip",
    "q=nobodyatall",
    "q=asa&answer=challenge:cases&sort=-organisation",
)
WHY = {"purpose": "everything", "recipient": "office"}
# How many statements each page may take at most, and each act on many people, whatever the number of people.
BOUNDS = {"list": 14, "after": 17, "person": 24, "ask": 12, "figures": 8, "other": 5, "act": 24}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def unrecorded(monkeypatch):
    """Record no views of people: how many SQL statements recording takes depends on how many views came before."""
    for name in ("console.note_view", "seen_lists.note_list", "seen_lists.note_people"):
        monkeypatch.setattr(f"forum.registration.{name}", lambda *_args, **_more: None)


def fill() -> None:
    event = make_event()
    make_question(event, "challenge", QuestionKind.ONE_OF, choices=("removal", "cases", "support"))
    make_question(event, "dinner", QuestionKind.YES_NO)
    add_one(event)


def add_one(event) -> None:
    """Register somebody who meets the filters."""
    person = confirmed(event)
    write(notes.set_tags, person, ["press", "vip"], actor="command", now=NOW)
    for question, value in ((1, "cases"), (2, "yes")):
        save(Answer(registration_id=person.id, question_id=question, value=value))


def add_many(event, number: int) -> None:
    for _part in range(number // 1000):
        write(crowd.Crowd(event, NOW).add, 1000)
    write(crowd.make_room, event)
    for first in text_index.list_due(now=NOW):
        write(text_index.add, first, now=NOW)


def save_views(organiser) -> None:
    """Save two views: stored counts tell how many people one has; for the other the rows must be counted."""
    for query in ("sector=justice", "answer=challenge:cases"):
        organiser.get(f"{LIST}/views/new?{query}").form("main form").submit({"name": query}, expect=303)


def pages(organiser) -> Mapping[str, int]:
    """Return how many statements each page of the attendee list takes: lists, counts and questions before an act."""
    reference = db.session.scalar(select(Registration.reference).order_by(Registration.sort_key).offset(0))
    orders = [f"sort={sign}{name}" for name in SORTS for sign in ("", "-")]
    asked = {
        f"list: {query}": f"{LIST}?{query}" for query in ("", *FILTERS, *SEARCHES, *orders, "chosen=yes")
    }
    asked |= {
        f"after: {query}": f"{LIST}?after={reference}&{query}" for query in ("", *SEARCHES[:2], *orders[::3])
    }
    asked |= {f"ask: {kind}": f"{LIST}/many/{kind}?whom=all&country=SE" for kind in FORMS}
    asked |= {
        "ask: export": f"{LIST}/export",
        "figures": f"{HERE}/figures",
        "other: files": f"{HERE}/exports/",
    }
    asked |= {f"person: {query}": f"{HERE}/registrations/{reference}?{query}" for query in ("", FILTERS[10])}
    asked |= {
        "list: view": f"{LIST}/views/1",
        "list: other view": f"{LIST}/views/2",
        "other: tasks": f"{HERE}/tasks",
    }
    return {what: count(organiser, lambda path=path: _open(organiser, path)) for what, path in asked.items()}


def _open(organiser, path: str) -> None:
    # Request pages without the test client's checks, which take longer than the page.
    answer = organiser.client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)


def acts(organiser) -> Mapping[str, int]:
    """Return how many statements each act on all people takes, and each part of the worker's work with them."""
    whole = organiser.get(LIST)
    told = {"act: choose all": count(organiser, lambda: _choose_all(whole))}
    for shape in ("csv", "xlsx", "paper"):
        page = organiser.get(f"{LIST}/export")
        told[f"act: {shape}"] = count(
            organiser, lambda p=page, s=shape: p.submit({**WHY, "shape": s}, expect=200)
        )
    page = organiser.get(f"{LIST}/export")
    told["act: prepare"] = count(organiser, lambda: page.submit({**WHY, "kept": "y"}))
    asks = organiser.get(f"{LIST}/many/tag?whom=all")
    told["act: start a task"] = count(organiser, lambda: asks.submit({"tags": "new"}))
    told["act: a part of a file"] = per_part(organiser, "make exports")
    told["act: a person of a task"] = per_part(organiser, "work off tasks")
    return told


def _choose_all(page) -> None:
    page.form("form#many").submit(expect=303, forged={"act": "matching"})


def count(organiser, act: Callable[[], object]) -> int:
    with counted_statements(organiser.app) as statements:
        act()
    return len(statements)


def per_part(organiser, name: str) -> int:
    """Run a job and return how many statements it takes for each part that it handles."""
    job = next(job for job in JOBS if job.name == name)
    db.session.rollback()
    parts = len(job.each(now=NOW))
    return -(-count(organiser, lambda: run_job(job)) // parts)


def too_many(told: Mapping[str, int]) -> dict[str, int]:
    """Return the pages and acts that take more SQL statements than their bound allows, with their numbers."""
    return {what: number for what, number in told.items() if number > BOUNDS[what.split(":")[0]]}


def test_pages_about_three_people_take_as_many_statements_as_about_one(organiser, event, filled, unrecorded):
    save_views(organiser)
    one = pages(organiser)
    add_one(event), add_one(event)
    three = pages(organiser)
    assert {what: by for what, by in three.items() if by != one[what] and not what.startswith("after")} == {}
    assert (too_many(one), too_many(acts(organiser))) == ({}, {})


@pytest.mark.slow
def test_pages_and_acts_take_as_many_statements_for_thousands(organiser, event, filled, unrecorded):
    save_views(organiser)
    few = pages(organiser)
    add_many(event, MANY)
    many = pages(organiser)
    # If the list has several pages, two more statements count all people and those before the page.
    more = {what: many[what] - few[what] for what in few if many[what] > few[what]}
    assert {what: by for what, by in more.items() if by > 2 or not what.startswith(("list", "after"))} == {}
    assert (too_many(many), too_many(acts(organiser))) == ({}, {})
