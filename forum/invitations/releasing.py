"""Invitations that may have left before a restore: they wait until an organiser sends them (R12).

The backup has no mails of these invitations. If a mail left after the backup, its link is unknown now, and nobody can
answer by it. Only an organiser decides whether these people are mailed again (`commands.after_restore`).
"""

from datetime import datetime

from forum.audit import actions as audit
from forum.events.models import Event
from forum.invitations import queries
from forum.invitations.expected import lock_all


def release(event: Event, *, expected: int, actor: str, now: datetime) -> int:
    """Let the worker mail the event's paused invitations; return how many.

    Nothing is sent if the number is not `expected`, which the organiser has read. Raises EventOver.
    """
    released = lock_all(event, queries.paused, expected=expected, now=now)
    for invitation in released:
        invitation.link_digest = None
        audit.record("invitation.released", invitation, actor=actor, at=now)
    return len(released)
