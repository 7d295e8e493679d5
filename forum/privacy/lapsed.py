"""Erases registrations that ended because an offered place was not accepted in time, 30 days after the event (P07).

The addresses of these people are confirmed, so `registration/forgetting` does not erase them. A registration is kept if
the person has asked for a restriction or has one (Art. 18 GDPR). It is also kept if it is merged with another
registration of the same person, with which the person may have come to the event.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.privacy import erasing
from forum.registration import places, restrictions
from forum.registration.enums import Status
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration

KEPT_AFTER_EVENT = timedelta(days=30)
AT_ONCE = 200


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of registrations to erase, oldest first, at most AT_ONCE."""
    return db.session.scalars(_select_due(now).order_by(Registration.id).limit(AT_ONCE)).all()


def forget(number: int, *, now: datetime) -> int:
    """Erase the registration with this id, if it is still due; return 1 if it was, else 0. This only flushes.

    No mail is sent about the erasure: the privacy notice has said when it happens.
    """
    registration = db.session.get(Registration, number)
    if registration is None:
        return 0
    event = registration.event
    places.lock(event)
    if db.session.scalar(_select_due(now).where(Registration.id == number)) is None:
        return 0
    erasing.forget(registration, actor="worker", now=now)
    audit.record("registration.lapsed_erased", event, actor="worker", at=now)
    return 1


def _select_due(now: datetime):
    over = Event.ends_at <= now - KEPT_AFTER_EVENT
    lapsed = Registration.status == Status.EXPIRED, Registration.confirmed_at.is_not(None)
    query = select(Registration.id).join(Registration.event).where(over, *lapsed)
    return query.where(Registration.id.not_in(restrictions.STANDING), ~_is_merged())


def _is_merged() -> ColumnElement[bool]:
    either = or_(RegistrationMerge.kept_id == Registration.id, RegistrationMerge.ended_id == Registration.id)
    return select(RegistrationMerge.ended_id).where(either).exists()
