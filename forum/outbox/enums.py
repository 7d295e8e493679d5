"""The life of a mail, and how urgent one is."""

from enum import IntEnum, StrEnum


class MessageStatus(StrEnum):
    """queued → inflight → sent | awaiting_retry → … | failed (dead letter); withheld and aborted never leave."""

    QUEUED = "queued"
    INFLIGHT = "inflight"
    AWAITING_RETRY = "awaiting_retry"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"
    ABORTED = "aborted"


class Lane(IntEnum):
    """now: a person waits for it before the screen; soon: somebody should know; bulk: many at once, without hurry."""

    NOW = 1
    SOON = 2
    BULK = 3


class AbortReason(StrEnum):
    """Why a mail was taken back; an organiser chooses from these, so that the reason holds no name."""

    ADDRESS_WRONG = "address_wrong"
    TOLD_OTHERWISE = "told_otherwise"
    NOT_NEEDED = "not_needed"
    OUTDATED = "outdated"  # the forum itself: what the mail says holds no longer
