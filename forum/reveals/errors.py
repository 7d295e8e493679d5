"""Why a reveal is refused."""

from datetime import datetime


class RevealRefused(Exception):
    """Nothing was revealed or recorded."""


class AlreadyShown(RevealRefused):
    """The form has been used already: its answer was shown once, and is not shown again."""


class TooManyReveals(RevealRefused):
    """The handler has revealed as many people as one may within an hour; the next reveal is possible at `until`."""

    def __init__(self, until: datetime):
        super().__init__(until)
        self.until = until
