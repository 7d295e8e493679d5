"""Reading registrations."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import defer, joinedload, selectinload, undefer

from forum.columns import UtcDateTime
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import deadlines
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Status
from forum.registration.models import (
    HOLDS_PLACE,
    IS_LIVE,
    IS_UNDECIDED,
    IS_WAITING,
    Registration,
    RegistrationToken,
    Submission,
)
from forum.registration.names import canonical_email
from forum.registration.sign_in_models import EndedSignIn

WAITING_AT_ONCE = 50
# By sector id: the number of places that are held but not confirmed, and the number of people who wait.
Undecided = dict[int, tuple[int, int]]
# The queries of registering, built once: building a statement takes longer than running it. Their conditions repeat
# those of the partial indexes literally: SQLite uses a partial index only for the same condition, and a parameter
# could have any value.
IN_EVENT = Registration.event_id == bindparam("event_id")
LIVE_BY_EMAIL = select(Registration).where(
    IN_EVENT, Registration.email_canonical == bindparam("email_canonical"), IS_LIVE
)
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
    .limit(WAITING_AT_ONCE)
)
CLIENT: BindParameter[str] = bindparam("client")
HELD_FOR_CLIENT = union_all(
    select(func.count()).where(IN_EVENT, Registration.asked_from == CLIENT),
    select(func.count()).where(BareHold.event_id == bindparam("event_id"), BareHold.asked_from == CLIENT),
)
# Counts, by sector and status, held places that are not confirmed and people who wait. The query names the sectors, so
# that an index is used.
UNDECIDED = (
    select(Registration.sector_id, Registration.status, func.count())
    .where(
        IN_EVENT,
        Registration.sector_id.in_(bindparam("sector_ids", expanding=True)),
        IS_UNDECIDED,
        or_(IS_WAITING, HOLDS_PLACE),
    )
    .group_by(Registration.sector_id, Registration.status)
)


def find_live(event: Event, email_canonical: str) -> Registration | None:
    """Return the live registration of this address for this event; there is at most one (R04)."""
    return db.session.scalars(
        LIVE_BY_EMAIL, {"event_id": event.id, "email_canonical": email_canonical}
    ).one_or_none()


def find_confirmed(event: Event, email_canonical: str) -> Registration | None:
    """Return the live registration of this address if the address is confirmed by its owner (see `unconfirmed`)."""
    live = find_live(event, email_canonical)
    return live if live and live.status != Status.PENDING else None


def find_last_calendar_sequence(registration: Registration) -> int | None:
    """Return the highest calendar sequence number of the person's earlier registrations for this event, or None."""
    query = select(func.max(Registration.calendar_sequence)).where(
        Registration.event_id == registration.event_id,
        Registration.email_canonical == registration.email_canonical,
        Registration.id != registration.id,
    )
    return db.session.scalar(query)


def find_next_hold_end(event: Event, now: datetime) -> datetime | None:
    """Return when the first place that is held for an unconfirmed address is free again; None if none is held."""
    held = Registration.status == Status.PENDING, Registration.holds_place, Registration.held_until > now
    query = select(func.min(Registration.held_until)).where(Registration.event_id == event.id, *held)
    return db.session.scalar(query)


def find_first_live(event: Event) -> Registration | None:
    """Return a live registration, always the same, that can stand in for an unknown address (S24); or None."""
    mine = select(Registration).where(Registration.event_id == event.id, IS_LIVE, Registration.email != "")
    # Sort by address, because an index has this order; sorting by id would have to sort all registrations.
    return db.session.scalars(mine.order_by(Registration.email_canonical).limit(1)).first()


def find_submission(key: str) -> Submission | None:
    """Return the stored form with this key and its registration, or None if no such form was sent before."""
    return db.session.scalars(SUBMISSION, {"key": key}).one_or_none()


def find_by_reference(event: Event, reference: str) -> Registration | None:
    """Return the event's registration with this reference, and its consents."""
    query = select(Registration).where(Registration.event_id == event.id, Registration.reference == reference)
    return db.session.scalars(query.options(selectinload(Registration.consents))).one_or_none()


def has_left(digest: str) -> bool:
    """Return whether the sign-in with this digest was ended by the person."""
    left = select(EndedSignIn.digest).where(EndedSignIn.digest == digest)
    return db.session.scalar(left) is not None


def find_by_ids(ids: Collection[int]) -> dict[int, Registration]:
    """Return the registrations with these ids, by id."""
    query = select(Registration).where(Registration.id.in_(ids))
    return {registration.id: registration for registration in db.session.scalars(query)} if ids else {}


def find_token(digest: str) -> RegistrationToken | None:
    """Return the link with this digest, and its registration, event and sector, all read afresh."""
    query = (
        select(RegistrationToken)
        .where(RegistrationToken.digest == digest)
        .execution_options(populate_existing=True)
    )
    whole = joinedload(RegistrationToken.registration)
    return db.session.scalars(
        query.options(
            whole.joinedload(Registration.event).selectinload(Event.sectors),
            whole.joinedload(Registration.sector),
            whole.selectinload(Registration.consents),
        )
    ).one_or_none()


def older_tokens(link: RegistrationToken) -> Sequence[RegistrationToken]:
    """Return the earlier links for this link's registration and purpose that are still valid."""
    same = (
        RegistrationToken.registration_id == link.registration_id,
        RegistrationToken.purpose == link.purpose,
    )
    earlier = RegistrationToken.created_at < link.created_at
    return db.session.scalars(
        select(RegistrationToken).where(*same, earlier, RegistrationToken.revoked_at.is_(None))
    ).all()


def has_line(sector: Sector) -> bool:
    """Return whether anybody in the sector is on the waiting list."""
    waiting = exists().where(
        Registration.event_id == sector.event_id, Registration.sector_id == sector.id, IS_WAITING
    )
    return bool(db.session.scalar(select(waiting)))


def list_waiting(
    event: Event, sector_ids: Sequence[int], *, after: Registration | None = None
) -> Sequence[Registration]:
    """Return the WAITING_AT_ONCE registrations that wait longest in these sectors, or the next ones after `after`."""
    query = WAITING
    if after:
        by_time = tuple_(Registration.waiting_since, Registration.id)
        query = WAITING.where(by_time > tuple_(literal(after.waiting_since, UtcDateTime), after.id))
    return db.session.scalars(query, {"event_id": event.id, "sector_ids": sector_ids}).all()


def count_places_held_for(event: Event, client: str) -> int:
    """Return how many places are held until addresses are confirmed that this client has sent."""
    return sum(db.session.scalars(HELD_FOR_CLIENT, {"event_id": event.id, "client": client}))


def count_undecided(event: Event) -> Undecided:
    """Return by sector id how many places are held but not confirmed, and how many people wait for one."""
    values = {"event_id": event.id, "sector_ids": [sector.id for sector in event.sectors]}
    counts: Undecided = {}
    for sector_id, status, number in db.session.execute(UNDECIDED, values):
        held, waiting = counts.get(sector_id, (0, 0))
        is_waiting = status == Status.WAITING
        counts[sector_id] = (held, waiting + number) if is_waiting else (held + number, waiting)
    return counts


def list_unconfirmed(event: Event, now: datetime) -> Sequence[Registration]:
    """Return the registrations whose time to confirm the address has ended."""
    mine = Registration.event_id == event.id
    return db.session.scalars(select(Registration).where(mine, _is_unconfirmed(now))).all()


def list_lapsed_holds(event: Event, now: datetime) -> Sequence[Registration]:
    """Return the registrations that may still be confirmed but whose place is no longer held."""
    mine = Registration.event_id == event.id, Registration.confirm_by > now
    return db.session.scalars(select(Registration).where(*mine, _is_held_no_more(now))).all()


def list_lapsed_offers(event: Event, now: datetime) -> Sequence[Registration]:
    """Return the registrations whose offer has expired."""
    mine = Registration.event_id == event.id
    return db.session.scalars(select(Registration).where(mine, deadlines.past_offer(now))).all()


def list_events_to_tend(now: datetime) -> Sequence[int]:
    """Return the ids of events that have not begun, and of those with a registration, offer or hold past its end."""
    overdue = select(Registration.event_id).where(_is_unconfirmed(now) | deadlines.past_offer(now))
    unheld = select(BareHold.event_id).where(BareHold.held_until <= now)
    is_due = (Event.starts_at > now) | Event.id.in_(overdue) | Event.id.in_(unheld)
    query = select(Event.id).where(is_due)
    return db.session.scalars(query.order_by(Event.id)).all()


def list_mails_of(registrations: Sequence[Registration]) -> dict[int, list[OutboxMessage]]:
    """Return the mails by registration, the oldest first, without their encrypted content."""
    query = select(OutboxMessage).options(defer(OutboxMessage.content, raiseload=True))
    ids = [registration.id for registration in registrations]
    mine = OutboxMessage.registration_id.in_(ids)
    mails: dict[int, list[OutboxMessage]] = {registration_id: [] for registration_id in ids}
    for mail in db.session.scalars(query.where(mine).order_by(OutboxMessage.id)) if ids else ():
        mails[mail.registration_id or 0].append(mail)
    return mails


def find_last_form(registration: Registration) -> Submission | None:
    """Return the latest of the forms whose answers a confirming link may carry."""
    mine = Submission.registration_id == registration.id, Submission.answers.is_not(None)
    newest_first = select(Submission).where(*mine).order_by(Submission.received_at.desc())
    with_answers = newest_first.options(undefer(Submission.sealed_answers))
    return db.session.scalars(with_answers.limit(1)).one_or_none()


def find_withheld_form(registration: Registration) -> Submission | None:
    """Return the form of a registration whose confirming mail was withheld, so that no link carries its answers."""
    withheld = Submission.answers.is_(None), Submission.given.is_not(None)
    first = select(Submission).where(Submission.registration_id == registration.id, *withheld)
    return db.session.scalars(first.order_by(Submission.received_at).limit(1)).one_or_none()


def list_answered_forms(registration: Registration) -> Sequence[Submission]:
    """Return the forms that hold answers to the event's own questions until the address is confirmed, oldest first."""
    mine = Submission.registration_id == registration.id, Submission.given.is_not(None)
    return db.session.scalars(select(Submission).where(*mine).order_by(Submission.received_at)).all()


def count_forms(registration: Registration) -> int:
    """Return how many forms for this registration are stored."""
    mine = Submission.registration_id == registration.id
    return db.session.scalar(select(func.count()).where(mine).select_from(Submission)) or 0


def has_form_since(event: Event, email: str, moment: datetime) -> bool:
    """Return whether a form for this address, which is registered, was sent after the moment."""
    live = Registration.event_id == event.id, Registration.email_canonical == canonical_email(email), IS_LIVE
    sent = select(Submission.key).join(Submission.registration).where(*live, Submission.received_at > moment)
    return db.session.scalar(select(sent.exists())) or False


def list_carried_forms(registration: Registration) -> Sequence[Submission]:
    """Return the forms whose answers a confirming link may carry, the oldest first."""
    mine = Submission.registration_id == registration.id, Submission.answers.is_not(None)
    return db.session.scalars(select(Submission).where(*mine).order_by(Submission.received_at)).all()


def _is_unconfirmed(now: datetime) -> ColumnElement[bool]:
    return (Registration.status == Status.PENDING) & (Registration.confirm_by <= now)


def _is_held_no_more(now: datetime) -> ColumnElement[bool]:
    held = (Registration.status == Status.PENDING) & Registration.holds_place
    return held & (Registration.held_until <= now)


def list_mails(registration: Registration) -> Sequence[OutboxMessage]:
    """Return the mails of this registration, the oldest first."""
    query = select(OutboxMessage).where(OutboxMessage.registration_id == registration.id)
    return db.session.scalars(query.order_by(OutboxMessage.id)).all()
