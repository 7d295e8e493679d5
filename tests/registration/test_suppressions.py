"""Addresses whose mail comes back: organisers see it and enter another address; the mark outlives an erasure (M10)."""

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.outbox import bounces, suppression
from forum.outbox.enums import SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent, mark_for_all
from tests.factories.registrations import confirmed, register, write
from tests.outbox.samples import complaint, dsn
from tests.registration.reading import recorded
from tests.tables import rows

KIM = "kim@example.org"


@pytest.fixture
def person(event):
    clock.freeze(NOW)
    return confirmed(event, "justice", given_name="Kim", email=KIM)


def send_back(make=dsn, **differing) -> None:
    """Mark all mail as sent, and read a report about the newest mail to Kim; by default it says: not delivered."""
    mark_all_sent()
    newest = select(OutboxMessage).where(OutboxMessage.recipient == KIM).order_by(OutboxMessage.id.desc())
    mail = db.session.scalars(newest).first()
    write(bounces.note, make(message_id=mail.message_id, **differing), now=NOW)


def show(organiser, person):
    return organiser.get("attendees.show", event="nf27", reference=person.reference)


def test_returned_mail_is_told_on_overview_mail_page_and_person_s_page(organiser, person):
    assert "Messages to many leave this address out" not in show(organiser, person).text
    send_back()

    overview = organiser.get("/console/nf27/")
    assert "1 message has failed" in overview.text
    mail_page = organiser.get("/console/nf27/mail?status=failed")
    (row,) = rows(mail_page)
    assert "Nobody can be written to at the address (5.1.1)." in row[2]
    assert "Enter a new e-mail address" in row[2]
    assert "Try again" not in row[2]
    page = show(organiser, person)
    assert "A message came back on 3 May 2027: nobody can be written to at this address (5.1.1)." in page.text
    assert page.follow("Enter a new e-mail address").h1 == "Enter a new e-mail address"


def test_organiser_takes_the_mark_off_with_a_reason(organiser, person):
    send_back(complaint)
    page = show(organiser, person)
    assert "The recipient marked a message as unwanted on 3 May 2027." in page.text
    asked = page.follow("Write to this address again")
    assert asked.submit(button="Write to it again", expect=422).errors == {"reason": "Choose a reason"}
    done = asked.submit({"reason": "asked"}, button="Write to it again", follow=True)
    assert done.flashes == [f"The mark is taken off {KIM}."]
    assert "Messages to many leave this address out" not in done.text
    assert "The person wants messages after all" in done.text
    lifted = [entry[2] for entry in recorded(person) if entry[0] == "registration.suppression_lifted"]
    assert lifted == [{"reason": "asked"}]
    again = asked.submit({"reason": "asked"}, button="Write to it again", follow=True)
    assert again.flashes == ["Messages go to the address already. Nothing was changed."]
    assert [entry[0] for entry in recorded(person)].count("registration.suppression_lifted") == 1


def test_taking_off_returned_mail_leaves_a_complaint_that_belongs_to_no_event(organiser, event, person):
    """The page names returned mail only, so taking off that mark leaves the complaint, which no page shows (M10)."""
    mark_for_all(KIM, SuppressionCause.COMPLAINED)
    send_back()
    page = show(organiser, person)
    assert "A message came back" in page.text
    assert "marked a message as unwanted" not in page.text
    page.follow("Write to this address again").submit({"reason": "mended"}, button="Write to it again")
    assert suppression.find(KIM, event.id) is None
    assert suppression.find(KIM, None).cause == SuppressionCause.COMPLAINED


def test_viewer_sees_the_mark_and_cannot_take_it_off(sign_in_as, event, person):
    send_back()
    viewer = sign_in_as(Role.VIEWER, event)
    links = show(viewer, person).links
    assert "Messages to many leave this address out" in show(viewer, person).text
    assert not {"Write to this address again", "Enter a new e-mail address"} & links.keys()


def test_mark_outlives_an_erasure_and_holds_for_whoever_registers_anew(organiser, event, person):
    send_back(complaint)
    write(erasing.erase, person, actor="command", now=NOW)
    assert suppression.find("Kim@Example.org", event.id)
    again = confirmed(event, "justice", given_name="Kim", email=KIM)
    assert "Messages to many leave this address out" in show(organiser, again).text


def test_confirming_the_address_proves_that_mail_arrives(event, person):
    send_back()
    write(erasing.erase, person, actor="command", now=NOW)
    register(event, "justice", email=KIM)
    assert suppression.find(KIM, event.id).cause == SuppressionCause.BOUNCED
    confirmed(event, "justice", email=KIM)
    assert suppression.find(KIM, event.id) is None


def test_mail_about_one_s_own_registration_is_still_tried(event, person):
    start_write(db.session)
    suppression.suppress(KIM, SuppressionCause.COMPLAINED, event_id=event.id, now=NOW)
    db.session.commit()
    assert {row.status for row in db.session.scalars(select(OutboxMessage))} == {"queued"}
