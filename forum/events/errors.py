"""Why an event is not made or not changed; the views word it for people."""


class EventExists(Exception):
    """There is an event with this name on these days already: the form was sent twice, or by two people."""


class SlugRefused(Exception):
    """The short name is taken, or it is none that an address can have."""


class DaysRefused(Exception):
    """The days of an event cannot be as they are given; `row` is the day that is wrong, 0 for the first."""

    def __init__(self, row: int = 0) -> None:
        super().__init__(type(self).__doc__)
        self.row = row


class NoDays(DaysRefused):
    """An event has at least one day."""


class DaysApart(DaysRefused):
    """A day does not follow upon the one before it."""


class HourMissing(DaysRefused):
    """The first day needs an hour at which it starts, and the last one an hour at which it ends."""


class EndsBeforeStart(DaysRefused):
    """A day ends before it starts, or so late that the end belongs to another day."""


class NoSuchHour(DaysRefused):
    """An hour does not exist on this day, because the clocks go forward over it."""
