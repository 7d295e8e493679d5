"""Errors that say why an event cannot be made or changed; the views put them into words."""

from forum.columns import Text


class EventExists(Exception):
    """An event with this name begins on this day already: the form was sent twice, or by two people."""


class SlugRefused(Exception):
    """The short name is taken, or it has a form that no address can have."""


class OffSite(Exception):
    """The event was public, and its organiser has taken it off the site.

    `name` is its short name, `contact` the mail address for questions.
    """

    def __init__(self, name: Text, contact: str) -> None:
        super().__init__(type(self).__doc__)
        self.name, self.contact = name, contact


class PreviewEnded(Exception):
    """This browser has not opened a private link to the preview, or the link no longer works."""


class DaysRefused(Exception):
    """The days given for an event are not possible; `row` is the index of the wrong day, 0 for the first."""

    def __init__(self, row: int = 0) -> None:
        super().__init__(type(self).__doc__)
        self.row = row


class NoDays(DaysRefused):
    """No day was given, but an event has at least one."""


class DaysApart(DaysRefused):
    """A day does not follow upon the one before it."""


class HourMissing(DaysRefused):
    """The hour at which the first day starts, or at which the last day ends, is missing."""


class EndsBeforeStart(DaysRefused):
    """A day ends before it starts, or so late that the end belongs to another day."""


class NoSuchHour(DaysRefused):
    """An hour does not exist on this day, because the clocks go forward over it."""


class CannotCancel(Exception):
    """The event is over; or it is cancelled already, or, where the cancellation is to be undone, is not cancelled."""
