"""Letting a colleague come instead: the person's invitation ends, and the colleague gets one of their own.

Only where the organisers have allowed it, and only once: the colleague's invitation goes no further unless they allow
that, too. It has the sector and last day of the first one, and its place if one is held, which is counted once all the
time. The organisers' personal words stay with the person to whom they were written.

Nobody is told whether the colleague is known (S24), and no mailbox gets more than one message from this: an address
that is registered, has said no, or has an invitation already gets no other one. A place that is held then goes to the
invitation that is open in the same sector and holds none, or is free for whoever waits.
"""

from dataclasses import dataclass
from datetime import datetime

from forum.audit import actions as audit
from forum.extensions import db
from forum.invitations import actions, queries
from forum.invitations.enums import InvitationState
from forum.invitations.errors import AlreadyRegistered, NotForwardable, OwnAddress
from forum.invitations.models import Invitation
from forum.registration import names, places, waiting_list
from forum.registration import queries as registrations


@dataclass(frozen=True)
class Colleague:
    """Who shall come instead, and the language in which they are written to."""

    given_name: str
    family_name: str
    email: str
    organisation: str
    language: str


def forward(invitation: Invitation, colleague: Colleague, *, now: datetime) -> None:
    """End the invitation and invite the colleague. Call after `start_write`.

    Raises NotOpen, NotForwardable, OwnAddress, AlreadyRegistered.
    """
    actions.lock_open(invitation, now)
    event, canonical = invitation.event, names.canonical_email(colleague.email)
    if not invitation.may_forward:
        raise NotForwardable
    if canonical == invitation.email_canonical:
        raise OwnAddress
    if live := registrations.find_confirmed(event, invitation.email_canonical):
        raise AlreadyRegistered(live)
    was_held = invitation.holds_place
    # The place goes over to the colleague below: it must not be counted as free in between.
    invitation.holds_place = False
    actions.end(invitation, InvitationState.FORWARDED, now=now)
    invitation.opened_at = invitation.opened_at or now
    known = queries.find_newest(event, canonical)
    is_registered = registrations.find_confirmed(event, canonical) is not None
    if not is_registered and (known is None or known.state == InvitationState.EXPIRED):
        known = _invite(invitation, colleague, holds_place=was_held, now=now)
    elif was_held and not (not is_registered and _takes_place(known, invitation)):
        places.give_back(invitation.sector)
    invitation.forwarded_to = known
    db.session.flush()
    audit.record("invitation.forwarded", invitation, actor="person", at=now)
    waiting_list.offer_free_places(event, now=now)


def _invite(invitation: Invitation, colleague: Colleague, *, holds_place: bool, now: datetime) -> Invitation:
    """Add the colleague's invitation; the worker mails it. A reminder that is still to come is the colleague's, too."""
    remind_at = invitation.remind_at
    added = Invitation(
        event=invitation.event,
        sector=invitation.sector,
        email_canonical=names.canonical_email(colleague.email),
        state=InvitationState.OPEN,
        made_at=now,
        made_by=invitation.made_by,
        expires_at=invitation.expires_at,
        remind_at=remind_at if remind_at and remind_at > now else None,
        holds_place=holds_place,
        from_colleague=True,
        words="",
        **vars(colleague),
    )
    db.session.add(added)
    db.session.flush()
    return added


def _takes_place(known: Invitation | None, invitation: Invitation) -> bool:
    """Let an open invitation of the same sector hold the place; return whether it does."""
    if known is None or known.state != InvitationState.OPEN or known.holds_place:
        return False
    known.holds_place = known.sector_id == invitation.sector_id
    return known.holds_place
