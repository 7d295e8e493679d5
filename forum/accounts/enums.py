"""What an organiser may do, and what a one-time link is for."""

from enum import StrEnum


class Role(StrEnum):
    """A role is held for one event, or for all of them when the membership names none."""

    ADMIN = "admin"
    ORGANISER = "organiser"
    MAILER = "mailer"
    DOOR = "door"
    CARE = "care"
    PROTECTED_HANDLER = "protected_handler"


class LinkPurpose(StrEnum):
    """A link serves one purpose and none of the others (S19)."""

    WELCOME = "welcome"  # from the command line: set a password
    RESET = "reset"  # by mail: set another password
    SECOND_FACTOR = "second_factor"  # in the browser's session: the password was right, the code is awaited
    DEMO = "demo"  # on the terminal: open the demo's console
