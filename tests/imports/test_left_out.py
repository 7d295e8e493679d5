"""Whoever messages leave out stays left out after an erasure and after an import of the same person (M10)."""

import re

import pytest
from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.mailings import address_digests, refusals
from forum.mailings.enums import LeftOut, Refused
from forum.mailings.models import MailRefusal
from forum.outbox import bounces, suppression
from forum.outbox.enums import SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.suppression_models import SuppressedAddress
from forum.privacy import erasing
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, write
from tests.imports.test_imports import TABLE, sent
from tests.mailings.test_own_words import mails_of, work
from tests.outbox.samples import complaint, dsn
from tests.registration.filling import link_in
from tools.pages import Pages

KIM = "kim@example.org"
# The table spells the address in another way than Kim did when registering.
ROW = "Kim;Ek;KIM@Example.ORG;Ministeriet;ngo;Norge;\n"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(database):
    return make_event(sectors=[make_sector("ngo")])


@pytest.fixture
def kim(event):
    clock.freeze(NOW)
    return confirmed(event, "ngo", given_name="Kim", email=KIM)


def send_back(make) -> None:
    """Mark all mail as sent, and read a report about the newest mail to Kim."""
    mark_all_sent()
    mine = select(OutboxMessage.message_id).where(OutboxMessage.recipient == KIM)
    newest = db.session.scalars(mine.order_by(OutboxMessage.id.desc())).first()
    write(bounces.note, make(message_id=newest), now=NOW)


def import_again(organiser) -> Registration:
    """Import Kim from a table; return the new registration, whose address is not confirmed yet."""
    page = organiser.get("attendees.index", event="nf27").follow("Import").follow("Import people")
    sent(page, TABLE + ROW).submit(button="Import 1 person", follow=True)
    return db.session.scalars(select(Registration).where(Registration.email == "")).one()


def confirm_address(app, registration) -> None:
    """Follow the link in the mail that the import has sent, and confirm the address."""
    asked = select(OutboxMessage).where(OutboxMessage.kind == "new-address").order_by(OutboxMessage.id.desc())
    page = Pages(app).get(link_in(db.session.scalars(asked).first()))
    page.submit(expect=303)
    db.session.refresh(registration)
    assert registration.email == "KIM@example.org"


def left_out(event) -> dict[str, int]:
    """Send a message to everybody; return the numbers of people left out by reason. Nobody else may get it."""
    other = confirmed(event, "ngo")
    mailing = make_planned(event)
    work()
    assert mails_of(mailing).keys() == {other.email}
    return mailing.left_out


def everything_stored() -> str:
    """Return all that the database has of marks on addresses and of refusals of messages."""
    rows = [row for table in (SuppressedAddress, MailRefusal) for row in db.session.scalars(select(table))]
    assert rows
    return " ".join(str(vars(row)) for row in rows)


def test_a_complaint_holds_for_whoever_is_erased_and_imported_again(app, organiser, event, kim):
    send_back(complaint)
    write(erasing.erase, kim, actor="command", now=NOW)
    assert not re.search("kim|example", everything_stored(), re.IGNORECASE)
    again = import_again(organiser)
    assert left_out(event) == {LeftOut.NO_ADDRESS: 1}
    confirm_address(app, again)
    assert suppression.find(again.email, event.id).cause == SuppressionCause.COMPLAINED


def test_a_complaint_leaves_out_whoever_has_confirmed_the_imported_address(app, organiser, event, kim):
    send_back(complaint)
    write(erasing.erase, kim, actor="command", now=NOW)
    confirm_address(app, import_again(organiser))
    assert left_out(event) == {LeftOut.SUPPRESSED: 1}


def test_returned_mail_holds_until_the_imported_address_is_confirmed(app, organiser, event, kim):
    """Following a link from a mail proves that mail arrives; the import itself proves nothing."""
    send_back(dsn)
    write(erasing.erase, kim, actor="command", now=NOW)
    again = import_again(organiser)
    assert suppression.find(KIM, event.id).cause == SuppressionCause.BOUNCED
    confirm_address(app, again)
    assert suppression.find(KIM, event.id) is None


def test_a_refusal_of_messages_holds_for_whoever_is_erased_and_imported_again(app, organiser, event, kim):
    (digest, *_older) = address_digests.of_event(event.id, kim.email_canonical)
    write(refusals._store, digest, Refused.PRACTICAL, NOW)
    write(erasing.erase, kim, actor="command", now=NOW)
    assert not re.search("kim|example", everything_stored(), re.IGNORECASE)
    confirm_address(app, import_again(organiser))
    assert left_out(event) == {LeftOut.UNSUBSCRIBED: 1}
