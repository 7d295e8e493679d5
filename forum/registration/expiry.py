"""Ending registrations whose deadline has passed, because an address was not confirmed or an offer not accepted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.people.models import AddressChange
from forum.registration import (
    answers,
    bare_holds,
    deadlines,
    delegated,
    ending,
    links,
    mails,
    offers,
    places,
    queries,
    waiting_list,
)
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import OfferEnd, Status
from forum.registration.models import Registration, RegistrationToken, Submission
from forum.registration.sign_in_models import EndedSignIn

# How long the key of a sent form is kept. The same form sent later counts as a new form; if its address is registered,
# a mail to the address says so.
FORM_KEPT = timedelta(days=30)
LENGTHENED = "registration.asking_lengthened"


def expire_due(*, now: datetime) -> int:
    """End registrations past their deadlines in every event, in the caller's transaction; return how many ended."""
    return sum(expire_in(event_id, now=now) for event_id in list_due(now=now))


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the events in which a deadline may have passed, or a free place may have to be offered."""
    return queries.list_events_to_tend(now)


def expire_in(event_id: int, *, now: datetime) -> int:
    """End an event's registrations, holds and offers past their deadlines; before the event, offer the free places.

    Return how many registrations ended.

    This only flushes; the job commits each event by itself, so an event with wrong counters does not stop the others.
    A second run, or a second worker, does nothing more (R02).
    """
    event = db.session.get_one(Event, event_id)
    places.lock(event)
    return _tend(event, now)


def forget_ended(*, now: datetime) -> int:
    """Delete links that no longer work, and old keys of forms that detect a form sent twice; return how many.

    A link that no longer works shows the same page whether its row is deleted or not. Ended sign-ins are deleted once
    they would have ended by themselves.
    """
    is_over = or_(RegistrationToken.expires_at <= now, RegistrationToken.revoked_at <= now)
    links = delete(RegistrationToken).where(is_over).returning(RegistrationToken.digest)
    forms = delete(Submission).where(Submission.received_at <= now - FORM_KEPT).returning(Submission.key)
    left = delete(EndedSignIn).where(EndedSignIn.ends_at <= now).returning(EndedSignIn.digest)
    asked = delete(AddressChange).where(AddressChange.expires_at <= now).returning(AddressChange.digest)
    return sum(len(db.session.scalars(gone).all()) for gone in (links, forms, left, asked))


def outlast_cancellation(event: Event, *, actor: str, now: datetime) -> None:
    """Give everybody who has not confirmed yet the longest time to do so, because the event was cancelled.

    Nobody can confirm while the event is cancelled. If it takes place after all before a person's time is over, the
    link in that person's mail still works. A registration that was not confirmed in time is erased as always (P07).
    """
    mine = Registration.event_id == event.id, Registration.status == Status.PENDING
    for registration in db.session.scalars(select(Registration).where(*mine).order_by(Registration.id)):
        until = registration.requested_at + deadlines.TIMES * deadlines.CONFIRM_TIME
        if until > registration.confirm_by > now:
            registration.confirm_by = until
            links.lengthen_confirming(registration)
            audit.record(LENGTHENED, registration, actor=actor, at=now, until=until.isoformat())
    bare_holds.outlast_cancellation(event, now=now)


def _tend(event: Event, now: datetime) -> int:
    unconfirmed = queries.list_unconfirmed(event, now)
    unheld = queries.list_lapsed_holds(event, now)
    lapsed = queries.list_lapsed_offers(event, now)
    told = queries.list_mails_of([*unconfirmed, *unheld, *lapsed])
    kept = {
        person: until for person in (*unconfirmed, *unheld) if (until := _later_asking(person, told, now))
    }
    renewed = _asked_anew([person for person in unconfirmed if person not in kept], now)
    offered = {person: until for person in lapsed if (until := _later_offer(person, told, now))}
    unasked = [person for person in kept if not any(mail.sent_at for mail in told[person.id])]
    over = [person for person in unconfirmed if person not in kept and person not in renewed]
    ended = [*over, *(person for person in lapsed if person not in offered)]
    mails.take_back(unasked)
    ending.take_back_mails(ended)
    for kind in offers.TOLD_BY:
        mails.take_back(list(offered), kind=kind)
    for registration, until in kept.items():
        _ask_for_longer(registration, until, now, is_asked=registration not in unasked)
    for registration, until in renewed.items():
        _wait_for_link(registration, until, now)
    for registration, until in offered.items():
        newest = offers.mails_of_open(registration, told[registration.id])[-1]
        # A mail to a former address does not count: the person reads the present address, and does not know of the
        # offer.
        is_told = newest.status == MessageStatus.SENT and newest.recipient == registration.email
        _lengthen(registration, until, now, is_told=is_told)
    for registration in unheld:
        if registration not in kept:
            _end_hold(registration, now)
    for registration in ended:
        _end(registration, now)
    _end_bare_holds(event, now)
    waiting_list.offer_free_places(event, now=now)
    offers.remind(event, now=now)
    return len(ended)


def _end_bare_holds(event: Event, now: datetime) -> None:
    """End or lengthen the holds of places without a registration, by the rule for unconfirmed registrations (S24)."""
    over = bare_holds.list_over(event, now)
    told = delegated.list_mails_of_holds(over) if over else {}
    for hold in over:
        if until := _later_asking(hold, told, now):
            bare_holds.lengthen(hold, until, now)
        else:
            bare_holds.end(hold)


def _later_asking(
    asked: Registration | BareHold, told: Mapping[int, Sequence[OutboxMessage]], now: datetime
) -> datetime | None:
    """Return a later deadline to confirm the address or hold the place if the mail was late or is unsent, else None."""
    is_over = asked.confirm_by <= now
    ends_at = asked.confirm_by if is_over else asked.held_until or asked.confirm_by
    whole = deadlines.CONFIRM_TIME if is_over else places.SHORT_HOLD
    return deadlines.find_later_asking(
        asked.requested_at, told[asked.id], ends_at=ends_at, whole=whole, now=now
    )


def _asked_anew(overdue: Sequence[Registration], now: datetime) -> dict[Registration, datetime]:
    """Return, by overdue registration with a confirming link that still works, until when the worker waits for it.

    Somebody has asked for such a link after the deadline, before the worker came (`deadlines.confirming_ends`).
    """
    ends = links.find_confirming_ends(overdue, now)
    return {person: ends[person.id] for person in overdue if person.id in ends}


def _later_offer(
    registration: Registration, told: Mapping[int, Sequence[OutboxMessage]], now: datetime
) -> datetime | None:
    return deadlines.find_later_offer(
        registration, offers.mails_of_open(registration, told[registration.id]), now
    )


def _ask_for_longer(registration: Registration, until: datetime, now: datetime, *, is_asked: bool) -> None:
    """Extend the time to confirm the address or hold the place; if no mail has left, queue a mail with the new time."""
    if registration.held_until:
        registration.held_until = until
    if registration.confirm_by <= now:
        registration.confirm_by = until
        links.lengthen_confirming(registration)
    if not is_asked:
        mails.queue_received_anew(registration, queries.list_carried_forms(registration), now=now)
    audit.record(LENGTHENED, registration, actor="worker", at=now, until=until.isoformat())


def _wait_for_link(registration: Registration, until: datetime, now: datetime) -> None:
    """Let the address be confirmed as long as its newest link works; the place is not held any longer for that."""
    if registration.holds_place:
        _end_hold(registration, now)
    registration.confirm_by = until
    audit.record(LENGTHENED, registration, actor="worker", at=now, until=until.isoformat())


def _lengthen(registration: Registration, until: datetime, now: datetime, *, is_told: bool) -> None:
    """Extend the offer of a place; if its newest mail has not left, queue another with the new deadline."""
    offers.set_deadline(registration, until, now=now)
    if not is_told:
        mails.queue_offered(registration, why=offers.why_of(registration), now=now)
    audit.record(
        "registration.offer_lengthened", registration, actor="worker", at=now, until=until.isoformat()
    )


def _end_hold(registration: Registration, now: datetime) -> None:
    """Free a held place; a person who confirms the address later gets a place if one is free, or else waits."""
    places.release(registration)
    audit.record("registration.hold_ended", registration, actor="worker", at=now)


def _end(registration: Registration, now: datetime) -> None:
    """End a registration or offer that was not confirmed or accepted in time; mail the person if an offer ended."""
    is_offer = registration.status == Status.OFFERED
    if is_offer:
        offers.end(registration, OfferEnd.LAPSED, now=now)
    places.release(registration)
    registration.move_to(Status.EXPIRED, now=now)
    registration.ended_at = now
    answers.forget(registration)
    action = "registration.offer_lapsed" if is_offer else "registration.not_confirmed"
    audit.record(action, registration, actor="worker", at=now)
    if is_offer:
        mails.queue_offer_lapsed(registration, now=now)
