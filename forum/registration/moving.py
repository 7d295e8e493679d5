"""Moving a registration to another sector: what would happen, and doing it under the rules of places.

A waiting person keeps the time of registering in the other sector's line. A place is given back in one sector and taken
in the other in one transaction, under the event's lock; without a free place there nothing changes, or the person waits
there, if that was chosen. Where organisers review a sector, a person who moves there is reviewed, unless an organiser
moves them. A person in review who moves to a sector that is not reviewed gets a place there if one is free, and else
waits. Source: docs/architecture.md, "Places"; R01, R02.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.events import freezing
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Sector
from forum.extensions import db
from forum.outbox import queries as outbox
from forum.registration import (
    answers,
    caps,
    deadlines,
    mails,
    offers,
    places,
    queries,
    reviewing,
    waiting_list,
)
from forum.registration.caps import Held
from forum.registration.enums import OfferEnd, Status
from forum.registration.errors import NoPlaceThere, NoSuchSector, NotLive
from forum.registration.models import Registration
from forum.registration.moved import Moved

PERSON = "person"


class Outcome(StrEnum):
    """The result of moving a registration to a sector."""

    KEEPS_PLACE = "keeps_place"
    NO_PLACE = "no_place"
    IN_LINE = "in_line"
    REVIEWED = reviewing.MOVED_INTO_REVIEW
    # The person has a place after the move; an unfinished review ends, because the new sector has no reviews.
    GETS_PLACE = "gets_place"
    JOINS_LINE = "joins_line"
    NOWHERE = "nowhere"
    AS_IT_IS = "as_it_is"


def list_sectors(registration: Registration, *, actor: str) -> Sequence[Sector]:
    """Return the other sectors to which the registration may move; the person may only choose open ones."""
    others = [sector for sector in registration.event.sectors if sector.id != registration.sector_id]
    if actor != PERSON:
        return others
    return [sector for sector in others if sector.policy != SectorPolicy.INVITATION and sector.ceiling]


def foresee(registration: Registration, sector: Sector, *, actor: str, now: datetime) -> Outcome:
    """Return what moving to this sector would result in now; nothing changes."""
    if registration.status == Status.PENDING and not registration.holds_place:
        return Outcome.AS_IT_IS
    if actor == PERSON and sector.policy == SectorPolicy.REVIEW:
        return Outcome.AS_IT_IS if registration.status == Status.IN_REVIEW else Outcome.REVIEWED
    if registration.status == Status.IN_REVIEW and sector.policy != SectorPolicy.REVIEW:
        return _foresee_without_review(registration, sector, now)
    if registration.status == Status.WAITING:
        return Outcome.IN_LINE
    if not registration.holds_place:
        return Outcome.AS_IT_IS
    return Outcome.KEEPS_PLACE if _has_room(registration, sector, now) else Outcome.NO_PLACE


def position_in(registration: Registration, sector: Sector) -> int:
    """Return the position that the registration would have in the sector's line, 1 for the first."""
    since = registration.waiting_since or registration.requested_at
    ahead = select(func.count()).where(
        Registration.event_id == registration.event_id,
        Registration.sector_id == sector.id,
        Registration.status == Status.WAITING,
        (Registration.waiting_since < since)
        | ((Registration.waiting_since == since) & (Registration.id < registration.id)),
    )
    return (db.session.scalar(ahead) or 0) + 1


def move(
    registration: Registration, sector: Sector, *, may_wait: bool, actor: str, now: datetime
) -> Outcome | None:
    """Move the registration to another sector of its event; return the result, None if it is there already.

    Raises NotLive, NoSuchSector, NoPlaceThere if there is no place and `may_wait` is not chosen or nobody can wait,
    SeveralForms until the address is confirmed (`answers.find_carried`), and AnswersFrozen for the person. After a
    refusal the caller has to roll back. Call after `start_write`.
    """
    places.lock_live(registration)
    event = registration.event
    if events.is_off(event, now):
        raise NotLive
    if actor == PERSON:
        freezing.refuse_if_frozen(event, now)
    if sector.id == registration.sector_id:
        return None
    if sector not in list_sectors(registration, actor=actor):
        raise NoSuchSector
    was, outcome = registration.sector, foresee(registration, sector, actor=actor, now=now)
    loses_place = outcome == Outcome.NO_PLACE and not (may_wait and can_wait(registration, now))
    if loses_place or outcome == Outcome.NOWHERE:
        raise NoPlaceThere
    answers.carry(registration, {"sector": sector.key})
    moved = _describe(registration, sector, outcome, actor)
    is_told_anew = _take_back_outdated(registration, outcome, moved, now)
    # The database refuses a row whose status and place do not fit, so write nothing until both are set.
    with db.session.no_autoflush:
        _put(registration, sector, outcome, now)
        details = {"was": was.key, "sector": sector.key, **_consequences(registration, outcome, moved)}
        audit.record(audit_queries.REGISTRATION_MOVED, registration, actor=actor, at=now, **details)
        _settle(registration, outcome, moved, actor, now)
    if outcome in (Outcome.GETS_PLACE, Outcome.JOINS_LINE):
        reviewing.end_without_decision(registration, moved=moved, actor=actor, now=now)
    _tell(registration, outcome, moved, now, is_told_anew=is_told_anew)
    waiting_list.offer_free_places(event, now=now)
    return outcome


def can_wait(registration: Registration, now: datetime) -> bool:
    """Return whether the registration can give up its place: it then waits in line or, if unconfirmed, has none."""
    return registration.status == Status.PENDING or places.takes_waiters(registration.event, now)


def _foresee_without_review(registration: Registration, sector: Sector, now: datetime) -> Outcome:
    """Return the result of moving a person in review to a sector without reviews, where people in line come first."""
    trial = places.trial_of(registration.event)
    waiting_list.count_offers_on_trial(trial, now)
    has_line = places.takes_waiters(registration.event, now)
    left = places.places_left(trial, now)[sector.id]
    is_free = left > 0 and caps.has_room(trial, registration.organisation_key, sector.id)
    if is_free and (has_line or position_in(registration, sector) == 1):
        return Outcome.GETS_PLACE
    return Outcome.JOINS_LINE if has_line else Outcome.NOWHERE


def _take_back_outdated(registration: Registration, outcome: Outcome, moved: Moved, now: datetime) -> bool:
    """Cancel unsent mails that are untrue after the move; return whether the mail about the status is sent again."""
    if moved.ends_review:
        mails.take_back([registration], kind=reviewing.BEGUN)
    kind = mails.FOR_STATE.get(registration.status)
    if kind is None or outcome == Outcome.AS_IT_IS:
        return False
    loses_offer = outcome in (Outcome.NO_PLACE, Outcome.REVIEWED)
    # If the offer's time has run out before its mail left, leave the mail to the worker: it makes the offer anew with
    # more time, because the person did not know of it.
    if not loses_offer and deadlines.is_past_offer(registration, now):
        return False
    unsent = {mail.kind for mail in queries.list_mails(registration) if mail.status in outbox.UNSENT}
    for outdated in unsent.intersection((kind, *(offers.OUTDATED if loses_offer else ()))):
        mails.take_back([registration], kind=outdated)
    return kind in unsent and outcome in (Outcome.KEEPS_PLACE, Outcome.IN_LINE)


def _has_room(registration: Registration, sector: Sector, now: datetime) -> bool:
    """Return whether the rule of places gives the registration a place in the sector once its own is given back."""
    trial = places.trial_of(registration.event)
    for copied in trial.sectors:
        if copied.id == registration.sector_id:
            copied.taken -= 1
    trial.taken -= 1
    free = places.places_left(trial, now)[sector.id]
    return free > 0 and caps.has_room(
        trial, registration.organisation_key, sector.id, _held_by_others(registration)
    )


def _held_by_others(registration: Registration) -> Held:
    """Return how many places the other people of the registration's organisation hold."""
    held = caps.held_by(registration.event, [registration.organisation_key])
    held.count(registration.organisation_key, registration.sector.id, -1)
    return held


def _describe(registration: Registration, sector: Sector, outcome: Outcome, actor: str) -> Moved:
    """Return what moving to this sector with this outcome means for the person. Call before the move.

    The review of a change ends where the new sector has no reviews.
    """
    is_lost = outcome in (Outcome.NO_PLACE, Outcome.REVIEWED) and registration.holds_place
    ends_review = reviewing.is_change_reviewed(registration) and sector.policy != SectorPolicy.REVIEW
    return Moved(actor == PERSON, registration.status if is_lost else None, ends_review)


def _consequences(registration: Registration, outcome: Outcome, moved: Moved) -> dict[str, str]:
    """Return what the audit trail stores of the consequences of a move.

    By a move nobody who has not confirmed comes into review or into the line: confirming decides about that.
    """
    consequences = {} if registration.status == Status.PENDING else {"outcome": str(outcome)}
    return {**consequences, "review": reviewing.ENDS} if moved.ends_review else consequences


def _put(registration: Registration, sector: Sector, outcome: Outcome, now: datetime) -> None:
    """Set the sector and give the place back; take one in the new sector if `outcome` says so. Raises NoPlaceThere."""
    held_until, asked_from = registration.held_until, registration.asked_from
    others = _held_by_others(registration)
    places.release(registration)
    registration.sector = sector
    if outcome == Outcome.KEEPS_PLACE:
        if not places.admit(registration, now, others):
            raise NoPlaceThere
        registration.held_until, registration.asked_from = held_until, asked_from


def _settle(registration: Registration, outcome: Outcome, moved: Moved, actor: str, now: datetime) -> None:
    """Put a registration that has lost its place on the waiting list, or into review with a mail to the person.

    An unconfirmed registration stays unchanged: confirming its address decides about place or waiting list.
    """
    if registration.status == Status.PENDING:
        return
    if moved.ends_review:
        registration.review_since = registration.answer_by = None
    if outcome in (Outcome.NO_PLACE, Outcome.REVIEWED):
        offers.end(registration, OfferEnd.MOVED, now=now)
    if outcome == Outcome.REVIEWED:
        registration.offer_expires_at = registration.waiting_since = None
        reviewing.begin(registration, moved=moved, now=now)
    elif outcome == Outcome.NO_PLACE:
        registration.offer_expires_at = None
        waiting_list.join(registration, now, actor=actor)


def _tell(
    registration: Registration, outcome: Outcome, moved: Moved, now: datetime, *, is_told_anew: bool
) -> None:
    """Mail a person who waits after losing a place, whose unsent mail named the old sector, or whose review ended.

    The last mail about the review of a change promised a decision, so the person is told that there will be none.
    """
    if is_told_anew:
        mails.queue_for_state(registration, why=offers.why_of(registration), now=now)
    elif outcome == Outcome.NO_PLACE and registration.status == Status.WAITING:
        mails.queue_waiting(registration, moved=moved, now=now)
    if moved.ends_review and outcome != Outcome.NO_PLACE:
        mails.queue_about_review(registration, reviewing.ENDED, moved=moved, now=now)
