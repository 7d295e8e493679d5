"""A known and an unknown address take the same SQL statements and time, so nobody learns who is registered (S24)."""

import gc
import statistics
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import event as engine_events

from forum.database import start_write
from forum.events.queries import find_current, find_sector
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import intake, links_by_mail, places
from forum.registration.models import Registration, RegistrationToken
from forum.registration.senders import UNBOUNDED, Sender, always
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import SILENCED, confirmed, make_applicant, register, too_many, write

pytestmark = pytest.mark.usefixtures("database")
EVERYTHING = {
    "is_protected": True,
    "real_name": "Verkliga Namnet",
    "given": {"arrival": "By train", "diet": ["gluten"]},
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@contextmanager
def statements():
    """Collect the SQL statements of the block, by their first two words."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_):
        sent.append(" ".join(statement.split()[:2]))

    engine_events.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        engine_events.remove(db.engine, "before_cursor_execute", note)


def work_of(email: str, sender=UNBOUNDED, **differing) -> list[str]:
    """Return the SQL statements of registering this address, from the start of the transaction to its commit."""
    db.session.remove()
    event, applicant = find_current(), make_applicant(email=email, **differing)
    with statements() as sent:
        start_write(db.session)
        sector = find_sector(event, "justice")
        places.lock(event)
        intake.register(event, sector, applicant, sender=sender, now=NOW)
        db.session.commit()
    return sent


def work_of_link(email: str, may_mail=always) -> list[str]:
    db.session.remove()
    event = find_current()
    with statements() as sent:
        start_write(db.session)
        links_by_mail.send_fresh_link(event, email, may_mail=may_mail, now=NOW)
        db.session.commit()
    return sent


@pytest.mark.parametrize("answers", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("known_as", [register, confirmed], ids=["pending", "confirmed"])
def test_registering_takes_as_many_statements_for_a_known_address(known_as, answers):
    known = known_as(make_event()).email
    assert len(work_of(known, **answers)) == len(work_of("new@example.org", **answers))


def test_registering_takes_as_many_statements_when_everything_is_full():
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    known, waiting = confirmed(event).email, confirmed(event).email
    work = [len(work_of(email)) for email in (known, waiting, "new@example.org")]
    assert work == [work[0]] * 3


def test_registering_takes_as_many_statements_at_an_organisations_cap():
    event = make_event(organisation_cap=1)
    known = confirmed(event, organisation="Bolaget").email
    for organisation in ("Bolaget", "Ett annat"):
        assert len(work_of(known, organisation=organisation)) == len(
            work_of(f"{organisation.split()[0]}@example.org", organisation=organisation)
        )


def test_registering_takes_as_many_statements_when_the_mail_would_be_too_often():
    known = confirmed(make_event()).email
    assert len(work_of(known, SILENCED)) == len(work_of("new@example.org", SILENCED))


@pytest.mark.parametrize("most", [9, 0])
def test_registering_takes_as_many_statements_when_a_client_holds_many_places(most):
    known, sender = confirmed(make_event()).email, Sender(client="client", most_held=most)
    assert len(work_of(known, sender)) == len(work_of("new@example.org", sender))


@pytest.mark.parametrize("known_as", [register, confirmed], ids=["pending", "confirmed"])
def test_asking_for_a_link_takes_as_many_statements_for_an_unknown_address(known_as):
    known = known_as(make_event()).email
    work = [
        len(work_of_link(email, may_mail))
        for email in (known, "nobody@example.org")
        for may_mail in (always, too_many)
    ]
    assert work == [work[0]] * 4


@pytest.mark.parametrize("work", [work_of, work_of_link], ids=["form", "link"])
def test_forms_sent_again_take_as_many_statements_whether_they_are_recorded_or_not(work):
    """Of four requests for an address the third has no audit entry; a new address's first form makes a registration."""
    known = confirmed(make_event()).email
    counts = [len(work(email)) for email in (known, "new@example.org") for _ in range(4)]
    assert counts == [counts[0]] * 8


def test_asking_for_a_link_to_an_unknown_address_leaves_no_mail_and_no_link(database):
    event = make_event()
    confirmed(event)
    models = (OutboxMessage, RegistrationToken, Registration)
    before = [database.query(model).count() for model in models]
    write(links_by_mail.send_fresh_link, event, "nobody@example.org", now=NOW)
    assert [database.query(model).count() for model in models] == before


def test_asking_for_a_link_before_anybody_is_registered_is_harmless():
    assert write(links_by_mail.send_fresh_link, make_event(), "nobody@example.org", now=NOW) is None


@pytest.mark.long
@pytest.mark.slow
def test_registering_takes_as_long_for_a_known_address():
    event = make_event(capacity=1000)
    emails = [f"person-{number}@example.org" for number in range(400)]
    for email in emails[:200]:
        register(event, email=email)
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(200):
        pair = [emails[number], emails[200 + number]]
        for email in pair if number % 2 else reversed(pair):
            times[email in emails[:200]].append(seconds_of(email))
    assert statistics.median(times[True]) == pytest.approx(statistics.median(times[False]), rel=0.1)


def seconds_of(email: str) -> float:
    """Return how much processor time registering this address takes.

    A busy machine does not change processor time. Other tests of this module compare the SQL statements. Garbage
    collection is off: each call makes as much garbage, so collecting would always fall on the same kind of address.
    """
    gc.disable()
    try:
        started = time.thread_time()
        work_of(email)
        return time.thread_time() - started
    finally:
        gc.enable()
