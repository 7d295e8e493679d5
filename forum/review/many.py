"""Deciding about many registrations at once: a page first shows the people and the results."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.registration import reviewing
from forum.registration import wording as registration_wording
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.searching import read_reference
from forum.review import actions, left_out, queries, recipients, rounds
from forum.review.forms import WITH_PLACE, ApproveManyForm, DeclineManyForm

Form = TypeVar("Form", ApproveManyForm, DeclineManyForm)
bp = Blueprint("review_many", __name__, url_prefix="/console/<event>/review")
# What came of a decision about a person: these outcomes are counted for the message after a round of decisions.
GIVEN, WAITING, CHANGE, DECLINED, PROPOSED = "given", "waiting", "change", "declined", "proposed"


@bp.route("/approval", methods=["GET", "POST"])
def approve(event: str) -> ResponseReturnValue:
    """Ask whether to approve the chosen people, after both factors were entered (S09); on POST approve one by one."""
    if answer := sign_ins.require_fresh():
        return answer
    people = rounds.selected(get_any_or_404(event))
    form = _form(ApproveManyForm, people)
    if not people or not form.validate_on_submit():
        return _ask("approve_many", event, people, form)

    def decide(registration: Registration, seen: str) -> str:
        only = form.whom.data == WITH_PLACE
        was, words = registration.status, form.words_for(registration)
        told = {"words": words, "only_with_place": only, "user_id": g.user.id}
        actions.approve(registration, seen=seen, now=clock.now(), **told)
        if was != Status.IN_REVIEW:
            return CHANGE
        return GIVEN if registration.status == Status.CONFIRMED else WAITING

    return _round(event, form.digests(), decide)


@bp.route("/refusal", methods=["GET", "POST"])
def decline(event: str) -> ResponseReturnValue:
    """Ask for a reason to decline the chosen people, after both factors were entered (S09); on POST decline each."""
    if answer := sign_ins.require_fresh():
        return answer
    people = rounds.selected(get_any_or_404(event))
    form = _form(DeclineManyForm, people)
    if not people or not form.validate_on_submit():
        return _ask("decline_many", event, people, form)

    def decide(registration: Registration, seen: str) -> str:
        refusal, told = form.refusal_of(registration), {"seen": seen, "user_id": g.user.id}
        return DECLINED if actions.decline(registration, refusal, now=clock.now(), **told) else PROPOSED

    return _round(event, form.digests(), decide)


def _form(kind: type[Form], people: Sequence[Registration]) -> Form:
    read_by = recipients.find(people).values()
    return kind(kept_words.sent_or_kept(), languages=kind.languages_of(read_by))


def _ask(name: str, slug: str, people: Sequence[Registration], form: Any) -> ResponseReturnValue:
    """Show the page that asks before a decision; with nobody to decide about, redirect to the queue and say why."""
    if not people:
        event = get_any_or_404(slug)
        left = _left_words(event, _left_out(event, form.digests()))
        flash(left or _("Choose at least one person about whom you can decide."), "warning")
        return redirect(url_for("review.index", event=slug), 303)
    event = people[0].event
    form.show_people(people)
    placed = reviewing.find_placed(event, people, clock.now())
    note_view(audit_queries.WAITING_LIST_VIEWED, event, actor=sign_ins.current_actor())
    page = render_template(
        f"console/review/{name}.html",
        event=event,
        people=people,
        form=form,
        placed=placed,
        changes=sum(one.status != Status.IN_REVIEW for one in people),
        proposals=queries.find_proposals(people),
        told=Counter(recipient.who for recipient in recipients.find(people).values()),
        wording=registration_wording,
    )
    return page, 422 if form.errors else 200


def _round(slug: str, seen: dict[str, str], decide: rounds.Decide) -> ResponseReturnValue:
    """Decide about one person after the other, each in a transaction of its own; flash a message about the outcomes."""
    event = get_any_or_404(slug)
    came = _left_out(event, seen)
    for reference in [one.reference for one in rounds.selected(event)]:
        came[reference] = rounds.decide_one(slug, reference, seen.get(reference, ""), decide)
    left = _left_words(get_any_or_404(slug), came)
    for tone, told in (("success", " ".join(_done_words(Counter(came.values())))), ("warning", left)):
        if told:
            flash(told, tone)
    return redirect(url_for("review.index", event=slug), 303)


def _left_out(event: Event, seen: dict[str, str]) -> dict[str, str]:
    """Return, by reference, why people are left out: they are no longer in review, or the organiser knows them."""
    references = [reference for typed in seen if (reference := read_reference(typed))][: queries.SHOWN]
    seen_sectors = sign_ins.reviewed_sectors(event)
    waiting = {one.reference: one for one in queries.list_by_references(event, references, seen_sectors)}
    recused = queries.find_recused(waiting.values(), g.user.id)
    passed = {reference: rounds.PASSED for reference, one in waiting.items() if one.id in recused}
    return {**{one: rounds.TOO_LATE for one in references if one not in waiting}, **passed}


def _left_words(event: Event, came: Mapping[str, str]) -> str:
    return " ".join(left_out.sentences(event, came, sign_ins.reviewed_sectors(event)))


def _done_words(came: Counter[str]) -> Iterator[str]:
    """Yield for each outcome a sentence with the number of people: "2 people are declined" and the like."""
    if number := came[GIVEN]:
        yield ngettext("%(num)s person has a place.", "%(num)s people have a place.", number)
    if number := came[WAITING]:
        yield ngettext(
            "%(num)s person is approved and on the waiting list.",
            "%(num)s people are approved and on the waiting list.",
            number,
        )
    if number := came[CHANGE]:
        yield ngettext("%(num)s change is approved.", "%(num)s changes are approved.", number)
    if number := came[DECLINED]:
        yield ngettext("%(num)s person is declined.", "%(num)s people are declined.", number)
    if number := came[PROPOSED]:
        yield ngettext(
            "%(num)s refusal is proposed to a second organiser.",
            "%(num)s refusals are proposed to a second organiser.",
            number,
        )
