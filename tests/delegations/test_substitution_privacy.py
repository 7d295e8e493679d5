"""Naming a substitute reveals nobody's registration, and leaves no address behind (S24, P11)."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.delegations import substituting, unanswered
from forum.delegations.models import Substitution
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.privacy import hanging
from forum.registration import actions, own_data, reinstating
from forum.registration.enums import Status
from forum.registration.errors import LinkRefused
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.registration.reading import newest_mail

KNOWN, FREE = "known@example.org", "other@example.org"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def held_about(person, named) -> tuple[str, list[str], list[list[str]]]:
    """Return everything that the person can read about themselves, with the named address replaced by a fixed text."""
    told = json.dumps([own_data.collect(person)["mails"], hanging.tell(person)["outbox_messages"]])
    history = [entry["action"] for entry in own_data.collect(person)["history"]]
    asked = [sorted(row) for row in hanging.tell(person)["substitutions"]]
    return told.replace(person.email, "mine").replace(named, "named"), history, asked


@pytest.mark.parametrize("known_as", [register, confirmed], ids=["pending", "confirmed"])
def test_own_data_do_not_tell_whether_the_colleague_is_registered(event, known_as):
    clock.freeze(NOW)
    known_as(event, email=KNOWN, is_protected=True)
    told = []
    for named in (KNOWN, FREE):
        person = confirmed(event)
        write(substituting.ask, person, named, now=NOW)
        told.append(held_about(person, named))
    assert told[0] == told[1]
    assert "named" not in told[0][0]


def stored_of(address) -> list[str]:
    """Return where an address is stored: the kinds of its mails, and "named" for a row of a substitution."""
    kinds = db.session.scalars(select(OutboxMessage.kind).where(OutboxMessage.recipient == address))
    named = db.session.scalars(select(Substitution.id).where(Substitution.email == address))
    return [*kinds, *("named" for _one in named)]


def test_link_of_the_colleague_stays_dead_once_the_cancellation_is_undone(event):
    person = confirmed(event)
    write(substituting.ask, person, FREE, now=NOW)
    token = newest_mail(person, "substitute-asked").token
    write(actions.cancel, person, actor="person", now=NOW)
    write(reinstating.reinstate, person, actor="user:1", now=NOW)
    with pytest.raises(LinkRefused):
        write(substituting.confirm, token, make_applicant(email=FREE), now=NOW)
    db.session.rollback()
    assert (person.status, person.holds_place) == (Status.CONFIRMED, True)


def test_nothing_is_kept_of_an_address_that_was_not_confirmed(event):
    """The address is deleted, as the mail promises, however the substitution ended without being confirmed."""
    person = confirmed(event)
    write(substituting.ask, person, FREE, now=NOW)
    assert stored_of(FREE) == ["substitute-asked", "named"]
    mark_all_sent()
    write(substituting.ask, person, "second@example.org", now=NOW)
    assert stored_of(FREE) == []
    mark_all_sent()
    write(unanswered.take_back, person, actor="person", now=NOW)
    assert stored_of("second@example.org") == []
    write(substituting.ask, person, FREE, now=NOW)
    mark_all_sent()
    write(unanswered.forget_ended, now=NOW + timedelta(hours=47))
    assert stored_of(FREE) == ["substitute-asked", "named"]
    write(unanswered.forget_ended, now=NOW + timedelta(hours=48))
    assert stored_of(FREE) == []
    write(substituting.ask, person, FREE, now=NOW)
    write(actions.cancel, person, actor="person", now=NOW)
    assert stored_of(FREE) == []
