"""What has become of a person whom a contact has named, and what a contact's links are for."""

from enum import StrEnum


class DelegateState(StrEnum):
    """How a person of a delegation stands who has no registration, and that one has."""

    NAMED = "named"  # the contact has not confirmed yet
    REGISTERED = "registered"  # the registration says how the person stands
    ASKED = "asked"  # the address is registered for the event already, which only its owner is told (S24)
    LEFT_OUT = "left_out"  # there was neither a place nor a waiting list
    WITHDRAWN = "withdrawn"  # by the contact, before the person had confirmed


class ContactLink(StrEnum):
    """What a link to the contact of a delegation is for; each does one thing only (S19)."""

    CONFIRM = "confirm"
    MANAGE = "manage"


class Prospect(StrEnum):
    """What would become of a person whom the contact names now; below the first three, why nobody can be named."""

    PLACE = "place"
    WAITS = "waits"
    REVIEW = "review"
    TOO_MANY = "too_many"  # the delegation has as many people as one may have
    CLOSED = "closed"  # registration is not open
    INVITATION = "invitation"  # the sector takes people by invitation only
    FULL = "full"  # there is neither a place nor a waiting list


ADMITTED = (Prospect.PLACE, Prospect.WAITS, Prospect.REVIEW)
