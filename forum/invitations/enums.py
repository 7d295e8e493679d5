"""The states of an invitation."""

from enum import StrEnum


class InvitationState(StrEnum):
    """The stored state of an invitation: open, or how it has ended."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FORWARDED = "forwarded"  # the person let a colleague come instead


class Standing(StrEnum):
    """The state of an invitation as organisers read it: an open one also says whether its mail was sent."""

    WAITING = "waiting"  # its mail has not left yet
    SENT = "sent"
    OPENED = "opened"  # somebody has begun to answer, and has not finished
    FAILED = "failed"  # its mail is a dead letter, or was put aside
    YES = "yes"
    NO = "no"
    FORWARDED = "forwarded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
