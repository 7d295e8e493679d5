"""A reminder that has begun leaves within twelve hours of its hour, before the event, or not at all (R12, R18)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.mailings import actions as mailings
from forum.mailings import own_words, queries, reminder_times, reminders, sending
from forum.mailings.enums import Anchor, LeftOut, MailingStatus
from forum.mailings.errors import NothingFailed, ReminderOver
from forum.mailings.models import MailingRecipient
from forum.mailings.queries import Counts
from forum.outbox import delivery
from forum.outbox.actions import retry
from forum.outbox.enums import MessageStatus
from forum.outbox.errors import MailOverdue
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.own_words import make_planned, make_reminder
from tests.factories.registrations import confirmed, write
from tests.mailings.test_reminders import DAY, HOUR, MINUTE, move, told, work

WINDOW = reminder_times.WINDOW
BY_ORGANISER = {"actor": "user:1"}
RESUME = "form[action$=resumption]"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def due(event) -> datetime:
    """Give the hour of the reminders that tests plan for three days before the event."""
    return event.starts_at.astimezone(event.zone).replace(hour=9, minute=0) - 3 * DAY


def outcomes(reminder) -> list[tuple[str, LeftOut | None]]:
    """Return each recipient's mail state (without a mail: the recipient's own state) and reason for being left out."""
    db.session.rollback()
    db.session.expire_all()
    query = select(MailingRecipient).where(MailingRecipient.mailing_id == reminder.mailing_id)
    rows = db.session.scalars(query.order_by(MailingRecipient.id))
    return [(row.message.status if row.message else row.status, row.left_because) for row in rows]


def mark(status: MessageStatus, **values) -> None:
    """Give all mails of messages a state."""
    start_write(db.session)
    for mail in db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "own-words")):
        mail.status = status
        for name, value in values.items():
            setattr(mail, name, value)
    db.session.commit()


def leave(at: datetime) -> list[str]:
    """Send what is due at a moment; return the addresses to which messages have left by then."""
    clock.freeze(at)
    db.session.rollback()
    delivery.deliver_due()
    left = OutboxMessage.kind == "own-words", OutboxMessage.status == MessageStatus.SENT
    return list(db.session.scalars(select(OutboxMessage.recipient).where(*left)))


def test_nobody_gets_a_begun_reminder_late_from_a_worker_that_was_away(event, organiser, due):
    """The reminder begins on its day, and then no worker runs until the event's first day."""
    for _number in range(2):
        confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    write(reminders.run, reminder.id, now=due)
    work(due + 2 * DAY)
    assert (told(reminder), leave(due + 2 * DAY)) == ([], [])
    assert outcomes(reminder) == [("left_out", LeftOut.LATE)] * 2
    mailing = reminder.mailing
    assert queries.count_by_result([mailing])[mailing.id] == Counts(left_out=2)
    assert mailing.status == MailingStatus.DONE
    clock.freeze(NOW)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert page.all("td[data-label=Why]") == ["the reminder’s time was over before it could leave"] * 2
    [line] = organiser.get("reminders.index", event="nf27").all("tbody tr")
    assert "2 people got none: the hour was missed." in line
    log = " ".join(organiser.get("log.index", event="nf27").all("tbody"))
    assert ("People left out of a reminder because its time was over" in log, "Reminder left out" in log) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    "status", [MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT]
)
def test_a_mail_that_was_made_in_time_does_not_leave_late(event, due, status):
    """A mail that waits for the mail server does not leave late, even before the worker has taken it back."""
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    assert len(told(reminder)) == 1
    mark(status, next_attempt_at=due + HOUR)
    assert leave(due + WINDOW) == []
    work(due + WINDOW)
    assert outcomes(reminder) == [(MessageStatus.ABORTED, LeftOut.LATE)]
    assert reminder.mailing.status == MailingStatus.DONE


def test_a_mail_leaves_until_the_twelve_hours_are_over(event, due):
    person = confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    work(due + WINDOW - 2 * MINUTE)
    assert leave(due + WINDOW - MINUTE) == [person.email]
    work(due + DAY)
    assert outcomes(reminder) == [(MessageStatus.SENT, None)]


def test_a_reminder_that_the_worker_begins_in_its_last_minute_is_left_out_whole(event, due):
    """The mails of the reminder would leave a minute later, when the reminder's time is over."""
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due + WINDOW - own_words.TO_STOP)
    assert (told(reminder), reminder.mailing.status) == ([], MailingStatus.PROPOSED)


def test_no_mail_leaves_once_the_event_has_begun(event):
    """The event begins before the twelve hours of the reminder are over."""
    confirmed(event)
    reminder = make_reminder(event, days=0, hour=8)
    due = reminder_times.due_at(reminder)
    work(due)
    assert len(told(reminder)) == 1
    assert leave(event.starts_at) == []
    work(event.starts_at)
    assert outcomes(reminder) == [(MessageStatus.ABORTED, LeftOut.LATE)]


def test_each_person_has_the_twelve_hours_of_their_own_day(event):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9)
    _first, second = (confirmed(event, now=NOW + number * DAY + HOUR) for number in range(2))
    due = reminder_times.due_for(reminder, NOW + HOUR)
    write(reminders.run, reminder.id, now=due)
    work(due + DAY)
    assert [address for address, _subject in told(reminder)] == [second.email]
    assert outcomes(reminder) == [("left_out", LeftOut.LATE), (MessageStatus.QUEUED, None)]
    assert leave(due + DAY + HOUR) == [second.email]


def test_a_paused_reminder_whose_time_is_over_does_not_go_on_and_says_so(event, organiser, due):
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    mailing = reminder.mailing
    write(mailings.pause, mailing, now=due + HOUR, **BY_ORGANISER)
    work(due + WINDOW)
    # While the message is paused nobody is left out: an organiser may first see, as after a restore, who has got it
    # already.
    assert outcomes(reminder) == [("waiting", None)]
    clock.freeze(NOW)
    resuming = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id).form(RESUME)
    move(event, "starts_at", NOW + DAY)  # the reminder's twelve hours are then long over
    page = resuming.submit(follow=True)
    assert page.flashes == [
        "The reminder’s time is over: it is sent at most twelve hours after the planned time,"
        " and not once the forum has begun."
    ]
    assert "The reminder’s time is over, so it does not go on." in page.text
    assert page.all(RESUME) == []
    assert mailing.status == MailingStatus.PAUSED
    with pytest.raises(ReminderOver):
        write(mailings.resume, mailing, now=NOW, **BY_ORGANISER)


def test_a_paused_reminder_after_registering_goes_on_for_whom_it_is_not_too_late(event, organiser):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9)
    for number in range(2):
        confirmed(event, now=NOW + number * DAY + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    work(due)
    mailing = reminder.mailing
    write(mailings.pause, mailing, now=due, **BY_ORGANISER)
    work(due + WINDOW)
    clock.freeze(NOW)
    start_write(db.session)
    for person in db.session.scalars(select(Registration)):
        person.confirmed_at -= 30 * DAY
    db.session.commit()
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert "The reminder’s time is over for 1 person who waits." in page.text
    page.form(RESUME).submit()
    work(NOW)
    assert outcomes(reminder) == [("left_out", LeftOut.LATE)]
    assert mailing.status == MailingStatus.SENDING


def test_a_mail_that_was_tried_before_a_pause_does_not_leave_late_either(event, due):
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    mark(MessageStatus.AWAITING_RETRY, attempts=1, next_attempt_at=due + HOUR)
    write(mailings.pause, reminder.mailing, now=due + HOUR, **BY_ORGANISER)
    work(due + WINDOW)
    assert leave(due + WINDOW) == []
    assert outcomes(reminder) == [(MessageStatus.ABORTED, LeftOut.LATE)]


def test_a_mail_that_a_restore_holds_back_is_not_called_missed(event, due):
    """A held mail may have left before the restore; once it is released, it does not leave late."""
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    mark(MessageStatus.AWAITING_RETRY, next_attempt_at=HELD)
    write(mailings.pause, reminder.mailing, now=due + HOUR, **BY_ORGANISER)
    work(due + WINDOW)
    assert outcomes(reminder) == [(MessageStatus.AWAITING_RETRY, None)]
    mark(MessageStatus.AWAITING_RETRY, next_attempt_at=due + WINDOW)
    assert leave(due + WINDOW) == []
    work(due + WINDOW + MINUTE)
    assert outcomes(reminder) == [(MessageStatus.ABORTED, LeftOut.LATE)]


def test_a_failed_mail_is_sent_again_only_in_time(event, due):
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    mark(MessageStatus.FAILED)
    mail = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "own-words")).one()
    with pytest.raises(ReminderOver):
        write(own_words.send_again, reminder.mailing, now=due + WINDOW, **BY_ORGANISER)
    with pytest.raises(MailOverdue):
        write(retry, mail, now=due + WINDOW, **BY_ORGANISER)
    work(due + WINDOW)
    # The mail failed in time, so the person does not count as left out for a missed hour.
    assert outcomes(reminder) == [(MessageStatus.FAILED, None)]
    assert write(own_words.send_again, reminder.mailing, now=due + WINDOW - MINUTE, **BY_ORGANISER) == 1
    with pytest.raises(NothingFailed):
        write(own_words.send_again, reminder.mailing, now=due + WINDOW, **BY_ORGANISER)


def test_the_page_of_mail_says_that_a_failed_reminder_is_not_tried_again(event, organiser, due):
    confirmed(event)
    work(reminder_times.due_at(make_reminder(event, days=3, hour=9)))
    mark(MessageStatus.FAILED, last_error="550 user unknown")
    mark(MessageStatus.FAILED, not_after=NOW)
    clock.freeze(NOW)
    page = organiser.get("outbox.index", event="nf27").form("form[action$=retry]").submit(follow=True)
    assert page.flashes == [
        "The time in which the message could be sent is over, so it is not sent any more."
    ]


def test_a_reminder_whose_event_was_moved_to_a_later_day_leaves_nothing_waiting(event, due):
    """Mails that were made for the former day are taken back twelve hours after that day's hour."""
    confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    work(due)
    move(event, "ends_at", event.ends_at + 30 * DAY)
    move(event, "starts_at", event.starts_at + 30 * DAY)
    work(due + WINDOW)
    assert outcomes(reminder) == [(MessageStatus.ABORTED, LeftOut.LATE)]


def test_messages_that_are_no_reminders_leave_days_late(event):
    person = confirmed(event)
    mailing = make_planned(event)
    work(NOW + 5 * DAY)
    assert leave(NOW + 10 * DAY) == [person.email]
    assert queries.count_by_result([mailing])[mailing.id] == Counts(sent=1)


def test_many_people_are_left_out_a_part_at_a_time(event, due, monkeypatch):
    """Each run of the job handles a limited number of people, so that the event's lock is not held for long."""
    monkeypatch.setattr(sending, "LATE_AT_ONCE", 2)
    for _number in range(3):
        confirmed(event)
    reminder = make_reminder(event, days=3, hour=9)
    write(reminders.run, reminder.id, now=due)
    late = due + timedelta(days=1)
    assert [write(sending.leave_out_late, reminder.id, now=late) for _run in range(3)] == [2, 1, 0]
    assert outcomes(reminder) == [("left_out", LeftOut.LATE)] * 3
