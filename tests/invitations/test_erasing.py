"""Erasing a person erases every invitation of the address, and own data include them before (P08, P11)."""

import pytest

from forum import clock
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.invitations import actions, answering
from forum.invitations.models import Invitation
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing, hanging
from forum.registration import actions as registrations
from forum.registration.enums import Status
from forum.registration.names import canonical_email
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.invitations.test_invitations import invite, link_of

KIM = "kim@example.org"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    open_, invited = make_sector("tech", ceiling=2), make_sector("ngo", policy=SectorPolicy.INVITATION)
    return make_event(sectors=[open_, invited])


def erase(person):
    write(erasing.erase, person, actor="command", now=NOW)


def stored_of(email):
    """Return how many invitations and mails of an address are stored."""
    invited = db.session.query(Invitation).filter_by(email_canonical=canonical_email(email))
    mailed = db.session.query(OutboxMessage).filter(OutboxMessage.recipient == email)
    return invited.count(), mailed.filter(OutboxMessage.kind != erasing.LAST_MAIL).count()


def told_states(person):
    told = hanging.tell(person)
    mails = [mail["kind"] for mail in told["outbox_messages"]].count("invitation")
    return [one["state"] for one in told.get("invitations", ())], mails


def test_earlier_invitations_are_told_and_go_with_the_person(pages, event):
    links = []
    for end in (actions.withdraw, answering.decline):
        earlier = invite(event, "ngo", given_name="Riktiga", family_name="Namnsson")
        links.append(link_of(earlier))
        write(
            end, earlier, **({"actor": "user:1"} if end == actions.withdraw else {"reason": "Ill."}), now=NOW
        )
    last = invite(event, "ngo")
    links.append(link_of(last))
    person = write(answering.accept, last, make_applicant(email=KIM), now=NOW)
    invite(event, "ngo", email="other@example.org")
    assert told_states(person) == (["withdrawn", "no", "yes"], 3)
    erase(person)
    assert (stored_of(KIM), stored_of("other@example.org")) == ((0, 0), (1, 0))
    for link in links:
        pages.get(link, expect=404)


def test_open_invitation_of_somebody_whose_registration_has_ended_goes_and_its_place_is_offered(pages, event):
    person = confirmed(event, "tech", email="Kim@example.org")
    write(registrations.cancel, person, actor="person", now=NOW)
    link = link_of(invite(event, "tech", terms={"holds_place": True}))
    _other, behind = confirmed(event, "tech"), confirmed(event, "tech")
    assert (told_states(person), behind.status) == ((["open"], 1), Status.WAITING)
    erase(person)
    db.session.refresh(event)
    assert (behind.status, event.taken, event.sectors[0].reserved) == (Status.OFFERED, 2, 0)
    assert stored_of(KIM) == (0, 0)
    pages.get(link, expect=404)


def test_address_that_nobody_has_confirmed_leads_to_no_invitation(event):
    """Erasing an unconfirmed registration keeps invitations to its address: a stranger may have typed it."""
    invite(event, "ngo")
    typed = register(event, "tech", email=KIM)
    assert told_states(typed) == ([], 0)
    erase(typed)
    assert stored_of(KIM)[0] == 1
