"""The states of a person whom a contact has named, and the purposes of a contact's links."""

from enum import StrEnum


class DelegateState(StrEnum):
    """The state of a person of a delegation: that they have a registration, or why they have none."""

    NAMED = "named"  # the contact has named the person, and has not confirmed the delegation yet
    REGISTERED = "registered"  # the person has a registration, whose status counts from now on
    ASKED = "asked"  # the address is registered for the event already, which only its owner learns (S24)
    LEFT_OUT = "left_out"  # the person was not registered: there was neither a place nor a waiting list
    WITHDRAWN = "withdrawn"  # the contact has withdrawn the person before the person had confirmed


class ContactLink(StrEnum):
    """What a link to the contact of a delegation is for; each does one thing only (S19)."""

    CONFIRM = "confirm"
    MANAGE = "manage"


class Prospect(StrEnum):
    """What would happen to a person whom the contact registers or adds now.

    With PLACE, WAITS and REVIEW the person is registered; the others say why nobody can be added.
    """

    PLACE = "place"
    WAITS = "waits"
    REVIEW = "review"
    TOO_MANY = "too_many"  # nobody can be added: the delegation has the most people that one may have
    CLOSED = "closed"  # nobody can be added: registration is not open
    INVITATION = "invitation"  # nobody can be added: the sector takes people by invitation only
    FULL = "full"  # nobody can be added: there is neither a place nor a waiting list


ADMITTED = (Prospect.PLACE, Prospect.WAITS, Prospect.REVIEW)
