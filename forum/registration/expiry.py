"""What time does to registrations: addresses not confirmed, offers not taken, floors released."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import answers, deadlines, links, mails, places, queries, waiting_list
from forum.registration.enums import Status
from forum.registration.models import Registration, RegistrationToken, Submission

# How long a form's key is kept. A form that lay open for longer registers anew; a known address gets its mail.
FORM_KEPT = timedelta(days=30)


def expire_due(*, now: datetime) -> int:
    """Do what is due in every event, in the caller's transaction; return how many registrations ended."""
    return sum(expire_in(event_id, now=now) for event_id in list_due(now=now))


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the events in which something may have run out or may be offered."""
    return queries.list_events_to_tend(now)


def expire_in(event_id: int, *, now: datetime) -> int:
    """End what has run out in an event, then offer what became free before it begins.

    Return how many registrations ended.

    Flushes only; the job commits, event by event: one whose counters are wrong does not stop the others. Run twice, or
    by two workers, it does nothing more (R02).
    """
    event = db.session.get_one(Event, event_id)
    places.lock(event)
    return _tend(event, now)


def forget_ended(*, now: datetime) -> int:
    """Delete links that lead nowhere any more, and what was kept to notice a form that is sent twice; return how many.

    Who opens such a link reads the same with and without its row.
    """
    is_over = or_(RegistrationToken.expires_at <= now, RegistrationToken.revoked_at <= now)
    links = delete(RegistrationToken).where(is_over).returning(RegistrationToken.digest)
    forms = delete(Submission).where(Submission.received_at <= now - FORM_KEPT).returning(Submission.key)
    return len(db.session.scalars(links).all()) + len(db.session.scalars(forms).all())


def _tend(event: Event, now: datetime) -> int:
    unconfirmed = queries.list_unconfirmed(event, now)
    unheld = queries.list_lapsed_holds(event, now)
    lapsed = queries.list_lapsed_offers(event, now)
    told = queries.list_mails_of([*unconfirmed, *unheld, *lapsed])
    kept = {
        person: until for person in (*unconfirmed, *unheld) if (until := _later_asking(person, told, now))
    }
    offered = {person: until for person in lapsed if (until := _later_offer(person, told, now))}
    unasked = [person for person in kept if not any(mail.sent_at for mail in told[person.id])]
    mails.take_back([*unasked, *(person for person in unconfirmed if person not in kept)])
    mails.take_back(list(offered), kind="offered")
    for registration, until in kept.items():
        _ask_for_longer(registration, until, now, is_asked=registration not in unasked)
    for registration, until in offered.items():
        is_told = _offers(told[registration.id])[-1].status == MessageStatus.SENT
        _lengthen(registration, until, now, is_told=is_told)
    for registration in unheld:
        if registration not in kept:
            _end_hold(registration, now)
    ended = [person for person in (*unconfirmed, *lapsed) if person not in kept and person not in offered]
    for registration in ended:
        _end(registration, now)
    waiting_list.offer_free_places(event, now=now)
    return len(ended)


def _later_asking(
    registration: Registration, told: Mapping[int, Sequence[OutboxMessage]], now: datetime
) -> datetime | None:
    """Return until when the address may be confirmed, or the place is held, should its mail not have left in time."""
    is_over = registration.confirm_by <= now
    ends_at = registration.confirm_by if is_over else registration.held_until or registration.confirm_by
    whole = deadlines.CONFIRM_TIME if is_over else places.SHORT_HOLD
    return deadlines.find_later_asking(
        registration, told[registration.id], ends_at=ends_at, whole=whole, now=now
    )


def _later_offer(
    registration: Registration, told: Mapping[int, Sequence[OutboxMessage]], now: datetime
) -> datetime | None:
    return deadlines.find_later_offer(registration, _offers(told[registration.id]), now)


def _offers(mails_of_one: Sequence[OutboxMessage]) -> list[OutboxMessage]:
    return [mail for mail in mails_of_one if mail.kind == "offered"]


def _ask_for_longer(registration: Registration, until: datetime, now: datetime, *, is_asked: bool) -> None:
    """Let the address be confirmed until then, or hold the place; a mail that never left would name another moment."""
    if registration.held_until:
        registration.held_until = until
    if registration.confirm_by <= now:
        registration.confirm_by = until
        links.lengthen_confirming(registration)
    if not is_asked:
        mails.queue_received_anew(registration, queries.list_carried_forms(registration), now=now)
    audit.record(
        "registration.asking_lengthened", registration, actor="worker", at=now, until=until.isoformat()
    )


def _lengthen(registration: Registration, until: datetime, now: datetime, *, is_told: bool) -> None:
    """Let the offer hold until then; the mail that never left would name a moment that has passed."""
    registration.offer_expires_at = until
    if not is_told:
        mails.queue_offered(registration, now=now)
    audit.record(
        "registration.offer_lengthened", registration, actor="worker", at=now, until=until.isoformat()
    )


def _end_hold(registration: Registration, now: datetime) -> None:
    """Let others have the place; who confirms the address later gets one if one is free, and else waits."""
    places.release(registration)
    audit.record("registration.hold_ended", registration, actor="worker", at=now)


def _end(registration: Registration, now: datetime) -> None:
    """End what was not confirmed or not accepted in time; who was offered a place is told so."""
    is_offer = registration.status == Status.OFFERED
    places.release(registration)
    registration.move_to(Status.EXPIRED, now=now)
    registration.ended_at = now
    answers.forget(registration)
    action = "registration.offer_lapsed" if is_offer else "registration.not_confirmed"
    audit.record(action, registration, actor="worker", at=now)
    if is_offer:
        mails.queue_offer_lapsed(registration, now=now)
