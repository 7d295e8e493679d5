"""Reminders counted from the event's start, when the start is moved.

A reminder moves along with the start. If its hour has passed by the new start, it is left out at once: its words count
on its day, and a mistyped date must not write to everybody. It is planned again as soon as its hour lies ahead, such as
when the date is corrected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from forum.audit import actions as audit
from forum.events.models import Event
from forum.mailings import queries, reminder_times
from forum.mailings.enums import Anchor, MailingStatus, Skipped
from forum.mailings.models import Mailing, Reminder


@dataclass
class Followed:
    """The messages whose reminders a moved start has left out, and those that it has planned again."""

    left_out: list[Mailing] = field(default_factory=list)
    planned: list[Mailing] = field(default_factory=list)


def follow(event: Event, former: Mapping[str, Any], *, actor: str, now: datetime) -> Followed:
    """Leave out reminders whose hour has passed by the event's new start, and plan again those whose hour lies ahead.

    `former` has the former values of the changed columns. Only drafts in the plan are concerned: a reminder that has
    begun is never sent a second time (R12). The caller has locked the event.
    """
    followed = Followed()
    was = former.get("starts_at", event.starts_at), ZoneInfo(former.get("timezone", event.timezone))
    for reminder in queries.list_reminders_of(event):
        mailing, due = reminder.mailing, reminder_times.due_at(reminder)
        is_planned = reminder.anchor == Anchor.START and mailing.status == MailingStatus.PROPOSED
        if not is_planned or due == reminder_times.due_before(reminder, *was):
            continue
        if now < due < reminder_times.last_moment(event):
            if reminder.skipped_at:
                plan_again(reminder, actor=actor, now=now)
                followed.planned.append(mailing)
        elif not reminder.skipped_at:
            leave_out(reminder, Skipped.LATE, actor=actor, now=now)
            followed.left_out.append(mailing)
    return followed


def plan_again(reminder: Reminder, *, actor: str, now: datetime) -> None:
    """Put a reminder that was left out into the plan again."""
    reminder.skipped_at = reminder.skipped_because = None
    audit.record("mailing.planned", reminder.mailing, actor=actor, at=now, **reminder_times.told(reminder))


def leave_out(reminder: Reminder, because: Skipped, *, actor: str, now: datetime) -> None:
    """Leave a reminder out, and store why."""
    reminder.skipped_at, reminder.skipped_because = now, because
    audit.record("mailing.skipped", reminder.mailing, actor=actor, at=now, because=because.value)
