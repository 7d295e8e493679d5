"""A person in review as two console pages show them, the queue and the person's own page: evidence, state and forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import g
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.access import may_open
from forum.accounts.models import User
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.registration import barring
from forum.registration import wording as registration_wording
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.review_words import CHOICES
from forum.review import actions, evidence, outcomes, queries, recipients, wording
from forum.review.actions import shown_of, with_proposal
from forum.review.errors import Recused, SecondNeeded
from forum.review.forms import ApproveForm, DeclineForm
from forum.review.models import ProposedRefusal
from forum.review.recipients import Recipient
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm
from forum.web.languages import language_name, moment_text


class ConfirmForm(ShowsStored, TidyForm):
    """The button with which a second organiser confirms a refusal."""


@dataclass(frozen=True)
class Reviewed:
    """A person who waits for a decision, and who reads it. `proposal` is a refusal that is proposed, or None."""

    registration: Registration
    recipient: Recipient
    points: Sequence[wording.Point]
    finds_place: bool
    since: str
    promise: str
    is_late: bool
    proposal: ProposedRefusal | None
    is_proposer: bool
    is_recused: bool

    @property
    def is_change(self) -> bool:
        """Whether a change after an approval is reviewed, not the registration itself."""
        return self.registration.status != Status.IN_REVIEW

    @property
    def who_is_told(self) -> str:
        """Who is written to after an approval, in words."""
        return recipients.who_is_told(self.recipient)

    @property
    def who_reads_reason(self) -> str:
        """Who reads why the registration is declined, in words."""
        return recipients.who_reads_reason(self.recipient)

    @property
    def hint_for_words(self) -> str:
        """Where words about a refusal are read, and in which language to write them."""
        return recipients.hint_for_words(self.recipient, language_name(self.recipient.language))

    @property
    def reason(self) -> str:
        """The reason of the proposed refusal in words; "" without a proposed refusal."""
        return str(CHOICES.get(self.proposal.reason, "")) if self.proposal else ""

    @property
    def proposed(self) -> str:
        """The name of the organiser who has proposed the refusal."""
        proposer = self.proposal.proposer if self.proposal else None
        return proposer.name if proposer else _("A former organiser")

    @cached_property
    def approval(self) -> ApproveForm:
        """The form that approves the person."""
        return self._shown(ApproveForm(None, languages=ApproveForm.languages_of([self.recipient])))

    @cached_property
    def refusal(self) -> DeclineForm:
        """The form that declines the person."""
        return self._shown(DeclineForm(None, languages=DeclineForm.languages_of([self.recipient])))

    @cached_property
    def confirmation(self) -> ConfirmForm:
        """The form that confirms a proposed refusal."""
        form = ConfirmForm(None)
        form.show(with_proposal(self._values, self.proposal))
        return form

    @cached_property
    def _values(self) -> dict[str, Any]:
        return shown_of(self.registration)

    def _shown(self, form):
        form.show(self._values)
        return form


def install(state: BlueprintSetupState) -> None:
    """Give templates the functions about reviews, and register who may not cancel or move a person in review."""
    given = {"review_of": review_of, "decision_on": decision_on, "has_decided": has_decided}
    state.app.jinja_env.globals.update(**given, next_to_decide=next_to_decide, person_url=wording.person_url)
    barring.install(state.app, cancelling=why_not_cancelled, moving=why_not_moved)


def why_not_cancelled(registration: Registration) -> str:
    """Return why the signed-in organiser cannot end a review by cancelling, or "" if they can."""
    try:
        actions.refuse_cancelling(registration, user_id=g.user.id)
    except Recused:
        return _(
            "You have left the decision about this person to others, so you can neither cancel nor merge the"
            " registration."
        )
    except SecondNeeded:
        return _(
            "A refusal needs a second organiser, so you can neither cancel nor merge the registration on your own."
        )
    return ""


def why_not_moved(registration: Registration) -> str:
    """Return why the signed-in organiser cannot move a registration in review, or "" if they can."""
    try:
        actions.refuse_moving(registration, user_id=g.user.id)
    except Recused:
        return _(
            "You have left the decision about this person to others, so you cannot move the registration."
        )
    return ""


def review_of(registration: Registration) -> Reviewed | None:
    """Return the pending decision about a registration, or None if no decision is pending.

    Also return None if the organiser may not see the sector, or if the event is over or cancelled.
    """
    now = clock.now()
    if not queries.is_in(registration, sign_ins.reviewed_sectors(registration.event)):
        return None
    if not registration.is_in_review or events.is_off(registration.event, now):
        return None
    return describe(registration.event, [registration], user_id=g.user.id, now=now)[0]


def nothing_to_decide() -> str:
    """Return the sentence that says that nothing is to be decided about a person."""
    return _("Nothing is to be decided: somebody else has decided, or the registration has ended.")


def decision_on(registration: Registration) -> str:
    """Return in words who decided what and when about a person who is not in review, and the present status."""
    if not (entry := outcomes.find_latest(registration)):
        return nothing_to_decide()
    kind, _colon, number = entry.actor.partition(":")
    is_own = entry.actor == sign_ins.current_actor()
    decider = None if is_own or kind != "user" else db.session.get(User, int(number))
    by = "" if is_own else decider.name if decider else _("A former organiser")
    return _decision_text(registration, entry.action, entry.at, by)


def has_decided(registration: Registration) -> bool:
    """Return whether the signed-in organiser has decided about the person, or proposed a refusal, within a day."""
    return outcomes.has_decided(registration, user_id=g.user.id, now=clock.now())


def next_to_decide(event: Event) -> Registration | None:
    """Return the person who has waited longest for a decision by the signed-in organiser; None if nobody waits."""
    if events.is_off(event, clock.now()):
        return None
    return queries.find_next(event, sign_ins.reviewed_sectors(event), g.user.id)


def describe(
    event: Event, registrations: Sequence[Registration], *, user_id: int, now: datetime
) -> list[Reviewed]:
    """Return these registrations as people in review, each with the evidence, in the same order."""
    others = {other.id: other for other in _organised_events(event)}
    sectors = sign_ins.reviewed_sectors(event)
    told = evidence.gather(event, registrations, others, now, sectors=sectors)
    proposals = queries.find_proposals(registrations)
    recused = queries.find_recused(registrations, user_id)
    read_by = recipients.find(registrations)
    return [
        Reviewed(
            registration=one,
            recipient=read_by[one.id],
            points=wording.points(one, told[one.id], others),
            finds_place=told[one.id].finds_place,
            since=wording.since_text(one),
            promise=wording.promise_text(one, now),
            is_late=one.answer_by is not None and one.answer_by <= now,
            proposal=(proposal := proposals.get(one.id)),
            is_proposer=proposal is not None and proposal.proposed_by == user_id,
            is_recused=one.id in recused,
        )
        for one in registrations
    ]


def _organised_events(event: Event) -> list[Event]:
    """Return the other events that the reviewer works on: people of other events are not shown."""
    return [
        other for other in events.list_events() if other.id != event.id and may_open("attendees.show", other)
    ]


def _decision_text(registration: Registration, action: str, at: datetime, by: str) -> str:
    """Return in words what was decided about a person, when, and the status; `by` "" means the signed-in organiser."""
    told = {
        "person": registration_wording.full_name(registration),
        "moment": moment_text(at, registration.event.zone),
        "status": registration_wording.state_name(registration),
        "name": by,
    }
    if action == outcomes.APPROVED:
        if not by:
            return _("You approved %(person)s on %(moment)s. Status now: %(status)s.", **told)
        return _("%(name)s approved %(person)s on %(moment)s. Status now: %(status)s.", **told)
    if not by:
        return _("You declined the registration of %(person)s on %(moment)s. Status now: %(status)s.", **told)
    return _(
        "%(name)s declined the registration of %(person)s on %(moment)s. Status now: %(status)s.", **told
    )
