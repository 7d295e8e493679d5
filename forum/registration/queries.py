"""Reading registrations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload, selectinload

from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.enums import LIVE, Status
from forum.registration.models import (
    CareAnswer,
    ProtectedIdentity,
    Registration,
    RegistrationToken,
    Submission,
)


def find_live(event: Event, email_canonical: str) -> Registration | None:
    """Return the live registration of this address for this event; there is at most one (R04)."""
    mine = (Registration.event_id == event.id) & (Registration.email_canonical == email_canonical)
    return db.session.scalars(select(Registration).where(mine, Registration.status.in_(LIVE))).one_or_none()


def find_first_live(event: Event) -> Registration | None:
    """Return one of the event's live registrations, always the same, or None when there is none."""
    mine = (Registration.event_id == event.id) & Registration.status.in_(LIVE)
    return db.session.scalars(select(Registration).where(mine).order_by(Registration.id).limit(1)).first()


def find_submission(key: str) -> Submission | None:
    """Return the earlier sending of this very form, with the registration that it made or met."""
    query = select(Submission).where(Submission.key == key)
    return db.session.scalars(query.options(joinedload(Submission.registration))).one_or_none()


def find_by_reference(event: Event, reference: str) -> Registration | None:
    """Return the event's registration with this reference, its consents with it."""
    query = select(Registration).where(Registration.event_id == event.id, Registration.reference == reference)
    return db.session.scalars(query.options(selectinload(Registration.consents))).one_or_none()


def find_token(digest: str) -> RegistrationToken | None:
    """Return the link with this digest and its registration, event and sector."""
    query = select(RegistrationToken).where(RegistrationToken.digest == digest)
    whole = joinedload(RegistrationToken.registration)
    return db.session.scalars(
        query.options(
            whole.joinedload(Registration.event).selectinload(Event.sectors),
            whole.joinedload(Registration.sector),
            whole.selectinload(Registration.consents),
        )
    ).one_or_none()


def live_tokens(registration: Registration) -> Sequence[RegistrationToken]:
    """Return the registration's links that have not been revoked."""
    mine = RegistrationToken.registration_id == registration.id
    return db.session.scalars(
        select(RegistrationToken).where(mine, RegistrationToken.revoked_at.is_(None))
    ).all()


def list_waiting(event: Event, sector_ids: Sequence[int]) -> Sequence[Registration]:
    """Return who waits in these sectors, the longest first."""
    query = select(Registration).where(
        Registration.event_id == event.id,
        Registration.status == Status.WAITING,
        Registration.sector_id.in_(sector_ids),
    )
    return db.session.scalars(query.order_by(Registration.waiting_since, Registration.id)).all()


def count_places_of_organisation(event: Event, organisation_key: str) -> int:
    """Return how many places an organisation holds, across its spellings."""
    query = select(func.count()).where(
        Registration.event_id == event.id,
        Registration.organisation_key == organisation_key,
        Registration.holds_place,
    )
    return db.session.scalar(query) or 0


def count_mails(registration: Registration, kind: str, since: datetime) -> int:
    """Return how many mails of one kind were queued for this registration since a moment."""
    query = select(func.count()).where(
        OutboxMessage.registration_id == registration.id,
        OutboxMessage.kind == kind,
        OutboxMessage.created_at > since,
        OutboxMessage.status != MessageStatus.WITHHELD,
    )
    return db.session.scalar(query) or 0


def list_unconfirmed(event: Event, now: datetime) -> Sequence[Registration]:
    """Return the registrations whose time to confirm the address is over."""
    mine = Registration.event_id == event.id
    return db.session.scalars(select(Registration).where(mine, _is_unconfirmed(now))).all()


def list_lapsed_offers(event: Event, now: datetime) -> Sequence[Registration]:
    """Return the registrations whose offer has run out."""
    mine = Registration.event_id == event.id
    return db.session.scalars(select(Registration).where(mine, _is_lapsed(now))).all()


def list_events_to_tend(now: datetime) -> Sequence[Event]:
    """Return the events that have not begun, and those in which something has run out since."""
    overdue = select(Registration.event_id).where(_is_unconfirmed(now) | _is_lapsed(now))
    query = select(Event).where((Event.starts_at > now) | Event.id.in_(overdue))
    return db.session.scalars(query.order_by(Event.id)).all()


def _is_unconfirmed(now: datetime) -> ColumnElement[bool]:
    return (Registration.status == Status.PENDING) & (Registration.confirm_by <= now)


def _is_lapsed(now: datetime) -> ColumnElement[bool]:
    return (Registration.status == Status.OFFERED) & (Registration.offer_expires_at <= now)


def is_protected(registration: Registration) -> bool:
    """Whether the person has protected identity; for the mail's make-up and the person's own pages only (P21)."""
    return db.session.get(ProtectedIdentity, registration.id) is not None


def find_protected_identity(registration: Registration) -> ProtectedIdentity | None:
    """Return the sealed row, for the person's own copy of their data (P11)."""
    return db.session.get(ProtectedIdentity, registration.id)


def find_care_answer(registration: Registration) -> CareAnswer | None:
    """Return the sealed diet and access answers."""
    return db.session.get(CareAnswer, registration.id)


def list_mails(registration: Registration) -> Sequence[OutboxMessage]:
    """Return the mails of this registration, oldest first."""
    query = select(OutboxMessage).where(OutboxMessage.registration_id == registration.id)
    return db.session.scalars(query.order_by(OutboxMessage.id)).all()
