"""Whom a contact has asked to come instead of a person: what their page shows, and taking it back (S24, P20)."""

import pytest

from forum import clock
from forum.delegations import contact_acts, queries, substituting, unanswered
from forum.extensions import db
from forum.registration import actions
from forum.registration.errors import LinkRefused
from tests.delegations.test_contacts_view import CIA, list_rows, page_of
from tests.delegations.test_delegations import ALONE, registered
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, make_applicant, write
from tests.registration.reading import newest_mail

NEW, KNOWN, OTHER = "gun@example.org", "known@example.org", "other@private.example"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def delegation(database):
    clock.freeze(NOW)
    event = make_event()
    database.commit()
    found = registered(event, (ALONE, CIA))
    write(actions.confirm, found.people[1].registration, now=NOW)
    return found


def ask(pages, delegation, email):
    page = page_of(pages, delegation).follow("Let somebody else come … Cia Dahl")
    return page.submit({"given_name": "Gun", "email": email}, button="Let this person come", follow=True)


def test_contact_sees_whom_they_have_asked_and_takes_it_back(pages, delegation):
    cia = delegation.people[1].registration
    shown = ask(pages, delegation, NEW)
    assert f"Asked to come instead: {NEW} . The link works until" in shown.text
    token = newest_mail(cia, "substitute-asked").token
    assert f"{NEW} has not confirmed yet" in shown.follow("Let somebody else come … Cia Dahl").text
    after = page_of(pages, delegation).submit(button="Take it back Cia Dahl", follow=True)
    assert after.flashes == ["Taken back. The link in our message to that address does not work any more."]
    assert NEW not in after.text
    with pytest.raises(LinkRefused):
        write(substituting.confirm, token, make_applicant(email=NEW), now=NOW)
    db.session.rollback()


def test_registered_and_new_address_look_alike(pages, delegation):
    """The contact reads the address that they typed and the same deadline, whether it is registered or not."""
    confirmed(delegation.event, "tech", email=KNOWN)
    seen = []
    for email in (NEW, KNOWN):
        ask(pages, delegation, email)
        seen.append([row.replace(email, "…") for row in list_rows(pages, delegation)])
    assert seen[0] == seen[1]
    assert "Asked to come instead" in seen[0][1]


def test_contact_neither_sees_nor_ends_what_the_person_has_asked(pages, delegation):
    before = list_rows(pages, delegation)
    cia = delegation.people[1].registration
    write(substituting.ask, cia, OTHER, now=NOW)
    assert list_rows(pages, delegation) == before
    assert not write(contact_acts.take_back, delegation.people[1], now=NOW)
    assert queries.find_asked(cia, NOW).email == OTHER


def test_contact_who_asks_the_same_colleague_as_the_person_does_not_learn_of_it(pages, delegation):
    """The contact's question is answered as if nobody had been asked; the person can take it back like their own."""
    cia = delegation.people[1].registration
    asked_by_contact_alone = ask(pages, delegation, NEW)
    rows = list_rows(pages, delegation)
    assert write(unanswered.take_back, cia, actor="person", now=NOW)
    write(substituting.ask, cia, NEW, now=NOW)
    asked_by_both = ask(pages, delegation, NEW)
    assert asked_by_both.flashes == asked_by_contact_alone.flashes
    assert list_rows(pages, delegation) == rows
    assert write(unanswered.take_back, cia, actor="person", now=NOW)
    assert list_rows(pages, delegation) != rows


def test_question_that_was_answered_meanwhile_cannot_be_taken_back(pages, delegation):
    cia = delegation.people[1].registration
    shown = ask(pages, delegation, NEW)
    token = newest_mail(cia, "substitute-asked").token
    newcomer = write(substituting.confirm, token, make_applicant(email=NEW), now=NOW)
    after = shown.submit(button="Take it back Cia Dahl", follow=True)
    assert after.flashes == ["There was nothing to take back. Below you see how each person stands."]
    assert newcomer.is_live
