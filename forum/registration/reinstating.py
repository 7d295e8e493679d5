"""Undoing a cancellation within a day: the registration is restored, under the rules of places.

The person gets a place again only if one is free after waiting people have been offered theirs. A person who waited, or
had an offer, waits again by the time of registering. A review continues. Ended links stay invalid; the mail to the
person has a new one. The list of participants does not show the person again: they may have cancelled in order not to
be seen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from forum.audit import actions as audit
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.registration import caps, consents, mails, places, queries, reviewing, unconfirmed, waiting_list
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import CannotBeUndone
from forum.registration.models import Registration
from forum.registration.review_words import paragraphs

UNDO_TIME = timedelta(days=1)
MAIL = "reinstated"


def is_in_time(registration: Registration, now: datetime) -> bool:
    """Return whether the registration was cancelled so recently that undoing it can be tried."""
    was, ended_at = registration.cancelled_from, registration.ended_at
    if registration.status != Status.CANCELLED or was is None or ended_at is None:
        return False
    return now < ended_at + UNDO_TIME and not events.is_off(registration.event, now)


def foresee(registration: Registration, now: datetime, *, may_be_late: bool = False) -> Status | None:
    """Return the status that the registration would have again; None if its cancellation cannot be undone now.

    With `may_be_late`, for cancellations in a restored backup, the time limit does not count, and a person whose place
    somebody else has got waits. Nothing is stored: places are tried on a copy of the event.
    """
    was, ended_at = registration.cancelled_from, registration.ended_at
    if registration.status != Status.CANCELLED or was is None or ended_at is None:
        return None
    if not (may_be_late or is_in_time(registration, now)) or queries.find_confirmed(
        registration.event, registration.email_canonical
    ):
        return None
    if was == Status.CONFIRMED:
        if _would_take_place(registration, now):
            return Status.CONFIRMED
        if not may_be_late:
            return None
    if was == Status.IN_REVIEW:
        return Status.IN_REVIEW
    return Status.WAITING if places.takes_waiters(registration.event, now) else None


def reinstate(
    registration: Registration,
    *,
    words: str = "",
    is_merge: bool = False,
    may_be_late: bool = False,
    actor: str,
    now: datetime,
) -> Status:
    """Undo the cancellation and tell the person; return the status, after free places were offered.

    `is_merge` says that a merge with another registration ended this one. `may_be_late` lifts the time limit, for a
    restored backup. Raises CannotBeUndone.

    Call after `start_write`; after a refusal the caller has to roll back.
    """
    places.lock(registration.event)
    db.session.refresh(registration)
    mails.take_back([registration], kind="cancelled")
    unconfirmed.end(registration.event, registration.email_canonical, now=now)
    status = foresee(registration, now, may_be_late=may_be_late)
    if status is None or (status == Status.CONFIRMED and not _takes_place(registration, now)):
        raise CannotBeUndone
    # The database refuses a row whose status and place do not fit, so write nothing until both are set.
    with db.session.no_autoflush:
        earlier = queries.find_last_calendar_sequence(registration)
        registration.move_to(status, now=now)
        # The address may have a newer calendar entry by now: only an entry with a higher number replaces it.
        if earlier is not None:
            registration.calendar_sequence = max(registration.calendar_sequence, earlier + 1)
        registration.ended_at = registration.cancelled_from = registration.offer_expires_at = None
        registration.waiting_since = registration.requested_at if status == Status.WAITING else None
    action = "registration.separated" if is_merge else "registration.reinstated"
    # The review of a change goes on where it stood, while the registration has its place or rank again.
    review = {"review": reviewing.GOES_ON} if reviewing.is_change_reviewed(registration) else {}
    audit.record(action, registration, actor=actor, at=now, status=status, **review)
    consents.withdraw(registration, consents.LIST, actor=actor, now=now)
    waiting_list.offer_free_places(registration.event, now=now)
    # Send no mail about an event that is over or cancelled: a cancellation there is undone only in a restored backup.
    if not events.is_off(registration.event, now):
        tell(registration, words=words, is_merge=is_merge, now=now)
    return registration.status


def find_placed(event: Event, people: Sequence[Registration], now: datetime) -> set[int]:
    """Return the ids of those in `people` who would get their place again now if all were reinstated in this order.

    The caller has found that their cancellations can be undone. Nothing is stored: places are tried on a copy of the
    event.
    """
    trial = places.trial_of(event)
    for typed in unconfirmed.list_of(event, [one.email_canonical for one in people]):
        places.give_back_on_trial(trial, typed)
    waiting_list.count_offers_on_trial(trial, now)
    held = caps.held_by(event, {one.organisation_key for one in people})
    return {one.id for one in people if places.admit_on_trial(trial, one, now, held)}


def is_capped(registration: Registration) -> bool:
    """Return whether the registration's organisation has reached its cap."""
    key, sector_id = registration.organisation_key, registration.sector_id
    return not caps.has_room(registration.event, key, sector_id)


def tell(registration: Registration, *, words: str = "", is_merge: bool = False, now: datetime) -> None:
    """Queue the mail that says that the registration is restored, with a new link and the organisers' words."""
    more: dict[str, Any] = {"until": registration.offer_expires_at, "paragraphs": paragraphs(words)}
    mails.queue(registration, MAIL, now, leads_to=TokenPurpose.MANAGE, is_merge=is_merge, **more)


def _would_take_place(registration: Registration, now: datetime) -> bool:
    """Return whether a place is left for the registration once all waiting people have been offered theirs."""
    trial = places.trial_of(registration.event)
    if typed := unconfirmed.find(registration.event, registration.email_canonical):
        places.give_back_on_trial(trial, typed)
    waiting_list.count_offers_on_trial(trial, now)
    return places.admit_on_trial(trial, registration, now)


def _takes_place(registration: Registration, now: datetime) -> bool:
    """Offer free places to those in line, then take one that is left; return whether there was one."""
    waiting_list.offer_free_places(registration.event, now=now)
    with db.session.no_autoflush:
        return places.admit(registration, now)
