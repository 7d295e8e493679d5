"""The words of mails that have not left, kept to make the mails anew for another address.

What a mail says may be stored nowhere else: words that organisers have written to one person, or the reason of a
refusal.
"""

import logging
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag

from forum.outbox import messages
from forum.outbox.enums import Lane
from forum.outbox.messages import Draft
from forum.outbox.models import OutboxMessage

log = logging.getLogger("forum.outbox")


@dataclass(frozen=True)
class Letter:
    """What a mail said, to whom and how; `id` is the number of its row in the outbox."""

    id: int
    kind: str
    language: str
    lane: Lane
    event_id: int | None
    draft: Draft


def read(message: OutboxMessage) -> Letter | None:
    """Return the words of a mail that has not left; None if they cannot be read or were never written."""
    try:
        content = message.content
        draft = messages.read(content) if content else None
    except (InvalidTag, ValueError) as problem:
        log.warning("mail %s cannot be read: %s", message.id, type(problem).__name__)
        return None
    if draft is None:
        return None
    return Letter(message.id, message.kind, message.language, message.lane, message.event_id, draft)
