"""Actions on a registration after it is received: confirming, changing, accepting an offer, cancelling."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.events import freezing
from forum.events import queries as events
from forum.extensions import db
from forum.registration import (
    answers,
    belonging,
    caps,
    deadlines,
    ending,
    given,
    links,
    mails,
    offers,
    places,
    queries,
    reviewing,
    settling,
    suppressions,
    views_naming,
    waiting_list,
)
from forum.registration import consents as consenting
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, OfferEnd, Status, TokenPurpose
from forum.registration.errors import (
    AlreadyConfirmed,
    NothingOffered,
    NotLive,
    SectorFull,
    StateChanged,
)
from forum.registration.given import Answered
from forum.registration.models import Registration, Submission

# The actors whose changes are refused after the freeze date, and may be reviewed: the person, a delegation's contact.
CONTACT = "contact"
THEMSELVES = ("person", CONTACT)


def confirm_by_link(
    token: str,
    consents: frozenset[ConsentPurpose],
    *,
    listed: Listed | None = None,
    now: datetime,
) -> Registration:
    """Confirm the address, and the answers that belong to this link. Raises LinkRefused and what `confirm` raises.

    Call after `start_write`. The link is looked up again once the event is locked: the transaction that held the lock
    before may have ended the link (S20).
    """
    registration = links.follow(token, TokenPurpose.CONFIRM, now=now)
    places.lock(registration.event)
    submission = links.find_submission(token, now=now)
    return confirm(registration, submission, consents=consents, listed=listed, now=now)


def confirm(
    registration: Registration,
    submission: Submission | None = None,
    *,
    consents: frozenset[ConsentPurpose] = frozenset(),
    listed: Listed | None = None,
    now: datetime,
) -> Registration:
    """Confirm the address and the answers of `submission`; the person then has a place, waits or is reviewed.

    Only the person who reads the mail can give consents (P03). `listed` is the answer about the list of participants.
    Raises NotLive, SectorFull, and AlreadyConfirmed for a second call: of two presses of the button at once, only the
    first may sign anybody in (S21). Call after `start_write`, and only for a link that still works: the deadline is the
    link's own.
    """
    places.lock(registration.event)
    db.session.refresh(registration)
    is_too_late = registration.status == Status.PENDING and events.is_off(registration.event, now)
    if not registration.is_live or is_too_late:
        raise NotLive
    if registration.status != Status.PENDING:
        raise AlreadyConfirmed
    freed = answers.take_over(registration, submission, now=now)
    places.keep(registration)
    registration.confirmed_at = now
    _begin_calendar(registration, now)
    registration.consents = []
    settled = settling.settle(registration, now)
    consenting.give(registration, consents, listed, now=now)
    suppressions.note_reached(registration)
    audit.record("registration.address_confirmed", registration, actor="person", at=now)
    if reviewing.is_reviewed_once_confirmed(registration):
        reviewing.begin(registration, now=now)
    elif registration.holds_place or _takes_last_chance(registration, now):
        _stand(registration, now)
    else:
        _wait_or_stand(registration, now)
    reviewing.begin_again(registration, settled.changed, now=now)
    if freed or settled.has_freed:
        waiting_list.offer_free_places(registration.event, now=now)
    return registration


def open_link(token: str, *, now: datetime) -> None:
    """End the personal links that are older than the opened link, which has this token (S20). Raises LinkRefused."""
    places.lock(links.follow(token, TokenPurpose.MANAGE, now=now).event)
    links.end_older(token, now=now)


def accept_offer(registration: Registration, *, now: datetime) -> Registration:
    """Turn an offer into a place; a second call changes nothing. Raises NothingOffered."""
    places.lock(registration.event)
    db.session.refresh(registration)
    if registration.status == Status.CONFIRMED:
        return registration
    if registration.status != Status.OFFERED or deadlines.is_past_offer(registration, now):
        raise NothingOffered
    if registration.event.cancelled_at:
        raise NothingOffered
    registration.confirmed_at = registration.confirmed_at or now
    mails.take_back([registration], kind="offer-reminder")
    offers.end(registration, OfferEnd.ACCEPTED, now=now)
    _stand(registration, now)
    return registration


def cancel(registration: Registration, *, words: str = "", actor: str, now: datetime) -> Registration:
    """End the registration, free its place and offer it to the next person in line. Raises NotLive.

    The links of the registration no longer work (S20), but its calendar feed does. `words` are an organiser's own, for
    the mail to the person.
    """
    places.lock_live(registration)
    before = registration.status
    ending.end_what_leads_to(registration)
    ending.take_back_mails([registration])
    places.release(registration)
    registration.move_to(Status.CANCELLED, now=now)
    registration.ended_at = now
    registration.cancelled_from = None if before == Status.PENDING else before
    # For whoever has no address yet, the entered one is the only way to be told that the cancellation was undone.
    can_come_back = before != Status.PENDING and not registration.has_address
    links.revoke(registration, keeps_feed=True, keeps_entered=can_come_back, now=now)
    answers.forget(registration)
    offers.end(registration, OfferEnd.CANCELLED, now=now)
    how = {"left_line": before == Status.WAITING, "by_contact": actor == CONTACT}
    mails.queue_cancelled(registration, words=words, now=now, **how)
    audit.record("registration.cancelled", registration, actor=actor, at=now, was=before)
    waiting_list.offer_free_places(registration.event, now=now)
    return registration


def change(
    registration: Registration,
    details: Details,
    *,
    answered: Answered | None = None,
    actor: str,
    now: datetime,
) -> list[str]:
    """Change the details that a person may change, and answers to the event's own questions.

    Return the names of the changed fields and the keys of the questions whose answers have changed.

    Raises NotLive, OrganisationFull, SeveralForms until the address is confirmed (`answers.find_carried`), and
    AnswersFrozen for the person or a delegation's contact (`events.freezing`).
    The audit trail has the names of the fields without their values (P28): organisers see which fields changed, and
    may ask the person. Former values are kept, encrypted, only for fields that a review compares.
    """
    places.lock_live(registration)
    if actor in THEMSELVES:
        freezing.refuse_if_frozen(registration.event, now)
    _refuse_if_organisation_full(registration, details)
    changed = [name for name in CHANGEABLE if getattr(registration, name) != getattr(details, name)]
    before = {name: getattr(registration, name) for name in changed}
    wanted = {name: getattr(details, name) for name in changed}
    answers.carry(registration, wanted)
    for name in changed:
        setattr(registration, name, wanted[name])
    asked = given.change(registration, answered, now=now) if answered else []
    if changed:
        answers.derive(registration)
        views_naming.forget_former(registration, before, now=now)
    if changed or asked:
        _record_change(registration, changed, asked, before, actor, now)
    if "organisation" in changed:
        waiting_list.offer_free_places(registration.event, now=now)
    return [*changed, *asked]


def set_consents(
    registration: Registration,
    wanted: frozenset[ConsentPurpose],
    *,
    listed: Listed | None = None,
    now: datetime,
) -> None:
    """Give or withdraw consents, with immediate effect (P04). Raises NotLive."""
    places.lock_live(registration)
    consenting.put(registration, wanted, listed, now=now)


def resend(registration: Registration, *, actor: str, now: datetime, kind: str | None = None) -> str:
    """Send the mail for the registration's status again, with a fresh link, and return its kind.

    Raises NotLive, also after the event, and StateChanged when the status now needs another mail than `kind`, the time
    to accept the offered place is over, or there is no address.
    Sending ends no link: the mail may never arrive, and each confirming link has answers of its own.
    Older personal links end when the fresh one is opened (S20). A confirming link carries the answers sent last.
    """
    places.lock_live(registration)
    if events.is_off(registration.event, now):
        raise NotLive
    fitting = mails.kind_for_state(registration, now)
    if fitting is None or kind not in (None, "", fitting):
        raise StateChanged
    form, why = queries.find_last_form(registration), offers.why_of(registration)
    message = mails.queue_for_state(registration, form, why=why, now=now)
    if message is None:
        raise StateChanged
    audit.record("registration.mail_resent", registration, actor=actor, at=now)
    return message.kind


def _refuse_if_organisation_full(registration: Registration, details: Details) -> None:
    """Raise OrganisationFull if the change would move a held place to an organisation that has reached its cap."""
    key = belonging.key_of(registration.event, details.organisation, registration.email_canonical)
    caps.refuse_if_full(registration, key)


def _record_change(
    registration: Registration,
    changed: Sequence[str],
    asked: Sequence[str],
    before: Mapping[str, Any],
    actor: str,
    now: datetime,
) -> None:
    """Record a change in the audit trail; a person's own one begins a review, or ends it by being taken back."""
    is_own = actor in THEMSELVES
    is_taken_back = is_own and reviewing.is_taken_back(registration, changed)
    if is_taken_back:
        mails.take_back([registration], kind=reviewing.BEGUN)
    told: dict[str, Any] = {"questions": asked} if asked else {}
    told |= reviewing.details_of_change(registration, before, now) if is_own else {}
    told |= {"review": reviewing.ENDS} if is_taken_back else {}
    audit.record("registration.changed", registration, actor=actor, at=now, fields=changed, **told)
    if is_taken_back:
        reviewing.end_of_taken_back(registration, now=now)
    elif is_own:
        reviewing.begin_again(registration, changed, now=now)


def _takes_last_chance(registration: Registration, now: datetime) -> bool:
    """If the event has no waiting list, give a place now or raise SectorFull; return whether a place was given."""
    if registration.event.has_waiting_list:
        return False
    if not places.admit(registration, now):
        raise SectorFull
    return True


def _wait_or_stand(registration: Registration, now: datetime) -> None:
    """Put a registration on the waiting list, or give it a place if one is free and nobody has waited longer."""
    waiting_list.join(registration, now)
    db.session.flush()
    if waiting_list.take_if_first(registration, now):
        _stand(registration, now)
    else:
        mails.queue_waiting(registration, now=now)


def _stand(registration: Registration, now: datetime) -> None:
    registration.move_to(Status.CONFIRMED, now=now)
    registration.waiting_since = registration.offer_expires_at = None
    mails.queue_confirmed(registration, now=now)
    audit.record("registration.confirmed", registration, actor="person", at=now)


def _begin_calendar(registration: Registration, now: datetime) -> None:
    """Give the calendar entry a higher sequence number than that of an earlier registration, which has the same UID."""
    earlier = queries.find_last_calendar_sequence(registration)
    registration.calendar_sequence = 0 if earlier is None else earlier + 1
    registration.calendar_changed_at = now
