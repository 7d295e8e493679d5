"""Requests for erasure, which organisers have to carry out or refuse within a month (P12)."""

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from forum.audit import actions as audit
from forum.extensions import db
from forum.privacy import erasing, mails, queries
from forum.privacy.enums import RequestState
from forum.privacy.errors import NotOpen
from forum.privacy.models import ErasureRequest
from forum.registration import places
from forum.registration.models import Registration


def ask(registration: Registration, *, now: datetime) -> ErasureRequest:
    """Store the person's request for erasure; a second one changes nothing. Call after `start_write`."""
    places.lock(registration.event)
    if open_request := queries.find_open(registration):
        return open_request
    request = ErasureRequest(
        event_id=registration.event_id,
        registration_id=registration.id,
        state=RequestState.OPEN,
        asked_at=now,
        due_at=month_after(now, registration.event.zone),
    )
    db.session.add(request)
    audit.record("registration.erasure_asked", registration, actor="person", at=now)
    return request


def take_back(registration: Registration, *, now: datetime) -> None:
    """Withdraw the person's open request for erasure, if there is one. Call after `start_write`."""
    places.lock(registration.event)
    if request := queries.find_open(registration):
        _decide(request, RequestState.TAKEN_BACK, now)
        audit.record("registration.erasure_taken_back", registration, actor="person", at=now)


def shown_of(registration: Registration) -> dict[str, Any]:
    """Return the values that an organiser reads before an erasure: if they change, the erasure is refused (R30)."""
    db.session.refresh(registration)
    names = ("given_name", "family_name", "email", "is_live", "holds_place")
    return {
        **{name: getattr(registration, name) for name in names},
        **erasing.foresee(registration).shown(registration),
    }


def carry_out(
    request: ErasureRequest, *, check: Callable[[Registration], None] | None = None, actor: str, now: datetime
) -> None:
    """Erase the person who made the request. Raises NotOpen, and what `check` raises. Call after `start_write`.

    `check` gets the registration once the event is locked, and refuses if the page named other people than would be
    erased (R30).
    """
    registration = _lock_open(request)
    if check:
        check(registration)
    _decide(request, RequestState.DONE, now)
    db.session.flush()
    erasing.erase(registration, actor=actor, now=now)


def refuse(request: ErasureRequest, reason: str, *, actor: str, now: datetime) -> None:
    """Refuse a request and mail the reason to the person (Art. 12(4)). Raises NotOpen. Call after `start_write`."""
    registration = _lock_open(request)
    _decide(request, RequestState.REFUSED, now)
    request.reason = reason
    mails.queue_erasure_refused(registration, reason, now=now)
    audit.record("registration.erasure_refused", registration, actor=actor, at=now)


def month_after(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the same day of the next month, or of that month's last day (Reg. 1182/71, Art. 3).

    A request of 31 January has to be answered by the end of 28 February.
    """
    day = moment.astimezone(zone).date()
    year, month = (day.year + day.month // 12, day.month % 12 + 1)
    last = day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))
    return datetime.combine(last + timedelta(days=1), time(), zone)


def _lock_open(request: ErasureRequest) -> Registration:
    """Lock the event of an open request; return the registration. Raises NotOpen."""
    places.lock(request.event)
    db.session.refresh(request)
    if request.state != RequestState.OPEN or request.registration is None:
        raise NotOpen
    return request.registration


def _decide(request: ErasureRequest, state: RequestState, now: datetime) -> None:
    request.state, request.decided_at = state, now
