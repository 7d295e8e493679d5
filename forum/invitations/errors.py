"""Errors that say why an invitation is refused; the views put them into words."""

from typing import Any


class InvitationRefused(Exception):
    """The invitation cannot be made or answered, and nothing has changed."""


class EventOver(InvitationRefused):
    """The event is over: nobody is invited, and nobody can answer."""


class AlreadyInvited(InvitationRefused):
    """The address has an open invitation to the event."""


class AlreadyRegistered(InvitationRefused):
    """The address has a live `registration` for the event."""

    def __init__(self, registration: Any) -> None:
        super().__init__(type(self).__doc__)
        self.registration = registration


class NoPlaceToHold(InvitationRefused):
    """No place of the sector is free, so none can be held for the person."""


class SectorGone(InvitationRefused):
    """The sector that was chosen has been merged into another one, or removed, since the form was shown."""


class NotForwardable(InvitationRefused):
    """The organisers have not allowed that the invitation is passed on."""


class OwnAddress(InvitationRefused):
    """The invited person has named their own address as the colleague's."""


class NotOpen(InvitationRefused):
    """The invitation has been answered, withdrawn, or its time is over."""
