"""The kinds and states of a task, and what became of each of its people."""

from enum import StrEnum


class TaskKind(StrEnum):
    """What a task does with each of its people."""

    TAG = "tag"
    UNTAG = "untag"
    MOVE = "move"
    APPROVE = "approve"
    OFFER = "offer"
    CANCEL = "cancel"


class TaskStatus(StrEnum):
    """The state of a task: running until everybody has had a turn (done), or until it is stopped."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """What became of one person of a task: still waiting for a turn, done, or why nothing was changed."""

    WAITING = "waiting"
    DONE = "done"
    AS_IT_WAS = "as_it_was"  # the person already was as the task wanted
    RESTRICTED = "restricted"  # the processing of the person's data is restricted
    ENDED = "ended"  # the registration has ended, or the event is over
    NOT_WAITING = "not_waiting"  # only people on the waiting list can be offered a place
    NO_PLACE = "no_place"
    NO_SECTOR = "no_sector"  # the sector has been removed meanwhile
    TOO_LATE = "too_late"  # the event makes no offers of places any more
    TOO_MANY_TAGS = "too_many_tags"
    # Several forms were sent for this person's address, which is not confirmed.
    SEVERAL_FORMS = "several_forms"
    RECUSED = "recused"  # the organiser has left the decision about this person to others
    SECOND_NEEDED = "second_needed"  # the person is in review, and ending it needs a second organiser
    NOT_IN_REVIEW = "not_in_review"  # the registration is not in review, or no longer
    CHANGED = "changed"  # the registration has changed since the task was started
    FAILED = "failed"  # the program failed while it changed this person


UNTOUCHED = frozenset(Outcome) - {Outcome.WAITING, Outcome.DONE}
