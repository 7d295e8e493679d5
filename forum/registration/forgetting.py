"""What is erased of registrations that nobody confirmed, and of mails that were withheld (P07).

Anybody can type somebody's address. Where its owner never says yes, a day later nothing tells whose it was.
"""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.enums import Status
from forum.registration.models import Registration

DAY = timedelta(days=1)
AT_ONCE = 500


def forget_unconfirmed(*, now: datetime) -> int:
    """Erase what ended a day ago without its address confirmed, with its mails and links; return how many ended so.

    Mails that were withheld go too: repeated forms for one address could make a heap of them. The audit trail keeps how
    many registrations went. Flushes only; the job commits.
    """
    withheld = (OutboxMessage.status == MessageStatus.WITHHELD) & (OutboxMessage.created_at <= now - DAY)
    db.session.execute(delete(OutboxMessage).where(withheld))
    ended = (Registration.status == Status.EXPIRED) & (Registration.ended_at <= now - DAY)
    query = select(Registration.id, Registration.event_id).where(ended, Registration.confirmed_at.is_(None))
    found = db.session.execute(query.order_by(Registration.id).limit(AT_ONCE)).all()
    db.session.execute(delete(Registration).where(Registration.id.in_([row.id for row in found])))
    for event_id, count in sorted(Counter(row.event_id for row in found).items()):
        event = db.session.get_one(Event, event_id)
        audit.record("registration.unconfirmed_erased", event, actor="worker", at=now, count=count)
    return len(found)
