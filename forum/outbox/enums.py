"""The states and priorities of a mail, and the reasons for cancelling one."""

from enum import IntEnum, StrEnum


class MessageStatus(StrEnum):
    """The state of a mail.

    queued → inflight → sent | awaiting_retry (→ inflight again) | failed (dead letter); withheld and aborted mails are
    never sent.
    """

    QUEUED = "queued"
    INFLIGHT = "inflight"
    AWAITING_RETRY = "awaiting_retry"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"
    ABORTED = "aborted"


class Lane(IntEnum):
    """The priority of a mail: now, while a person waits for it at the screen; soon, for news; bulk, for mass mail."""

    NOW = 1
    SOON = 2
    BULK = 3


class AbortReason(StrEnum):
    """Why a mail was cancelled; a fixed list, so that no name gets into the audit trail."""

    ADDRESS_WRONG = "address_wrong"
    TOLD_OTHERWISE = "told_otherwise"
    NOT_NEEDED = "not_needed"
    OUTDATED = "outdated"  # the forum itself has cancelled the mail, because a change has made it outdated


class SuppressionCause(StrEnum):
    """Why mail to many leaves an address out."""

    BOUNCED = "bounced"  # mail to the address comes back as undeliverable for good
    COMPLAINED = "complained"  # the recipient has marked a mail as unwanted
