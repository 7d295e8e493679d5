"""What has become of an invitation."""

from enum import StrEnum


class InvitationState(StrEnum):
    """What is stored of an invitation: it is open, or how it has ended."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FORWARDED = "forwarded"  # the person let a colleague come instead


class Standing(StrEnum):
    """What organisers read about an invitation: an open one also says how far its mail has come."""

    WAITING = "waiting"  # its mail has not left yet
    SENT = "sent"
    OPENED = "opened"  # somebody has begun to answer, and has not finished
    FAILED = "failed"  # its mail is a dead letter, or was put aside
    YES = "yes"
    NO = "no"
    FORWARDED = "forwarded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
