"""A delegation's contact reads only what they typed, and nothing that depends on who is registered already (S24)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.database import start_write
from forum.delegations import (
    asking,
    contact_acts,
    contact_links,
    contact_news,
    delegation_words,
    outlasting,
    substituting,
)
from forum.delegations.asking import Person
from forum.delegations.enums import ContactLink
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing, restricting
from forum.registration import actions, expiry, forgetting, new_address, separating, unconfirmed, uniting
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import RestrictionKind, Status
from forum.registration.models import Registration
from tests.delegations.test_delegations import ALONE, registered
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, make_applicant, write
from tests.registration.reading import last_id, newest_mail, queued

DAY = timedelta(days=1)
# The address of Cia is new, and that of Dan is registered already.
CIA = Person("Cia", "Dahl", "Chef", "cia@example.org")
DAN = Person("Dan", "Dahl", "Chef", "dan@example.org")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


@pytest.fixture
def event(database):
    moments = {"closes_at": NOW + 60 * DAY, "starts_at": NOW + 70 * DAY, "ends_at": NOW + 71 * DAY}
    event = make_event(**moments)
    database.commit()
    confirmed(event, "tech", email=DAN.email)
    return event


@pytest.fixture
def delegation(event):
    return registered(event, (CIA, DAN))


def page_of(pages, delegation):
    """Open the contact's page by a new link."""
    token = write(contact_links.issue, delegation, ContactLink.MANAGE, now=clock.now())
    page = pages.get(f"/en/r/delegation/{token}", follow=True)
    return page.submit(follow=True) if page.h1 == "Open your delegation" else page


def list_rows(pages, delegation):
    """Return what the contact's page shows of each person, without hidden fields; names and numbers become X."""
    html = page_of(pages, delegation).data.decode()
    items = re.findall(r"<li><strong>.*?</li>", html, re.DOTALL)
    assert len(items) == len(delegation.people)
    seen = [re.sub(r"<input[^>]*>", "", item) for item in items]
    return [re.sub(r"\b(Cia|Dan|cia|dan)\b|(?<=delegation/)\d+", "X", item) for item in seen]


def pass_time(now):
    """Run the worker's jobs about unconfirmed registrations and delegations as of this moment."""
    clock.freeze(now)
    for job in (expiry.expire_due, forgetting.forget_unconfirmed, asking.forget_ended):
        write(job, now=now)


def let_mails_leave():
    start_write(db.session)
    for mail in db.session.scalars(select(OutboxMessage)):
        mail.status, mail.sent_at, mail.content = MessageStatus.SENT, NOW, None
    db.session.commit()


@pytest.mark.parametrize("leave", [True, False])
def test_rows_of_known_and_new_address_are_alike_at_every_moment(pages, delegation, leave):
    """Rows are alike even while no mail is sent, when people get more time to confirm, and after an erasure (S24)."""
    if leave:
        let_mails_leave()
    seen = []
    for moment in (NOW, NOW + 2 * DAY, NOW + 3 * DAY + timedelta(hours=1), NOW + 5 * DAY, NOW + 71 * DAY):
        pass_time(moment)
        new, known = list_rows(pages, delegation)
        assert new == known
        seen.append(new)
    assert ["Withdraw" in row for row in seen] == [True, True, False, False, False]
    assert ["X Dahl" in row for row in seen] == [True, True, False, False, False]
    everybody = db.session.scalars(select(Registration.email)).all()
    assert (CIA.email in everybody) == (not leave)


def test_people_of_a_cancelled_event_have_eight_days_on_the_contacts_page_too(pages, event, delegation):
    """People whose address is new and those whose address is registered get the same eight days, and equal rows."""
    let_mails_leave()
    write(expiry.outlast_cancellation, event, actor="command", now=NOW + DAY)
    write(outlasting.outlast_cancellation, event, now=NOW + DAY)
    seen = []
    for moment in (NOW + 7 * DAY, NOW + 8 * DAY, NOW + 9 * DAY + timedelta(hours=1)):
        pass_time(moment)
        new, known = list_rows(pages, delegation)
        assert new == known
        seen.append(new)
    assert "Can confirm before 11 May 2027" in seen[0]
    assert ["Not confirmed in time" in row for row in seen] == [False, True, True]
    assert ["X Dahl" in row for row in seen] == [True, True, False]


@pytest.mark.parametrize("at", [NOW, NOW + 2 * DAY + timedelta(hours=1)])
def test_rows_are_alike_after_both_are_withdrawn(pages, delegation, at):
    let_mails_leave()
    pass_time(at)
    for name in ("Cia", "Dan"):
        page = page_of(pages, delegation).follow(f"Withdraw … {name} Dahl")
        page.submit(button="Withdraw the person", follow=True)
    new, known = list_rows(pages, delegation)
    assert new == known
    assert "Nobody any more" in new
    for moment in (at + DAY, at + 4 * DAY):
        pass_time(moment)
        assert list_rows(pages, delegation) == [new, known]


def test_row_stays_as_it_is_when_the_owner_answers_another_way(pages, event, delegation):
    """If the address's owner accepts an invitation, the registration by the contact ends, and is erased a day later."""
    start_write(db.session)
    unconfirmed.end(event, CIA.email, now=NOW)
    db.session.commit()
    for moment in (NOW, NOW + DAY + timedelta(hours=1), NOW + 4 * DAY):
        pass_time(moment)
        new, known = list_rows(pages, delegation)
        assert new == known


def test_contact_reads_what_they_typed_and_nothing_that_the_person_changes(pages, event):
    delegation = registered(event, (ALONE, CIA))
    cia = delegation.people[1].registration
    write(actions.confirm, cia, now=NOW)
    before = list_rows(pages, delegation)
    details = {name: getattr(cia, name) for name in CHANGEABLE}
    alias = {"given_name": "Alias", "family_name": "Else", "title": "Other"}
    write(actions.change, cia, Details(**{**details, **alias}), actor="person", now=NOW)
    write(new_address.ask, cia, "hidden@private.example", actor="person", now=NOW)
    token = newest_mail(cia, "new-address").token
    write(new_address.confirm, token, now=NOW)
    assert (cia.email, cia.given_name) == ("hidden@private.example", "Alias")
    assert list_rows(pages, delegation) == before
    page = page_of(pages, delegation).follow("Let somebody else come … Cia Dahl")
    page = page.submit(
        {"given_name": "Gun", "email": "hidden@private.example"}, button="Let this person come", follow=True
    )
    assert "A link is on its way to hidden@private.example." in page.flashes[0]
    organisers = delegation_words.for_organisers(delegation.people[1], NOW)
    assert organisers.name == "Alias Else"


def test_contact_reads_neither_name_nor_address_of_whom_the_person_lets_come(pages, event):
    delegation = registered(event, (ALONE, CIA))
    cia = delegation.people[1].registration
    write(actions.confirm, cia, now=NOW)
    write(substituting.ask, cia, "newcomer@private.example", now=NOW)
    newcomer = make_applicant(email="newcomer@private.example", given_name="Newcomer")
    write(substituting.confirm, newest_mail(cia, "substitute-asked").token, newcomer, now=NOW)
    text = page_of(pages, delegation).text
    assert "Somebody who comes instead" in text
    assert [word for word in ("ewcomer", "private.example", "Cia") if word in text] == []


def test_contact_changes_only_what_they_change(event):
    """Corrections by organisers stay when the contact sends the form, and the contact does not read them."""
    delegation = registered(event, (ALONE, CIA))
    bo = delegation.people[0].registration
    details = {name: getattr(bo, name) for name in CHANGEABLE}
    write(actions.change, bo, Details(**{**details, "family_name": "Eek"}), actor="user:1", now=NOW)
    write(contact_acts.change, delegation.people[0], Person("Bo", "Ek", "Chef"), now=NOW)
    assert (bo.family_name, bo.title) == ("Eek", "Chef")
    assert delegation_words.row_of(delegation.people[0], NOW).name == "Bo Ek"


def test_delegate_follows_to_the_registration_that_stays_in_a_merge_and_back(pages, event):
    """The contact gets no mail, because nothing has changed for the person, and reads no other address (P20)."""
    own = confirmed(event, "tech", email="private@example.org", given_name="Alias")
    delegation = registered(event, (ALONE, CIA))
    bo = delegation.people[0].registration
    since = last_id()
    merge = write(uniting.unite, own, bo, [], actor="user:1", now=NOW)
    assert (merge.kept_id, delegation.people[0].registration) == (own.id, own)
    text = page_of(pages, delegation).text
    assert [word for word in ("Bo Ek", "Has a place") if word not in text] == []
    assert [word for word in ("private@", "Alias", "Change …") if word in text] == []
    assert delegation_words.for_organisers(delegation.people[0], NOW).name.startswith("Alias")
    assert contact_news.list_due(now=NOW) == []
    write(separating.separate_last, own, actor="user:1", now=NOW)
    assert (delegation.people[0].registration, bo.status) == (bo, Status.CONFIRMED)
    assert contact_news.list_due(now=NOW) == []
    assert [mail for mail in queued(since) if mail[0].startswith("delegation")] == []


def test_restricted_person_leaves_the_contacts_page_as_an_erased_one_does(app, pages, event, delegation):
    """The contact cannot tell a restricted person from an erased one; the row is back when the restriction ends."""
    cia = delegation.people[0].registration
    write(actions.confirm, cia, now=NOW)
    before = page_of(pages, delegation)
    assert CIA.given_name in before.text
    request = write(restricting.ask, cia, RestrictionKind.OBJECTION, "", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)

    restricted = page_of(pages, delegation)
    assert (CIA.given_name in restricted.text, DAN.given_name in restricted.text) == (False, True)
    for act in ("withdraw", "instead"):
        pages.open(f"/en/r/delegation/1/{act}", expect=404)
    write(restricting.take_back, cia, now=NOW)
    assert page_of(pages, delegation).text == before.text
    write(erasing.erase, cia, actor="command", now=NOW)
    assert page_of(pages, delegation).text == restricted.text


def test_contact_is_told_nothing_of_a_restricted_person_until_the_restriction_ends(event):
    delegation = registered(event, (ALONE,))
    bo = delegation.people[0].registration
    request = write(restricting.ask, bo, RestrictionKind.OBJECTION, "", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    write(actions.cancel, bo, actor="user:1", now=NOW)
    assert contact_news.list_due(now=NOW) == []
    assert write(contact_news.tell, delegation.id, now=NOW) == 0
    write(restricting.take_back, bo, now=NOW)
    assert contact_news.list_due(now=NOW) == [delegation.id]
