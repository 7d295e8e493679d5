"""A contact has asked a substitute to come: what the contact's page shows, and taking the question back (S24, P20)."""

from dataclasses import replace

import pytest

from forum import clock
from forum.delegations import contact_acts, queries, substituting, unanswered
from forum.extensions import db
from forum.registration import actions
from forum.registration.errors import LinkRefused
from tests.delegations.test_contacts_view import CIA, DAN, list_rows, page_of
from tests.delegations.test_delegations import ALONE, CONTACT, registered
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
    mark = contact_acts.mark_of(queries.find_asked(cia, NOW))
    assert not write(contact_acts.take_back, delegation.people[1], mark, now=NOW)
    assert queries.find_asked(cia, NOW).email == OTHER


def test_taking_back_answers_alike_for_a_new_and_a_registered_address(pages, delegation):
    """Whoever posts the form for a person who has not confirmed learns nothing of the address (S24)."""
    confirmed(delegation.event, "tech", email=DAN.email)
    mixed = registered(
        delegation.event,
        (replace(CIA, email="fresh@example.org"), DAN),
        key="mixed",
        contact=replace(CONTACT, email="b@example.org"),
    )
    shown = page_of(pages, mixed)
    hidden = {one["name"]: one["value"] for one in shown.soup.select("form input[type=hidden]")}
    answers = []
    for number in (1, 2):
        data = {**hidden, "asked": "x"}
        path = f"/en/r/delegation/{number}/instead/taking-back"
        after = pages.open(path, method="POST", data=data, follow=True)
        answers.append((after.flashes, after.text.partition("The people")[0]))
    assert answers[0] == answers[1]
    assert answers[0][0] == ["There was nothing to take back. Below you see how each person stands."]


def test_an_older_page_does_not_end_a_newer_question(pages, delegation):
    first = ask(pages, delegation, NEW)
    ask(pages, delegation, OTHER)
    after = first.submit(button="Take it back Cia Dahl", follow=True)
    assert after.flashes == ["There was nothing to take back. Below you see how each person stands."]
    assert queries.find_asked(delegation.people[1].registration, NOW).email == OTHER


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
