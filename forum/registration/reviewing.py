"""What a review does to a registration: it begins, and ends with a place, a rank in line or a refusal.

The package `review` defines who may decide, and how. The rules here change places and states, under the event's lock. A
review that begins again because of a change keeps the place or the rank in line: a person who corrects a name must not
lose anything before somebody has decided.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select

from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.models import AuditEntry
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.registration import answers, caps, ending, former_answers, mails, offers, places, waiting_list
from forum.registration.enums import APPROVED, DeclineReason, OfferEnd, Status
from forum.registration.errors import NoPlaceThere, NotInReview, NotLive, SectorFull
from forum.registration.models import Registration
from forum.registration.moved import Moved

# The fields that are reviewed: a person approved under one name must not come under another name without a new review.
REVIEWED = frozenset({"given_name", "family_name", "organisation"})
LAST_MINUTE = time(23, 59)
# The outcome of a move by which a person has to be approved once more, as the audit trail records it.
MOVED_INTO_REVIEW = "reviewed"
# What the entries about a restored registration, a move or a change say of the review of a change, if there is one.
GOES_ON, ENDS = "goes_on", "ends"
# The kinds of the mails that say that a change is reviewed, and that its review has ended without a decision.
BEGUN, ENDED = "change-in-review", "change-review-ended"


@dataclass(frozen=True)
class Refusal:
    """The reason for declining a registration, and the organisers' own words in the person's language ("" for none)."""

    reason: DeclineReason
    words: str = ""


def promised_day(event: Event, now: datetime) -> datetime | None:
    """Return the end of the day until which a review that begins now is promised to be decided; None for no promise."""
    if event.review_days is None:
        return None
    day = now.astimezone(event.zone).date() + timedelta(days=event.review_days)
    return datetime.combine(day, LAST_MINUTE, event.zone)


def prolong_promises(event: Event, *, since: datetime, now: datetime) -> None:
    """Move the promised days of decisions by the time `since` the event was cancelled: nobody could decide then.

    A promise that was already broken when the event was cancelled stays as it is.
    """
    waits = Registration.review_since.is_not(None) & (Registration.answer_by > since)
    for registration in db.session.scalars(
        select(Registration).where(Registration.event_id == event.id, waits).order_by(Registration.id)
    ):
        day = ((registration.answer_by or now) + (now - since)).astimezone(event.zone).date()
        registration.answer_by = datetime.combine(day, LAST_MINUTE, event.zone)


def begin(registration: Registration, *, moved: Moved | None = None, now: datetime) -> None:
    """Put the registration into review, without a place, and mail the person the promised day of the decision.

    `moved` is the move to a sector with reviews, if that was the reason.
    """
    registration.move_to(Status.IN_REVIEW, now=now)
    _await_decision(registration, now)
    mails.queue_in_review(registration, moved=moved, now=now)


def is_reviewed_once_confirmed(registration: Registration) -> bool:
    """Return whether confirming the address puts this registration into review; somebody with a held place is not."""
    return registration.sector.policy == SectorPolicy.REVIEW and not registration.holds_place


def is_reviewed_again(registration: Registration) -> bool:
    """Return whether a change of name or organisation by the person would be reviewed."""
    return registration.sector.policy == SectorPolicy.REVIEW and registration.status in APPROVED


def is_change_reviewed(registration: Registration) -> bool:
    """Return whether a change of an approved registration is reviewed, which keeps its place or rank meanwhile."""
    return registration.status in APPROVED and registration.is_in_review


def find_approval(registration: Registration) -> datetime | None:
    """Return when the registration was approved in its reviewed sector; None for never, or without reviews.

    Approving a later change does not count, nor does an approval in a sector that the registration has left.
    """
    if registration.sector.policy != SectorPolicy.REVIEW or registration.status not in APPROVED:
        return None
    approved_at, is_change = None, False
    for entry in audit_queries.find_course_of_reviews(registration):
        if entry.action == audit_queries.REGISTRATION_MOVED:
            approved_at, is_change = None, is_change and not _begins_review(entry)
        elif entry.action != audit_queries.REGISTRATION_APPROVED:
            is_change = True
        elif is_change:
            is_change = False
        else:
            approved_at = entry.at
    return approved_at


def details_of_change(registration: Registration, before: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Return the values that a person's change replaces, encrypted for the audit trail; {} if no review follows."""
    kept = {name: value for name, value in before.items() if name in REVIEWED}
    if not kept or not is_reviewed_again(registration):
        return {}
    return {"before": former_answers.close(kept, registration, now)}


def is_taken_back(registration: Registration, changed: Collection[str]) -> bool:
    """Return whether the person has put everything back that they had changed after an approval and is in review.

    Call before the change back is recorded in the audit trail.
    """
    if REVIEWED.isdisjoint(changed) or not is_change_reviewed(registration):
        return False
    course = [entry.action for entry in audit_queries.find_course_of_reviews(registration)]
    begun = [action for action in course if action != audit_queries.REGISTRATION_MOVED]
    is_of_change = begun[-1:] == [audit_queries.REVIEW_REOPENED]
    return is_of_change and former_answers.are_restored(registration)


def end_of_taken_back(registration: Registration, *, now: datetime) -> None:
    """End the review of a change that the person has taken back, and mail the person that there is no decision."""
    registration.review_since = registration.answer_by = None
    mails.queue_about_review(registration, ENDED, now=now)


def begin_again(
    registration: Registration, changed: Iterable[str], *, actor: str = "person", now: datetime
) -> None:
    """Review values that have changed after an approval; place and rank in line stay as they are meanwhile.

    A second change during that review does not start a new one: the promised day stays. Only a person's own change is
    answered by a mail.
    """
    if registration.is_in_review or not is_reviewed_again(registration) or REVIEWED.isdisjoint(changed):
        return
    if actor == "person":
        reopen(registration, kind=BEGUN, now=now)
    else:
        _await_decision(registration, now)
    audit.record(audit_queries.REVIEW_REOPENED, registration, actor=actor, at=now)


def reopen(registration: Registration, *, kind: str, now: datetime) -> None:
    """Start a review of a person who keeps place or rank meanwhile; `kind` is the kind of the mail to the person."""
    _await_decision(registration, now)
    mails.queue_about_review(registration, kind, now=now)


def approve(
    registration: Registration, *, words: str = "", only_with_place: bool = False, actor: str, now: datetime
) -> None:
    """Give the registration a place if the rule of places allows one and nobody has waited longer, else a rank in line.

    With `only_with_place` nobody is put in line: SectorFull is raised if no place is free. Approving a change leaves
    place and rank as they are. Raises NotLive, NotInReview, SectorFull.
    """
    _lock_reviewed(registration, now)
    is_change = registration.status != Status.IN_REVIEW
    registration.review_since = registration.answer_by = None
    audit.record(audit_queries.REGISTRATION_APPROVED, registration, actor=actor, at=now)
    if is_change:
        mails.queue_about_review(registration, "change-approved", words=words, now=now)
    elif _takes_place(registration, now):
        registration.move_to(Status.CONFIRMED, now=now)
        registration.waiting_since = None
        mails.queue_about_review(registration, "approved", words=words, now=now)
        audit.record("registration.confirmed", registration, actor=actor, at=now)
    elif only_with_place or not places.takes_waiters(registration.event, now):
        raise SectorFull
    else:
        mails.queue_about_review(registration, "approved-waiting", words=words, now=now)


def decline(registration: Registration, refusal: Refusal, *, actor: str, now: datetime) -> None:
    """End the registration with a reason; a place that it holds is offered to the next in line.

    The person's links still open the page that says why. Raises NotLive, NotInReview.
    """
    _lock_reviewed(registration, now)
    before = registration.status
    places.release(registration)
    registration.move_to(Status.DECLINED, now=now)
    offers.end(registration, OfferEnd.CANCELLED, now=now)
    registration.ended_at = now
    registration.review_since = registration.answer_by = None
    registration.decline_reason, registration.decline_words = refusal.reason, refusal.words or None
    answers.forget(registration)
    ending.take_back_mails([registration])
    mails.queue_about_review(registration, "declined", words=refusal.words, now=now)
    audit.record(
        "registration.declined", registration, actor=actor, at=now, was=before, reason=refusal.reason
    )
    waiting_list.offer_free_places(registration.event, now=now)


def end_without_decision(registration: Registration, *, moved: Moved, actor: str, now: datetime) -> None:
    """Give a registration in review a place or put it on the waiting list, because its new sector has no reviews.

    Raises NoPlaceThere if no place is free and nobody can wait; the caller then has to roll back.
    """
    registration.review_since = registration.answer_by = None
    if _takes_place(registration, now):
        registration.move_to(Status.CONFIRMED, now=now)
        registration.waiting_since = None
        mails.queue_confirmed(registration, now=now)
        audit.record("registration.confirmed", registration, actor=actor, at=now)
    elif places.takes_waiters(registration.event, now):
        mails.queue_waiting(registration, moved=moved, now=now)
    else:
        raise NoPlaceThere


def find_placed(event: Event, asked: Collection[Registration], now: datetime) -> set[int]:
    """Return the ids of those in `asked` who would get a place now if all of them were approved in order.

    This is tried on a copy of the event, in which waiting people are offered places first; nothing is stored.
    """
    trial, held = _after_offers(event, asked, now)
    first = [one for one in asked if one.status == Status.IN_REVIEW]
    return {one.id for one in first if places.admit_on_trial(trial, one, now, held)}


def find_placed_alone(event: Event, asked: Collection[Registration], now: datetime) -> set[int]:
    """Return the ids of those in `asked` who would get a place now if nobody else of them was approved.

    This is tried on a copy of the event, in which waiting people are offered places first; nothing is stored.
    """
    trial, held = _after_offers(event, asked, now)
    first = [one for one in asked if one.status == Status.IN_REVIEW]
    return {
        one.id for one in first if places.admit_on_trial(places.trial_of(trial), one, now, deepcopy(held))
    }


def _begins_review(move: AuditEntry) -> bool:
    """Return whether a move to another sector put the registration into review, which ended the review of a change.

    After any other move an unfinished review of a change goes on, with or without a place.
    """
    return move.details is not None and move.details.payload.get("outcome") == MOVED_INTO_REVIEW


def _after_offers(event: Event, asked: Collection[Registration], now: datetime) -> tuple[Event, caps.Held]:
    """Return a copy of the event in which waiting people were offered places, and what the organisations hold."""
    trial = places.trial_of(event)
    waiting_list.count_offers_on_trial(trial, now)
    return trial, caps.held_by(event, {one.organisation_key for one in asked})


def _await_decision(registration: Registration, now: datetime) -> None:
    registration.review_since, registration.answer_by = now, promised_day(registration.event, now)


def _lock_reviewed(registration: Registration, now: datetime) -> None:
    """Lock the event and read the registration afresh. Raises NotLive, also after the event, and NotInReview."""
    places.lock_live(registration)
    if events.is_off(registration.event, now):
        raise NotLive
    if not registration.is_in_review:
        raise NotInReview


def _takes_place(registration: Registration, now: datetime) -> bool:
    """Give the registration a place and return True; else put it on the waiting list, if the event has one.

    People who come first in the line are not passed over, even while no offers are made.
    """
    registration.waiting_since = registration.requested_at
    registration.move_to(Status.WAITING, now=now)
    db.session.flush()
    if not places.takes_waiters(registration.event, now):
        return waiting_list.position(registration) == 1 and places.admit(registration, now)
    if waiting_list.take_if_first(registration, now):
        return True
    waiting_list.join(registration, now)
    return False
