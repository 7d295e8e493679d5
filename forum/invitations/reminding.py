"""Reminders of unanswered invitations: one for each, some days before the deadline or when organisers ask for it.

The worker queues reminders like invitations: a few at a time, each in a transaction of its own. The links of the
invitation and of its reminder both work.
"""

from collections.abc import Sequence
from datetime import datetime

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import mails, queries, silence
from forum.invitations.enums import InvitationState
from forum.invitations.expected import lock_all
from forum.invitations.models import Invitation
from forum.invitations.sending import AT_ONCE, is_to_come
from forum.registration import places


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the invitations whose reminders may go to the outbox now."""
    room = AT_ONCE - queries.count_in_line()
    if room <= 0:
        return []
    chosen = queries.list_to_remind(room, now)
    return [*chosen, *silence.list_due(now)[: room - len(chosen)]]


def queue_one(invitation_id: int, *, now: datetime) -> int:
    """Queue the reminder of an invitation; return how many mails were queued.

    Does nothing when the invitation was answered, withdrawn or has ended meanwhile, when the event is not public or was
    cancelled, or when another worker has been faster.
    """
    invitation = db.session.get(Invitation, invitation_id)
    if invitation is None:
        return 0
    places.lock(invitation.event)
    db.session.refresh(invitation)
    is_open = invitation.state == InvitationState.OPEN and invitation.expires_at > now
    is_due = invitation.remind_at <= now if invitation.remind_at else silence.is_due(invitation, now)
    if not is_open or not is_due or invitation.reminded_at or not is_to_come(invitation.event):
        return 0
    invitation.reminded_at = now
    mails.queue_reminder(invitation, now=now)
    audit.record("invitation.reminded", invitation, actor="worker", at=now)
    return 1


def ask(event: Event, *, expected: int, actor: str, now: datetime) -> int:
    """Make the worker remind everybody who has neither answered nor been reminded; return how many people.

    Nobody is reminded if the number is not `expected`, which the organiser has read. Raises EventOver.
    """
    silent = lock_all(event, queries.silent, expected=expected, now=now)
    for invitation in silent:
        invitation.remind_at = now
        audit.record("invitation.reminder_asked", invitation, actor=actor, at=now)
    return len(silent)
