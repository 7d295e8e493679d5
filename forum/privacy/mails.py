"""The mails about a person's data, and about requests for erasure and restriction (P11, P12)."""

from datetime import datetime

from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration.enums import TokenPurpose
from forum.registration.mails import queue
from forum.registration.models import Registration

ENDING = "restriction-ending"


def queue_own_data(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail with the link to all of the person's data, which works for ten minutes."""
    return queue(registration, "own-data", now, leads_to=TokenPurpose.OWN_DATA, lane=Lane.NOW)


def queue_erasure_refused(registration: Registration, reason: str, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail with the organiser's reason for refusing to erase the person."""
    return queue(registration, "erasure-refused", now, reason=reason)


def queue_restriction_granted(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that says that the person's data are no longer used."""
    return queue(registration, "restriction-granted", now)


def queue_restriction_declined(
    registration: Registration, reason: str, *, now: datetime
) -> OutboxMessage | None:
    """Queue the mail with the organiser's reason for declining a restriction or an objection."""
    return queue(registration, "restriction-declined", now, reason=reason)


def queue_restriction_ending(
    registration: Registration, reason: str, *, ends_at: datetime, now: datetime
) -> OutboxMessage | None:
    """Queue the mail that says when a restriction will be lifted, and why."""
    return queue(registration, ENDING, now, reason=reason, ends_at=ends_at)


def queue_erased(
    registration: Registration, *, is_all: bool = True, stays: bool = False, now: datetime
) -> OutboxMessage | None:
    """Queue the last mail to a person who is being erased; the mail refers to no registration, because that is deleted.

    With `stays` the mail says that another registration with the address is not erased, nor what other people entered
    with the address. The mail says "everything" only if `is_all`: rows of other people with the address of a merged
    registration may stay, and the mail must not tell who else has that address (S24).
    """
    message = queue(registration, "erased", now, is_all=is_all, stays=stays)
    if message:
        message.registration_id = None
    return message
