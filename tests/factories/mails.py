"""Mails for tests: queued by the forum's own action and committed.

mail = make_mail(recipient="a@example.org")
mark_for_all("a@example.org", SuppressionCause.COMPLAINED)    for all events, as earlier versions did
"""

from typing import Any

from sqlalchemy import select, update

from forum.database import start_write
from forum.extensions import db
from forum.outbox import actions, suppression
from forum.outbox.enums import MessageStatus, SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.outbox.suppression_models import SuppressedAddress
from tests.factories.events import NOW


def make_mail(**differing: Any) -> OutboxMessage:
    """Queue and commit a test message, due at NOW."""
    return make_mails(1, **differing)[0]


def make_mails(number: int, **differing: Any) -> list[OutboxMessage]:
    """Queue and commit several mails, to p1@example.org, p2@example.org and so on unless `recipient` is given."""
    start_write(db.session)
    mails = [
        actions.queue(
            **{
                "kind": "test",
                "recipient": f"p{count}@example.org",
                "language": "en",
                "context": {},
                "now": NOW,
                **differing,
            }
        )
        for count in range(1, number + 1)
    ]
    db.session.commit()
    return mails


def mark_all_sent() -> None:
    """Mark every unsent mail as sent at the time of its creation."""
    start_write(db.session)
    sent = {"status": MessageStatus.SENT, "sent_at": OutboxMessage.created_at, "content": None}
    db.session.execute(update(OutboxMessage).where(OutboxMessage.status.in_(UNSENT)).values(**sent))
    db.session.commit()


def mark_for_all(address: str, cause: SuppressionCause) -> None:
    """Mark an address for no event, as an earlier version did: messages of all events leave it out."""
    start_write(db.session)
    key, digest = next(iter(suppression._digests(address, None).items()))
    db.session.add(SuppressedAddress(digest=digest, key=key, cause=cause, code="", noted_at=NOW))
    db.session.commit()


def states() -> list[tuple[str, int]]:
    """Return the status and the number of attempts of every mail, the oldest mail first."""
    db.session.rollback()
    query = select(OutboxMessage.status, OutboxMessage.attempts).order_by(OutboxMessage.id)
    return [tuple(row) for row in db.session.execute(query)]
