"""Errors that say why a delegation is refused; the views put them into words."""


class DelegationRefused(Exception):
    """The delegation is not registered, and nothing has changed."""


class NotAllFit(DelegationRefused):
    """All or nobody was chosen, and only `free` of the people would get a place now."""

    def __init__(self, free: int) -> None:
        super().__init__(type(self).__doc__)
        self.free = free


class DelegationConfirmed(DelegationRefused):
    """The delegation is registered already, by this link or by another form of the same contact."""


class SectorRefuses(DelegationRefused):
    """The sector has been closed, or takes people by invitation only since the form was sent."""


class NotTheirs(Exception):
    """The contact cannot do this: the person manages the registration themselves, or it has ended."""
