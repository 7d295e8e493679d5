"""Filling an empty database with the demo forum."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update

from forum.content import importing
from forum.content.originals import Originals, Size
from forum.demo import files
from forum.demo.people import Population
from forum.demo.story import Story
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.images import making, store
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.participants import balance

SENT_AFTER = timedelta(seconds=4)
FAILED_KIND, FAILED_ATTEMPTS, FAILED_ERROR = "waiting", 9, "452 4.2.2 Mailbox full"


def load_demo(*, now: datetime) -> bool:
    """Load events, pages, posts and some 130 invented registrations; return whether anything was loaded.

    Some of the people are invited, and four belong to a delegation. The numbers by sector and country are public. Does
    nothing when any event exists. Call after `start_write`; the caller commits.
    """
    if db.session.scalar(select(exists().where(Event.id.is_not(None)))):
        return False
    importing.load_files(files.read_content(now), store_images(now).sizes, now=now)
    current = events.find_current()
    if current is None:
        raise LookupError("the demo has no current event")
    Story(current, Population(files.read_words()), now).play()
    balance.publish(current, actor="command", now=now)
    _settle_outbox()
    return True


def store_images(now: datetime) -> Originals:
    """Make the files of the demo's images and store them; return their sizes."""
    stored = Originals()
    for original in files.read_originals(now).values():
        made = making.make_again(original.content)
        store.put(original.key, made.files)
        stored.sizes[original.event, original.key] = Size.of(made)
    return stored


def _settle_outbox() -> None:
    """Mark the demo's mails as sent, and one mail more as failed, so that the worker sends none of them."""
    db.session.flush()
    columns = (OutboxMessage.id, OutboxMessage.kind, OutboxMessage.created_at, OutboxMessage.status)
    mails = db.session.execute(select(*columns).order_by(OutboxMessage.id)).all()
    waiting = [mail for mail in mails if mail.kind == FAILED_KIND and mail.status == MessageStatus.QUEUED]
    failed = waiting[-1].id
    db.session.execute(
        update(OutboxMessage),
        [_sent(mail) for mail in mails if mail.id != failed and mail.status != MessageStatus.FAILED],
    )
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == failed)
        .values(status=MessageStatus.FAILED, attempts=FAILED_ATTEMPTS, last_error=FAILED_ERROR)
    )
    db.session.expire_all()


def _sent(mail) -> dict:
    return {
        "id": mail.id,
        "status": MessageStatus.SENT,
        "attempts": 1,
        "sent_at": mail.created_at + SENT_AFTER,
        "abort_reason": None,
        "sealed_content": None,
    }
