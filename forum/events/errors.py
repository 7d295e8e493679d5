"""The reasons for which an event is not made."""


class EventExists(Exception):
    """There is an event with this name on these days already: the form was sent twice, or by two people."""


class SlugRefused(Exception):
    """The short name is taken, or it is none that an address can have."""
