"""What a move to another sector means for a person who is mailed about it: the mail begins with the move."""

from dataclasses import dataclass

from forum.registration.enums import Status


@dataclass(frozen=True)
class Moved:
    """Who has moved a registration, the status of the place given up by that, and whether a change's review has ended.

    `gave_up` is Status.CONFIRMED or Status.OFFERED; None if the registration held no place, or keeps it.
    """

    by_person: bool
    gave_up: Status | None = None
    ends_review: bool = False
