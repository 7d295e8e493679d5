"""Anybody may type an address into the form: until it is confirmed, its owner can still use it in other ways (R04)."""

from datetime import timedelta

import pytest

from forum import clock
from forum.delegations import queries as substitutions
from forum.delegations import substituting
from forum.events.queries import find_sector
from forum.extensions import db
from forum.invitations import actions as inviting
from forum.invitations import answering, many
from forum.invitations.actions import Invitee, Terms
from forum.invitations.errors import NotOpen
from forum.invitations.models import Invitation
from forum.registration import actions, links, new_address, places, reinstating
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import LinkRefused
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.invitations.test_invitations import an_organiser
from tests.registration.reading import kinds_for, newest_mail, recorded

KIM = "kim@example.org"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("justice"), make_sector("tech", ceiling=1)])


def invited(event) -> Invitation:
    terms = Terms(NOW + timedelta(days=14))
    kim = Invitee("Kim", "", KIM, "Office", "en", "")
    justice = find_sector(event, "justice")
    return write(inviting.invite, event, justice, kim, terms, user_id=an_organiser(), now=NOW)


def say_yes(invitation):
    return write(answering.accept, invitation, make_applicant(email=KIM), now=NOW)


def counted(event) -> tuple[int, int]:
    """Return the event's counter of places, and the sum of its sectors' counters."""
    db.session.expire_all()
    return event.taken, sum(sector.taken for sector in event.sectors)


def assert_gave_way(typed, token):
    """Check that the registration which the stranger made has ended, and so have its links."""
    assert (typed.status, typed.holds_place, typed.confirmed_at) == (Status.EXPIRED, False, None)
    assert recorded(typed)[-1][:2] == ("registration.gave_way", "person")
    with pytest.raises(LinkRefused):
        links.follow(token, TokenPurpose.CONFIRM, now=NOW)


def test_invitation_is_made_and_answered(event):
    """The place that was held for the stranger's form is offered to a waiting person."""
    typed = register(event, "tech", email=KIM.upper(), given_name="Stranger")
    token, behind = newest_mail(typed).token, confirmed(event, "tech")
    invitation = invited(event)
    assert (typed.status, behind.status) == (Status.PENDING, Status.WAITING)
    person = say_yes(invitation)
    assert (person.status, person.given_name, behind.status) == (Status.CONFIRMED, "Åsa", Status.OFFERED)
    assert_gave_way(typed, token)
    assert counted(event) == (2, 2)


@pytest.mark.parametrize("actor", ["person", "user:1"])
def test_somebody_takes_the_address_as_their_new_one(event, actor):
    """The mailbox's owner answers by the link mailed there, whether the owner or an organiser entered the address."""
    typed = register(event, "tech", email=KIM, given_name="Stranger")
    token, behind = newest_mail(typed).token, confirmed(event, "tech")
    kim = confirmed(event, "justice", email="old@example.org")
    write(new_address.ask, kim, KIM, actor=actor, now=NOW)
    assert typed.status == Status.PENDING
    write(new_address.confirm, newest_mail(kim, "new-address").address.rpartition("/")[2], now=NOW)
    assert (kim.email, kim.status, behind.status) == (KIM, Status.CONFIRMED, Status.OFFERED)
    assert_gave_way(typed, token)
    assert counted(event) == (2, 2)


def test_many_are_invited_beside_it(event):
    register(event, "tech", email=KIM)
    known = confirmed(event, "justice", email="known@example.org")
    justice = find_sector(event, "justice")
    rows = [
        many.Row(number, justice, Invitee("Kim", "", email, "Office", "en", ""))
        for number, email in enumerate((KIM, known.email), start=1)
    ]
    assert list(many.find_refusals(event, rows, Terms(NOW + timedelta(days=14)), NOW)) == [2]


def test_colleague_is_asked_and_takes_over(event):
    person = confirmed(event, "justice")
    typed = register(event, "tech", email=KIM, given_name="Stranger")
    token, behind = newest_mail(typed).token, confirmed(event, "tech")
    write(substituting.ask, person, KIM, now=NOW)
    asked = newest_mail(person, "substitute-asked")
    assert (asked.row.recipient, kinds_for(typed)) == (KIM, ["received"])
    newcomer = write(substituting.confirm, asked.token, make_applicant(email=KIM), now=NOW)
    assert substitutions.find_successor(person) == newcomer
    assert (newcomer.status, person.status, behind.status) == (
        Status.CONFIRMED,
        Status.CANCELLED,
        Status.OFFERED,
    )
    assert_gave_way(typed, token)
    assert counted(event) == (2, 2)


@pytest.mark.parametrize("sector", ["justice", "tech"])
def test_cancellation_is_undone(event, sector):
    """In the sector with one place, the stranger's form holds the place that the person had."""
    person = confirmed(event, sector, email=KIM)
    write(actions.cancel, person, actor="user:1", now=NOW)
    typed = register(event, sector, email=KIM, given_name="Stranger")
    token = newest_mail(typed).token
    assert typed.holds_place
    assert reinstating.foresee(person, NOW) == Status.CONFIRMED
    assert (counted(event), typed.status) == ((1, 1), Status.PENDING)
    write(reinstating.reinstate, person, actor="user:1", now=NOW)
    assert (person.status, person.holds_place) == (Status.CONFIRMED, True)
    assert_gave_way(typed, token)
    assert counted(event) == (1, 1)


def test_confirmed_registration_still_stands_in_the_way(event):
    invitation = invited(event)
    confirmed(event, "justice", email=KIM)
    with pytest.raises(NotOpen):  # registering by the form has answered the invitation
        say_yes(invitation)
    db.session.rollback()
    assert places.places_left(event, NOW)[find_sector(event, "tech").id] == 1


def test_colleague_who_is_registered_reads_who_asked_and_that_nothing_changed(event):
    known, person = confirmed(event, "justice", email=KIM), confirmed(event, "justice")
    write(substituting.ask, person, KIM, now=NOW)
    mail = newest_mail(known)
    assert mail.row.kind == "substitute-registered"
    assert "A colleague of yours is registered" in mail.text
    assert "registered this address once more" not in mail.text
    assert links.follow(mail.token, TokenPurpose.MANAGE, now=NOW) == known
