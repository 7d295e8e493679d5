"""Reading requests for erasure, for restriction, and objections."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from forum.events.models import Event
from forum.extensions import db
from forum.privacy.enums import RequestState
from forum.privacy.models import ErasureRequest
from forum.registration.enums import RestrictionState
from forum.registration.models import Registration
from forum.registration.restriction_models import STANDS, RestrictionRequest

# A request is marked as urgent when three weeks of its month are over.
WARNED_AFTER = timedelta(weeks=3)
DECIDED_SHOWN = 50
# How long after its announced end a restriction counts as overdue. The worker usually lifts it within a minute.
LIFTED_WITHIN = timedelta(minutes=5)


def find_open(registration: Registration) -> ErasureRequest | None:
    """Return the person's open request for erasure."""
    mine = ErasureRequest.registration_id == registration.id, ErasureRequest.state == RequestState.OPEN
    return db.session.scalars(select(ErasureRequest).where(*mine)).one_or_none()


def find_last(registration: Registration) -> ErasureRequest | None:
    """Return the person's latest request for erasure, open or decided."""
    mine = select(ErasureRequest).where(ErasureRequest.registration_id == registration.id)
    return db.session.scalars(mine.order_by(ErasureRequest.id.desc()).limit(1)).first()


def find(event: Event, request_id: int) -> ErasureRequest | None:
    """Return the event's request for erasure with this id (S13)."""
    mine = ErasureRequest.event_id == event.id, ErasureRequest.id == request_id
    return db.session.scalars(select(ErasureRequest).where(*mine)).one_or_none()


def numbers(event_id: Any) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return, as columns of a statement, how many requests about data an event has had, and how many are open."""
    every = select(func.count()).where(ErasureRequest.event_id == event_id)
    still_open = every.where(ErasureRequest.state == RequestState.OPEN)
    others = select(func.count()).where(RestrictionRequest.event_id == event_id)
    open_others = others.where(RestrictionRequest.state == RestrictionState.OPEN)
    return (
        every.scalar_subquery() + others.scalar_subquery(),
        still_open.scalar_subquery() + open_others.scalar_subquery(),
    )


def list_open(event: Event) -> Sequence[ErasureRequest]:
    """Return the event's open requests for erasure, the most urgent first."""
    open_ = select(ErasureRequest).where(
        ErasureRequest.event_id == event.id, ErasureRequest.state == RequestState.OPEN
    )
    return db.session.scalars(open_.order_by(ErasureRequest.due_at, ErasureRequest.id)).all()


def list_decided(event: Event) -> Sequence[ErasureRequest]:
    """Return the event's latest requests for erasure that are no longer open."""
    decided = select(ErasureRequest).where(
        ErasureRequest.event_id == event.id, ErasureRequest.state != RequestState.OPEN
    )
    newest_first = decided.order_by(ErasureRequest.decided_at.desc(), ErasureRequest.id.desc())
    return db.session.scalars(newest_first.limit(DECIDED_SHOWN)).all()


def count_overdue(now: datetime) -> int:
    """Return how many requests, of all events, are open after the day by which they had to be answered."""
    overdue = ErasureRequest.state == RequestState.OPEN, ErasureRequest.due_at <= now
    erasure = select(func.count()).select_from(ErasureRequest).where(*overdue).scalar_subquery()
    late = RestrictionRequest.state == RestrictionState.OPEN, RestrictionRequest.due_at <= now
    others = select(func.count()).select_from(RestrictionRequest).where(*late).scalar_subquery()
    return db.session.scalar(select(erasure + others)) or 0


def find_standing(registration: Registration) -> RestrictionRequest | None:
    """Return the person's request for restriction or objection that is open or granted."""
    mine = RestrictionRequest.registration_id == registration.id, STANDS
    return db.session.scalars(select(RestrictionRequest).where(*mine)).one_or_none()


def find_last_restriction(registration: Registration) -> RestrictionRequest | None:
    """Return the person's latest request for restriction or objection, open or decided."""
    mine = select(RestrictionRequest).where(RestrictionRequest.registration_id == registration.id)
    return db.session.scalars(mine.order_by(RestrictionRequest.id.desc()).limit(1)).first()


def find_restriction(event: Event, request_id: int) -> RestrictionRequest | None:
    """Return the event's request for restriction or objection with this id (S13)."""
    mine = RestrictionRequest.event_id == event.id, RestrictionRequest.id == request_id
    return db.session.scalars(select(RestrictionRequest).where(*mine)).one_or_none()


def list_restrictions(event: Event, state: RestrictionState) -> Sequence[RestrictionRequest]:
    """Return the event's requests for restriction and objections in this state, the most urgent first."""
    those = select(RestrictionRequest).where(
        RestrictionRequest.event_id == event.id, RestrictionRequest.state == state
    )
    return db.session.scalars(those.order_by(RestrictionRequest.due_at, RestrictionRequest.id)).all()


def is_end_overdue(request: RestrictionRequest, now: datetime) -> bool:
    """Return whether a restriction is still in force although its announced end is past.

    The worker lifts it at that time, but not before the mail that announces the end was sent.
    """
    is_granted = request.state == RestrictionState.GRANTED
    return is_granted and request.ends_at is not None and request.ends_at + LIFTED_WITHIN <= now


def is_urgent(request: ErasureRequest | RestrictionRequest, now: datetime) -> bool:
    """Return whether three weeks of an open request's month are over."""
    return now >= request.asked_at + WARNED_AFTER
