"""The mails about what is held about a person, and about the request to be erased (P11, P12)."""

from datetime import datetime

from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration.enums import TokenPurpose
from forum.registration.mails import queue
from forum.registration.models import Registration


def queue_own_data(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the link to everything held about the person, which works for ten minutes."""
    return queue(registration, "own-data", now, leads_to=TokenPurpose.OWN_DATA, lane=Lane.NOW)


def queue_erasure_refused(registration: Registration, reason: str, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail with the organiser's reason for refusing to erase the person."""
    return queue(registration, "erasure-refused", now, reason=reason)


def queue_erased(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the last mail to a person who is being erased; its row does not hang on the registration."""
    message = queue(registration, "erased", now)
    if message:
        message.registration_id = None
    return message
