"""Registrations that organisers add by hand, with and without an address; without one no mail is sent."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from forum import clock
from forum.events.queries import find_sector
from forum.extensions import db
from forum.mailings.audience import audience_of
from forum.outbox.models import OutboxMessage
from forum.people import notes
from forum.people.models import AddressChange
from forum.registration import actions, by_hand, export_columns, links_by_mail, listing, new_address, own_data
from forum.registration.applicant import Details
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mailings import make_proposed
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded
from tests.tables import rows

FILLED = {
    "given_name": "Kim",
    "family_name": "Minister",
    "organisation": "The ministry",
    "country": "SE",
    "language": "en",
    "sector": "ngo",
    "if_full": "stay",
    "reason": "Called by telephone.",
}
DETAILS = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        capacity=5, sectors=[make_sector("ngo", ceiling=1, position=1), make_sector("tech", position=2)]
    )


def add(event, **differing):
    given = {"reason": "Called.", "may_wait": True, "actor": "command", "now": NOW, **differing}
    return write(by_hand.add, event, find_sector(event, "ngo"), DETAILS, **given)


def test_organiser_adds_somebody_without_an_address(organiser, event):
    since = last_id()
    page = organiser.get("attendees.index", event="nf27").follow("Add by hand")
    wrong = page.submit({"given_name": ""}, button="Add the person", expect=422)
    assert [text for text in wrong.errors.values() if "your" in text.lower()] == []
    assert wrong.errors["given_name"] == "Enter the person’s given name"
    assert wrong.errors["if_full"] == "Choose what happens if no place is free"
    # "Add nobody" is one of the form's answers, so the link that leaves the form has another text.
    assert "Leave it as it is" in wrong.links
    shown = page.submit(FILLED, button="Add the person", follow=True)
    assert (shown.h1, shown.all(".status")) == ("Kim Minister", ["Confirmed"])
    assert "None: no messages go out" in shown.text
    assert "Send the message again" not in shown.links
    assert queued(since) == []
    added = db.session.query(Registration).one()
    assert (added.email, added.email_canonical, added.holds_place) == ("", added.reference, True)
    assert [note.text for note in notes.list_notes(added)] == ["Called by telephone."]
    action, actor, details = recorded(added)[0]
    assert (action, actor.startswith("user:"), details["by_hand"]) == ("registration.received", True, True)
    again = organiser.get("attendee_additions.add", event="nf27")
    refused = again.submit(FILLED, button="Add the person", expect=409)
    assert "No place is free there. Nobody has been added." in refused.text
    assert db.session.query(Registration).count() == 1
    page = shown.follow("Cancel the registration")
    assert "so nobody is written to" in page.text
    page.submit(button="Cancel the registration", expect=303)
    assert (added.status, queued(since)) == (Status.CANCELLED, [])


def test_a_doubled_press_adds_one_person(organiser, event):
    since = last_id()
    page = organiser.get("attendee_additions.add", event="nf27")
    filled = {**FILLED, "email": "kim@example.org"}
    leads = {page.submit(filled, button="Add the person", expect=303).location for _press in range(2)}
    assert (len(leads), db.session.query(Registration).count()) == (1, 1)
    assert queued(since) == [("new-address", "kim@example.org")]


def test_a_form_that_has_added_somebody_is_not_sent_again_unseen_with_a_corrected_name(organiser, event):
    """The browser's Back leads to the form; adding another person by it needs another press (R03)."""
    page = organiser.get("attendee_additions.add", event="nf27")
    made = page.submit(FILLED, button="Add the person", follow=True)
    corrected = {**FILLED, "given_name": "Robin", "if_full": "wait"}
    shown = page.submit(corrected, button="Add the person", expect=409)
    assert "This form has added somebody already" in shown.text
    assert shown.form("form.form").data["given_name"] == ["Robin"]
    reference = made.path.rpartition("/")[2]
    assert f"Open {reference}" in shown.links
    assert db.session.query(Registration).count() == 1
    shown.submit(button="Add the person", expect=303)
    assert db.session.query(Registration).count() == 2


def test_whoever_adds_somebody_to_a_sector_that_asks_questions_enters_the_answers_next(organiser, event):
    make_question(event, "arrival", is_required=True, sectors=["ngo"])
    make_question(event, "diet", care=True)
    db.session.commit()
    page = organiser.get("attendee_additions.add", event="nf27")
    asked = page.submit(FILLED, button="Add the person", follow=True)
    assert asked.h1 == "Change the answers"
    assert (
        "The person has been added and has a place. Now enter the answers, as far as you know them."
        in asked.text
    )
    shown = asked.submit({}, button="Save", follow=True)
    assert shown.h1 == "Kim Minister"
    elsewhere = organiser.get("attendee_additions.add", event="nf27")
    filled = {**FILLED, "sector": "tech", "given_name": "Sam"}
    assert elsewhere.submit(filled, button="Add the person", follow=True).h1 == "Sam Minister"


def test_address_gets_one_message_until_it_is_confirmed(organiser, pages, event):
    since = last_id()
    page = organiser.get("attendee_additions.add", event="nf27")
    page.submit({**FILLED, "email": "kim@example.org"}, button="Add the person", expect=303)
    added = db.session.query(Registration).one()
    assert (queued(since), added.email) == ([("new-address", "kim@example.org")], "")
    link = newest_mail(added, "new-address").address.removeprefix("http://127.0.0.1:8000")
    pages.get(link).submit(button="Confirm my address", expect=303)
    assert (added.email, kinds_for(added)[-1], added.confirmed_at) == ("kim@example.org", "confirmed", NOW)
    anew = organiser.get("attendee_additions.add", event="nf27")
    taken = anew.submit(
        {**FILLED, "sector": "tech", "email": "KIM@example.org"}, button="Add the person", expect=409
    )
    assert taken.errors == {"email": f"Registration {added.reference} has this address"}


def test_pages_and_the_message_say_what_waits_for_the_address_to_be_confirmed(organiser, event):
    page = organiser.get("attendee_additions.add", event="nf27")
    shown = page.submit({**FILLED, "email": "kim@example.org"}, button="Add the person", follow=True)
    assert shown.flashes == [
        "The person has been added and has a place. A link to confirm the address is on its way to kim@example.org."
    ]
    assert "kim@example.org, not confirmed; the link works until 5 May 2027" in shown.text
    added = db.session.query(Registration).one()
    mail = newest_mail(added, "new-address")
    told, sent = (
        "The organisers have registered you for Nordic Forum for testing, and you have a place.",
        mail.row.id,
    )
    assert [told in " ".join(text.split()) for text in (mail.text, mail.html)] == [True, True]
    waits = add(event, email="ann@example.org")
    assert "you are on the waiting list" in newest_mail(waits, "new-address").text
    change = shown.follow("Change the details")
    assert "on their own page" not in change.text
    changed = change.submit({"title": "Minister"}, button="Save", follow=True)
    assert changed.flashes == ["The details have been changed."]
    cancel = changed.follow("Cancel the registration")
    assert "no confirmed e-mail address, so nobody is written to" in cancel.text
    since = last_id()
    ended = cancel.submit(button="Cancel the registration", follow=True)
    assert ended.flashes[0].endswith("Nobody was written to: it has no confirmed e-mail address.")
    assert (queued(since), db.session.get_one(OutboxMessage, sent).status) == ([], "aborted")


def test_waiting_person_without_an_address_gets_the_place_itself(event):
    holder, added = confirmed(event, "ngo"), add(event)
    assert (added.status, added.waiting_since) == (Status.WAITING, NOW)
    write(actions.cancel, holder, actor="person", now=NOW + timedelta(hours=1))
    assert (added.status, added.holds_place, kinds_for(added)) == (Status.CONFIRMED, True, [])


def test_nothing_stumbles_over_a_missing_address(organiser, event):
    first = add(event)
    second = add(event)
    assert {first.status, second.status} == {Status.CONFIRMED, Status.WAITING}
    since = last_id()
    write(links_by_mail.send_fresh_link, event, "nobody@example.org", now=NOW)
    assert queued(since) == []
    held = own_data.collect(first)
    assert (held["registration"]["email"], [note["text"] for note in held["notes"]]) == ("", ["Called."])
    assert [row[0] for row in rows(organiser.get("attendees.index", event="nf27"))] == ["Minister, Kim"] * 2
    plan = export_columns.needed(event, "contact")
    written = list(export_columns.rows(plan, event, listing.Filters()))
    assert [row[plan.names.index("email")] for row in written] == ["", ""]
    reached = confirmed(event, "tech")
    audience = audience_of(make_proposed(event))
    assert ([one.registration_id for one in audience.people], audience.unreachable) == ([reached.id], 2)


def test_people_are_found_by_an_address_that_was_entered_and_is_not_confirmed(organiser, event):
    """The list finds what the person's page shows: the entered address while the link that was sent there works."""
    add(event, email="Kim.Minister@Ministeriet.example")
    other = confirmed(event, "tech", family_name="Other", email="other@ministeriet.example")

    def found(**query) -> int:
        return len(rows(organiser.get("attendees.index", event="nf27", **query)))

    assert found(q="kim.minister@ministeriet.example") == 1
    assert found(q="@MINISTERIET.example") == 2
    assert (found(address="entered"), found(address="confirmed"), found(address="none")) == (1, 1, 0)
    write(new_address.ask, other, "third@elsewhere.example", actor="person", now=NOW)
    assert (found(q="third@elsewhere.example"), found(address="entered")) == (0, 1)
    db.session.execute(update(AddressChange).values(expires_at=NOW))
    db.session.commit()
    assert (found(q="kim.minister@"), found(address="entered"), found(address="none")) == (0, 0, 1)
