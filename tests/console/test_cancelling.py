"""Cancelling an event: what everybody reads, what calendars say, who can register; and undoing the cancellation."""

from datetime import timedelta

import icalendar
import pytest

from forum import clock
from forum.audit import queries as audit_queries
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.events import cancelling
from forum.events.enums import SectorPolicy
from forum.events.errors import CannotCancel
from forum.extensions import db
from forum.mailings import queries as mailings
from forum.mailings import sending
from forum.mailings.enums import MailingStatus
from forum.outbox.enums import MessageStatus
from forum.registration import actions, expiry, links, offers, queries, waiting_list
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import NothingOffered, NotLive, RegistrationClosed
from forum.registration.intake import find_refusal
from tests.factories.events import NOW, make_event, make_page, make_sector
from tests.factories.news import make_post
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, register, write
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
REASON = {"reason-sv": "Lokalen har brunnit.", "reason-en": "The venue has burnt down."}
# Pages of the event, or about it, whose layout shows the notice that the event is cancelled.
SAYING_IT = ("/en/news/", "/en/news/search", "/en/register/link", "/en/register/received")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    event = make_event(short_name=Text(sv="NF27", en="NF27"))
    make_page(event, "practical")
    return event


def cancelled(sign_in_as, event) -> Pages:
    page = sign_in_as(event=event).get("/console/nf27/cancellation")
    return page.form("form.form").submit(REASON, follow=True)


def entry_of(pages) -> tuple[str, int]:
    (entry, *_others) = icalendar.Calendar.from_ical(pages.get("events.calendar").data).walk("VEVENT")
    return str(entry["STATUS"]), entry["SEQUENCE"]


def mark_sent(registration) -> None:
    """Mark the registration's mails as sent at NOW."""
    start_write(db.session)
    for mail in queries.list_mails(registration):
        mail.status, mail.sent_at = MessageStatus.SENT, NOW
    db.session.commit()


def list_kinds(registration) -> list[str]:
    return [mail.kind for mail in queries.list_mails(registration)]


def test_everybody_reads_that_it_is_cancelled_and_why(sign_in_as, event, pages, database):
    confirmed(event)
    assert (pages.get("/en/").all(".note-title"), entry_of(pages)) == ([], ("CONFIRMED", 0))
    page = sign_in_as(event=event).get("/console/nf27/").follow("Cancel the event…")
    assert "1 person is registered." in page.text
    page = page.form("form.form").submit({"reason-en": "The venue has burnt down."}, expect=422)
    assert list(page.errors.values()) == ["Enter the reason in Swedish"]
    page = page.form("form.form").submit(REASON, follow=True)
    assert page.h1 == "NF27 is cancelled"
    assert page.links["Write to 1 person"].startswith("/console/nf27/mailings/")
    for path in (*("/en/", "/en/pages/practical", "/en/register"), *SAYING_IT):
        assert pages.get(path).all(".note-title") == ["NF27 is cancelled"]
        assert "The venue has burnt down." in pages.get(path).text
    assert "Lokalen har brunnit." in pages.get("/sv/").text
    assert '"eventStatus": "https://schema.org/EventCancelled"' in pages.get("/en/").data.decode()
    assert entry_of(pages) == ("CANCELLED", 1)
    assert [entry.action for entry in database.query(AuditEntry)][-2:] == [
        "event.cancelled",
        "mailing.proposed",
    ]


def test_pages_of_a_cancelled_event_do_not_say_that_it_was_held(event, pages, database):
    person = confirmed(event, language="en")
    token = write(links.issue, person, TokenPurpose.MANAGE, now=NOW)
    point = {"title": {"sv": "A", "en": "Point"}, "text": {"sv": "B", "en": "Said"}}
    write(setattr, event, "programme_points", [point])
    assert "What the days hold" in pages.get("/en/").text
    write(cancelling.cancel, event, Text(REASON), actor="organiser", now=NOW)
    assert "What was planned" in pages.get("/en/").text
    pages.get("self_service.enter", token=token, expect=303)
    page = pages.get("self_service.show")
    assert page.all(".stage")[-1].startswith("Forum cancelled")
    assert "the entries are cancelled" in page.text
    assert "not certain" not in page.text


def test_a_post_says_that_the_forum_is_cancelled(event, pages):
    """A post that others have shared, such as one that registration is open, says that the event is cancelled."""
    make_post(headline="Registration is open")
    write(cancelling.cancel, event, Text(sv="Snö", en="Snow"), actor="organiser", now=NOW)
    post = pages.get("/en/news/").follow("Registration is open")
    assert post.all(".note-title") == ["NF27 is cancelled"]


@pytest.mark.parametrize("act", ["cancel", "sector", "new-address"])
def test_a_person_of_a_cancelled_event_reads_no_promise_about_places(event, pages, act):
    """Once the event is cancelled, no page for giving up a place opens: it promises the place to the next in line."""
    token = write(links.issue, confirmed(event), TokenPurpose.MANAGE, now=NOW)
    pages.get("self_service.enter", token=token, expect=303)
    pages.get(f"/en/r/{act}", expect=200)
    write(cancelling.cancel, event, Text(sv="Snö", en="Snow"), actor="organiser", now=NOW)
    assert pages.get(f"/en/r/{act}", expect=303).location == "/en/r/"


def test_the_message_says_it_and_one_after_it_was_taken_back_the_contrary(sign_in_as, event):
    confirmed(event, language="en")
    page = cancelled(sign_in_as, event).follow("Write to 1 person")
    subject, text = page.all(".mail-subject")[0], page.all(".mail-words")[0]
    assert subject == "What you registered for is cancelled"
    assert "The venue has burnt down." in text
    assert "With it you can see your registration." in text
    console = sign_in_as(event=event)
    console.get("/console/nf27/cancellation").form("form[action$=end]").submit(follow=True)
    mailing = mailings.find_open_change(event)
    assert mailing is None or not mailing.steps[-1]["facts"]["cancelled_at"]


def test_the_console_does_not_speak_of_what_a_cancelled_event_will_bring(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    confirmed(event), confirmed(event), register(event, "justice")
    page = cancelled(sign_in_as, event)
    assert "so near" not in sign_in_as(event=event).get("/console/nf27/waiting").text
    assert "will see the new details" not in page.follow("Write to 2 people").text


def test_nothing_is_decided_while_it_is_cancelled(sign_in_as, database):
    event = make_event(sectors=[make_sector("justice", policy=SectorPolicy.REVIEW)])
    person = confirmed(event)
    assert person.status == Status.IN_REVIEW
    path = f"/console/nf27/registrations/{person.reference}"
    assert "Approve" in sign_in_as(event=event).get(path).text
    cancelled(sign_in_as, event)
    console = sign_in_as(event=event)
    assert "Approve" not in console.get(path).text
    assert "The event is cancelled: nobody decides" in console.get("/console/nf27/review/").text
    assert "waits for a decision" not in console.get("/console/nf27/").text


def test_a_promised_answer_stands_still_while_it_is_cancelled(sign_in_as, database):
    event = make_event(sectors=[make_sector("justice", policy=SectorPolicy.REVIEW)], review_days=4)
    before = NOW - timedelta(days=9)
    late, person = confirmed(event, now=before - timedelta(days=6)), confirmed(event, now=before)
    promised, was_late = person.answer_by, late.answer_by
    assert was_late < before < promised < NOW
    write(cancelling.cancel, event, Text(en="Snow"), actor="organiser", now=before)
    console = sign_in_as(event=event)
    console.get("/console/nf27/cancellation").form("form[action$=end]").submit(follow=True)
    database.expire_all()
    assert (late.answer_by, person.answer_by) == (was_late, promised + timedelta(days=9))
    assert "1 answer is later than promised." in console.get("/console/nf27/").text


def test_nobody_registers_confirms_or_takes_an_offer(event):
    sector = event.sectors[0]
    first, waits = register(event, "justice"), confirmed(event, "justice")
    assert find_refusal(sector, NOW) is None
    write(cancelling.cancel, event, Text(REASON), actor="organiser", now=NOW)
    assert find_refusal(sector, NOW) is RegistrationClosed
    with pytest.raises(NotLive):
        write(actions.confirm, first, now=NOW)
    assert waits.status == Status.CONFIRMED
    with pytest.raises(CannotCancel):
        write(cancelling.cancel, event, Text(REASON), actor="organiser", now=NOW)


def test_no_place_is_offered_while_it_is_cancelled(database):
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    first, second = confirmed(event), confirmed(event)
    write(cancelling.cancel, event, Text(en="Snow"), actor="organiser", now=NOW)
    write(actions.cancel, first, actor="person", now=NOW)
    assert second.status == Status.WAITING
    write(cancelling.take_up_again, event, actor="organiser", now=NOW + timedelta(hours=1))
    served = write(waiting_list.offer_free_places, event, now=NOW + timedelta(hours=1))
    assert (served.offered.total(), served.given.total()) == (1, 0)
    write(cancelling.cancel, event, Text(en="Snow"), actor="organiser", now=NOW + timedelta(hours=2))
    with pytest.raises(NothingOffered):
        write(actions.accept_offer, second, now=NOW + timedelta(hours=2))


def test_an_offer_stands_still_while_it_is_cancelled_and_gets_that_time_back(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    before = NOW - timedelta(days=9)
    first, second = confirmed(event, now=before), confirmed(event, now=before)
    write(actions.cancel, first, actor="person", now=before)
    until = second.offer_expires_at
    mark_sent(second)
    write(cancelling.cancel, event, Text(en="Snow"), actor="organiser", now=before)
    assert until < NOW
    assert write(expiry.expire_due, now=NOW) == 0
    assert (second.status, list_kinds(second)[-1]) == (Status.OFFERED, "offered")
    console = sign_in_as(event=event).get("/console/nf27/cancellation")
    console.form("form[action$=end]").submit(follow=True)
    database.expire_all()
    assert (second.status, second.offer_expires_at) == (Status.OFFERED, NOW + (until - before))
    assert write(expiry.expire_due, now=second.offer_expires_at) == 1


def test_an_offer_that_cannot_last_longer_is_not_called_extended(database):
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)], offer_cutoff_hours=24)
    before = event.starts_at - timedelta(hours=30)
    first, second = confirmed(event), confirmed(event)
    write(actions.cancel, first, actor="person", now=before)
    until = second.offer_expires_at
    assert until == event.starts_at - timedelta(hours=24)
    write(offers.prolong_open, event, timedelta(hours=2), actor="organiser", now=before)
    assert second.offer_expires_at == until
    told = [one.action for one in audit_queries.find_history(second)]
    assert "registration.offer_extended" not in told


def test_empty_pages_of_a_cancelled_event_promise_nobody(sign_in_as, event):
    cancelled(sign_in_as, event)
    console = sign_in_as(event=event)
    page = console.get("/console/nf27/waiting")
    assert "The event is cancelled, so no place is offered." in page.text
    assert "wait here" not in page.text
    page = console.get("/console/nf27/delegations")
    assert "The event is cancelled, so no delegation is registered or confirmed." in page.text


def test_messages_that_have_not_left_are_paused(sign_in_as, event):
    confirmed(event)
    mailing = make_planned(event)
    page = cancelled(sign_in_as, event)
    assert "Messages that had not reached everybody are paused." in page.flashes
    db.session.refresh(mailing)
    assert (mailing.status, sending.list_first(now=NOW + timedelta(hours=1))) == (MailingStatus.PAUSED, [])


def test_it_cannot_be_cancelled_or_taken_up_once_it_is_over(event):
    clock.freeze(event.ends_at)
    for act in (
        lambda: cancelling.cancel(event, Text(en="Snow"), actor="organiser", now=event.ends_at),
        lambda: cancelling.take_up_again(event, actor="organiser", now=event.ends_at),
    ):
        with pytest.raises(CannotCancel):
            act()
