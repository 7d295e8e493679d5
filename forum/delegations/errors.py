"""Errors that say why a delegation or a substitution is refused; the views put them into words."""

from datetime import datetime

from forum.delegations.enums import Prospect
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration


class DelegationRefused(Exception):
    """The delegation is not registered, and nothing has changed."""


class NotAllFit(DelegationRefused):
    """The contact wants places for all or nobody, and only `free` of the people would get one now."""

    def __init__(self, free: int) -> None:
        super().__init__(type(self).__doc__)
        self.free = free


class DelegationConfirmed(DelegationRefused):
    """The delegation is registered already, by this link or by another form of the same contact."""


class SectorRefuses(DelegationRefused):
    """The sector has been closed, or takes people by invitation only since the form was sent."""


class NotTheirs(Exception):
    """The contact cannot do this: the person manages the registration themselves, or the registration has ended."""


class SomebodyElse(Exception):
    """The page was about a person of the delegation in whose stead somebody else comes now."""


class CannotBeAdded(Exception):
    """Nobody can be added to the delegation now; `prospect` says why."""

    def __init__(self, prospect: Prospect) -> None:
        super().__init__(type(self).__doc__)
        self.prospect = prospect


class AddressNamed(Exception):
    """The person at this `position` of the delegation has the e-mail address already."""

    def __init__(self, position: int) -> None:
        super().__init__(type(self).__doc__)
        self.position = position


class StandsStill(LinkRefused):
    """The event is cancelled, so no substitute can take over a registration now."""


class TakenOver(LinkRefused):
    """The newcomer has confirmed by this link already; `successor` is their registration."""

    def __init__(self, successor: Registration) -> None:
        super().__init__(type(self).__doc__)
        self.successor = successor


class AskedAlready(Exception):
    """A link that is still valid was sent to the same address already."""

    def __init__(self, until: datetime) -> None:
        super().__init__(type(self).__doc__)
        self.until = until
