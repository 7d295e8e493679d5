"""Puts thousands of mails to many people into the outbox, faster than the forum's own action renders them."""

from datetime import timedelta

from sqlalchemy import func, select, text

from forum.database import start_write
from forum.extensions import db
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import make_mail

# The rows have no content, which a worker that only looks for the next mail does not need.
ROWS = """\
WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :number)
INSERT INTO outbox_messages
  (kind, language, recipient, subject, message_id, status, lane, attempts, next_attempt_at, created_at)
SELECT 'test', 'en', 'p' || number || '@example.org', 'subject', '<' || number || '@example.org>', 'queued', 3, 0,
  model.next_attempt_at, model.created_at
FROM numbers, (SELECT next_attempt_at, created_at FROM outbox_messages LIMIT 1) AS model
"""


def fill_with_rows(number: int) -> None:
    """Queue one whole mail of a message to many people, and `number` further mails whose rows have no content."""
    make_mail(lane=Lane.BULK)
    start_write(db.session)
    db.session.execute(text(ROWS), {"number": number})
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def fill(number: int) -> dict[str, bytes]:
    """Queue this number of whole mails, due before those of `fill_with_rows`; return the bytes by Message-ID."""
    model = make_mail(lane=Lane.BULK)
    content, name = model.content, model.message_id
    start_write(db.session)
    db.session.delete(model)
    each = {
        f"<{count}@many.example.org>": content.replace(name.encode(), f"<{count}@many.example.org>".encode())
        for count in range(number)
    }
    for count, (message_id, written) in enumerate(each.items()):
        mail = OutboxMessage(kind="test", recipient=f"p{count % 40}@d{count % 9}.example.org", language="en")
        mail.subject, mail.message_id, mail.content, mail.lane = "subject", message_id, written, Lane.BULK
        mail.next_attempt_at = mail.created_at = NOW - timedelta(hours=1)
        db.session.add(mail)
    db.session.commit()
    db.session.expunge_all()
    return each


def count_in(*states: MessageStatus) -> int:
    """Return how many mails are in these states."""
    db.session.rollback()
    query = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.status.in_(states))
    return db.session.scalar(query) or 0
