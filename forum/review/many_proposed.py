"""Confirming or dropping many proposed refusals at once, each after a second organiser has read it.

Reasons and words stand on the page beside each person, and whoever a round leaves out is told by name.
"""

from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.registration import queries as registrations
from forum.registration import wording as registration_wording
from forum.registration.models import Registration
from forum.registration.searching import read_reference
from forum.review import actions, panel, queries, rounds
from forum.review.forms import ProposedManyForm

bp = Blueprint("review_proposed", __name__, url_prefix="/console/<event>/review/refusal")
DONE = "done"
NAMED = 10  # the most people whom a message names
LEFT: Mapping[str, LazyString] = {
    rounds.TOO_LATE: _l("Decided or ended meanwhile: %(names)s."),
    rounds.WITHDRAWN: _l("The proposal was withdrawn meanwhile: %(names)s."),
    rounds.CHANGED: _l("Answers or proposal are others than your page showed. Look again: %(names)s."),
    rounds.OWN: _l("Somebody else has to confirm what you proposed: %(names)s."),
    rounds.PASSED: _l("You have left these decisions to others: %(names)s."),
}


@bp.route("/confirmation", methods=["GET", "POST"])
def confirm(event: str) -> ResponseReturnValue:
    """Ask whether to confirm so many refusals, once both factors are fresh (S09); on POST confirm one by one."""
    if answer := sign_ins.require_fresh():
        return answer
    form = ProposedManyForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _ask(event, form)

    def decide(registration: Registration, seen: str) -> str:
        actions.confirm_refusal(registration, seen=seen, user_id=g.user.id, now=clock.now())
        return DONE

    number, left = _round(event, form, decide)
    done = ngettext(
        "%(num)s person is declined. A message with the reason is on its way.",
        "%(num)s people are declined. Messages with the reasons are on their way.",
        number,
    )
    return _tell(event, done if number else "", left)


@bp.route("/withdrawal", methods=["POST"])
def withdraw(event: str) -> ResponseReturnValue:
    """Drop one proposed refusal after the other."""

    def decide(registration: Registration, seen: str) -> str:
        actions.withdraw_refusal(registration, seen=seen, user_id=g.user.id, now=clock.now())
        return DONE

    number, left = _round(event, ProposedManyForm(), decide)
    done = ngettext(
        "%(num)s proposed refusal is dropped. The registration stays in review.",
        "%(num)s proposed refusals are dropped. The registrations stay in review.",
        number,
    )
    return _tell(event, done if number else "", left)


def _ask(slug: str, form: ProposedManyForm) -> ResponseReturnValue:
    """Show the chosen proposals, a person's own ones apart; without any say so, and lead back to the queue."""
    event, now = get_any_or_404(slug), clock.now()
    people = rounds.selected(event)
    proposals = queries.find_proposals(people)
    chosen = [one for one in people if one.id in proposals]
    if not chosen:
        return _tell(slug, "", [_("Choose at least one person whom somebody has proposed to decline.")])
    form.show_as({one.reference: actions.shown_with(one, proposals[one.id]) for one in chosen})
    described = panel.describe(event, chosen, user_id=g.user.id, now=now)
    note_view(audit_queries.WAITING_LIST_VIEWED, event, actor=sign_ins.current_actor())
    return render_template(
        "console/review/confirm_many.html",
        event=event,
        people=[one for one in described if not one.is_proposer],
        own=[one for one in described if one.is_proposer],
        digests=form.digests(),
        form=form,
        wording=registration_wording,
    )


def _round(slug: str, form: ProposedManyForm, decide: rounds.Decide) -> tuple[int, list[str]]:
    """Decide about one person after the other; return about how many, and in sentences who was left out and why."""
    seen = {read_reference(reference): shown for reference, shown in form.digests().items()}
    chosen = [reference for reference in seen if reference][: queries.SHOWN]
    came = {reference: rounds.decide_one(slug, reference, seen[reference], decide) for reference in chosen}
    left = [*_left_words(get_any_or_404(slug), came)]
    return sum(how == DONE for how in came.values()), left


def _left_words(event: Event, came: Mapping[str, str]) -> Iterator[str]:
    for reason, words in LEFT.items():
        if references := [reference for reference, how in came.items() if how == reason]:
            yield words % {"names": _names(event, references)}


def _names(event: Event, references: Sequence[str]) -> str:
    """Return the people's names in a row; whoever is no longer there stands by reference."""
    people = (registrations.find_by_reference(event, reference) for reference in references[:NAMED])
    names = [
        registration_wording.full_name(one) if one else reference
        for one, reference in zip(people, references, strict=False)
    ]
    if more := len(references) - len(names):
        names.append(ngettext("%(num)s more", "%(num)s more", more))
    return ", ".join(names)


def _tell(slug: str, done: str, left: Sequence[str]) -> ResponseReturnValue:
    if done:
        flash(done, "success")
    if left:
        flash(" ".join(left), "warning")
    return redirect(url_for("review.index", event=slug), 303)
