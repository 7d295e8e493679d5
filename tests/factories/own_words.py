"""Messages in the organisers' own words, made by the forum's own rules.

mailing = make_draft(event)                       to everybody, in both languages
mailing = make_draft(event, {"sector": ["ngo"]})  to those whom the attendee list's filters find
mailing = make_planned(event)                     recipients are fixed; it begins in a minute
reminder = make_reminder(event, days=3)           it leaves three days before the event
mailing = make_sent(event)                        it has begun: one mail was sent, one has failed, others wait
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from forum.accounts.models import User
from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import actions, own_words, reminders, sending
from forum.mailings.enums import Anchor
from forum.mailings.models import Mailing, MailingRecipient, Reminder
from forum.mailings.own_words import Written
from forum.mailings.reminders import Rule
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.registrations import write

WRITTEN = Written(
    Text(sv="Välj din grupp", en="Choose your group"),
    Text(sv="Hej {given name}!\n\nVälj här: {own page}", en="Dear {given name},\n\nChoose here: {own page}"),
)


def make_draft(
    event: Event,
    audience: Mapping[str, Any] | None = None,
    *,
    written: Written = WRITTEN,
    people: Sequence[int] | None = None,
) -> Mailing:
    """Make a draft of a message; with `people` only for these registrations."""
    meant = {"audience": None, "people": people} if people is not None else {"audience": audience or {}}
    return write(own_words.draft, event, written, **meant, actor="command", now=NOW)


def make_planned(
    event: Event, audience: Mapping[str, Any] | None = None, *, now: datetime = NOW, **more
) -> Mailing:
    """Make a message whose recipients are fixed and whose sending begins in a minute."""
    mailing = make_draft(event, audience, **more)
    user_id = db.session.scalars(select(User.id)).first()
    write(own_words.send, mailing, begins_at=None, user_id=user_id, actor="command", now=now)
    return mailing


def make_reminder(
    event: Event,
    audience: Mapping[str, Any] | None = None,
    *,
    anchor: Anchor = Anchor.START,
    days: int = 3,
    hour: int = 9,
    now: datetime = NOW,
    **more,
) -> Reminder:
    """Put a draft into the plan of reminders."""
    mailing = make_draft(event, audience, **more)
    return write(reminders.plan, mailing, Rule(anchor, days, hour), actor="command", now=now)


def make_sent(event: Event, audience: Mapping[str, Any] | None = None) -> Mailing:
    """Send a message in part, and pause it: the first recipient's mail is sent, the second's has failed."""
    mailing = make_planned(event, audience, now=NOW - timedelta(minutes=5))
    for recipient, status in zip(
        sending.list_first(now=NOW), (MessageStatus.SENT, MessageStatus.FAILED), strict=False
    ):
        write(sending.queue_one, recipient, now=NOW)
        start_write(db.session)
        message_id = db.session.get_one(MailingRecipient, recipient).message_id
        message = db.session.get_one(OutboxMessage, message_id)
        message.status, message.sent_at = status, NOW if status == MessageStatus.SENT else None
        message.last_error = "550 user unknown" if status == MessageStatus.FAILED else None
        db.session.commit()
    write(actions.pause, mailing, actor="command", now=NOW)
    return mailing
