"""The states of a person's request about their data (P12)."""

from enum import StrEnum


class RequestState(StrEnum):
    """The state of a request: it is open until it is carried out, refused or withdrawn."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"
