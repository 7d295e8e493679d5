"""Ended registrations of the same confirmed address are told and erased with the person (P08, P11)."""

import pytest

from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.privacy import actions as requests
from forum.privacy import hanging
from forum.registration import actions, owners, tombstones, uniting
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.filling import mails
from tests.registration.reading import read

pytestmark = pytest.mark.usefixtures("frozen")
OFFICE = "office@example.org"


@pytest.fixture
def event(database):
    return make_event(capacity=9, sectors=[make_sector("justice", ceiling=9)])


def cancelled(event, name, **differing):
    somebody = confirmed(event, given_name=name, **{"email": OFFICE, **differing})
    write(actions.cancel, somebody, actor="person", now=NOW)
    return somebody


def names() -> list[str]:
    return sorted(db.session.scalars(db.select(Registration.given_name)))


def test_erasing_a_person_erases_earlier_registrations_of_the_address_as_the_organiser_reads(
    event, sign_in_as
):
    ended = cancelled(event, "Zqone", family_name="Ek", is_protected=True, real_name="Hemliga Namnet")
    write(requests.ask, ended, now=NOW)
    other = cancelled(event, "Other", email="other@example.org")
    person = confirmed(event, given_name="Zqtwo", family_name="Ek", email=OFFICE)

    told = hanging.tell(person)

    assert [row["given_name"] for row in told["registrations"]] == ["Zqtwo", "Zqone"]
    assert "Hemliga" not in str(told)
    # For everybody alike: who shares the mailbox must not learn whether the other one is protected (P21).
    assert ["not_shown" in row["answer"] for row in told["protected_identities"]] == [False, True]
    write(requests.ask, person, now=NOW)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("erasure_requests.index", event="nf27")
    page = organiser.get(page.links["Erase Zqtwo Ek"])
    assert "An ended registration with the same address is erased, too: Zqone Ek, Cancelled." in page.text
    page = page.submit(follow=True)
    assert (
        "Nobody waits for an answer." in page.text
    )  # the request for the ended registration is answered, too
    db.session.expire_all()
    assert names() == [other.given_name]
    # On PostgreSQL a machine without the file leaves it to the worker.
    assert len(tombstones.read_file()[0]) == (2 if db.engine.dialect.name == "sqlite" else 0)
    (last,) = mails(db.session, "erased")
    assert "stays" not in read(last).text


def test_an_address_that_somebody_else_is_registered_with_gives_no_ended_registrations_away(
    event, sign_in_as
):
    """Whoever shares a mailbox stays, and so do its other ended registrations: nobody knows whose they are."""
    first, second = cancelled(event, "First", family_name="Ek"), cancelled(event, "Second")
    living = confirmed(event, given_name="Living", family_name="Berg", email=OFFICE)
    assert (owners.list_former(first), owners.list_former(living)) == ([], [first, second])
    write(requests.ask, first, now=NOW)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("erasure_requests.index", event="nf27")
    page = organiser.get(page.links["Erase First Ek"])
    assert "Living Berg is registered with the same address and stays." in page.text
    page.submit(follow=True)
    db.session.expire_all()
    assert names() == ["Living", "Second"]
    (last,) = mails(db.session, "erased")
    assert "Another registration with this address stays." in read(last).text


def test_only_registrations_that_certainly_have_the_address_are_the_persons(event):
    person = confirmed(event, given_name="Zq", email="zq@example.org")
    ended, unsure = (
        cancelled(event, "Ended", email="a@example.org"),
        cancelled(event, "U", email="u@example.org"),
    )
    stays, merged = confirmed(event, email="stays@example.org"), confirmed(event, email="merged@example.org")
    # Merged into the registration of somebody with another address: theirs.
    write(uniting.unite, stays, merged, (), actor="command", now=NOW)
    start_write(db.session)
    for one in (ended, merged, unsure):
        one.email, one.email_canonical = person.email, person.email_canonical
    unsure.confirmed_at = None
    db.session.commit()
    assert owners.list_former(person) == [ended]
    # Organisers have chosen the address, in a merge with a registration that nobody had confirmed.
    start_write(db.session)
    person.sealed_for = "0" * 64
    db.session.commit()
    assert owners.list_former(person) == []
    assert owners.list_former(register(event, email="nobody@example.org")) == []
