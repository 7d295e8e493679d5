"""Mailings about several changes in a row, paused mailings, and mailings about an event that is over."""

from datetime import timedelta

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.mailings import actions as mailings
from forum.mailings.enums import MailingStatus
from forum.mailings.queries import Counts, find_open_change
from forum.outbox.enums import MessageStatus
from forum.registration import actions
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, write
from tests.mailings.test_mailings import LATER, app, at, counts, mails_of, mark, move, press, reread, work

__all__ = ["app"]  # importing this fixture `app` makes the tests run on both databases


def send(event, now=LATER):
    mailing = find_open_change(event)
    write(mailings.send, mailing, user_id=1, actor="user:1", now=now)
    return mailing


def days(year: int) -> dict[str, str]:
    """Return the fields of the event's two days in this year."""
    return {"days-0-day": f"{year}-11-16", "days-1-day": f"{year}-11-17"}


def test_a_step_that_is_news_to_nobody_is_remembered(organiser, event):
    """A move undone before any mail was made is remembered: whoever registers after it is told of the next move."""
    confirmed(event)
    before = {f"place-{code}": words for code, words in event.place.items()}
    at(1)
    move(organiser)
    send(event)
    at(2)
    move(organiser, **before)
    assert "has not been told" not in organiser.get("console.overview", event="nf27").text
    newcomer = confirmed(event, now=clock.now() + timedelta(minutes=1))
    at(4)
    move(organiser)
    mailing = find_open_change(event)
    page = organiser.get("mailings.send", event="nf27", mailing=mailing.id)
    page.submit()
    work()
    assert newcomer.email in mails_of(mailing)


def test_a_mistyped_year_that_is_corrected_is_told_to_nobody(organiser, event):
    confirmed(event)
    at(1)
    move(organiser, **days(2026))
    assert reread(event).ends_at < clock.now()
    at(2)
    move(organiser, **days(2027))
    mailing = find_open_change(event)
    assert "Everybody already knows" in organiser.get("mailings.show", event="nf27", mailing=mailing.id).text


def test_mails_that_are_tried_again_hold_up_no_others(organiser, event, monkeypatch):
    monkeypatch.setattr("forum.mailings.sending.AT_ONCE", 2)
    for _number in range(4):
        confirmed(event)
    at(1)
    move(organiser)
    mailing = send(event)
    work()
    for mail in mails_of(mailing).values():
        mark(mail, MessageStatus.AWAITING_RETRY)
    work()
    assert len(mails_of(mailing)) == 4
    assert counts(mailing) == Counts(waiting=2, retried=2)


def test_a_paused_mailing_counts_who_waits_and_ends_when_nothing_is_left(organiser, event):
    first, second = confirmed(event), confirmed(event)
    at(1)
    move(organiser)
    mailing = send(event)
    work()
    mark(mails_of(mailing)[first.email], MessageStatus.AWAITING_RETRY)
    press(organiser, mailing, "Pause")
    write(actions.cancel, second, actor="organiser", now=LATER)
    assert counts(mailing) == Counts(retried=1, left_out=1)
    assert "1 person is waiting in a paused mailing" in organiser.get("console.overview", event="nf27").text
    mark(mails_of(mailing)[first.email], MessageStatus.SENT)
    press(organiser, mailing, "Resume")
    work()
    assert reread(mailing).status == MailingStatus.DONE


def test_nobody_is_asked_to_write_about_an_event_that_is_over(organiser, event):
    confirmed(event)
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    start_write(db.session)
    event.starts_at, event.ends_at = NOW - timedelta(days=2), NOW - timedelta(days=1)
    db.session.commit()
    assert "has not been told" not in organiser.get("console.overview", event="nf27").text
    page = organiser.get("mailings.show", event="nf27", mailing=mailing.id)
    assert "Nobody can be written to while the event is not public, or once it is over." in page.text
    assert "Send to 1 person" not in page.text


def test_words_that_come_after_a_colleague_has_sent_are_shown(organiser, event):
    confirmed(event)
    at(1)
    move(organiser)
    mailing = find_open_change(event)
    page = organiser.get("mailings.show", event="nf27", mailing=mailing.id)
    send(event)
    late = page.submit({"words-en": "The hall has flooded."}, button="Save and show", expect=409)
    assert "Your words were not saved" in late.text
    assert "The hall has flooded." in late.text


def test_each_mail_that_somebody_gets_is_shown(organiser, event):
    told, _untold = confirmed(event), confirmed(event)
    at(1)
    move(organiser)
    first = send(event)
    work()
    mark(mails_of(first)[told.email], MessageStatus.SENT)
    at(2)
    move(organiser, **{"place-sv": "Malmö", "place-en": "Malmo"})
    page = organiser.get("mailings.show", event="nf27", mailing=find_open_change(event).id)
    assert len(page.all(".mail-preview")) == 2
