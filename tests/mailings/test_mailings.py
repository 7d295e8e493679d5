"""Writing to people about a change of an event: proposing, sending, pausing, ending, superseding (R12)."""

import threading
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from flask import Flask
from sqlalchemy import delete, select

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.events import cancelling, publishing
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.mailings import actions as mailings
from forum.mailings import sending
from forum.mailings.enums import MailingStatus
from forum.mailings.models import Mailing, MailingRecipient
from forum.mailings.queries import Counts, count_by_result, find_last_change, find_open_change
from forum.outbox import delivery
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import actions
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write
from tests.tables import rows
from tools.pages import Pages

LATER = NOW + timedelta(minutes=1)
JOBS_OF_MAILINGS = [job for job in JOBS if "mailings" in job.name]


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: mails are queued under locks, which differ between the databases."""
    return make_app(database_url)


def at(minutes: float) -> None:
    clock.freeze(NOW + timedelta(minutes=minutes))


def move(pages: Pages, **typed: str):
    """Change the event's town, or the values in `typed`, on the settings page."""
    return pages.post(
        "settings.facts", typed or {"place-sv": "Göteborg", "place-en": "Gothenburg"}, event="nf27"
    )


def press(pages: Pages, mailing: Mailing, button: str) -> None:
    """Press a button of the mailing's page that is a form by itself."""
    page = pages.get("mailings.show", event="nf27", mailing=mailing.id)
    page.form(f'main form:has(button:-soup-contains("{button}"))').submit(button=button)


def work() -> None:
    """Run the worker's jobs about mailings once."""
    db.session.rollback()
    for job in JOBS_OF_MAILINGS:
        run_job(job)


def reread(mailing: Mailing) -> Mailing:
    db.session.rollback()
    db.session.expire_all()
    return mailing


def counts(mailing: Mailing) -> Counts:
    return count_by_result([reread(mailing)])[mailing.id]


def mails_of(mailing: Mailing) -> dict[str, OutboxMessage]:
    query = select(OutboxMessage).join(MailingRecipient, MailingRecipient.message_id == OutboxMessage.id)
    found = db.session.scalars(query.where(MailingRecipient.mailing_id == mailing.id))
    return {mail.recipient: mail for mail in found}


def text_of(mail: OutboxMessage) -> str:
    read = message_from_bytes(mail.content, policy=policy.default)
    return read.get_body(("plain",)).get_content()


def acts() -> list[str]:
    entries = db.session.query(AuditEntry).filter_by(subject_type="mailings").order_by(AuditEntry.id)
    return [entry.action for entry in entries]


def mark(mail: OutboxMessage, status: MessageStatus) -> None:
    start_write(db.session)
    mail.status = status
    db.session.commit()


def test_an_organiser_writes_to_those_whom_a_change_concerns(organiser, event):
    swede, dane = confirmed(event, language="sv"), confirmed(event, language="en")
    gone, unsure = confirmed(event), register(event)
    at(1)
    move(organiser, **{"place-sv": "Göteborg", "place-en": "Gothenburg", "days-0-starts": "10:00"})
    page = organiser.get("settings.facts", event="nf27")
    assert "3 people have not been told about the latest change" in page.text
    assert (
        "3 people have not been told about the latest change"
        in organiser.get("console.overview", event="nf27").text
    )
    newcomer = confirmed(event, now=LATER + timedelta(seconds=1))

    mailing = find_open_change(event)
    page = organiser.get("mailings.show", event="nf27", mailing=mailing.id)
    assert "1 person has not confirmed the address" in page.text
    assert "1 person already knows." in page.text
    page = page.submit(
        {"words-sv": "Lokalen brann.", "words-en": "A fire. <b>Sorry</b>\n\nCome."}, follow=True
    )
    assert page.all(".mail-preview h3") == ["Swedish: 1 person", "English: 2 people"]
    assert "Lokalen brann." in page.text
    page = organiser.get("mailings.send", event="nf27", mailing=mailing.id)
    assert page.h1 == "Write to 3 people?"
    page = page.submit(follow=True)
    assert page.flashes == ["The messages to 3 people are on their way. You can leave this page."]
    write(actions.cancel, gone, actor="person", now=LATER)
    work()

    found = mails_of(mailing)
    assert found.keys() == {swede.email, dane.email}
    assert {mail.lane for mail in found.values()} == {Lane.BULK}
    told = text_of(found[dane.email])
    assert "Tuesday 16 November 2027, from 10:00" in told
    until_now = told.partition("Before the change")[2]
    assert "from 9:00" in until_now
    assert "A fire. <b>Sorry</b>" in told
    assert "/en/r/" in told
    assert "Lokalen brann." in text_of(found[swede.email])
    assert found[dane.email].subject == "Date, time or place has changed"
    assert unsure.email not in found
    assert newcomer.email not in found
    assert counts(mailing) == Counts(waiting=2, left_out=1)
    for mail, status in zip(found.values(), (MessageStatus.SENT, MessageStatus.FAILED), strict=True):
        mark(mail, status)
    work()
    assert reread(mailing).status == MailingStatus.DONE
    page = organiser.get("outbox.index", event="nf27")
    assert page.all(".mailings tbody td") == ["Finished", "3", "1", "0", "1"]
    assert "have not been told about" not in organiser.get("console.overview", event="nf27").text
    assert acts() == ["mailing.proposed", "mailing.written", "mailing.started", "mailing.done"]


def test_own_words_are_sent_in_every_language_or_in_none(organiser, event):
    confirmed(event, language="sv")
    confirmed(event, language="en")
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    organiser.post("mailings.show", {"words-sv": "Bara på svenska."}, event="nf27", mailing=mailing.id)
    page = organiser.get("mailings.send", event="nf27", mailing=mailing.id).submit(follow=True)
    assert page.flashes == ["Your own words are missing in: English. Add them, or leave all empty."]
    assert reread(mailing).status == MailingStatus.PROPOSED


def test_a_change_that_nobody_reads_is_proposed_to_nobody(organiser, event):
    """No mailing is proposed when only the Swedish name of the town is new and everybody reads English."""
    confirmed(event, language="en")
    at(1)
    move(organiser, **{"place-sv": "Stockholm city"})
    assert find_open_change(event) is None
    move(organiser, hashtag="#NF28")
    assert find_open_change(event) is None


def test_a_dismissed_change_is_not_offered_again(organiser, event):
    confirmed(event)
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    press(organiser, mailing, "No message needed")
    assert reread(mailing).status == MailingStatus.DISMISSED
    at(2)
    move(organiser, **{"place-en": "Malmö"})
    newer = find_open_change(event)
    assert [step["facts"]["place"]["en"] for step in newer.steps] == ["Gothenburg", "Malmö"]


def test_two_changes_before_sending_are_told_as_one(organiser, event):
    person = confirmed(event)
    at(1)
    move(organiser)
    at(2)
    move(organiser, **{"place-en": "Malmö"})
    (mailing,) = db.session.scalars(select(Mailing)).all()
    shown = organiser.get("mailings.send", event="nf27", mailing=mailing.id)
    at(3)
    move(organiser, **{"place-en": "Lund"})
    page = shown.submit(follow=True)
    assert page.flashes[-1].startswith("The message has changed since the page was shown")
    organiser.get("mailings.send", event="nf27", mailing=mailing.id).submit()
    work()
    told = text_of(mails_of(reread(mailing))[person.email])
    assert "Lund" in told
    assert "Stockholm" in told.partition("Before the change")[2]
    assert "Gothenburg" not in told


def test_a_newer_change_takes_the_older_mailing_back(organiser, event):
    """People who got the first mailing read what has changed since then; all others read the sum of both changes."""
    told, untold, waiting = (confirmed(event) for _number in range(3))
    at(1)
    move(organiser)
    first = find_open_change(event)
    write(mailings.send, first, user_id=1, actor="user:1", now=LATER)
    db.session.rollback()
    for recipient in [*sending.list_next(now=LATER)][:2]:
        write(sending.queue_one, recipient, now=LATER)
    mark(mails_of(first)[told.email], MessageStatus.SENT)
    at(2)
    move(organiser, **{"place-en": "Malmö"})

    assert reread(first).status == MailingStatus.SUPERSEDED
    assert counts(first) == Counts(sent=1, left_out=2)
    assert mails_of(first)[untold.email].abort_reason == "outdated"
    second = find_open_change(event)
    organiser.get("mailings.send", event="nf27", mailing=second.id).submit()
    work()
    before = {
        address: text_of(mail).partition("Before the change")[2] for address, mail in mails_of(second).items()
    }
    assert before.keys() == {told.email, untold.email, waiting.email}
    assert {address for address, text in before.items() if "Gothenburg" in text} == {told.email}


def test_a_change_back_is_told_to_those_only_who_knew_of_it(organiser, event):
    told, untold = confirmed(event), confirmed(event)
    at(1)
    move(organiser)
    first = find_open_change(event)
    write(mailings.send, first, user_id=1, actor="user:1", now=LATER)
    work()
    mark(mails_of(first)[told.email], MessageStatus.SENT)
    before = first.steps[0]["facts"]["place"]
    at(2)
    move(organiser, **{f"place-{code}": words for code, words in before.items()})
    page = organiser.get("mailings.send", event="nf27", mailing=find_open_change(event).id)
    assert page.h1 == "Write to 1 person?"
    assert mails_of(first)[untold.email].status == MessageStatus.ABORTED


def test_a_mailing_is_paused_goes_on_and_is_ended(organiser, event):
    people = [confirmed(event) for _number in range(4)]
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    write(mailings.send, mailing, user_id=1, actor="user:1", now=LATER)
    for recipient in [*sending.list_next(now=LATER)][:2]:
        write(sending.queue_one, recipient, now=LATER)
    mark(mails_of(mailing)[people[0].email], MessageStatus.SENT)

    press(organiser, mailing, "Pause")
    assert counts(mailing) == Counts(sent=1, waiting=3)
    assert list(mails_of(mailing)) == [people[0].email]
    work()
    assert counts(mailing) == Counts(sent=1, waiting=3)
    assert "3 people are waiting in a paused mailing" in organiser.get("console.overview", event="nf27").text
    shown = organiser.get("mailings.show", event="nf27", mailing=mailing.id)
    shown.submit(button="Resume")
    work()
    assert len(mails_of(mailing)) == 4
    page = organiser.get("mailings.stop", event="nf27", mailing=mailing.id)
    assert "3 people have not been written to, and will not be." in page.text
    page.submit()
    assert counts(mailing) == Counts(sent=1, left_out=3)
    work()
    assert reread(mailing).status == MailingStatus.STOPPED
    page = shown.submit(button="Resume", follow=True)
    assert page.flashes[-1].startswith("The mailing had already changed")


def test_nobody_is_written_to_about_an_event_that_is_hidden(organiser, event):
    confirmed(event)
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    write(mailings.send, mailing, user_id=1, actor="user:1", now=LATER)
    work()
    write(publishing.unpublish, event, actor="user:1", now=LATER)
    work()
    assert reread(mailing).status == MailingStatus.PAUSED
    assert mails_of(mailing) == {}
    assert counts(mailing) == Counts(waiting=1)


def test_an_erased_person_gets_no_mail_and_is_counted(organiser, event):
    erased, other = confirmed(event), confirmed(event)
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    write(mailings.send, mailing, user_id=1, actor="user:1", now=LATER)
    start_write(db.session)
    db.session.execute(delete(Registration).where(Registration.id == erased.id))
    db.session.commit()
    work()
    assert list(mails_of(mailing)) == [other.email]
    assert counts(mailing) == Counts(waiting=1, left_out=1)


def test_the_mail_of_a_protected_person_does_not_differ(organiser, event):
    same = {"given_name": "A", "family_name": "B", "organisation": "C"}
    person = confirmed(event, is_protected=True, real_name="Kanarie", **same)
    twin = confirmed(event, **same)
    at(1)
    move(organiser)
    write(mailings.send, find_open_change(event), user_id=1, actor="user:1", now=LATER)
    work()
    made = {
        mail.recipient: mail for mail in db.session.scalars(select(OutboxMessage)) if mail.lane == Lane.BULK
    }
    texts = []
    for one in (person, twin):
        words = text_of(made[one.email]).replace(one.reference, "REFERENCE")
        texts.append([line for line in words.splitlines() if "/r/" not in line])
    assert texts[0] == texts[1]
    assert made[person.email].subject == made[twin.email].subject


def test_sending_asks_for_both_factors(sign_in_as, event):
    confirmed(event)
    pages = sign_in_as(Role.ORGANISER, event, fresh=False)
    at(1)
    move(pages)
    mailing = find_open_change(event)
    answer = pages.get("mailings.send", event="nf27", mailing=mailing.id, expect=303)
    assert "confirm" in answer.headers["Location"]
    assert reread(mailing).status == MailingStatus.PROPOSED


def test_two_presses_at_once_make_one_mailing(app: Flask, organiser, event):
    people = [confirmed(event) for _number in range(5)]
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    page = organiser.get("mailings.send", event="nf27", mailing=mailing.id)
    db.session.rollback()
    ready, answers = threading.Barrier(4), []

    def press() -> None:
        ready.wait()
        answers.append(page.submit().status)

    pressing = [threading.Thread(target=press) for _number in range(4)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()
    assert answers == [303] * 4
    assert acts().count("mailing.started") == 1
    racing = [threading.Thread(target=_work_in, args=(app,)) for _number in range(3)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    work()
    assert sorted(mails_of(reread(mailing))) == sorted(person.email for person in people)
    bulk = [mail.recipient for mail in db.session.scalars(select(OutboxMessage)) if mail.lane == Lane.BULK]
    assert Counter(bulk) == Counter(person.email for person in people)


def _work_in(app: Flask) -> None:
    with app.app_context():
        work()


def test_a_confirmation_leaves_before_the_mails_of_a_mailing(organiser, event, smtp_server, to_server):
    for _number in range(3):
        confirmed(event)
    start_write(db.session)
    db.session.execute(delete(OutboxMessage))
    db.session.commit()
    at(1)
    move(organiser)
    write(mailings.send, find_open_change(event), user_id=1, actor="user:1", now=LATER)
    work()
    late = register(event, now=LATER + timedelta(seconds=1))
    db.session.rollback()
    to_server(smtp_server.port)
    assert delivery.deliver_due() == 4
    assert smtp_server.messages[0]["To"] == late.email
    work()
    assert db.session.scalars(select(Mailing.status)).all() == [MailingStatus.DONE]


def test_mailings_of_another_event_are_not_there(organiser, archive):
    start_write(db.session)
    held = {"timezone": "Europe/Oslo", "nights": [], "place": {}}
    held |= {"starts_at": NOW.isoformat(), "ends_at": LATER.isoformat()}
    steps = [{"at": None, "facts": held}, {"at": NOW.isoformat(), "facts": held}]
    mailing = Mailing(
        event=archive, kind="event_changed", steps=steps, words=Text(), changed_at=NOW, proposed_at=NOW
    )
    db.session.add(mailing)
    db.session.commit()
    for act in ("show", "send", "stop"):
        organiser.get(f"mailings.{act}", event="nf27", mailing=mailing.id, expect=404)
        organiser.get(f"mailings.{act}", event=archive.slug, mailing=mailing.id, expect=404)


def test_a_cancellation_that_people_were_told_of_is_named_when_it_is_taken_back(organiser, event):
    """The event was moved, cancelled, and takes place after all: the first facts and the last do not tell of that."""
    for moment, happens in enumerate((_moves, _is_cancelled), start=1):
        confirmed(event)
        at(moment)
        _change(event, happens)
        write(mailings.send, find_open_change(event), user_id=1, actor="user:1", now=LATER)
        work()
        for mail in mails_of(reread(find_last_change(event))).values():
            mark(mail, MessageStatus.SENT)
    at(3)
    _change(event, cancelling.take_up_again)
    page = organiser.get("mailings.show", event="nf27", mailing=find_open_change(event).id)
    assert ["Takes place", "No, it is cancelled: Snow", "Yes"] in rows(page)
    assert "whether it takes place" in organiser.get("console.overview", event="nf27").text
    write(mailings.send, find_open_change(event), user_id=1, actor="user:1", now=LATER)
    assert "whether it takes place" in organiser.get("outbox.index", event="nf27").text


def test_a_cancellation_that_nobody_was_told_of_is_not_named(organiser, event):
    confirmed(event)
    at(1)
    _change(event, _moves)
    for moment, happens in ((2, _is_cancelled), (3, cancelling.take_up_again)):
        at(moment)
        _change(event, happens)
    page = organiser.get("mailings.show", event="nf27", mailing=find_open_change(event).id)
    assert [row[0] for row in rows(page)] == ["Place"]


def _change(event, happens) -> None:
    """Change the event, and propose a message about it."""
    start_write(db.session)
    former = happens(event, actor="user:1", now=clock.now())
    mailings.propose_change(event, former, actor="user:1", now=clock.now())
    db.session.commit()


def _moves(event, **_by) -> dict:
    former = {"place": event.place}
    event.place = Text(sv="Göteborg", en="Gothenburg")
    return former


def _is_cancelled(event, **by):
    return cancelling.cancel(event, Text(sv="Snö", en="Snow"), **by)
