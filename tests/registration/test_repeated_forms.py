"""Forms that anybody can send again and again leave few audit entries, whatever limits of mails say (S24, S46)."""

import pytest

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.events.models import Event
from forum.extensions import db
from forum.registration import links_by_mail
from forum.web import limits
from tests.clocks import count_from_later
from tests.delegations.test_delegations import asked, registered
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register, write

pytestmark = pytest.mark.usefixtures("database")
FORMS = 40
TOLD = 6  # of 40 times in a day, the 1st, 2nd, 4th, 8th, 16th and 32nd have an entry


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def times_of(action: str) -> list[tuple[int | None, int]]:
    """Return for each audit entry of an action the id of its subject, and how many such acts the entry stands for."""
    db.session.rollback()
    entries = db.session.scalars(
        db.select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
    )
    return [(entry.subject_id, entry.details.payload.get("times", 1)) for entry in entries]


def ask_for_link(event: Event, email: str) -> None:
    write(links_by_mail.send_fresh_link, event, email, now=NOW)


@pytest.mark.parametrize("known_as", [register, confirmed], ids=["pending", "confirmed"])
def test_many_forms_for_one_address_leave_few_entries(known_as):
    event = make_event()
    known = known_as(event)
    for _ in range(FORMS):
        register(event, email=known.email)
    told = times_of("registration.asked_again")
    assert ({subject for subject, _ in told}, len(told)) == ({known.id}, TOLD)
    assert FORMS / 2 <= sum(times for _, times in told) <= FORMS
    assert audit.verify() is None


def test_many_requests_for_links_leave_few_entries():
    event = make_event()
    known = confirmed(event)
    for number in range(FORMS):
        ask_for_link(event, known.email)
        ask_for_link(event, f"nobody{number}@example.org")
    told = [subject for subject, _ in times_of("registration.link_asked")]
    assert sorted(told) == sorted([known.id] * TOLD + [event.id] * TOLD)
    assert audit.verify() is None


@pytest.mark.parametrize("send_first", [asked, registered], ids=["unknown", "known"])
def test_many_delegations_of_one_contact_leave_few_entries(send_first):
    event = make_event()
    send_first(event)
    before = len(times_of("delegation.asked"))
    for number in range(FORMS):
        asked(event, key=f"form {number}")
    told = times_of("delegation.asked_again") or times_of("delegation.asked")[before:]
    assert TOLD - 1 <= len(told) <= TOLD
    assert audit.verify() is None


def test_registration_is_recorded_even_if_its_number_was_counted_before():
    """After a restore from a backup, a new registration may get an id whose audit entries were counted already."""
    event = make_event()
    for number in range(1, 4):
        for _ in range(3):
            limits.count_within(86_400, "registration.received", "registrations", str(number))
    people = [register(event).id for _ in range(3)]
    assert times_of("registration.received") == [(person, 1) for person in people]


def test_next_day_begins_to_count_anew(monkeypatch):
    event = make_event()
    known = confirmed(event)
    for _ in range(3):
        ask_for_link(event, known.email)
    count_from_later(monkeypatch, 86_400)
    ask_for_link(event, known.email)
    assert times_of("registration.link_asked") == [(known.id, 1)] * 3
