"""Queueing the mails of invitations, a few at a time, each in a transaction of its own.

The invitation's link and its mail are stored together: a worker that is killed leaves neither a second mail nor an
invitation without a mail (R12). The outbox holds at most AT_ONCE untried mails of invitations, so that an invitation
that is withdrawn soon is mostly never mailed, and no other mail has to wait.
"""

from collections.abc import Sequence
from datetime import datetime

from forum.events.models import Event
from forum.extensions import db
from forum.invitations import mails, queries
from forum.invitations.enums import InvitationState
from forum.invitations.models import Invitation
from forum.registration import places

AT_ONCE = 50


def is_to_come(event: Event) -> bool:
    """Return whether mails of the event's invitations may be sent: the event is public and not cancelled."""
    return event.is_published and event.cancelled_at is None


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the invitations whose mails may go to the outbox now."""
    room = AT_ONCE - queries.count_in_line()
    return queries.list_unsent(room, now) if room > 0 else []


def queue_one(invitation_id: int, *, now: datetime) -> int:
    """Queue an invitation's mail; return how many mails were queued.

    Does nothing when the invitation was withdrawn meanwhile, when the event is not public or was cancelled, or when
    another worker has been faster.
    """
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None:
        return 0
    places.lock(invitation.event)
    db.session.refresh(invitation)
    is_due = invitation.state == InvitationState.OPEN and invitation.expires_at > now
    if not is_due or invitation.link_digest is not None or not is_to_come(invitation.event):
        return 0
    mails.queue(invitation, now=now)
    return 1
