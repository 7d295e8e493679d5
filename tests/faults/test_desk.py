"""At the organisers' desk a locked, full or read-only database leads to a clear page, and no act is done by half.

The page keeps what was typed, and its button does the act once the database works again, exactly once (R13–R15). Lists
are shown meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import func, select

from forum import database as engine_setup
from forum.audit.models import AuditEntry
from forum.audit.queries import VIEWS
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.imports.models import AttendeeImport
from forum.mailings.models import Mailing
from forum.outbox.mail_text_models import MailText
from forum.outbox.models import OutboxMessage
from forum.people.models import RegistrationNote
from forum.registration import waiting_list
from forum.registration.enums import Status
from forum.registration.kept_export_models import KeptExport
from forum.registration.models import Registration
from forum.tasks.models import Task, TaskPerson
from tests.bulk.steps import choose
from tests.factories.events import NOW
from tests.factories.own_words import make_draft
from tests.factories.registrations import confirmed, write
from tests.faults.broken_databases import full, locked, read_only
from tests.imports.test_imports import TABLE, sent
from tools.pages import Page, Pages

BUSY_PAGE = "The service is busy at the moment"
# A text of 5,405 bytes, which no page of the database has room for.
LONG = " ".join(["€" * 300] * 6)
HERE = {"event": "nf27"}
IMPORTED = 20
Asked = tuple[Page, Mapping[str, str]]
FAULTS = (locked, full, read_only)


@pytest.fixture
def app(make_app, sqlite_url, monkeypatch):
    monkeypatch.setattr(engine_setup, "BUSY_SECONDS", 0.2)
    return make_app(sqlite_url)


@pytest.fixture
def person(event) -> Registration:
    return confirmed(event, given_name="Zebra", language="en")


def cancel(organiser: Pages, person: Registration) -> Asked:
    page = organiser.get("attendees.cancel", **HERE, reference=person.reference)
    return page, {"reason": LONG, "words": LONG}


def cancel_many(organiser: Pages, person: Registration) -> Asked:
    return choose(organiser, "cancel", person), {"reason": LONG, "en": LONG}


def note(organiser: Pages, person: Registration) -> Asked:
    return organiser.get("attendee_notes.index", **HERE, reference=person.reference), {"text": LONG}


def write_message(organiser: Pages, person: Registration) -> Asked:
    return organiser.get("own_mailings.new", **HERE), {
        "category": "practical",
        "subjects-en": "News",
        "words-en": LONG,
        "fallback": "en",
    }


def rewrite_message(organiser: Pages, person: Registration) -> Asked:
    draft = make_draft(person.event)
    return organiser.get("own_mailings.write", **HERE, mailing=draft.id), {"words-en": LONG}


def change_mail_text(organiser: Pages, person: Registration) -> Asked:
    return organiser.get("mail_texts.edit", **HERE, kind="offered", code="en"), {
        "opening": f"{LONG} {{deadline}}"
    }


def decline(organiser: Pages, person: Registration) -> Asked:
    reviewed = in_review(person)
    page = organiser.get("review.decline", **HERE, reference=reviewed.reference)
    return page, {"reason": "other", "en": LONG}


def decline_many(organiser: Pages, person: Registration) -> Asked:
    page = organiser.get("review_many.decline", **HERE, who=[in_review(person).reference])
    return page, {"reason": "other", "en": LONG}


def offer_by_hand(organiser: Pages, person: Registration) -> Asked:
    """Offer a place to somebody further back in line, taken from the person to whom it is offered now."""
    sector, event = person.sector, person.event
    write(setattr, sector, "floor", 0)
    write(setattr, sector, "ceiling", sector.taken)
    first, second = confirmed(event, sector.key, language="en"), confirmed(event, sector.key)
    write(setattr, sector, "ceiling", sector.taken + 1)
    write(waiting_list.offer_free_places, event, now=NOW)
    assert (first.status, second.status) == (Status.OFFERED, Status.WAITING)
    page = organiser.get("waiting_list.offer", **HERE, reference=second.reference)
    return page, {"reason": "Speaks.", "instead_of": first.reference, "words": LONG}


def import_people(organiser: Pages, _person: Registration) -> Asked:
    """Go to the dry run of a table, on which a press imports its people."""
    lines = "".join(f"Kim;Ek {number};;Org {number};ngo;SE;\n" for number in range(IMPORTED))
    return sent(organiser.get("imports.new", **HERE), TABLE + lines), {}


def export(organiser: Pages, _person: Registration) -> Asked:
    """Ask for a file that the worker makes."""
    page = organiser.get("attendees.export", **HERE)
    return page, {"purpose": "everything", "recipient": "office", "shape": "csv", "kept": "y"}


def in_review(person: Registration) -> Registration:
    """Let registrations in the person's sector be reviewed, and register somebody else there."""
    write(setattr, person.sector, "policy", SectorPolicy.REVIEW)
    return confirmed(person.event, person.sector.key, language="en")


# By how many each act changes the numbers that `stored` counts.
GROWTH: Mapping[Callable[[Pages, Registration], Asked], Mapping[str, int]] = {
    # Cancelling stores the reason as a note, and sends the person a mail.
    cancel: {"confirmed": -1, "cancelled": 1, "notes": 1, "mails": 1, "acts": 2},
    # The page only stores a task: the worker cancels the registrations later.
    cancel_many: {"tasks": 1, "people of tasks": 1, "acts": 1},
    note: {"notes": 1, "acts": 1},
    write_message: {"messages": 1, "messages with the words": 1, "acts": 1},
    rewrite_message: {"messages with the words": 1, "acts": 1},
    change_mail_text: {"words of mails": 1, "acts": 1},
    decline: {"in_review": -1, "declined": 1, "mails": 1, "acts": 1},
    decline_many: {"in_review": -1, "declined": 1, "mails": 1, "acts": 1},
    # One person is offered the place, and the other is written to and waits again.
    offer_by_hand: {"mails": 2, "acts": 2},
    import_people: {"confirmed": IMPORTED, "notes": IMPORTED, "imports": 1, "acts": 3 * IMPORTED + 1},
    # The worker makes the file later.
    export: {"files": 1, "acts": 1},
}
# A full database still has room for the short row of an export.
FAULTY = [(act, fault) for act in GROWTH for fault in FAULTS if (act, fault) != (export, full)]


def stored() -> Counter[str]:
    """Count what an act may change: people by status, rows, acts in the log, and messages with the words typed here."""
    db.session.rollback()
    rows = {
        "notes": RegistrationNote,
        "mails": OutboxMessage,
        "tasks": Task,
        "people of tasks": TaskPerson,
        "messages": Mailing,
        "words of mails": MailText,
        "imports": AttendeeImport,
        "files": KeptExport,
    }
    numbers = Counter(db.session.scalars(select(Registration.status)).all())
    for name, table in rows.items():
        numbers[name] = db.session.scalar(select(func.count()).select_from(table))
    acts = select(func.count()).select_from(AuditEntry).where(AuditEntry.action.not_in(VIEWS))
    numbers["acts"] = db.session.scalar(acts)
    words = db.session.scalars(select(Mailing.words)).all()
    numbers["messages with the words"] = sum(LONG in one.values() for one in words)
    return numbers


@pytest.mark.parametrize(("act", "fault"), FAULTY)
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
    grown = stored()
    grown.subtract(before)
    assert {name: number for name, number in grown.items() if number} == GROWTH[act]


@pytest.mark.parametrize("fault", FAULTS)
def test_lists_are_shown_while_the_database_cannot_be_written(app, organiser, person, sqlite_url, fault):
    with fault(app, sqlite_url):
        for endpoint in ("console.overview", "attendees.index", "reception.index"):
            assert "Zebra" in organiser.get(endpoint, **HERE).text
        for endpoint in ("attendees.export", "outbox.index", "log.index"):
            organiser.get(endpoint, **HERE)
