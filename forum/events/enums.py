"""How a sector takes registrations, and what a calendar says of an event."""

from enum import StrEnum


class SectorPolicy(StrEnum):
    """open: first come; review: a person decides; invitation: not by the public form."""

    OPEN = "open"
    REVIEW = "review"
    INVITATION = "invitation"


class EntryStatus(StrEnum):
    """What a calendar's entry says of the person's place (RFC 5545, 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
