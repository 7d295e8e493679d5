"""Making, extending, reminding of and ending offers of a place. Each offer is a row (`offer_models`).

The caller has locked the event, and `places` has counted the place before an offer is made.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forum.audit import actions as audit
from forum.events import changes
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import deadlines, mails, queries
from forum.registration.enums import OfferEnd, OfferMaker, Status
from forum.registration.models import Registration
from forum.registration.offer_models import Offer

LEAST_LEFT = timedelta(hours=1)  # no reminder is sent for an offer that ends sooner than this
# the kinds of mails that are untrue once the offer has ended
OUTDATED = ("offered", "offer-reminder", deadlines.EXTENDED)
# the kinds of mails that tell a person of an offer and its deadline
TOLD_BY = ("offered", deadlines.EXTENDED)


def make(
    registration: Registration,
    why: Mapping[str, Any],
    *,
    until: datetime | None = None,
    user_id: int | None = None,
    reason: str | None = None,
    now: datetime,
) -> Offer:
    """Offer the place that the registration has been given; `user_id` and `reason` are those of an offer by hand."""
    until = until or deadlines.offer_ends_at(registration.event, now)
    registration.move_to(Status.OFFERED, now=now)
    registration.offer_expires_at = until
    offer = Offer(
        registration=registration,
        made_at=now,
        made_by=OfferMaker.ORGANISER if reason else OfferMaker.RULE,
        user_id=user_id,
        reason=reason,
        why=dict(why),
        expires_at=until,
        remind_at=deadlines.reminder_at(registration.event, now, until),
    )
    db.session.add(offer)
    mails.queue_offered(registration, why=offer.why, now=now)
    actor = f"user:{user_id}" if user_id else "worker"
    audit.record("registration.offered", registration, actor=actor, at=now, until=until.isoformat())
    return offer


def find_open(registration: Registration) -> Offer | None:
    """Return the registration's open offer; None also for one that an earlier version of the forum has made."""
    mine = Offer.registration_id == registration.id, Offer.ended_at.is_(None)
    return db.session.scalars(select(Offer).where(*mine)).one_or_none()


def why_of(registration: Registration) -> Mapping[str, Any]:
    """Return why it was this person's turn; empty if that is unknown or no place is offered."""
    offer = find_open(registration)
    return offer.why if offer else {}


def find_moment_of_last(registration: Registration) -> datetime | None:
    """Return when the registration's open or accepted offer was made; None for a registration without one."""
    leads_on = Offer.ended_how.is_(None) | (Offer.ended_how == OfferEnd.ACCEPTED)
    mine = select(Offer.made_at).where(Offer.registration_id == registration.id, leads_on)
    return db.session.scalar(mine.order_by(Offer.id.desc()).limit(1))


def list_of(registration: Registration) -> Sequence[Offer]:
    """Return all offers of a registration, the newest first."""
    mine = select(Offer).where(Offer.registration_id == registration.id)
    return db.session.scalars(mine.order_by(Offer.id.desc())).all()


def is_last_withdrawn(registration: Registration) -> bool:
    """Return whether an organiser has withdrawn the registration's last offer."""
    last = next(iter(list_of(registration)), None)
    return last is not None and last.ended_how == OfferEnd.WITHDRAWN


def end(registration: Registration, how: OfferEnd, *, now: datetime) -> None:
    """Store how the registration's open offer has ended."""
    if offer := find_open(registration):
        offer.ended_at, offer.ended_how = now, how


def set_deadline(registration: Registration, until: datetime, *, now: datetime) -> None:
    """Set another deadline of the open offer, and the time of its reminder, which an offer gets only once."""
    registration.offer_expires_at = until
    if offer := find_open(registration):
        offer.expires_at = until
        offer.remind_at = deadlines.reminder_at(registration.event, now, until)


def prolong_open(event: Event, pause: timedelta, *, actor: str, now: datetime) -> None:
    """Prolong the event's open offers by the time for which the event was cancelled and nobody could accept them.

    An offer that cannot last longer, because no offer lasts beyond the event's cut-off, stays as it is.
    """
    mine = Registration.event_id == event.id, Registration.status == Status.OFFERED
    for registration in db.session.scalars(select(Registration).where(*mine).order_by(Registration.id)):
        before = registration.offer_expires_at or now
        until = max(before, min(before + pause, deadlines.offers_end_at(event)))
        if until == registration.offer_expires_at:
            continue
        set_deadline(registration, until, now=now)
        audit.record(
            "registration.offer_extended", registration, actor=actor, at=now, until=until.isoformat()
        )


def remind(event: Event, *, now: datetime) -> int:
    """Remind people of offers that end soon, each once; return how many.

    Nobody is reminded before the mail with the offer was sent, or with less time left than LEAST_LEFT.
    """
    due = _list_to_remind(event, now)
    told = queries.list_mails_of([offer.registration for offer in due])
    reminded = [offer for offer in due if _is_told(offer, told[offer.registration_id])]
    for offer in reminded:
        offer.reminded_at = now
        mails.queue_about_offer(offer.registration, "offer-reminder", now=now)
        audit.record("registration.offer_reminded", offer.registration, actor="worker", at=now)
    return len(reminded)


def set_reminder(event: Event, hours: int | None, *, actor: str, now: datetime) -> bool:
    """Change how long before their deadline offers are reminded; return whether that has changed anything.

    Open offers get a new moment for their reminder; an offer whose new moment has passed keeps the former one. Call
    this with the event locked.
    """
    if not changes.change(event, {"offer_reminder_hours": hours}, actor=actor, now=now):
        return False
    mine = Registration.event_id == event.id, Offer.ended_at.is_(None), Offer.reminded_at.is_(None)
    for offer in db.session.scalars(select(Offer).join(Offer.registration).where(*mine)):
        moment = deadlines.reminder_at(event, offer.made_at, offer.expires_at)
        if moment is None or moment > now:
            offer.remind_at = moment
    return True


def list_reminder_moments(event: Event, now: datetime) -> Sequence[datetime]:
    """Return when reminders of the event's open offers leave by themselves, those in the past left out."""
    ahead = Offer.ended_at.is_(None), Offer.reminded_at.is_(None), Offer.remind_at > now
    query = select(Offer.remind_at).join(Offer.registration)
    moments = db.session.scalars(query.where(Registration.event_id == event.id, *ahead))
    return [at for at in moments if at]


def mails_of_open(registration: Registration, told: Sequence[OutboxMessage]) -> list[OutboxMessage]:
    """Return those of the registration's mails that tell of its open offer and a deadline, the oldest first."""
    offer = find_open(registration)
    return [
        mail for mail in told if mail.kind in TOLD_BY and (offer is None or mail.created_at >= offer.made_at)
    ]


def _list_to_remind(event: Event, now: datetime) -> Sequence[Offer]:
    if event.cancelled_at:
        return []
    due = (
        Offer.ended_at.is_(None),
        Offer.reminded_at.is_(None),
        Offer.remind_at <= now,
        Offer.expires_at > now + LEAST_LEFT,
    )
    offered = Registration.event_id == event.id, Registration.status == Status.OFFERED
    query = select(Offer).join(Offer.registration).where(*offered, *due).order_by(Offer.id)
    return db.session.scalars(query.options(joinedload(Offer.registration))).all()


def _is_told(offer: Offer, told: Sequence[OutboxMessage]) -> bool:
    return any(mail.kind in TOLD_BY and mail.created_at >= offer.made_at and mail.sent_at for mail in told)
