"""Marks on addresses of an event's people, to which no messages to many people go (`forum.outbox.suppression`)."""

from datetime import datetime

from forum.audit import actions as audit
from forum.outbox import suppression
from forum.outbox.enums import SuppressionCause
from forum.outbox.suppression_models import SuppressedAddress
from forum.registration.enums import LiftReason
from forum.registration.errors import NotSuppressed
from forum.registration.models import Registration


def find(registration: Registration) -> SuppressedAddress | None:
    """Return the mark on the address of a registration for its event; None if no mark or no address is stored."""
    return suppression.find(registration.email, registration.event_id) if registration.has_address else None


def lift(registration: Registration, reason: LiftReason, *, actor: str, now: datetime) -> None:
    """Take the mark off the address, so that mail to many goes there again. Raises NotSuppressed.

    A mark with another cause, of which the organiser has read nothing, stays.
    """
    mark = find(registration)
    if mark is None:
        raise NotSuppressed
    suppression.lift(registration.email, event_id=registration.event_id, cause=mark.cause)
    audit.record("registration.suppression_lifted", registration, actor=actor, at=now, reason=reason)


def note_reached(registration: Registration) -> None:
    """Take a mark for returned mail off an address that its owner has just confirmed by a link in a mail.

    A mark for a complaint stays: mail reaches its owner, who wants no mail to many.
    """
    bounced = SuppressionCause.BOUNCED
    suppression.lift(registration.email, event_id=registration.event_id, cause=bounced)
