"""Reading registrations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.orm import joinedload, selectinload

from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.enums import LIVE, Status
from forum.registration.models import (
    HOLDS_PLACE,
    IS_LIVE,
    IS_WAITING,
    CareAnswer,
    ProtectedIdentity,
    Registration,
    RegistrationToken,
    Submission,
)

# What registering asks, made once: making a statement costs more than running it. Its conditions are the indexes' own
# words: SQLite takes a partial index only where it reads the same condition, and a parameter could stand for anything.
IN_EVENT = Registration.event_id == bindparam("event_id")
LIVE_BY_EMAIL = select(Registration).where(
    IN_EVENT, Registration.email_canonical == bindparam("email_canonical"), IS_LIVE
)
SENT_SINCE = and_(
    OutboxMessage.kind == bindparam("kind"),
    OutboxMessage.created_at > bindparam("since"),
    OutboxMessage.status != MessageStatus.WITHHELD,
)
ITS_MAILS = select(func.count()).where(OutboxMessage.registration_id == Registration.id, SENT_SINCE)
LIVE_WITH_MAILS = LIVE_BY_EMAIL.add_columns(ITS_MAILS.correlate(Registration).scalar_subquery())
SUBMISSION = (
    select(Submission).where(Submission.key == bindparam("key")).options(joinedload(Submission.registration))
)
WAITING = (
    select(Registration)
    .where(
        IN_EVENT,
        IS_WAITING,
        Registration.sector_id.in_(bindparam("sector_ids", expanding=True)),
    )
    .order_by(Registration.waiting_since, Registration.id)
)
PLACES_OF_ORGANISATION = select(func.count()).where(
    IN_EVENT, Registration.organisation_key == bindparam("organisation_key"), HOLDS_PLACE
)


def find_live(event: Event, email_canonical: str) -> Registration | None:
    """Return the live registration of this address for this event; there is at most one (R04)."""
    return db.session.scalars(
        LIVE_BY_EMAIL, {"event_id": event.id, "email_canonical": email_canonical}
    ).one_or_none()


def find_live_with_mails(
    event: Event, email_canonical: str, kind: str, since: datetime
) -> tuple[Registration | None, int]:
    """Return the live registration of this address, if any, and how many mails of one kind it was sent since then."""
    values = {"event_id": event.id, "email_canonical": email_canonical, "kind": kind, "since": since}
    found = db.session.execute(LIVE_WITH_MAILS, values).one_or_none()
    return (found[0], found[1]) if found else (None, 0)


def find_first_live(event: Event) -> Registration | None:
    """Return one of the event's live registrations, always the same, or None when there is none."""
    mine = (Registration.event_id == event.id) & Registration.status.in_(LIVE)
    return db.session.scalars(select(Registration).where(mine).order_by(Registration.id).limit(1)).first()


def find_submission(key: str) -> Submission | None:
    """Return the earlier sending of this very form, with the registration that it made or met."""
    return db.session.scalars(SUBMISSION, {"key": key}).one_or_none()


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
    return db.session.scalars(WAITING, {"event_id": event.id, "sector_ids": sector_ids}).all()


def count_places_of_organisation(event: Event, organisation_key: str) -> int:
    """Return how many places an organisation holds, across its spellings."""
    values = {"event_id": event.id, "organisation_key": organisation_key}
    return db.session.scalar(PLACES_OF_ORGANISATION, values) or 0


def count_mails(registration: Registration, kind: str, since: datetime) -> int:
    """Return how many mails of one kind were queued for this registration since a moment."""
    query = select(func.count()).where(OutboxMessage.registration_id == registration.id, SENT_SINCE)
    return db.session.scalar(query, {"kind": kind, "since": since}) or 0


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
