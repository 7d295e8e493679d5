"""Forwarding an invitation: the person's invitation ends, and a colleague gets a new invitation.

Organisers must have allowed it, and the colleague's invitation cannot be forwarded again unless they allow that, too.
The colleague's invitation has the sector, the deadline and the held place of the first one; the place is never counted
twice. The organisers' personal words are not passed on.

Nobody is told whether the colleague is known (S24), and no mailbox gets more than one message from this: an address
that is registered, or whose newest invitation is in any state but expired, is not invited again. A held place then goes
to the colleague's open invitation if that is for the same sector and holds no place. Else it is held, for nobody, until
the last day of the forwarded invitation: a place that became free at once would show in the public numbers, and so tell
the sender that the colleague is known.
"""

from dataclasses import dataclass
from datetime import datetime

from forum.audit import actions as audit
from forum.extensions import db
from forum.invitations import actions, queries
from forum.invitations.enums import InvitationState
from forum.invitations.errors import AlreadyRegistered, NotForwardable, OwnAddress
from forum.invitations.models import Invitation
from forum.registration import bare_holds, names, waiting_list
from forum.registration import queries as registrations


@dataclass(frozen=True)
class Colleague:
    """The colleague to whom an invitation is forwarded, and the language of the mail."""

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
    # The place goes on to the colleague's invitation below: `actions.end` must not free it.
    invitation.holds_place = False
    actions.end(invitation, InvitationState.FORWARDED, now=now)
    invitation.opened_at = invitation.opened_at or now
    known = queries.find_newest(event, canonical)
    is_registered = registrations.find_confirmed(event, canonical) is not None
    if not is_registered and (known is None or known.state == InvitationState.EXPIRED):
        known = _invite(invitation, colleague, holds_place=was_held, now=now)
    elif was_held and not (not is_registered and _takes_place(known, invitation)):
        bare_holds.hold(invitation.sector, until=invitation.expires_at, now=now)
    invitation.forwarded_to = known
    db.session.flush()
    audit.record("invitation.forwarded", invitation, actor="person", at=now)
    waiting_list.offer_free_places(event, now=now)


def _invite(invitation: Invitation, colleague: Colleague, *, holds_place: bool, now: datetime) -> Invitation:
    """Add the colleague's invitation, with the forwarded one's terms about reminders; the worker mails it."""
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
        exempt_from_rule=invitation.exempt_from_rule,
        holds_place=holds_place,
        from_colleague=True,
        words="",
        **vars(colleague),
    )
    db.session.add(added)
    db.session.flush()
    return added


def _takes_place(known: Invitation | None, invitation: Invitation) -> bool:
    """Let the colleague's invitation `known` hold the forwarded one's place, if it can; return whether it does."""
    if known is None or known.state != InvitationState.OPEN or known.holds_place:
        return False
    known.holds_place = known.sector_id == invitation.sector_id
    return known.holds_place
