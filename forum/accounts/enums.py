"""The roles of organisers and the purposes of one-time links."""

from enum import StrEnum


class Role(StrEnum):
    """What an organiser may do, for one event or for all of them (see `Membership`)."""

    ADMIN = "admin"
    ORGANISER = "organiser"
    REGISTRAR = "registrar"
    REVIEWER = "reviewer"
    VIEWER = "viewer"
    EDITOR = "editor"
    MAILER = "mailer"
    DOOR = "door"
    CARE = "care"
    PROTECTED_HANDLER = "protected_handler"


class LinkPurpose(StrEnum):
    """What a one-time link is for; it cannot be used for another purpose (S19)."""

    WELCOME = "welcome"  # printed by a command or mailed with an invitation: sets the first password
    RESET = "reset"  # mailed to an organiser who forgot the password: sets a new one
    SECOND_FACTOR = "second_factor"  # kept in the session cookie between the password and the code
    ADD_PASSKEY = "add_passkey"  # kept in the session cookie: the challenge that a new passkey answers
    USE_PASSKEY = "use_passkey"  # kept in the session cookie: the challenge that a passkey signs
    DEMO = "demo"  # printed at the demo's start: opens the console
