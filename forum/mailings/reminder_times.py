"""When a reminder is due, and from which moment on it does not leave any more (R18).

The words of a reminder, such as "in three days", are true on its day only. So it leaves within WINDOW of its hour and
before the event begins, or not at all, also where the worker or the mail server was away after the reminder had begun.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from forum.events.models import Event
from forum.mailings import queries
from forum.mailings.enums import Anchor, MailingStatus
from forum.mailings.models import Mailing, MailingRecipient, Reminder

# How long after its hour a reminder may still leave.
WINDOW = timedelta(hours=12)
# No mail of a message leaves before this time after it was begun, so that organisers can take it back.
TO_STOP = timedelta(minutes=1)


def due_at(reminder: Reminder) -> datetime:
    """Return the moment at which a reminder counted from the event's start is due."""
    event = reminder.mailing.event
    return due_before(reminder, event.starts_at, event.zone)


def due_before(reminder: Reminder, starts_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the reminder would be due if the event started then, in that zone."""
    return _at(reminder, starts_at, -reminder.days, zone)


def last_moment(event: Event) -> datetime:
    """Return the moment from which on no reminder is sent: its mails leave a minute later, when the event has begun."""
    return event.starts_at - TO_STOP


def told(reminder: Reminder) -> dict[str, Any]:
    """Return what the audit trail stores of a reminder's day: from which event or act its days count, days, hour."""
    return {"anchor": reminder.anchor.value, "days": reminder.days, "hour": reminder.hour}


def due_for(reminder: Reminder, confirmed_at: datetime) -> datetime:
    """Return the moment at which a reminder counted from confirming is due for somebody who confirmed then.

    Somebody whom organisers have added, and who has not confirmed an address, counts from the moment of being added.
    """
    return _at(reminder, confirmed_at, reminder.days, reminder.mailing.event.zone)


def end_of(reminder: Reminder, due: datetime) -> datetime:
    """Return the moment from which on no mail of the reminder leaves that was due at `due`."""
    return min(due.astimezone(UTC) + WINDOW, reminder.mailing.event.starts_at)


def end_for(recipient: MailingRecipient) -> datetime | None:
    """Return the moment from which on the person gets no mail of the message; None if it is no reminder."""
    reminder, person = queries.find_reminder(recipient.mailing), recipient.registration
    return _end_for(reminder, person.confirmed_at or person.requested_at) if reminder else None


def is_over(mailing: Mailing, now: datetime) -> bool:
    """Return whether the message is a reminder that leaves to nobody any more, not even to later registrations."""
    reminder = queries.find_reminder(mailing)
    if reminder is None or reminder.anchor == Anchor.REGISTERED:
        return False
    return end_of(reminder, due_at(reminder)) <= now


def list_late_recipients(reminder: Reminder, now: datetime, *, is_paused: bool = False) -> Sequence[int]:
    """Return the ids of recipients who wait for the reminder, or whose mail has not left, although its time is over.

    People who wait while the reminder is paused are among them only if `is_paused` is given. If the event was moved to
    a later day after a mail was made, the mail still does not leave after its own end.
    """
    states = (MailingStatus.SENDING, MailingStatus.PAUSED) if is_paused else (MailingStatus.SENDING,)
    return [
        row.id
        for row in queries.list_unsettled(reminder.mailing_id, states)
        if (row.not_after and row.not_after <= now) or _end_for(reminder, row.registered_at) <= now
    ]


def _end_for(reminder: Reminder, registered_at: datetime) -> datetime:
    is_of_start = reminder.anchor == Anchor.START
    return end_of(reminder, due_at(reminder) if is_of_start else due_for(reminder, registered_at))


def _at(reminder: Reminder, moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the moment at the reminder's hour on the day that is `days` from `moment`, by the clock of the zone."""
    day = moment.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(reminder.hour), zone)
