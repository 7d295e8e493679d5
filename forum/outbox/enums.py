"""The life of a mail."""

from enum import StrEnum


class MessageStatus(StrEnum):
    """queued → inflight → sent | awaiting_retry → … | failed (dead letter); withheld and aborted never leave."""

    QUEUED = "queued"
    INFLIGHT = "inflight"
    AWAITING_RETRY = "awaiting_retry"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"
    ABORTED = "aborted"
