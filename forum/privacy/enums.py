"""What a person may ask about the data held, and the states of such a request (P12)."""

from enum import StrEnum


class RequestState(StrEnum):
    """The state of a request: it is open until it is carried out, refused or taken back."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"
