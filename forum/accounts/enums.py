"""What an organiser may do."""

from enum import StrEnum


class Role(StrEnum):
    """A role is held for one event, or for all of them when the membership names none."""

    ADMIN = "admin"
    ORGANISER = "organiser"
    MAILER = "mailer"
    DOOR = "door"
    CARE = "care"
    PROTECTED_HANDLER = "protected_handler"
