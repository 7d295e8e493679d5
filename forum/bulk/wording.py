"""The words for tasks: what they do, how far they are, and why they have left a person's registration unchanged."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from forum.events.queries import find_sector
from forum.tasks.enums import Outcome, TaskKind, TaskStatus
from forum.tasks.models import Task
from forum.web.languages import grouped, in_language

KINDS: Mapping[TaskKind, LazyString] = {
    TaskKind.TAG: _l("Add a tag"),
    TaskKind.UNTAG: _l("Remove a tag"),
    TaskKind.MOVE: _l("Move people to another sector"),
    TaskKind.APPROVE: _l("Approve"),
    TaskKind.OFFER: _l("Offer a place"),
    TaskKind.RESEND: _l("Send links again"),
    TaskKind.CANCEL: _l("Cancel"),
    TaskKind.REINSTATE: _l("Undo cancellations"),
}
STATES: Mapping[TaskStatus, tuple[LazyString, str]] = {
    TaskStatus.RUNNING: (_l("Under way"), "offered"),
    TaskStatus.DONE: (_l("Finished"), "in"),
    TaskStatus.STOPPED: (_l("Stopped"), "out"),
}
OUTCOMES: Mapping[Outcome, LazyString] = {
    Outcome.WAITING: _l("Not reached"),
    Outcome.DONE: _l("Done"),
    Outcome.AS_IT_WAS: _l("Was so already"),
    Outcome.RESTRICTED: _l("The data may not be used, by restriction or objection"),
    Outcome.ENDED: _l("The registration has ended"),
    Outcome.NOT_WAITING: _l("Not on the waiting list"),
    Outcome.NO_PLACE: _l("No place is free"),
    Outcome.NO_SECTOR: _l("The sector is gone"),
    Outcome.TOO_LATE: _l("No place is offered any more"),
    Outcome.TOO_MANY_TAGS: _l("Would have more than 20 tags"),
    Outcome.SEVERAL_FORMS: _l("Several forms wait for the address to be confirmed"),
    Outcome.RECUSED: _l("The decision was left to others"),
    Outcome.SECOND_NEEDED: _l("In review: a refusal needs a second organiser"),
    Outcome.NOT_IN_REVIEW: _l("Not in review"),
    Outcome.CHANGED: _l("Changed after you had approved: look at the registration again"),
    Outcome.REGISTERED_AGAIN: _l("Registered again since the cancellation"),
    Outcome.UNCONFIRMED: _l("The address was not confirmed before the cancellation"),
    Outcome.DAY_OVER: _l("More than a day has passed since the cancellation"),
    Outcome.NO_LINE: _l("Nobody can join the waiting list any more"),
    Outcome.CHANGED_SINCE: _l("Changed since the cancellation"),
    Outcome.FAILED: _l("Failed because of an error in the program"),
}
# Words for outcomes of sending people their links again, where these outcomes have another meaning than in other acts.
OF_RESENDING: Mapping[Outcome, LazyString] = {
    Outcome.UNCONFIRMED: _l("There is no address"),
    Outcome.REGISTERED_AGAIN: _l("The address has another registration"),
    Outcome.TOO_LATE: _l("The time to accept the offered place is over"),
}
# Words for a kind, state or outcome of a task that only a newer version of the forum knows.
NEWER_KIND, NEWER_REASON = _l("Another change"), _l("Another reason")
NEWER_STATE = _l("Not known"), "out"


def kind_text(kind: TaskKind) -> str:
    """Return what tasks of a kind do, in words, such as "Cancel"."""
    return str(KINDS.get(kind, NEWER_KIND))


def state_text(status: TaskStatus) -> tuple[str, str]:
    """Return the state of a task in words, and the name of the sign that is shown beside them."""
    label, sign = STATES.get(status, NEWER_STATE)
    return str(label), sign


def question(kind: TaskKind, number: int) -> str:
    """Return the heading of the page that asks before an act on this number of people.

    Where the page asks for a tag or sector, the heading names no number: nobody knows yet whom the act will change.
    """
    match kind:
        case TaskKind.OFFER:
            return ngettext("Offer %(num)s person a place", "Offer %(num)s people a place", number)
        case TaskKind.RESEND:
            return ngettext(
                "Send %(num)s person a link again", "Send %(num)s people their links again", number
            )
        case TaskKind.APPROVE:
            return ngettext("Approve %(num)s registration", "Approve %(num)s registrations", number)
        case TaskKind.CANCEL:
            return ngettext("Cancel %(num)s registration", "Cancel %(num)s registrations", number)
        case TaskKind.REINSTATE:
            return ngettext("Undo %(num)s cancellation", "Undo %(num)s cancellations", number)
        case _:
            return kind_text(kind)


def consequences(kind: TaskKind) -> list[str]:
    """Return sentences about what the act does; for cancelling see `consequences_of_cancelling`."""
    match kind:
        case TaskKind.TAG:
            return [_("Whoever has the tag already stays as they are."), _("Nobody is written to.")]
        case TaskKind.UNTAG:
            return [
                _("Whoever lacks the tag stays as they are."),
                _("Other tags stay. Nobody is written to."),
            ]
        case TaskKind.MOVE:
            return [
                _("Each person keeps the place if one is free there. Whoever waits keeps the turn."),
                _("Whoever is in that sector already stays as they are."),
                _(
                    "Whoever loses a place is written to, and so is everybody in line who is then offered one."
                ),
            ]
        case TaskKind.APPROVE:
            return _consequences_of_approving()
        case TaskKind.OFFER:
            return [
                _("Whoever has waited longest comes first, until no place is free."),
                _("The limits of the event, the sectors and the organisations hold as always."),
                _("Each offer lasts as long as offers do. A message is sent to each person."),
            ]
        case TaskKind.RESEND:
            return [
                _("Each person gets the message about the present state again, with a new link."),
                _(
                    "Whoever has not confirmed the address that was entered gets a new link to it, for 48 hours."
                ),
                _("Earlier links to a personal page work until a new one is opened."),
            ]
        case _:
            return []


def _consequences_of_approving() -> list[str]:
    return [
        _("Whoever has waited longest comes first. Each person is decided about alone."),
        _(
            "Whoever has an address gets a message. For whoever has none, the contact of their delegation is written"
            " to, if there is a contact."
        ),
        _("A change after an approval leaves place and rank as they are."),
    ]


def consequences_of_cancelling(written: int, gone: int, *, is_cancelled: bool) -> list[str]:
    """Return sentences about cancelling many people, of whom `written` get a message and `gone` cannot come back."""
    mails = ngettext(
        "A message is sent to %(num)s person. All links stop working.",
        "A message is sent to %(num)s people. All links stop working.",
        written,
    )
    if is_cancelled:
        return [
            _("Places become free. They are offered to nobody, because the forum is cancelled."),
            mails,
            _("It cannot be undone while the forum is cancelled."),
        ]
    lost = ngettext(
        "It cannot be undone for %(num)s person who has not confirmed the registration.",
        "It cannot be undone for %(num)s people who have not confirmed the registration.",
        gone,
    )
    return [
        _("Places become free and are offered at once to the next in line who can take them."),
        mails,
        _("You can undo it within a day, for each person as long as a place is free."),
        *([lost] if gone else []),
    ]


def consequences_of_undoing(*, is_tried: bool, has_list: bool) -> list[str]:
    """Return sentences about undoing many cancellations.

    `is_tried` says that the number of people includes only those for whom a place is free now, `has_list` that the
    event has a list of participants.
    """
    tried = _("Whoever had a place is counted only if one is free now.")
    told = [
        tried if is_tried else untried(),
        _("Whoever had a place comes first. Places that others have been offered since stay theirs."),
        _("Whoever waited or had an offer waits again, by the time of registering. A review goes on."),
    ]
    if has_list:
        told.append(
            _("Nobody is back on the list of participants, until they say again that they want to be.")
        )
    return [*told, _("A message with a new personal link is sent to each person with a confirmed address.")]


def untried() -> str:
    """Return the sentence that the act may change fewer people, as it has not been tried who would get a place."""
    return _("Whether a place is free is asked for each person in turn: it may be done for fewer.")


def nobody_told(kind: TaskKind, left: Mapping[Outcome, int]) -> str:
    """Return the sentences for an act that would change nobody; for offers without places, say what can be done."""
    nobody = _("Nobody is left for whom it can be done.")
    if kind != TaskKind.OFFER or Outcome.NO_PLACE not in left:
        return nobody
    return " ".join(
        [
            nobody,
            _("The forum offers free places to those who wait, in turn, without your doing."),
            _("On a person’s own page you can offer them the place of somebody whose offer is open."),
        ]
    )


def places_told(placed: int, others: int) -> list[str]:
    """Return sentences saying how many of the approved people would get a place now, and how many would not."""
    gets = ngettext("%(num)s person gets a place at once.", "%(num)s people get a place at once.", placed)
    none = ngettext(
        "For %(num)s person no place is free now.", "For %(num)s people no place is free now.", others
    )
    return [told for number, told in ((placed, gets), (others, none)) if number]


def proposals_told(number: int) -> list[str]:
    """Return the sentence that says how many proposed refusals are dropped; no sentence for none."""
    told = ngettext(
        "%(num)s refusal that somebody has proposed is dropped.",
        "%(num)s refusals that somebody has proposed are dropped.",
        number,
    )
    return [told] if number else []


def reason(kind: TaskKind, outcome: Outcome, *, is_off: bool = False) -> str:
    """Return in words why an act of this kind has left a person alone, or would leave one alone.

    `is_off` says that the event is over or cancelled by now, which may have been the reason.
    """
    if outcome == Outcome.ENDED and is_off:
        return _("The registration has ended, or the forum was over or cancelled")
    if (kind, outcome) == (TaskKind.MOVE, Outcome.SECOND_NEEDED):
        return _("In review: a move could end it without a decision")
    if (kind, outcome) == (TaskKind.OFFER, Outcome.UNCONFIRMED):
        return _("Without a confirmed address: no offer can be sent")
    if kind == TaskKind.RESEND and outcome in OF_RESENDING:
        return str(OF_RESENDING[outcome])
    if outcome == Outcome.NO_PLACE and kind in (TaskKind.OFFER, TaskKind.REINSTATE):
        return _("No place is free, for the person or for the organisation")
    return str(OUTCOMES.get(outcome, NEWER_REASON))


def left_text(kind: TaskKind, outcome: Outcome, number: int) -> str:
    """Return how many people an act leaves alone, and why."""
    return _(
        "Left as they are: %(number)s. %(reason)s.", number=grouped(number), reason=reason(kind, outcome)
    )


def task_text(task: Task) -> str:
    """Return what a task does, such as "Add a tag: #press"."""
    kind, about = kind_text(task.kind), ""
    if tags := task.payload.get("tags"):
        about = " ".join(f"#{tag}" for tag in tags)
    elif key := task.payload.get("sector"):
        sector = find_sector(task.event, key)
        about = in_language(sector.name) if sector else ""
    return _("%(act)s: %(what)s", act=kind, what=about) if about else kind


def started_text(number: int) -> str:
    """Return the message that a task about this number of people has started."""
    return ngettext(
        "It has started, for %(num)s person. You can leave this page.",
        "It has started, for %(num)s people. You can leave this page.",
        number,
    )
