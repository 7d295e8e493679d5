"""A worker's clock that is wrong for a few minutes begins, skips and ends no message to many people (R12, R18)."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.jobs import worker
from forum.jobs.clock_jumps import PAUSE
from forum.jobs.table import JOBS
from forum.jobs.worker import Worker
from forum.mailings import own_words, reminder_times, sending
from forum.mailings.enums import MailingStatus
from forum.mailings.models import MailingRecipient
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned, make_reminder
from tests.factories.registrations import confirmed

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OF_REMINDERS = {"send reminders", "leave people out of late reminders"}
JOBS_OF_MAILINGS = [job for job in JOBS if "mailings" in job.name or job.name in OF_REMINDERS]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def run_at(app, event, monkeypatch):
    """Give a function by which one worker runs its jobs about messages at a moment, by a clock that is `ahead`."""
    runner, passed = Worker(app, JOBS_OF_MAILINGS), [0.0]
    monkeypatch.setattr(
        worker, "time", SimpleNamespace(monotonic=lambda: passed[0], sleep=lambda _seconds: None)
    )

    def run(moment, *, ahead=timedelta()):
        passed[0] = (moment - NOW).total_seconds() + 1000
        clock.freeze(moment + ahead)
        db.session.rollback()
        runner.run_jobs()
        db.session.rollback()
        db.session.expire_all()
        clock.freeze(moment)

    run(NOW)
    return run


def mails_of(mailing) -> list[MessageStatus]:
    """Return the states of the mails that were made of the message."""
    query = select(OutboxMessage.status).join(
        MailingRecipient, MailingRecipient.message_id == OutboxMessage.id
    )
    return list(db.session.scalars(query.where(MailingRecipient.mailing_id == mailing.id)))


def plan_for(moment, mailing) -> None:
    start_write(db.session)
    mailing.begins_at = moment
    db.session.commit()


def test_a_planned_message_begins_at_its_moment_although_the_clock_was_a_day_ahead(event, run_at):
    """The message does not leave early, and leaves at once when its moment has come."""
    confirmed(event)
    mailing, moment = make_planned(event), NOW + DAY
    plan_for(moment, mailing)
    for minute in range(2, 12):
        run_at(NOW + minute * MINUTE, ahead=DAY)
    run_at(NOW + 12 * MINUTE)
    run_at(NOW + 30 * MINUTE)
    assert mails_of(mailing) == []
    run_at(moment)
    assert mails_of(mailing) == [MessageStatus.QUEUED]


def test_the_minute_in_which_a_message_can_be_stopped_is_not_cut_short(event, run_at):
    """After a jump a message that has just been sent can be taken back as long as the page says, and longer."""
    confirmed(event)
    mailing = make_planned(event)
    run_at(NOW + timedelta(seconds=5), ahead=2 * MINUTE)
    assert mails_of(mailing) == []
    assert own_words.can_take_back(mailing, NOW + timedelta(seconds=5))
    run_at(NOW + timedelta(seconds=6))
    run_at(NOW + PAUSE)
    assert mails_of(mailing) == []
    run_at(NOW + PAUSE + timedelta(seconds=6))
    assert mails_of(mailing) == [MessageStatus.QUEUED]


def test_a_message_under_way_goes_on_while_the_clock_is_ahead(event, run_at, monkeypatch):
    """People are not kept waiting for a message that others have got."""
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    for _number in range(2):
        confirmed(event)
    mailing = make_planned(event)
    run_at(NOW + MINUTE)
    assert mails_of(mailing) == [MessageStatus.QUEUED]
    start_write(db.session)
    db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == "own-words")
    ).one().status = MessageStatus.SENT
    db.session.commit()
    run_at(NOW + 2 * MINUTE, ahead=DAY)
    assert sorted(mails_of(mailing)) == [MessageStatus.QUEUED, MessageStatus.SENT]


@pytest.mark.parametrize("ahead", [HOUR, reminder_times.WINDOW + HOUR], ids=["into its hours", "beyond them"])
def test_a_reminder_leaves_on_its_day_although_the_clock_was_ahead(event, run_at, ahead):
    """The reminder neither leaves days early nor counts as missed: it is sent at its hour."""
    confirmed(event)
    reminder = make_reminder(event, days=3)
    due = reminder_times.due_at(reminder)
    run_at(NOW + HOUR, ahead=due - NOW - HOUR + ahead)
    run_at(NOW + HOUR + MINUTE)
    run_at(due - MINUTE)
    assert (reminder.skipped_at, reminder.mailing.status) == (None, MailingStatus.PROPOSED)
    run_at(due)
    run_at(due + MINUTE)
    assert mails_of(reminder.mailing) == [MessageStatus.QUEUED]


def test_an_event_that_is_over_by_a_wrong_clock_ends_no_message(event, run_at):
    """Running messages and planned ones stay, with the mails made already; once the event is really over they end."""
    confirmed(event)
    running, planned = make_planned(event), make_planned(event)
    plan_for(event.starts_at, planned)
    run_at(NOW + MINUTE)
    run_at(NOW + 2 * MINUTE, ahead=365 * DAY)
    run_at(NOW + 3 * MINUTE)
    assert [one.status for one in (running, planned)] == [MailingStatus.SENDING] * 2
    assert mails_of(running) == [MessageStatus.QUEUED]
    run_at(event.ends_at)
    assert [one.status for one in (running, planned)] == [MailingStatus.STOPPED] * 2
    assert mails_of(running) == [MessageStatus.ABORTED]


def test_after_a_pause_of_the_machine_no_mail_is_made_for_an_event_that_is_over(event, run_at, monkeypatch):
    """By a clock for which the event is over no mail is made; the message goes on once the clock is right again."""
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    for _number in range(2):
        confirmed(event)
    mailing = make_planned(event)
    run_at(NOW + MINUTE)
    mark_all_sent()
    run_at(NOW + 2 * MINUTE, ahead=365 * DAY)
    assert (mailing.status, mails_of(mailing)) == (MailingStatus.SENDING, [MessageStatus.SENT])
    run_at(NOW + 3 * MINUTE)
    assert sorted(mails_of(mailing)) == [MessageStatus.QUEUED, MessageStatus.SENT]


def test_a_message_of_an_event_taken_off_the_site_is_paused_after_a_jump_as_well(event, run_at):
    """Pausing, unlike ending, does not wait for a steady clock: mails about a hidden event must not leave."""
    confirmed(event)
    mailing = make_planned(event)
    run_at(NOW + MINUTE)
    start_write(db.session)
    event.is_published = False
    db.session.commit()
    run_at(NOW + 2 * MINUTE, ahead=DAY)
    assert (mailing.status, mails_of(mailing)) == (MailingStatus.PAUSED, [])
