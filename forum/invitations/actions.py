"""Making, withdrawing and ending invitations. Each rule locks the invitation's event first and reads afresh."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import joinedload

from forum.audit import actions as audit
from forum.events import queries as events
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.invitations import mails, queries, silence
from forum.invitations.enums import InvitationState
from forum.invitations.errors import AlreadyInvited, AlreadyRegistered, EventOver, NoPlaceToHold, NotOpen
from forum.invitations.models import Invitation
from forum.outbox import actions as outbox
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import names, places, waiting_list
from forum.registration import queries as registrations
from forum.registration.errors import NoPlaceFree
from forum.registration.models import Registration

# How long unaccepted invitations are kept after the event; accepted ones are deleted with their registration.
KEPT_AFTER_EVENT = timedelta(days=30)
# The states of mails whose content is still stored and that no worker is sending.
WITH_CONTENT = (MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.FAILED)


@dataclass(frozen=True)
class Invitee:
    """A person to invite, the language of the mail, and the organiser's personal words."""

    given_name: str
    family_name: str
    email: str
    organisation: str
    language: str
    words: str


@dataclass(frozen=True)
class Terms:
    """The terms of an invitation: deadline, held place or none, day of the reminder, whether it may be forwarded.

    With `exempt_from_rule` the person gets no reminder by the event's rule for people who do not answer.
    """

    expires_at: datetime
    holds_place: bool = False
    remind_at: datetime | None = None
    may_forward: bool = False
    exempt_from_rule: bool = False


def invite(
    event: Event, sector: Sector, invitee: Invitee, terms: Terms, *, user_id: int | None, now: datetime
) -> Invitation:
    """Invite a person; the worker sends the mail. Call after `start_write`. Without `user_id` a command invites.

    Raises EventOver, AlreadyInvited, AlreadyRegistered, NoPlaceToHold.
    """
    places.lock(event)
    if events.is_off(event, now):
        raise EventOver
    canonical = names.canonical_email(invitee.email)
    if queries.find_open(event, canonical):
        raise AlreadyInvited
    if live := registrations.find_confirmed(event, canonical):
        raise AlreadyRegistered(live)
    if terms.holds_place:
        waiting_list.offer_free_places(event, now=now)
    return add(event, sector, invitee, terms, user_id=user_id, now=now)


def add(
    event: Event, sector: Sector, invitee: Invitee, terms: Terms, *, user_id: int | None, now: datetime
) -> Invitation:
    """Add an invitation. The caller has locked the event and checked that the person may be invited.

    The caller has also offered free places to the people who wait for them. Raises NoPlaceToHold.
    """
    invitation = Invitation(
        event=event,
        sector=sector,
        email_canonical=names.canonical_email(invitee.email),
        state=InvitationState.OPEN,
        made_at=now,
        made_by=user_id,
        **vars(terms),
        **vars(invitee),
    )
    if terms.holds_place:
        hold(sector, now)
    db.session.add(invitation)
    db.session.flush()
    actor = "command" if user_id is None else f"user:{user_id}"
    told = {"sector": sector.key, "place": terms.holds_place}
    audit.record("invitation.made", invitation, actor=actor, at=now, **told)
    return invitation


def withdraw(invitation: Invitation, *, actor: str, now: datetime) -> None:
    """Withdraw an open invitation; its link shows that, and unsent mails are cancelled. Raises NotOpen."""
    lock_open(invitation)
    end(invitation, InvitationState.WITHDRAWN, now=now)
    audit.record("invitation.withdrawn", invitation, actor=actor, at=now)
    waiting_list.offer_free_places(invitation.event, now=now)


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the open invitations whose deadline has passed, except invitations to cancelled events."""
    return queries.list_due(now)


def expire(invitation_id: int, *, now: datetime) -> int:
    """End an invitation whose deadline has passed. Return 1, or 0 if the invitation has ended already."""
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None:
        return 0
    places.lock(invitation.event)
    db.session.refresh(invitation)
    is_over = invitation.expires_at <= now and not invitation.event.cancelled_at
    if invitation.state != InvitationState.OPEN or not is_over:
        return 0
    end(invitation, InvitationState.EXPIRED, now=now)
    audit.record("invitation.expired", invitation, actor="worker", at=now)
    waiting_list.offer_free_places(invitation.event, now=now)
    return 1


def prolong_open(event: Event, pause: timedelta, *, now: datetime) -> None:
    """Prolong the event's open invitations by the time during which the event was cancelled and nobody could answer.

    A reminder by the event's rule that fell into that time is put off by the same time.
    """
    mine = Invitation.event_id == event.id, Invitation.state == InvitationState.OPEN
    both = joinedload(Invitation.message), joinedload(Invitation.reminder)
    for invitation in db.session.scalars(select(Invitation).where(*mine).options(*both)):
        until = max(invitation.expires_at, min(invitation.expires_at + pause, event.ends_at))
        if invitation.remind_at and not invitation.reminded_at:
            invitation.remind_at += until - invitation.expires_at
        invitation.expires_at = until
        mails.let_leave_until_deadline(invitation)
    for number, at in silence.list_moments(event, now).items():
        if now - pause < at <= now:
            db.session.get_one(Invitation, number).remind_at = at + pause


def may_return(invitation: Invitation, now: datetime) -> bool:
    """Return whether the invitation can be answered again if its event, which is cancelled, takes place after all."""
    event = invitation.event
    is_paused = event.cancelled_at is not None and event.cancelled_at < invitation.expires_at
    return is_paused and invitation.state == InvitationState.OPEN and not events.is_over(event, now)


def move_to(sector: Sector, into: Sector) -> None:
    """Move the invitations of a sector to the sector into which it is merged; the caller has locked the event."""
    for invitation in db.session.scalars(select(Invitation).where(Invitation.sector_id == sector.id)):
        invitation.sector = into
    db.session.flush()


def forget_unanswered(*, now: datetime) -> int:
    """Delete invitations that led to no registration, with their mails, 30 days after the event; return how many."""
    over = select(Event.id).where(Event.ends_at <= now - KEPT_AFTER_EVENT)
    old = Invitation.event_id.in_(over), Invitation.registration_id.is_(None)
    return _delete(*old)


def forget_of(
    registration: Registration, *, answered_by: Collection[int] = (), before: datetime | None = None
) -> None:
    """Delete the invitations of the person's address to the event, with their mails.

    An invitation that a registration has answered is deleted only if that registration's id is among `answered_by`: the
    person may have another address now. With `before`, invitations made at that moment or later stay.

    The caller has locked the event, has recorded nothing in the audit trail yet, and offers places that become free.
    """
    invited = [
        one
        for one in queries.list_of(registration)
        if (before is None or one.made_at < before) and one.registration_id in (None, *answered_by)
    ]
    for invitation in invited:
        _forget_name_in_mail(invitation)
        if invitation.holds_place:
            places.give_back(invitation.sector)
            invitation.holds_place = False
    db.session.flush()
    _delete(Invitation.id.in_([invitation.id for invitation in invited]))


def lock_open(invitation: Invitation, now: datetime | None = None) -> None:
    """Lock the event and read the invitation afresh. Raises NotOpen for an invitation that has ended.

    With `now`, an invitation past its deadline or event counts as ended, too, even if the worker has not ended it yet.
    """
    places.lock(invitation.event)
    db.session.refresh(invitation)
    is_late = now is not None and (invitation.expires_at <= now or events.is_off(invitation.event, now))
    if invitation.state != InvitationState.OPEN or is_late:
        raise NotOpen


def hold(sector: Sector, now: datetime) -> None:
    """Hold a place of the sector for somebody who is invited; the caller has locked the event. Raises NoPlaceToHold."""
    try:
        places.reserve(sector, now)
    except NoPlaceFree:
        raise NoPlaceToHold from None


def end(invitation: Invitation, state: InvitationState, *, now: datetime) -> None:
    """End an invitation, free the place that it holds, and cancel its unsent mails.

    Call this before anything is recorded in the audit trail; the caller then offers the place to waiting people.
    """
    if invitation.holds_place:
        places.give_back(invitation.sector)
    invitation.state, invitation.ended_at, invitation.holds_place = state, now, False
    take_back_mail(invitation)


def take_back_mail(invitation: Invitation) -> None:
    """Cancel the invitation's unsent mails. Call this before anything is recorded in the audit trail."""
    both = invitation.message_id, invitation.reminder_id
    mine: Select = select(OutboxMessage.id).where(OutboxMessage.id.in_(both))
    outbox.take_back_messages(mine, AbortReason.OUTDATED)


def _forget_name_in_mail(invitation: Invitation) -> None:
    """Delete the colleague's unsent mail, which names the person who forwarded the invitation; a new mail is made."""
    colleagues = invitation.forwarded_to
    if colleagues is None or colleagues.state != InvitationState.OPEN:
        return
    mine = OutboxMessage.id == colleagues.message_id, OutboxMessage.status.in_(WITH_CONTENT)
    if db.session.scalars(delete(OutboxMessage).where(*mine).returning(OutboxMessage.id)).all():
        db.session.refresh(colleagues)
        colleagues.link_digest = None


def _delete(*which: ColumnElement[bool]) -> int:
    for column in (Invitation.message_id, Invitation.reminder_id):
        mailed = select(column).where(*which, column.is_not(None))
        db.session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(mailed)))
    return len(db.session.scalars(delete(Invitation).where(*which).returning(Invitation.id)).all())
