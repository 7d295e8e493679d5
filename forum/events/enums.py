"""How a sector takes registrations, where that of an event stands, and what a calendar says of an event."""

from enum import StrEnum


class SectorPolicy(StrEnum):
    """open: first come; review: a person decides; invitation: not by the public form."""

    OPEN = "open"
    REVIEW = "review"
    INVITATION = "invitation"


class RegistrationState(StrEnum):
    """Where the registration of an event stands (`events.queries.registration_state`)."""

    ARCHIVE = "archive"  # the site is about another event now
    UNPUBLISHED = "unpublished"
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


class EntryStatus(StrEnum):
    """What a calendar's entry says of the person's place (RFC 5545, 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
