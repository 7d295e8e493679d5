"""Errors that say why a registration, a change or a link is refused; the views put them into words."""

from collections.abc import Sequence
from typing import Any


class RegistrationRefused(Exception):
    """A registration is refused; each subclass says why."""


class NoSuchSector(RegistrationRefused):
    """The event has no sector with this key, or there is no such event."""


class RegistrationClosed(RegistrationRefused):
    """Registration has not opened yet, or is over."""


class SectorClosed(RegistrationRefused):
    """The sector accepts nobody: its ceiling (most places) is 0."""


class SectorByInvitation(RegistrationRefused):
    """The sector takes people by invitation only."""


class SectorFull(RegistrationRefused):
    """No place is left and the event has no waiting list."""


class FormTooQuick(RegistrationRefused):
    """The form was sent faster than most people fill it in; it has to be sent once more (S28)."""


class SubmissionReused(RegistrationRefused):
    """The same form was sent again with other answers (R03)."""


class FormOfAnotherEvent(Exception):
    """The sent `form` was filled in for another event than its URL names now: another event is the current one."""

    def __init__(self, form: Any) -> None:
        super().__init__(type(self).__doc__)
        self.form = form


class FormOfMergedSector(Exception):
    """The sent `form` was filled in for a sector that has been merged into `sector`."""

    def __init__(self, form: Any, sector: Any) -> None:
        super().__init__(type(self).__doc__)
        self.form, self.sector = form, sector


class AnswersGone(RegistrationRefused):
    """The browser has no answers to check: they were never stored, or have expired."""


class NotLive(Exception):
    """The registration was cancelled, expired or declined, or its event is over: it can no longer be changed."""


class StateChanged(Exception):
    """The registration's state has changed since the organiser's page was shown."""


class NoAddress(StateChanged):
    """The person has no confirmed address, so no offer of a place can be sent."""


class SeveralForms(Exception):
    """Several forms were sent for an unconfirmed address; the one whose link is used first will count."""


class AlreadyConfirmed(Exception):
    """The address is confirmed already; the link's page says so, and shows nothing personal."""


class NothingOffered(Exception):
    """There is no offer to accept: it has run out or was never made."""


class NotInReview(Exception):
    """The registration is not in review: somebody else has decided about it, or it has ended."""


class CannotBeUndone(Exception):
    """A cancellation or a merge cannot be undone: it is too late, no place is free, or the address is taken again."""


class OrganisationFull(Exception):
    """The organisation already holds as many places as its cap allows, in all or in the sector."""


class NoPlaceThere(Exception):
    """The registration cannot keep its place in another sector: no place is free there, and waiting was not chosen."""


class SameAddress(Exception):
    """The new e-mail address is the one that the registration has."""


class SentWithOtherValues(Exception):
    """The form has made `registration` already, and was sent again with other values, as after the browser's Back."""

    def __init__(self, registration: Any) -> None:
        super().__init__(type(self).__doc__)
        self.registration = registration


class AddressTaken(Exception):
    """Another live `registration` of the event has this e-mail address (R04)."""

    def __init__(self, registration: Any) -> None:
        super().__init__(type(self).__doc__)
        self.registration = registration


class CapacityBelowTaken(Exception):
    """An event's capacity or a sector's ceiling (the most places it can get) cannot be lower than the places taken."""


class SharesDoNotFit(Exception):
    """A sector's floor (places kept for it) exceeds its ceiling (its limit), or the floors exceed the capacity."""


class LinkRefused(Exception):
    """A personal link is not valid: unknown, expired or revoked. There is one error for all three (S24)."""


class SignInEnded(LinkRefused):
    """This browser is not signed in to a registration, or not any longer: the person has to open a link."""


class SharesRefused(Exception):
    """The sectors' floors (places kept), ceilings (most places) or the capacity break a limit, which `faults` names."""

    def __init__(self, faults: Sequence[Any]) -> None:
        super().__init__("floors, ceilings and capacity break a limit")
        self.faults = faults


class SectorInUse(Exception):
    """A sector cannot be removed, because `number` registrations belong to it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{number} registrations belong to the sector")
        self.number = number


class LastSector(Exception):
    """The event's last sector cannot be removed: nobody could register otherwise."""


class NoPlaceFree(Exception):
    """The limits of the event, the sector or the organisation allow this person no place now."""


class WouldBeOfferedAgain(Exception):
    """Withdrawing the offer is useless: nobody else could take the place, so the same person would get it again."""


class DeadlineRefused(Exception):
    """An offer cannot last until this moment: it is past, earlier than before, or too near the event."""


class CannotBeMerged(Exception):
    """Two registrations cannot be merged: one has ended, is unconfirmed or restricted, or the event is over."""


class KeyIsAway(Exception):
    """The audit key with which a tombstone was made is not configured, so the person cannot be found."""

    def __init__(self, name: str):
        super().__init__(
            f"the audit key {name}, with which a tombstone was made, is not among FORUM_DATA_KEYS"
        )


class ViewGone(Exception):
    """The saved view has been deleted since it was read."""


class NameTaken(Exception):
    """The organiser has already saved another view of the event's attendee list under this name."""


class TooManyViews(Exception):
    """The organiser has as many saved views of the event's attendee list as there may be."""


class TooManyKept(Exception):
    """The organiser has as many prepared files of the event's attendee list as are kept."""


class TooManyChosen(Exception):
    """The choice would contain more people of the event's attendee list than one organiser may choose."""


class TooManyForPaper(Exception):
    """The list has more people than a door list can be made for at once."""


class NotSuppressed(Exception):
    """The address is not, or no longer, marked as one that messages to many leave out."""
