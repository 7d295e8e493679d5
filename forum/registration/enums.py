"""The life of a registration, what a link may do and what a person may consent to."""

from enum import StrEnum


class Status(StrEnum):
    """See docs/architecture.md, "The registration's life"."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    WAITING = "waiting"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DECLINED = "declined"


LIVE = (Status.PENDING, Status.IN_REVIEW, Status.WAITING, Status.OFFERED, Status.CONFIRMED)
ENDED = (Status.CANCELLED, Status.EXPIRED, Status.DECLINED)


class TokenPurpose(StrEnum):
    """A link does one thing only (S19)."""

    CONFIRM = "confirm"
    MANAGE = "manage"


class ConsentPurpose(StrEnum):
    """Separate, optional and withdrawable (P03)."""

    PARTICIPANT_LIST = "participant_list"
    PHOTOGRAPHS = "photographs"
