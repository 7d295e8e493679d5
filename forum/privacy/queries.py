"""Reading requests for erasure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from forum.events.models import Event
from forum.extensions import db
from forum.privacy.enums import RequestState
from forum.privacy.models import ErasureRequest
from forum.registration.models import Registration

# A request is pointed out when three weeks of its month are over.
WARNED_AFTER = timedelta(weeks=3)
DECIDED_SHOWN = 50


def find_open(registration: Registration) -> ErasureRequest | None:
    """Return the person's open request."""
    mine = ErasureRequest.registration_id == registration.id, ErasureRequest.state == RequestState.OPEN
    return db.session.scalars(select(ErasureRequest).where(*mine)).one_or_none()


def find_last(registration: Registration) -> ErasureRequest | None:
    """Return the person's latest request, open or decided."""
    mine = select(ErasureRequest).where(ErasureRequest.registration_id == registration.id)
    return db.session.scalars(mine.order_by(ErasureRequest.id.desc()).limit(1)).first()


def find(event: Event, request_id: int) -> ErasureRequest | None:
    """Return the event's request with this id (S13)."""
    mine = ErasureRequest.event_id == event.id, ErasureRequest.id == request_id
    return db.session.scalars(select(ErasureRequest).where(*mine)).one_or_none()


def numbers(event: Event) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return how many people ever asked to be erased, and how many requests are open, as columns of a statement."""
    every = select(func.count()).where(ErasureRequest.event_id == event.id)
    still_open = every.where(ErasureRequest.state == RequestState.OPEN)
    return every.scalar_subquery(), still_open.scalar_subquery()


def list_open(event: Event) -> Sequence[ErasureRequest]:
    """Return the event's open requests, the most urgent first."""
    open_ = select(ErasureRequest).where(
        ErasureRequest.event_id == event.id, ErasureRequest.state == RequestState.OPEN
    )
    return db.session.scalars(open_.order_by(ErasureRequest.due_at, ErasureRequest.id)).all()


def list_decided(event: Event) -> Sequence[ErasureRequest]:
    """Return the event's latest requests that are not open any more."""
    decided = select(ErasureRequest).where(
        ErasureRequest.event_id == event.id, ErasureRequest.state != RequestState.OPEN
    )
    newest_first = decided.order_by(ErasureRequest.decided_at.desc(), ErasureRequest.id.desc())
    return db.session.scalars(newest_first.limit(DECIDED_SHOWN)).all()


def count_overdue(now: datetime) -> int:
    """Return how many requests, of all events, are open after the day by which they had to be answered."""
    overdue = ErasureRequest.state == RequestState.OPEN, ErasureRequest.due_at <= now
    return db.session.scalar(select(func.count()).select_from(ErasureRequest).where(*overdue)) or 0


def is_urgent(request: ErasureRequest, now: datetime) -> bool:
    """Return whether three weeks of an open request's month are over."""
    return now >= request.asked_at + WARNED_AFTER
