"""What a task does with one of its people, by the rules of the act that an organiser can do on a single person.

Each function takes the registration, the task and the time, and returns the outcome, or raises the refusal of the
single act's rule. The caller has locked the event.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from forum.bulk import undoing
from forum.events import queries as events
from forum.people import notes
from forum.registration import actions, deadlines, moving, new_address, offers_by_hand, reinstating
from forum.registration.errors import (
    AddressTaken,
    CannotBeUndone,
    DeadlineRefused,
    NoAddress,
    NoPlaceFree,
    NoPlaceThere,
    NoSuchSector,
    NotInReview,
    NotLive,
    SectorFull,
    SeveralForms,
    StateChanged,
)
from forum.registration.models import Registration
from forum.review import actions as reviews
from forum.review.errors import OutOfSectors, Recused, SecondNeeded
from forum.review.forms import WITH_PLACE
from forum.tasks.enums import Outcome, TaskKind
from forum.tasks.models import Task

# For each exception by which an act's rule refuses, the outcome to store for the person.
REFUSALS: Mapping[type[Exception], Outcome] = {
    NotLive: Outcome.ENDED,
    AddressTaken: Outcome.REGISTERED_AGAIN,
    StateChanged: Outcome.NOT_WAITING,
    NoAddress: Outcome.UNCONFIRMED,
    DeadlineRefused: Outcome.TOO_LATE,
    NoPlaceFree: Outcome.NO_PLACE,
    NoPlaceThere: Outcome.NO_PLACE,
    NoSuchSector: Outcome.NO_SECTOR,
    SeveralForms: Outcome.SEVERAL_FORMS,
    SectorFull: Outcome.NO_PLACE,
    NotInReview: Outcome.NOT_IN_REVIEW,
    Recused: Outcome.RECUSED,
    OutOfSectors: Outcome.RECUSED,
    SecondNeeded: Outcome.SECOND_NEEDED,
    # The act asks `undoing.why_not` first, which excludes all other reasons: CannotBeUndone then means that no place is
    # free.
    CannotBeUndone: Outcome.NO_PLACE,
}
Act = Callable[[Registration, Task, datetime], Outcome]


def actor_of(task: Task) -> str:
    """Return how the audit trail names the organiser who has started the task."""
    return f"user:{task.started_by}"


def tag(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Add the task's tags to the tags of the person."""
    names = sorted({*notes.list_tags(registration), *task.payload["tags"]})
    if notes.is_too_long(names):
        return Outcome.TOO_MANY_TAGS
    return _changed(notes.set_tags(registration, names, actor=actor_of(task), now=now))


def untag(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Take the task's tags away from the person."""
    names = sorted({*notes.list_tags(registration)} - {*task.payload["tags"]})
    return _changed(notes.set_tags(registration, names, actor=actor_of(task), now=now))


def move(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Move the person to the task's sector; a person without a place there joins the line only if the task says so.

    A person in review is left out: moving would end the review without a decision about this person.
    """
    if registration.is_in_review:
        return Outcome.SECOND_NEEDED
    sector = events.find_sector(task.event, task.payload["sector"])
    if sector is None:
        raise NoSuchSector
    told = {"may_wait": task.payload["may_wait"], "actor": actor_of(task), "now": now}
    return _changed(moving.move(registration, sector, **told) is not None)


def offer(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Offer the person a place, even if others are ahead in the waiting list."""
    reason = task.payload["reason"]
    offers_by_hand.offer(registration, reason=reason, user_id=task.started_by or 0, now=now)
    return Outcome.DONE


def resend(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Send the message about the person's status again, with a new link.

    Whoever has no address but one that was entered and is not confirmed yet gets a new link to confirm it. For an
    offered place that can no longer be accepted there is no message.
    """
    actor = actor_of(task)
    if not registration.is_live:
        raise NotLive
    if not registration.has_address:
        asked = new_address.find_asked(registration, now)
        if asked is None:
            return Outcome.UNCONFIRMED
        new_address.ask(registration, asked.email, actor=actor, comes_with_it=asked.is_own, now=now)
        return Outcome.DONE
    if deadlines.is_past_offer(registration, now):
        return Outcome.TOO_LATE
    actions.resend(registration, actor=actor, now=now)
    return Outcome.DONE


def approve(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Approve the person, with the organiser's words in the mail; without a place only if the task says so.

    A registration that has changed since the task was started is not approved (`JUDGING`).
    """
    told = {"words": task.payload["words"].get(registration.language, ""), "user_id": task.started_by or 0}
    only = task.payload["whom"] == WITH_PLACE
    reviews.approve(registration, seen=None, only_with_place=only, now=now, **told)
    return Outcome.DONE


def cancel(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Cancel the registration, with the organiser's words in the mail and the reason as a private note."""
    if not registration.is_live:
        raise NotLive
    reviews.refuse_cancelling(registration, user_id=task.started_by or 0)
    actor, words = actor_of(task), task.payload["words"].get(registration.language, "")
    actions.cancel(registration, words=words, actor=actor, now=now)
    if reason := task.payload["reason"]:
        notes.add_note(registration, reason, actor=actor, now=now)
    return Outcome.DONE


def reinstate(registration: Registration, task: Task, now: datetime) -> Outcome:
    """Undo the person's cancellation, made by the task that this task undoes; the mail has the organiser's words."""
    if left := undoing.why_not(registration, task.payload["undoes"], now=now):
        return left
    words = task.payload["words"].get(registration.language, "")
    reinstating.reinstate(registration, words=words, actor=actor_of(task), now=now)
    return Outcome.DONE


ACTS: Mapping[TaskKind, Act] = {
    TaskKind.TAG: tag,
    TaskKind.UNTAG: untag,
    TaskKind.MOVE: move,
    TaskKind.APPROVE: approve,
    TaskKind.OFFER: offer,
    TaskKind.RESEND: resend,
    TaskKind.CANCEL: cancel,
    TaskKind.REINSTATE: reinstate,
}

# Acts that judge a person's answers: whoever has changed an answer since the task was started is left out (R30).
JUDGING = frozenset({TaskKind.APPROVE})


def _changed(is_changed: bool) -> Outcome:
    return Outcome.DONE if is_changed else Outcome.AS_IT_WAS
