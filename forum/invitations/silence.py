"""The event's rule for reminders after days without an answer, for invitations with no reminder day of their own.

Organisers can exempt an invitation from the rule. The days count from when the invitation's mail has left. A reminder
whose hour was missed by more than WINDOW, because no worker ran or a clock was wrong, is left out (R18).
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, select

from forum.events import changes
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import queries
from forum.invitations.models import Invitation
from forum.outbox.models import OutboxMessage

# The most days without an answer after which an event's rule may remind people.
MOST_DAYS = 60
# How long after its hour a reminder may still be made.
WINDOW = timedelta(hours=12)
# The query for due reminders reads invitations whose mail left as many days ago as the event's rule says, or up to this
# much earlier or later: a reminder leaves at a fixed hour, or up to WINDOW after it.
NEAR = timedelta(days=2)


def set_rule(event: Event, days: int | None, hour: int, *, actor: str, now: datetime) -> bool:
    """Set after how many days of silence people are reminded, None for never; return whether the rule has changed.

    Call this with the event locked.
    """
    values = {"invitation_reminder_days": days, "invitation_reminder_hour": hour}
    return bool(changes.change(event, values, actor=actor, now=now))


def list_due(now: datetime) -> Sequence[int]:
    """Return the ids of the invitations for which a reminder, by the rule of their event, may be made now."""
    ahead = *queries.IS_TO_COME, Event.ends_at > now
    ruled = select(Event).where(Event.invitation_reminder_days.is_not(None), *ahead).order_by(Event.id)
    each = [list_moments(event, now, only_due=True) for event in db.session.scalars(ruled)]
    return [number for moments in each for number, at in moments.items() if at <= now < at + WINDOW]


def is_due(invitation: Invitation, now: datetime) -> bool:
    """Return whether the invitation's reminder by the rule of the event may be made now."""
    at = list_moments(invitation.event, now, only_due=True).get(invitation.id)
    return at is not None and at <= now < at + WINDOW and not invitation.event.cancelled_at


def list_moments(event: Event, now: datetime, *, only_due: bool = False) -> dict[int, datetime]:
    """Return, by an unanswered invitation's id, the moment at which the event's rule reminds the person.

    Left out are invitations with a reminder day of their own, exempted ones, and those that end before the moment.
    Moments may lie in the past. With `only_due` only moments near `now` are returned.
    """
    if not event.invitation_reminder_days:
        return {}
    days = timedelta(days=event.invitation_reminder_days)
    left_at = func.coalesce(OutboxMessage.sent_at, Invitation.made_at)
    asked = Invitation.remind_at.is_(None), Invitation.reminded_at.is_(None), ~Invitation.exempt_from_rule
    mine = Invitation.event_id == event.id, *asked
    query = select(Invitation.id, left_at, Invitation.expires_at).outerjoin(Invitation.message)
    query = query.where(*mine, *queries.has_been_sent(now))
    if only_due:
        query = query.where(left_at > now - days - NEAR, left_at < now - days + NEAR)
    rows = db.session.execute(query.order_by(Invitation.id)).all()
    each = {number: (_at(event, sent, days), until) for number, sent, until in rows}
    return {number: at for number, (at, until) in each.items() if at < until}


def mailed_on(zone: ZoneInfo, days: int, hour: int, now: datetime) -> ColumnElement[bool]:
    """Return the condition for invitations whose mail left `days` days before a reminder that may be made now."""
    sent_at = select(OutboxMessage.sent_at).where(OutboxMessage.id == Invitation.message_id).scalar_subquery()
    left_at = func.coalesce(sent_at, Invitation.made_at)
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        at = datetime.combine(day, time(hour), zone)
        if at <= now < at + WINDOW:
            first = day - timedelta(days=days)
            begins, ends = (datetime.combine(one, time(), zone) for one in (first, first + timedelta(days=1)))
            return and_(left_at >= begins, left_at < ends)
    return false()


def _at(event: Event, sent_at: datetime, days: timedelta) -> datetime:
    """Return the moment at the rule's hour on the day that is `days` after the mail, by the clock at the venue."""
    day = sent_at.astimezone(event.zone).date() + days
    return datetime.combine(day, time(event.invitation_reminder_hour), event.zone)
