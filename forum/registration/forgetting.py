"""Erases registrations that were never confirmed, and mails that were withheld (P07).

Anybody can enter another person's address. If the owner does not confirm the registration, all of it is erased a day
after it has ended.
"""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.questions import files
from forum.registration import ending, views_naming
from forum.registration.enums import Status
from forum.registration.models import Registration

DAY = timedelta(days=1)
AT_ONCE = 500


def forget_unconfirmed(*, now: datetime) -> int:
    """Erase registrations that ended a day ago unconfirmed, with mails and links; return how many were erased.

    Withheld mails are deleted too: forms sent again and again for one address could pile them up. The audit trail
    keeps the number of erased registrations. This only flushes; the job commits.
    """
    withheld = (OutboxMessage.status == MessageStatus.WITHHELD) & (OutboxMessage.created_at <= now - DAY)
    db.session.execute(delete(OutboxMessage).where(withheld))
    ended = (Registration.status == Status.EXPIRED) & (Registration.ended_at <= now - DAY)
    query = select(Registration).where(ended, Registration.confirmed_at.is_(None))
    forgotten = db.session.scalars(query.order_by(Registration.id).limit(AT_ONCE)).all()
    numbers, by_event = [one.id for one in forgotten], Counter(one.event_id for one in forgotten)
    views_naming.forget_naming(forgotten, now=now)
    ending.part_from_unconfirmed(numbers, now=now)
    db.session.execute(delete(Registration).where(Registration.id.in_(numbers)))
    for event_id, count in sorted(by_event.items()):
        event = db.session.get_one(Event, event_id)
        audit.record("registration.unconfirmed_erased", event, actor="worker", at=now, count=count)
    return len(numbers)


def forget_unsent_files(*, now: datetime) -> int:
    """Delete the files of forms that nobody finished or confirmed; return how many. This only flushes."""
    waiting = select(Registration.id).where(Registration.status == Status.PENDING)
    return files.forget_unsent(now=now, waiting=waiting)
