"""Requests for restriction: stored data may not be used; answered within a month, and lifted later (P12).

Restriction (Art. 18 GDPR) and objection (Art. 21) have the same effect once granted; `registration.restrictions`
defines from which lists, exports and mails the person is left out. Before a restriction is lifted, the person is
informed (Art. 18(3)): it ends `NOTICE` after the announcement, and not before the mail was sent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from forum.audit import actions as audit
from forum.extensions import db
from forum.mailings import ending as messages
from forum.mailings import mails as mailings
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import mails, queries
from forum.privacy.actions import month_after
from forum.privacy.errors import NotOpen
from forum.registration import kept_exports, locating_answers, places
from forum.registration import mails as registration_mails
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.models import Registration
from forum.registration.restriction_models import RestrictionRequest

NOTICE = timedelta(days=7)
FOREVER = datetime.max.replace(tzinfo=UTC)


def ask(
    registration: Registration, kind: RestrictionKind, words: str, *, now: datetime
) -> RestrictionRequest:
    """Store the person's request; while one is open or granted, asking again changes nothing.

    Call after `start_write`.
    """
    places.lock(registration.event)
    if standing := queries.find_standing(registration):
        return standing
    request = RestrictionRequest(
        event_id=registration.event_id,
        registration_id=registration.id,
        kind=kind,
        words=words,
        state=RestrictionState.OPEN,
        asked_at=now,
        due_at=month_after(now, registration.event.zone),
    )
    db.session.add(request)
    audit.record("registration.restriction_asked", registration, actor="person", at=now, kind=kind)
    return request


def take_back(registration: Registration, *, now: datetime) -> None:
    """Withdraw the person's open or granted request; a restriction ends with it. Call after `start_write`."""
    places.lock(registration.event)
    if request := queries.find_standing(registration):
        request.state, request.ends_at = RestrictionState.TAKEN_BACK, None
        locating_answers.look_again(registration)
        audit.record("registration.restriction_taken_back", registration, actor="person", at=now)


def grant(request: RestrictionRequest, *, actor: str, now: datetime) -> None:
    """Grant a request: the person's data are no longer used. Raises NotOpen. Call after `start_write`.

    Unsent mails of mailings to the person are cancelled; kept exports that list the person are deleted.
    """
    _lock(request, RestrictionState.OPEN)
    messages.note_restricted(request.registration)
    for kind in mailings.KINDS:
        registration_mails.take_back([request.registration], kind=kind)
    kept_exports.forget_with([request.registration.event_id], [request.registration_id])
    request.state, request.decided_at = RestrictionState.GRANTED, now
    mails.queue_restriction_granted(request.registration, now=now)
    audit.record("registration.restriction_granted", request.registration, actor=actor, at=now)


def decline(request: RestrictionRequest, reason: str, *, actor: str, now: datetime) -> None:
    """Decline a request and mail the reason (Art. 12(4)). Raises NotOpen. Call after `start_write`."""
    _lock(request, RestrictionState.OPEN)
    request.state, request.decided_at, request.reason = RestrictionState.DECLINED, now, reason
    mails.queue_restriction_declined(request.registration, reason, now=now)
    audit.record("registration.restriction_declined", request.registration, actor=actor, at=now)


def announce_lifting(request: RestrictionRequest, reason: str, *, actor: str, now: datetime) -> None:
    """Tell the person why and when the restriction will be lifted. Raises NotOpen. Call after `start_write`."""
    _lock(request, RestrictionState.GRANTED)
    if request.ends_at is not None:
        raise NotOpen
    request.reason, request.ends_at = reason, now + NOTICE
    mails.queue_restriction_ending(request.registration, reason, ends_at=request.ends_at, now=now)
    audit.record("registration.restriction_ending", request.registration, actor=actor, at=now)


def list_ending(*, now: datetime) -> Sequence[int]:
    """Return the ids of the restrictions whose announced end has come."""
    ended = RestrictionRequest.state == RestrictionState.GRANTED, RestrictionRequest.ends_at <= now
    return db.session.scalars(select(RestrictionRequest.id).where(*ended)).all()


def lift(request_id: int, *, now: datetime) -> int:
    """Lift a restriction whose announced end has come; return 1 if it was lifted, else 0.

    Until the mail that announces the end was sent, the restriction stays: the person must learn of the end beforehand.
    """
    request = db.session.get(RestrictionRequest, request_id)
    if request is None:
        return 0
    places.lock(request.event)
    db.session.refresh(request)
    is_due = request.state == RestrictionState.GRANTED and (request.ends_at or FOREVER) <= now
    if not is_due or not _is_told(request):
        return 0
    request.state = RestrictionState.LIFTED
    locating_answers.look_again(request.registration)
    audit.record("registration.restriction_lifted", request.registration, actor="worker", at=now)
    return 1


def _is_told(request: RestrictionRequest) -> bool:
    """Return whether the person was told of the end: the latest mail was sent, or the person has no address.

    The mail may belong to another registration since a merge was undone: then the result is False.
    """
    mine = OutboxMessage.registration_id == request.registration_id, OutboxMessage.kind == mails.ENDING
    newest = select(OutboxMessage.status).where(*mine).order_by(OutboxMessage.id.desc()).limit(1)
    status = db.session.scalar(newest)
    return status == MessageStatus.SENT or (status is None and not request.registration.has_address)


def _lock(request: RestrictionRequest, state: RestrictionState) -> None:
    """Lock the event of a request. Raises NotOpen if the request is in another state."""
    places.lock(request.event)
    db.session.refresh(request)
    if request.state != state:
        raise NotOpen
