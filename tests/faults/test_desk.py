"""At the organisers' desk a locked, full or read-only database leads to a clear page, and no act is done by half.

The page keeps what was typed, and its button does the act once the database works again, exactly once (R13–R15). Lists
are shown meanwhile.
"""

from collections.abc import Mapping

import pytest
from sqlalchemy import func, select

from forum import database as engine_setup
from forum.audit.models import AuditEntry
from forum.audit.queries import VIEWS
from forum.extensions import db
from forum.mailings.models import Mailing
from forum.outbox.models import OutboxMessage
from forum.people.models import RegistrationNote
from forum.registration.models import Registration
from forum.tasks.models import Task, TaskPerson
from tests.bulk.steps import choose
from tests.factories.own_words import make_draft
from tests.factories.registrations import confirmed
from tests.faults.broken_databases import full, locked, read_only
from tools.pages import Page, Pages

BUSY_PAGE = "The service is busy at the moment"
# A text of 5,405 bytes, which no page of the database has room for.
LONG = " ".join(["€" * 300] * 6)
HERE = {"event": "nf27"}
FAULTS = (locked, full, read_only)


@pytest.fixture
def app(make_app, sqlite_url, monkeypatch):
    monkeypatch.setattr(engine_setup, "BUSY_SECONDS", 0.2)
    return make_app(sqlite_url)


@pytest.fixture
def person(event) -> Registration:
    return confirmed(event, given_name="Zebra", language="en")


def cancel(organiser: Pages, person: Registration) -> tuple[Page, Mapping[str, str]]:
    page = organiser.get("attendees.cancel", **HERE, reference=person.reference)
    return page, {"reason": LONG, "words": LONG}


def cancel_many(organiser: Pages, person: Registration) -> tuple[Page, Mapping[str, str]]:
    return choose(organiser, "cancel", person), {"reason": LONG, "en": LONG}


def note(organiser: Pages, person: Registration) -> tuple[Page, Mapping[str, str]]:
    return organiser.get("attendee_notes.index", **HERE, reference=person.reference), {"text": LONG}


def write_message(organiser: Pages, person: Registration) -> tuple[Page, Mapping[str, str]]:
    return organiser.get("own_mailings.new", **HERE), {
        "subjects-en": "News",
        "words-en": LONG,
        "fallback": "en",
    }


def rewrite_message(organiser: Pages, person: Registration) -> tuple[Page, Mapping[str, str]]:
    draft = make_draft(person.event)
    return organiser.get("own_mailings.write", **HERE, mailing=draft.id), {"words-en": LONG}


def stored() -> list[object]:
    """Return what an act may change: states of people, numbers of rows, and the words of messages."""
    db.session.rollback()
    rows = (RegistrationNote, OutboxMessage, Task, TaskPerson)
    acts = select(func.count()).select_from(AuditEntry).where(AuditEntry.action.not_in(VIEWS))
    return [
        db.session.scalars(select(Registration.status)).all(),
        [db.session.scalar(select(func.count()).select_from(table)) for table in rows],
        db.session.scalar(acts),
        [dict(words) for words in db.session.scalars(select(Mailing.words))],
    ]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("act", [cancel, cancel_many, note, write_message, rewrite_message])
def test_act_on_a_broken_database_is_done_once_it_works_again(app, organiser, person, sqlite_url, act, fault):
    page, typed = act(organiser, person)
    before = stored()
    with fault(app, sqlite_url):
        busy = page.form("main form[method=post]").submit(typed, expect=503)
        again = busy.submit(button="Try again", expect=503)
        assert stored() == before
    assert (again.h1, again.headers["Retry-After"]) == (BUSY_PAGE, "10")
    assert {name: again.form().data[name] for name in typed} == {
        name: [value] for name, value in typed.items()
    }
    again.submit(button="Try again")
    assert stored() != before


@pytest.mark.parametrize("fault", FAULTS)
def test_lists_are_shown_while_the_database_cannot_be_written(app, organiser, person, sqlite_url, fault):
    with fault(app, sqlite_url):
        for endpoint in ("console.overview", "attendees.index", "reception.index"):
            assert "Zebra" in organiser.get(endpoint, **HERE).text
        for endpoint in ("attendees.export", "outbox.index", "log.index"):
            organiser.get(endpoint, **HERE)
