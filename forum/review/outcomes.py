"""What was decided about a person, by whom and when, as the audit trail says it.

A reviewer may read about people in review. For a day after a decision the reviewer who made it may still read about the
person: long enough to see the result and to notice a mistake, but no longer.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.registration.models import Registration
from forum.review.actions import actor_of

APPROVED, DECLINED, PROPOSED = (
    "registration.approved",
    "registration.declined",
    "registration.refusal_proposed",
)
READ_FOR = timedelta(days=1)


def decided_by(user_id: int, now: datetime) -> ColumnElement[bool]:
    """Return the condition for people about whom this organiser has decided, or proposed a refusal, within a day."""
    return _has_entry((APPROVED, DECLINED, PROPOSED), user_id, now)


def has_decided(registration: Registration, *, user_id: int, now: datetime) -> bool:
    """Return whether this organiser has decided about the person, or proposed a refusal, within a day."""
    mine = select(Registration.id).where(Registration.id == registration.id, decided_by(user_id, now))
    return db.session.scalar(mine) is not None


def opened_by(user_id: int, now: datetime) -> ColumnElement[bool]:
    """Return the condition for people whose page this organiser has opened within a day."""
    return _has_entry((audit.REGISTRATION_VIEWED,), user_id, now)


def find_latest(registration: Registration) -> AuditEntry | None:
    """Return the audit entry of the latest approval or refusal of this person; None if nobody has decided."""
    decisions = audit.of_own_time(registration), AuditEntry.action.in_((APPROVED, DECLINED))
    newest = select(AuditEntry).where(*decisions).order_by(AuditEntry.id.desc())
    return db.session.scalars(newest.limit(1)).first()


def _has_entry(actions: tuple[str, ...], user_id: int, now: datetime) -> ColumnElement[bool]:
    about = AuditEntry.subject_type == Registration.__tablename__, AuditEntry.subject_id == Registration.id
    # Leave out entries older than the registration: an erased registration may have had the same id
    # (`audit.queries.of_own_time`).
    recent = AuditEntry.at > now - READ_FOR, AuditEntry.at >= Registration.requested_at
    acts = AuditEntry.actor == actor_of(user_id), AuditEntry.action.in_(actions)
    return select(AuditEntry.id).where(*about, *recent, *acts).correlate(Registration).exists()
