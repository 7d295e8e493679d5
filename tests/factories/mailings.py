"""Mailings for tests, made by the forum's own actions.

mailing = make_proposed(event)      the event has moved, and nobody has been told yet
mailing = make_under_way(event)     one person has been told, one mail has failed, others wait; it is paused
"""

from sqlalchemy import select

from forum.accounts.models import User
from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import actions, sending
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.registrations import write

FORMER = Text(sv="Uppsala konsert och kongress", en="Uppsala Concert and Congress")


def make_proposed(event: Event) -> Mailing:
    """Propose a mailing to the registered people: the event has moved from another town."""
    mailing = write(actions.propose_change, event, {"place": FORMER}, actor="command", now=NOW)
    assert mailing, "nobody is registered"
    write(actions.write_words, mailing, Text(sv="Lokalen renoveras.", en="The venue is closed."), **_by())
    return mailing


def make_under_way(event: Event) -> Mailing:
    """Start sending a mailing: the first recipient's mail is sent, the second's has failed; then pause the mailing."""
    mailing = make_proposed(event)
    write(actions.send, mailing, user_id=db.session.scalars(select(User.id)).first(), **_by())
    for recipient, status in zip(
        sending.list_next(now=NOW), (MessageStatus.SENT, MessageStatus.FAILED), strict=False
    ):
        write(sending.queue_one, recipient, now=NOW)
        start_write(db.session)
        message_id = db.session.get_one(MailingRecipient, recipient).message_id
        db.session.get_one(OutboxMessage, message_id).status = status
        db.session.commit()
    write(actions.pause, mailing, **_by())
    return mailing


def _by() -> dict:
    return {"actor": "command", "now": NOW}
