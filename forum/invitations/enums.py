"""The states of an invitation."""

from enum import StrEnum


class InvitationState(StrEnum):
    """The stored state of an invitation: open, or how it has ended."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FORWARDED = "forwarded"  # the invited person has passed the invitation on to a colleague


class Standing(StrEnum):
    """The state of an invitation as organisers read it: an open one also says whether its mail was sent."""

    WAITING = "waiting"  # the invitation's mail has not been sent yet
    PAUSED = "paused"  # the mail may have been sent before a restore, and waits for an organiser
    SENT = "sent"
    OPENED = "opened"  # somebody has begun to answer on the invitation's page, and has not finished
    FAILED = "failed"  # the invitation's mail has failed for good, or was dismissed
    YES = "yes"
    NO = "no"
    FORWARDED = "forwarded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
