"""Refusals about organisations."""

from forum.registration.organisation_models import MarkKind, Organisation


class MarkTaken(Exception):
    """Another organisation of the event has this name or mail domain already."""

    def __init__(self, kind: MarkKind, written: str, other: Organisation) -> None:
        super().__init__("another organisation of the event has this name or mail domain")
        self.kind, self.written, self.other = kind, written, other


class MergedFurther(Exception):
    """The organisation into which another one was merged has itself been merged into a third one since."""

    def __init__(self, into: Organisation) -> None:
        super().__init__("the kept organisation was merged into another one since")
        self.into = into


class TooMany(Exception):
    """The event has the most organisations that it can have, merged ones included."""


class TooManySuggested(Exception):
    """The form suggests as many names already as a short page can hold."""
