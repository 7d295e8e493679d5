"""A person in review, as the queue and the person's own page in the console show them: evidence, state and forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from flask import g
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.events import queries as events
from forum.events.models import Event
from forum.registration import barring
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.review_words import CHOICES
from forum.review import evidence, queries, wording
from forum.review.actions import shown_of, shown_with
from forum.review.forms import ApproveForm, DeclineForm
from forum.review.models import ProposedRefusal
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm


class ConfirmForm(ShowsStored, TidyForm):
    """The button with which a second organiser confirms a refusal."""


@dataclass(frozen=True)
class Reviewed:
    """A person who waits for a decision. `proposal` is the refusal that an organiser has proposed, or None."""

    registration: Registration
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
    def reason(self) -> str:
        """The proposed refusal's reason in words."""
        return str(CHOICES.get(self.proposal.reason, "")) if self.proposal else ""

    @property
    def proposed(self) -> str:
        """The name of the organiser who has proposed the refusal."""
        proposer = self.proposal.proposer if self.proposal else None
        return proposer.name if proposer else _("A former organiser")

    @cached_property
    def approval(self) -> ApproveForm:
        """The form that approves."""
        return self._shown(ApproveForm(None, languages=[self.registration.language]))

    @cached_property
    def refusal(self) -> DeclineForm:
        """The form that declines."""
        return self._shown(DeclineForm(None, languages=[self.registration.language]))

    @cached_property
    def confirmation(self) -> ConfirmForm:
        """The form that confirms a proposed refusal."""
        form = ConfirmForm(None)
        form.show(shown_with(self.registration, self.proposal))
        return form

    def _shown(self, form):
        form.show(shown_of(self.registration))
        return form


def install(state: BlueprintSetupState) -> None:
    """Give templates `review_of`, and register with `registration`, which must not import this, who may not cancel."""
    state.app.jinja_env.globals.update(review_of=review_of)
    barring.install(state.app, why_not_cancelled)


def why_not_cancelled(registration: Registration) -> str:
    """Return why the signed-in organiser cannot end a review by cancelling, or "" if they can."""
    if not registration.is_in_review:
        return ""
    if queries.find_recused([registration], g.user.id):
        return _(
            "You have left the decision about this person to others, so you cannot cancel the registration."
        )
    if registration.event.has_second_reviewer:
        return _("A refusal needs a second organiser, so one alone cannot cancel the registration.")
    return ""


def review_of(registration: Registration) -> Reviewed | None:
    """Return the pending decision about a registration; None without one, or after the event."""
    now = clock.now()
    if not registration.is_in_review or events.is_over(registration.event, now):
        return None
    return describe(registration.event, [registration], user_id=g.user.id, now=now)[0]


def describe(
    event: Event, registrations: Sequence[Registration], *, user_id: int, now: datetime
) -> list[Reviewed]:
    """Return the people of a list with their evidence, in its order."""
    others = {other.id: other for other in _organised_events(event)}
    told = evidence.gather(event, registrations, others, now)
    proposals = queries.find_proposals(registrations)
    recused = queries.find_recused(registrations, user_id)
    return [
        Reviewed(
            registration=one,
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
    """Return the other events that the reviewer organises: people of events that they do not organise are not shown."""
    return [
        other
        for other in events.list_events()
        if other.id != event.id and sign_ins.may(Role.ORGANISER, other)
    ]
