"""Own data and erasure include rows of delegations and substitutions with the person's address (P08, P11, S24)."""

import pytest
from sqlalchemy import select

from forum import clock
from forum.delegations import substituting
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing, hanging, telling
from tests.delegations.test_delegations import CONTACT, registered
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import newest_mail

CIA = "cia@example.org"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def names_and_addresses():
    """Return names and addresses of people in the rows of delegations and substitutions."""
    db.session.expire_all()
    people = [(one.given_name, one.email) for one in db.session.scalars(select(Delegate)) if one.given_name]
    contacts = [(one.given_name, one.email) for one in db.session.scalars(select(Delegation))]
    return people, contacts, db.session.scalars(select(Substitution.email)).all()


def test_somebody_who_is_named_reads_it_and_is_erased_from_it(event):
    cia, other = confirmed(event, "tech", email="Cia@example.org"), confirmed(event, "tech")
    registered(event, sector="justice")
    write(substituting.ask, other, CIA, now=NOW)
    told = hanging.tell(cia)
    assert [(row["given_name"], row["title"], row["email"]) for row in told["delegates"]] == [
        ("Cia", "Chef", CIA)
    ]
    assert [row["email"] for row in told["substitutions"]] == [CIA]
    assert other.reference not in str(told)
    assert names_and_addresses() == ([("Cia", CIA)], [("Anna", CONTACT.email)], [CIA])
    write(erasing.erase, cia, actor="command", now=NOW)
    assert names_and_addresses() == ([], [("Anna", CONTACT.email)], [])


def test_contact_reads_the_delegations_and_is_erased_from_them(event):
    """A contact's own data and erasure include a delegation that was never confirmed; its people stay registered."""
    anna = confirmed(event, "tech", email=CONTACT.email.upper())
    delegation = registered(event, sector="justice")
    bo = delegation.people[0].registration
    told = hanging.tell(anna)
    (row,) = told["delegations"]
    assert (row["given_name"], row["organisation"], row["sector"]) == ("Anna", "Exempelbyrån", "justice")
    assert {"delegation-asked", "delegation-registered"} <= {mail["kind"] for mail in told["outbox_messages"]}
    titles = [part.title for part in telling.list_parts(told, anna)]
    assert "Contact of a delegation" in titles
    write(erasing.erase, anna, actor="command", now=NOW)
    assert names_and_addresses()[1] == []
    assert bo.is_live
    kinds = select(OutboxMessage.kind).where(OutboxMessage.kind.startswith("delegation-"))
    assert db.session.scalars(kinds).all() == []


def test_address_that_nobody_has_confirmed_as_theirs_tells_and_erases_nothing(event):
    stranger = register(event, "tech", email=CONTACT.email)
    registered(event, sector="justice")
    assert "delegations" not in hanging.tell(stranger)
    write(erasing.erase, stranger, actor="command", now=NOW)
    assert names_and_addresses()[1] == [("Anna", CONTACT.email)]


def test_person_who_asked_the_erased_colleague_has_asked_nobody(event):
    """Erasing a colleague who was asked to come instead of a person deletes the message that asks, with its link."""
    person, colleague = confirmed(event, "tech"), register(event, "tech", email="colleague@example.org")
    write(substituting.ask, person, CIA, now=NOW)
    assert newest_mail(person, "substitute-asked").token
    cia = confirmed(event, "tech", email=CIA)
    write(erasing.erase, cia, actor="command", now=NOW)
    mails = select(OutboxMessage.recipient).where(OutboxMessage.kind == "substitute-asked")
    assert (db.session.scalars(mails).all(), colleague.is_live) == ([], True)
