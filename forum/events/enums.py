"""How a sector takes registrations."""

from enum import StrEnum


class SectorPolicy(StrEnum):
    """open: first come; review: a person decides; invitation: not by the public form."""

    OPEN = "open"
    REVIEW = "review"
    INVITATION = "invitation"
