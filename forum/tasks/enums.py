"""Enumerations of tasks: kinds, states, and the outcomes for their people."""

from enum import StrEnum


class TaskKind(StrEnum):
    """The act of a task on each of its people."""

    TAG = "tag"
    UNTAG = "untag"
    MOVE = "move"
    APPROVE = "approve"
    OFFER = "offer"
    RESEND = "resend"
    CANCEL = "cancel"
    REINSTATE = "reinstate"


class TaskStatus(StrEnum):
    """The state of a task: running until all people are handled (done), or until it is stopped."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """The outcome for one person of a task: not handled yet, done, or why nothing was changed."""

    WAITING = "waiting"
    DONE = "done"
    AS_IT_WAS = "as_it_was"  # the person was already in the wanted state
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
    # The address has another registration: since the cancellation that is undone, or since the address was entered.
    REGISTERED_AGAIN = "registered_again"
    # There is no address to send an offer or a link to, or there was none before the cancellation that is undone.
    UNCONFIRMED = "unconfirmed"
    DAY_OVER = "day_over"  # the cancellation is too old to be undone
    NO_LINE = "no_line"  # nobody can join the waiting list any more
    CHANGED_SINCE = "changed_since"  # the registration has changed since the task that is to be undone
    FAILED = "failed"  # the program failed while it changed this person


UNTOUCHED = frozenset(Outcome) - {Outcome.WAITING, Outcome.DONE}
