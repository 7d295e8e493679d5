"""Messages that organisers write: who gets them, once, in which words; stopping, sending again (R12, P26, M12, S37)."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forum import clock
from forum.accounts.enums import Role
from forum.audit import queries as audit
from forum.columns import Text
from forum.console.own_mailings import PREVIEW
from forum.database import start_write
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.mailings import actions as mailings
from forum.mailings import address_digests, own_words, reachable, refusals, reminder_times, reminders
from forum.mailings.enums import Category, LeftOut, MailingStatus, Refused
from forum.mailings.errors import (
    BegunAlready,
    EventHidden,
    NobodyToTell,
    NotAhead,
    NothingFailed,
    WordsMissing,
)
from forum.mailings.mails import SAMPLE
from forum.mailings.models import Mailing, MailingRecipient, MailRefusal
from forum.mailings.own_words import Written
from forum.mailings.queries import Counts, count_by_result
from forum.outbox import placeholders, suppression
from forum.outbox.enums import Lane, MessageStatus, SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.privacy import restricting
from forum.registration import actions
from forum.registration.enums import RestrictionKind
from forum.web.forms import SWITCH
from tests.factories.events import NOW
from tests.factories.own_words import WRITTEN, make_draft, make_planned, make_reminder
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import comparable

JOBS_OF_MAILINGS = [job for job in JOBS if "mailings" in job.name]
BEGUN = NOW + own_words.TO_STOP
REFUSED_SUBJECTS = {
    "See you at Stockholm": "Leave “Stockholm” out",
    "News of the Forum": "Leave “Forum” out",
    "Dear {given name}": "Use placeholders in the text only",
    "=?utf-8?q?x?=": "Type the subject by hand",
    "": "Enter a subject in this language, too",
    "x" * 121: "Use at most 120 characters",
}
UNKNOWN = ("{email}", "{event.__init__.__code__}", "{{config}}", "{}", "{given name!r}", "{0}")
CHANGED_SINCE = (
    "This form was saved before. Somebody has changed or sent the message since. Look how it stands now."
)
PRESSED = {"begins_at": None, "user_id": 1, "actor": "user:1", "now": NOW}


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: mails are queued under locks, which differ between the databases."""
    return make_app(database_url)


def work(at=BEGUN) -> None:
    """Run the worker's jobs about mailings once, a minute after Send was pressed."""
    clock.freeze(at)
    db.session.rollback()
    for job in JOBS_OF_MAILINGS:
        run_job(job)


def mails_of(mailing: Mailing) -> dict[str, OutboxMessage]:
    db.session.rollback()
    db.session.expire_all()
    query = select(OutboxMessage).join(MailingRecipient, MailingRecipient.message_id == OutboxMessage.id)
    return {
        mail.recipient: mail
        for mail in db.session.scalars(query.where(MailingRecipient.mailing_id == mailing.id))
    }


def counts(mailing: Mailing) -> Counts:
    db.session.rollback()
    db.session.expire_all()
    return count_by_result([mailing])[mailing.id]


def parse(mail: OutboxMessage):
    return message_from_bytes(mail.content, policy=policy.default)


def text_of(mail: OutboxMessage) -> str:
    return parse(mail).get_body(("plain",)).get_content()


def mark(mail: OutboxMessage, status: MessageStatus) -> None:
    start_write(db.session)
    mail.status = status
    db.session.commit()


def test_an_organiser_writes_to_one_sector_stops_mends_and_sends(organiser, event):
    swede = confirmed(event, "ngo", language="sv", given_name="Åsa")
    dane = confirmed(event, "ngo", language="en", given_name="{event}")
    confirmed(event, "justice")
    page = organiser.get("own_mailings.new", event="nf27", sector="ngo")
    assert "Sector: NGOs" in page.text.replace("NGO:s", "NGOs") or "Sector:" in page.text
    page = page.submit(
        {
            "category": "practical",
            "subjects-sv": "Välj grupp",
            "words-sv": "Hej {given name}",
            "subjects-en": "Choose your group",
            "words-en": "Dear {given name},\n\nsee {own page}. {sector}",
        },
        follow=True,
    )
    mailing = db.session.scalars(select(Mailing)).one()
    assert (mailing.status, mailing.audience) == (MailingStatus.PROPOSED, {"sector": ["ngo"]})
    assert "2 people get it." in page.text
    asked = organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id)
    assert asked.h1 == "Send the message to 2 people?"
    shown = asked.submit(follow=True)
    assert "Nothing has left yet; it begins in 60 seconds." in shown.text
    work(NOW + timedelta(seconds=59))
    assert mails_of(mailing) == {}

    page = shown.form('main form:has(button:-soup-contains("Stop it"))').submit(follow=True)
    assert page.flashes == ["Stopped: nobody has got it. It is a draft again."]
    page = page.form('form:has([name="words-en"])').submit({"subjects-en": "Choose a group"}, follow=True)
    organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id).submit()
    work(NOW + timedelta(seconds=150))
    made = mails_of(mailing)
    assert made.keys() == {swede.email, dane.email}
    assert {mail.lane for mail in made.values()} == {Lane.BULK}
    assert made[dane.email].subject == "Choose a group"
    told = text_of(made[dane.email])
    assert "Dear {event}," in told
    assert "/en/r/" in told
    assert "Hej Åsa" in text_of(made[swede.email])
    for mail in made.values():
        mark(mail, MessageStatus.SENT)
    work(NOW + timedelta(seconds=160))
    assert counts(mailing) == Counts(sent=2)
    assert mailing.status == MailingStatus.DONE
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert page.all("td[data-label=Result]") == ["Sent", "Sent"]


def test_everybody_who_gets_nothing_is_counted_with_the_reason(organiser, event):
    person, gone = confirmed(event), confirmed(event)
    register(event)
    write(actions.cancel, gone, actor="person", now=NOW)
    without = confirmed(event)
    start_write(db.session)
    without.email = without.email_canonical = ""
    db.session.commit()
    mailing = make_draft(event)
    page = organiser.get("own_mailings.write", event="nf27", mailing=mailing.id)
    for words in ("no longer registered", "address not confirmed", "no e-mail address"):
        assert f"1 person is left out: {words}." in page.text
    write(own_words.send, mailing, **PRESSED)
    assert mailing.left_out == {"ended": 1, "unconfirmed": 1, "no_address": 1}
    work()
    assert mails_of(mailing).keys() == {person.email}
    assert counts(mailing) == Counts(waiting=1)


def test_an_organiser_sees_who_was_left_out_from_the_start_and_why(organiser, sign_in_as, event):
    stays, gone = confirmed(event), confirmed(event, family_name="Goneson")
    write(actions.cancel, gone, actor="person", now=NOW)
    mailing = make_planned(event)
    work()
    here = {"event": "nf27", "mailing": mailing.id}
    page = organiser.get("sent_mailings.show", **here)
    assert "Goneson" not in page.text
    page = page.follow("Show who was left out from the start, and why")
    assert "Goneson" in page.text
    assert page.all("td[data-label=Why]") == ["no longer registered"]
    mailer = sign_in_as(Role.MAILER, event)
    page = mailer.get("sent_mailings.show", **here, only="omitted")
    assert "Goneson" not in page.text
    assert page.all("tbody th") == [stays.email]


def test_whoever_was_chosen_and_left_out_stays_chosen_when_the_message_is_stopped(organiser, event):
    one, gone = confirmed(event), confirmed(event)
    write(actions.cancel, gone, actor="person", now=NOW)
    mailing = make_planned(event, people=[one.id, gone.id])
    rows = select(MailingRecipient.status, MailingRecipient.left_because).order_by(MailingRecipient.id)
    assert db.session.execute(rows).all() == [("waiting", None), ("omitted", "ended")]
    write(own_words.take_back, mailing, actor="user:1", now=NOW)
    assert db.session.execute(rows).all() == [("chosen", None)] * 2


def test_whoever_cancels_or_comes_after_sending_is_not_written_to(organiser, event):
    stays, leaves = confirmed(event), confirmed(event)
    mailing = make_planned(event)
    write(actions.cancel, leaves, actor="person", now=NOW)
    confirmed(event)
    work()
    assert mails_of(mailing).keys() == {stays.email}
    assert counts(mailing) == Counts(waiting=1, left_out=1)
    left = db.session.scalars(
        select(MailingRecipient).where(MailingRecipient.registration_id == leaves.id)
    ).one()
    assert left.left_because == LeftOut.ENDED


def test_a_message_waits_for_every_language_or_for_one_chosen_instead(organiser, event):
    swede = confirmed(event, language="sv")
    english = Written(Text(en="Choose"), Text(en="Only in English."))
    mailing = make_draft(event, written=english)
    with pytest.raises(WordsMissing) as refusal:
        write(own_words.send, mailing, **PRESSED)
    assert refusal.value.languages == ["sv"]
    db.session.rollback()
    page = organiser.get("own_mailings.write", event="nf27", mailing=mailing.id)
    assert "people read Swedish, in which nothing is written" in page.text
    page.form('form:has([name="words-en"])').submit({"fallback": "en"})
    db.session.refresh(mailing)
    write(own_words.send, mailing, **PRESSED)
    work()
    assert "Only in English." in text_of(mails_of(mailing)[swede.email])


def test_people_chosen_one_by_one_are_kept_and_stay_chosen_when_it_is_stopped(organiser, event):
    one, _other, three = (confirmed(event) for _number in range(3))
    mailing = make_planned(event, people=[one.id, three.id])
    write(own_words.take_back, mailing, actor="user:1", now=NOW)
    write(own_words.send, mailing, **PRESSED)
    work()
    assert mails_of(mailing).keys() == {one.email, three.email}


def test_a_message_cannot_be_taken_back_once_it_has_begun(organiser, event):
    confirmed(event)
    mailing = make_planned(event)
    with pytest.raises(BegunAlready):
        write(own_words.take_back, mailing, actor="user:1", now=BEGUN)


def test_a_message_that_was_stopped_in_another_tab_is_called_a_draft(organiser, event):
    confirmed(event)
    mailing = make_planned(event)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    other = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    for shown, told in ((page, "Stopped: nobody has got it."), (other, "It has been stopped already")):
        after = shown.form("form[action$=return]").submit(follow=True)
        assert told in after.flashes[0]
    assert mailing.status == MailingStatus.PROPOSED


def test_a_message_to_people_found_by_a_search_is_not_called_one_to_everybody(organiser, sign_in_as, event):
    person = confirmed(event, family_name="Sökt")
    page = organiser.get("own_mailings.new", event="nf27", q="Sökt")
    assert "Search: “Sökt”" in page.text
    draft = make_draft(event, {"q": "Sökt"})
    shown = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    assert "Search: “Sökt”" in shown.text
    assert "Everybody" not in shown.soup.select_one("main").text
    mailer = sign_in_as(Role.MAILER, event).get("own_mailings.write", event="nf27", mailing=draft.id)
    assert "Found by a search" in mailer.text
    assert person.family_name not in mailer.text


def test_a_message_is_planned_by_the_clock_of_the_event(organiser, event):
    confirmed(event)
    mailing = make_draft(event)
    there = (NOW + timedelta(days=2)).astimezone(event.zone)
    asked = organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id)
    page = asked.submit({"when": "later"}, expect=422)
    assert page.errors == {"moment": "Enter the date and the time"}
    asked.submit({"when": "later", "moment": there.strftime("%Y-%m-%dT%H:%M")})
    db.session.refresh(mailing)
    assert mailing.begins_at == there.replace(second=0, microsecond=0)
    work(mailing.begins_at - timedelta(seconds=1))
    assert mails_of(mailing) == {}
    work(mailing.begins_at)
    assert len(mails_of(mailing)) == 1


def test_a_time_that_is_typed_but_not_chosen_sends_nothing(organiser, event):
    confirmed(event)
    mailing = make_draft(event)
    there = (NOW + timedelta(days=2)).astimezone(event.zone)
    asked = organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id)
    page = asked.submit({"when": "now", "moment": there.strftime("%Y-%m-%dT%H:%M")}, expect=422)
    assert page.errors == {"moment": "Choose “At a time”, or leave date and time empty"}
    db.session.refresh(mailing)
    assert mailing.status == MailingStatus.PROPOSED


def test_a_planned_message_is_called_planned_and_promises_no_start_while_it_is_paused(organiser, event):
    leaves, _stays = confirmed(event), confirmed(event)
    mailing = make_planned(event)
    write(actions.cancel, leaves, actor="person", now=NOW)
    assert "Planned" in organiser.get("outbox.index", event="nf27").text
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert "Send was pressed on" in page.text
    assert page.all("td[data-label=Result]") == ["Left out", "Waiting"]
    write(mailings.pause, mailing, actor="user:1", now=NOW)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert "nothing leaves while it is paused" in page.text
    assert "it begins" not in page.text


def test_a_message_is_not_planned_for_the_past_or_for_when_personal_links_are_dead(organiser, event):
    confirmed(event)
    mailing = make_draft(event)
    for moment in (NOW, event.ends_at + timedelta(days=30)):
        with pytest.raises(NotAhead):
            write(own_words.send, mailing, **{**PRESSED, "begins_at": moment})


def test_people_are_thanked_after_the_event_and_a_message_from_before_it_ends(organiser, event):
    """Organisers write for thirty days after the event; what was begun before it speaks of what was ahead (R18)."""
    person = confirmed(event)
    late = make_planned(event)
    write(mailings.pause, late, actor="user:1", now=NOW)
    planned = make_draft(event)
    evening = event.ends_at + timedelta(hours=3)
    write(own_words.send, planned, **{**PRESSED, "begins_at": evening})
    work(event.ends_at)
    assert [one.status for one in (late, planned)] == [MailingStatus.STOPPED, MailingStatus.SENDING]
    work(evening)
    assert mails_of(planned).keys() == {person.email}
    mark(mails_of(planned)[person.email], MessageStatus.FAILED)
    write(own_words.send_again, planned, actor="user:1", now=evening)
    work(evening)
    assert len(mails_of(planned)) == 1


def test_the_page_of_a_draft_after_the_event_offers_sending_and_no_reminder(organiser, event):
    confirmed(event)
    draft, other = make_draft(event), make_draft(event)
    end_event(event, timedelta(days=1))
    assert "Write a message" in organiser.get("outbox.index", event="nf27").text
    page = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    assert "Plan it as a reminder" not in page.text
    page = page.follow("Send to 1 person…").form("form.form").submit({"when": "now"}, follow=True)
    assert "The recipients are fixed" in page.flashes[0]
    end_event(event, timedelta(days=30))
    page = organiser.get("own_mailings.write", event="nf27", mailing=other.id)
    assert "or from 30 days after it." in page.text
    assert "Send to 1 person…" not in page.text
    with pytest.raises(EventHidden):
        write(own_words.send, other, **PRESSED)


def end_event(event, ago: timedelta) -> None:
    """Let the event have ended this long ago."""
    start_write(db.session)
    event.starts_at, event.ends_at = NOW - ago - timedelta(days=1), NOW - ago
    db.session.commit()


def test_a_message_to_nobody_is_refused(organiser, event):
    register(event)
    with pytest.raises(NobodyToTell):
        write(own_words.send, make_draft(event), **PRESSED)


def test_a_message_goes_again_to_those_only_whom_it_did_not_reach(organiser, event):
    reached, failed = confirmed(event), confirmed(event)
    mailing = make_planned(event)
    work()
    before = mails_of(mailing)
    lost = before[failed.email]
    mark(before[reached.email], MessageStatus.SENT)
    mark(lost, MessageStatus.FAILED)
    work()
    start_write(db.session)
    failed.email = failed.email_canonical = "right@example.org"
    db.session.commit()
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    page.form('form:has(button:-soup-contains("Send again"))').submit()
    work()
    assert mails_of(mailing).keys() == {reached.email, "right@example.org"}
    assert lost.status == MessageStatus.ABORTED
    assert counts(mailing) == Counts(waiting=1, sent=1)
    with pytest.raises(NothingFailed):
        write(own_words.send_again, mailing, actor="user:1", now=BEGUN)


def test_whoever_was_left_out_gets_the_message_when_the_reason_is_gone(organiser, event):
    """Somebody without an address, and somebody whose mails came back, get it once when they can be written to."""
    reached, without, marked, gone = (confirmed(event) for _ in range(4))
    address = marked.email
    start_write(db.session)
    without.email = without.email_canonical = ""
    suppression.suppress(address, SuppressionCause.BOUNCED, event_id=event.id, now=NOW)
    db.session.commit()
    write(actions.cancel, gone, actor="person", now=NOW)
    mailing = make_planned(event)
    work()
    mark(mails_of(mailing)[reached.email], MessageStatus.SENT)
    work()
    shown = {"event": "nf27", "mailing": mailing.id}
    assert "can be written to now" not in organiser.get("sent_mailings.show", **shown).text
    start_write(db.session)
    without.email = without.email_canonical = "new@example.org"
    suppression.lift(address, event_id=event.id, cause=SuppressionCause.BOUNCED)
    db.session.commit()
    page = organiser.get("sent_mailings.show", **shown)
    assert "2 people who were left out can be written to now." in page.text
    page.form('form:has(button:-soup-contains("Send to 2 people"))').submit()
    work()
    assert mails_of(mailing).keys() == {reached.email, "new@example.org", address}
    assert (mailing.people, mailing.left_out) == (3, {"ended": 1})
    with pytest.raises(NothingFailed):
        write(own_words.send_again, mailing, actor="user:1", now=BEGUN)


def test_whoever_was_left_out_of_a_reminder_gets_it_only_in_time(event):
    without = confirmed(event)
    start_write(db.session)
    without.email = without.email_canonical = ""
    db.session.commit()
    confirmed(event)
    reminder = make_reminder(event)
    due = reminder_times.due_at(reminder)
    write(reminders.run, reminder.id, now=due)
    start_write(db.session)
    without.email = without.email_canonical = "new@example.org"
    db.session.commit()
    mailing = reminder.mailing
    assert len(reachable.list_ids(mailing, due + timedelta(hours=11))) == 1
    assert reachable.list_ids(mailing, due + timedelta(hours=12)) == []


def test_the_link_of_a_mail_that_was_sent_again_still_refuses_for_its_own_address(event, frozen, pages):
    """The mail of which a report came back may have been read: its link refuses for the address of that mail (M07)."""
    person = confirmed(event, email="asa@example.org")
    mailing = make_planned(event)
    work()
    lost = mails_of(mailing)[person.email]
    link = parse(lost)["List-Unsubscribe"].strip("<>")
    mark(lost, MessageStatus.FAILED)
    start_write(db.session)
    person.email = person.email_canonical = "right@example.org"
    db.session.commit()
    write(own_words.send_again, mailing, actor="user:1", now=BEGUN)
    work()
    pages.open(urlsplit(link).path, method="POST", data={"List-Unsubscribe": "One-Click"})
    refused = [
        refusals.is_refused(event, one, Category.PRACTICAL) for one in ("asa@example.org", person.email)
    ]
    assert refused == [True, False]


def test_a_message_is_paused_goes_on_and_is_ended(organiser, event):
    for _number in range(3):
        confirmed(event)
    mailing = make_planned(event)
    work()
    write(mailings.pause, mailing, actor="user:1", now=BEGUN)
    assert counts(mailing) == Counts(waiting=3)
    assert mails_of(mailing) == {}
    write(mailings.resume, mailing, actor="user:1", now=BEGUN)
    work()
    write(mailings.stop, mailing, actor="user:1", now=BEGUN)
    assert counts(mailing) == Counts(left_out=3)


def test_the_database_allows_one_row_a_person(organiser, event):
    person = confirmed(event)
    mailing = make_planned(event)
    start_write(db.session)
    db.session.add(MailingRecipient(mailing_id=mailing.id, registration_id=person.id))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.slow
def test_two_workers_and_four_presses_write_to_each_person_once(app: Flask, organiser, event):
    people = [confirmed(event) for _number in range(8)]
    mailing = make_draft(event)
    page = organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id)
    db.session.rollback()
    _at_once(4, page.submit)
    clock.freeze(BEGUN)

    def work_apart() -> None:
        with app.app_context():
            work()

    _at_once(3, work_apart)
    work()
    assert mails_of(mailing).keys() == {person.email for person in people}
    bulk = [mail.recipient for mail in db.session.scalars(select(OutboxMessage)) if mail.lane == Lane.BULK]
    assert Counter(bulk) == Counter(person.email for person in people)


def _at_once(number: int, act) -> None:
    ready = threading.Barrier(number)

    def run() -> None:
        ready.wait()
        act()

    racing = [threading.Thread(target=run) for _number in range(number)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()


def test_a_message_that_a_worker_with_a_fast_clock_has_begun_is_not_taken_back(organiser, event):
    confirmed(event)
    mailing = make_planned(event)
    work()
    clock.freeze(NOW)
    with pytest.raises(BegunAlready):
        write(own_words.take_back, mailing, actor="user:1", now=NOW)
    db.session.rollback()
    assert (
        "Nothing has left yet"
        not in organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id).text
    )
    assert counts(mailing).waiting == 1


@pytest.mark.parametrize("category", Category)
def test_the_mail_of_a_protected_person_does_not_differ(organiser, event, category):
    same = {"given_name": "A", "family_name": "B", "organisation": "C"}
    person = confirmed(event, is_protected=True, real_name="Kanarie", **same)
    twin = confirmed(event, **same)
    mailing = make_planned(event, written=replace(WRITTEN, category=category))
    work()
    made = mails_of(mailing)
    texts = []
    for one in (person, twin):
        words = text_of(made[one.email]).replace(one.reference, "REFERENCE")
        texts.append([line for line in words.splitlines() if "/r/" not in line])
        headers = parse(made[one.email]).keys()
        texts[-1].append(str(headers) + made[one.email].subject + parse(made[one.email])["From"])
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("category", "first"),
    [
        (Category.PRACTICAL, "This is about your registration with reference {reference}."),
        (Category.FURTHER, "You get this message because you are registered with us."),
    ],
)
def test_a_message_says_in_its_first_line_why_it_comes(event, category, first):
    """A message beyond the event is not about the registration, and its first line does not name the event (P26)."""
    person = confirmed(event, language="en")
    mailing = make_planned(event, written=replace(WRITTEN, category=category))
    work()
    mail = mails_of(mailing)[person.email]
    _hello, _blank, line, *_rest = text_of(mail).splitlines()
    assert line == first.format(reference=person.reference)
    assert line in parse(mail).get_body(("html",)).get_content()


@pytest.mark.parametrize("whom", [{}, {"q": "Kanarie"}], ids=["by filters", "by name"])
def test_a_form_that_is_sent_twice_makes_one_draft(organiser, event, losing_answers, whom):
    """Sent again from the busy page after a commit whose answer was lost, the form leads to the draft (R03)."""
    confirmed(event, family_name="Kanarie")
    page = organiser.get("own_mailings.new", event="nf27", **whom)
    typed = {"category": "practical", "subjects-en": "Choose", "words-en": "Come."}
    with losing_answers():
        busy = page.submit(typed, expect=503)
    again = busy.submit(button="Try again", follow=True)
    mailing = db.session.scalars(select(Mailing)).one()
    assert (again.path, again.flashes) == (
        f"/console/nf27/mailings/{mailing.id}/text",
        ["Saved as a draft. Nothing has been sent."],
    )
    organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id).submit(follow=True)
    sent = page.submit(typed, follow=True)
    assert (sent.path, sent.flashes) == (f"/console/nf27/mailings/{mailing.id}/results", [CHANGED_SINCE])
    assert len(audit.find_all(mailing)) == 2


def test_a_form_that_is_sent_again_does_not_call_a_colleagues_words_saved(organiser, event):
    """A draft that a colleague has changed is shown as stored; a reader who may not see it gets the list (S14)."""
    diet = make_question(event, "diet", choices=["vegan"], care=True)
    page = organiser.get("own_mailings.new", event="nf27")
    typed = {"category": "practical", "subjects-en": "Choose", "words-en": "Come."}
    page.submit(typed, follow=True)
    draft = db.session.scalars(select(Mailing)).one()
    stored = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    stored.submit({"words-en": "Come soon."}, follow=True)
    again = page.submit(typed, follow=True)
    assert (again.path, again.flashes) == (f"/console/nf27/mailings/{draft.id}/text", [CHANGED_SINCE])
    db.session.rollback()
    write(own_words.readdress, draft, {"unanswered": diet.key}, actor="user:1", now=NOW)
    again = page.submit(typed, follow=True)
    assert (again.path, again.flashes) == ("/console/nf27/mail", [CHANGED_SINCE])


def test_a_changed_form_or_the_form_of_a_deleted_draft_makes_another_draft(organiser, event):
    page = organiser.get("own_mailings.new", event="nf27")
    for words in ("Come.", "Come soon.", "Come."):
        page.submit({"category": "practical", "subjects-en": "Choose", "words-en": words})
    first, second = db.session.scalars(select(Mailing).order_by(Mailing.id)).all()
    organiser.get("own_mailings.discard", event="nf27", mailing=first.id).submit()
    page.submit({"category": "practical", "subjects-en": "Choose", "words-en": "Come."})
    db.session.rollback()
    left = db.session.scalars(select(Mailing).order_by(Mailing.id)).all()
    assert [one.words["en"] for one in left] == ["Come soon.", "Come."]
    assert left[0].id == second.id


@pytest.fixture
def losing_answers(app, monkeypatch):
    """Return a context in which each commit is stored, but the connection is lost before the program learns of it."""

    @contextmanager
    def lose() -> Iterator[None]:
        with app.app_context():
            dialect = db.engine.dialect
        commit = dialect.do_commit

        def commit_and_lose(connection) -> None:
            commit(connection)
            raise dialect.loaded_dbapi.OperationalError("the connection is lost")

        with monkeypatch.context() as patch:
            patch.setattr(dialect, "do_commit", commit_and_lose)
            yield

    return lose


def test_a_subject_that_tells_where_somebody_is_or_harms_a_mail_is_refused(organiser, event):
    shown = organiser.get("own_mailings.new", event="nf27")
    for subject, problem in REFUSED_SUBJECTS.items():
        written = {"subjects-en": subject, "words-en": "Come.", "subjects-sv": "Kom", "words-sv": "Kom."}
        page = shown.submit({"category": "practical", **written}, expect=422)
        assert page.errors["subjects-en"].startswith(problem)
        assert page.form().data["words-en"] == ["Come."]
    assert db.session.scalars(select(Mailing)).all() == []


def test_a_subject_that_the_event_s_new_place_makes_telling_is_not_sent(organiser, event):
    confirmed(event)
    mailing = make_draft(event, written=Written(Text(en="By train to Uppsala"), Text(en="Come."), "en"))
    start_write(db.session)
    event.place = Text(sv="Uppsala", en="Uppsala")
    db.session.commit()
    asked = organiser.get("sent_mailings.send", event="nf27", mailing=mailing.id)
    assert asked.submit(follow=True).flashes[0].startswith("The subject names the forum, organiser or place")
    db.session.refresh(mailing)
    assert mailing.status == MailingStatus.PROPOSED


def test_the_kind_of_a_new_message_is_chosen_and_not_preselected(organiser, event):
    """People can refuse one kind of message and get the other, so the organiser has to choose the kind (A05, M07)."""
    page = organiser.get("own_mailings.new", event="nf27")
    typed = {"subjects-en": "Choose", "words-en": "Come.", "fallback": "en"}
    for button in ("Save the draft", "Preview"):
        refused = page.submit(typed, button=button, expect=422)
        assert refused.errors["category"] == "Choose the kind of message"
        assert refused.form().data["words-en"] == ["Come."]
    assert db.session.scalars(select(Mailing)).all() == []


@pytest.mark.parametrize("category", ["", "practical", "nothing"])
def test_a_preview_in_the_other_language_has_no_words_that_nobody_has_checked(organiser, event, category):
    """The button that switches the page's language checks nothing, whatever button is sent with it."""
    draft = make_draft(event)
    sent = {"subjects-en": "Choose", "words-en": "Unchecked {name}", "act": PREVIEW, SWITCH: "sv"}
    for address in ("/console/nf27/message", f"/console/nf27/mailings/{draft.id}/text"):
        page = organiser.post(address, forged={**sent, "category": category}, expect=200)
        assert not any("Unchecked" in frame["srcdoc"] for frame in page.soup.select("iframe.mail-frame"))


def test_an_unknown_placeholder_is_refused_and_named(organiser, event):
    shown = organiser.get("own_mailings.new", event="nf27")
    for unknown in UNKNOWN:
        page = shown.submit(
            {"category": "practical", "subjects-en": "Choose", "words-en": f"Dear {unknown}"}, expect=422
        )
        assert "no placeholder. These are: {given name}, {family name}" in page.errors["words-en"]


def test_placeholders_are_filled_in_a_single_pass():
    """A name that looks like a placeholder stays as it is, and markup is no placeholder (L01)."""
    values = {"given name": "{event}", "family name": "B", "event": "NF", "sector": "<b>"}
    filled = placeholders.fill("Dear {Given_Name} {sector}: {own page}!\nB\n\n{family name}", values)
    assert filled == [[["Dear ", "{event}", " ", "<b>", ": ", None, "!"], ["B"]], [["B"]]]


def test_what_an_organiser_gets_on_trial_is_what_is_sent(organiser, event):
    person = confirmed(event, language="en", given_name="Organiser")
    mailing = make_draft(event)
    page = organiser.get("own_mailings.write", event="nf27", mailing=mailing.id)
    typed = {"words-en": "Words that were not saved, {given name}."}
    page.form('form:has([name="words-en"])').submit(typed, button="Save and send it to me alone")
    trials = {
        mail.language: mail
        for mail in db.session.scalars(select(OutboxMessage))
        if mail.lane == Lane.NOW and mail.kind == "own-words"
    }
    assert trials.keys() == {"sv", "en"}
    write(own_words.send, mailing, **PRESSED)
    work()
    sent = mails_of(mailing)[person.email]
    trial = comparable(trials["en"].content, trials["en"].recipient, SAMPLE)
    assert trial == comparable(sent.content, sent.recipient, person.reference)
    assert person.reference not in text_of(trials["en"])
    for mail in (trials["en"], sent):
        assert "Words that were not saved, Organiser." in text_of(mail)


def test_a_mailer_writes_by_sector_and_status_and_reads_no_names(sign_in_as, event):
    person = confirmed(event, "ngo", given_name="Kanarie")
    pages = sign_in_as(Role.MAILER, event)
    pages.get("own_mailings.new", event="nf27", q="Kanarie", expect=404)
    typed = {"category": "practical", "subjects-en": "Choose", "words-en": "Dear {given name}"}
    page = pages.post("own_mailings.new", typed, event="nf27", sector="ngo", follow=True, expect=200)
    assert "1 person gets it." in page.text
    assert "Kanarie" not in page.text
    mailing = db.session.scalars(select(Mailing)).one()
    write(own_words.send, mailing, **PRESSED)
    work()
    page = pages.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert person.email in page.text
    assert "Kanarie" not in page.text


def test_those_chosen_in_the_attendee_list_are_written_to(organiser, event):
    chosen, _other = confirmed(event), confirmed(event)
    page = organiser.get("attendees.index", event="nf27")
    page = page.form("#many").submit(button="Write …", follow=True, forged={"who": chosen.reference})
    page = page.submit({"category": "practical", "subjects-en": "Choose", "words-en": "Dear"}, follow=True)
    assert "1 person chosen one by one" in page.text
    mailing = db.session.scalars(select(Mailing)).one()
    people = db.session.scalars(select(MailingRecipient.registration_id)).all()
    assert (mailing.audience, people) == (None, [chosen.id])


def test_a_draft_is_deleted_after_a_question(organiser, event):
    mailing = make_draft(event)
    asked = organiser.get("own_mailings.write", event="nf27", mailing=mailing.id).follow("Delete the draft…")
    assert asked.h1 == "Delete the draft “Choose your group”"
    assert db.session.scalars(select(Mailing)).one()
    db.session.rollback()
    assert asked.submit(button="Delete the draft", follow=True).flashes == ["The draft is deleted."]
    assert db.session.scalars(select(Mailing)).all() == []


def test_messages_of_another_event_or_kind_are_not_there(organiser, event, archive):
    mailing = make_draft(archive)
    for act in ("own_mailings.write", "own_mailings.people", "sent_mailings.send", "sent_mailings.show"):
        organiser.get(act, event="nf27", mailing=mailing.id, expect=404)


def test_written_is_what_it_was(event):
    mailing = make_draft(event)
    assert Written(mailing.subjects, mailing.words, mailing.fallback) == WRITTEN
    assert write(own_words.rewrite, mailing, WRITTEN, actor="user:1", now=NOW) is False


def test_a_page_of_a_draft_that_has_been_sent_meanwhile_changes_nothing(organiser, event):
    confirmed(event, "ngo")
    mailing = make_draft(event)
    here = {"event": "nf27", "mailing": mailing.id}
    text, people, removal = (
        organiser.get(f"own_mailings.{act}", **here) for act in ("write", "people", "discard")
    )
    write(own_words.send, mailing, **PRESSED)
    text.form('form:has([name="words-en"])').submit({"subjects-en": "Another"}, follow=True)
    people.submit(follow=True)
    removal.submit(button="Delete the draft", follow=True)
    db.session.expire_all()
    assert mailing.subjects["en"] != "Another"
    assert db.session.get(Mailing, mailing.id).status != MailingStatus.PROPOSED
    for act in ("write", "discard"):
        assert organiser.get(f"own_mailings.{act}", **here, expect=303).location.endswith("/results")


def test_filters_that_the_list_does_not_know_are_no_address_of_a_message(organiser, event):
    organiser.get("own_mailings.new", event="nf27", sector="nowhere", expect=404)


def test_same_people_and_words_are_not_stored_again(event):
    mailing = make_draft(event)
    assert write(own_words.readdress, mailing, dict(mailing.audience), actor="user:1", now=NOW) is False


def test_a_new_message_says_at_once_how_many_get_it_and_who_is_left_out(organiser, event):
    willing, unwilling = confirmed(event, "ngo"), confirmed(event, "ngo")
    register(event, "ngo")
    confirmed(event, "justice")
    digest = address_digests.of_event(event.id, unwilling.email_canonical)[0]
    write(db.session.add, MailRefusal(category=Refused.FURTHER, digest=digest, refused_at=NOW))
    page = organiser.get("own_mailings.new", event="nf27", sector="ngo")
    pending = "1 person is left out: address not confirmed."
    refused = "1 person is left out: wants no messages of this kind."
    kinds = ["Practical information about the event", "News and invitations beyond the event"]
    assert page.all("[aria-labelledby=to] h3") == kinds
    told = page.all("[aria-labelledby=to] li")
    assert told == ["2 people get it.", pending, "1 person gets it.", pending, refused]
    counted = page.submit({"category": "further", "words-en": "Half wr"}, button="Count", expect=200)
    assert counted.all("[aria-labelledby=to] li") == ["1 person gets it.", pending, refused]
    assert counted.form().values()["words-en"] == ["Half wr"]
    assert db.session.scalars(select(Mailing)).all() == []
    assert willing.is_live


def test_a_person_is_written_to_from_their_page_where_a_message_may_reach_them(organiser, sign_in_as, event):
    person, other, pending = confirmed(event, "ngo"), confirmed(event, "ngo"), register(event, "ngo")
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    page = shown.follow("Write to this person")
    assert page.all("[aria-labelledby=to] li") == ["1 person gets it."]
    typed = {"category": "practical", "subjects-en": "Choose", "words-en": "Dear {given name}"}
    page.submit(typed, follow=True)
    mailing = db.session.scalars(select(Mailing)).one()
    rows = db.session.scalars(select(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id))
    assert [row.registration_id for row in rows] == [person.id]
    write(actions.cancel, other, actor="person", now=NOW)
    for one in (other, pending):
        shown = organiser.get("attendees.show", event="nf27", reference=one.reference)
        assert "Write to this person" not in shown.links
    viewer = sign_in_as(Role.VIEWER, event)
    shown = viewer.get("attendees.show", event="nf27", reference=person.reference)
    assert "Write to this person" not in shown.links


def test_nobody_writes_to_a_person_whose_data_may_not_be_used(organiser, event):
    person = confirmed(event, "ngo")
    request = write(restricting.ask, person, RestrictionKind.RESTRICTION, "No.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    assert "Write to this person" not in shown.links
