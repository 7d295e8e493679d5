"""Confirming or dropping many proposed refusals at once, each after a second organiser has read it.

The page shows reason and words of the refusal beside each person. The message afterwards names people left out.
"""

from collections import Counter
from collections.abc import Sequence

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.events.in_url import get_any_or_404
from forum.registration import wording as registration_wording
from forum.registration.models import Registration
from forum.registration.searching import read_reference
from forum.review import actions, left_out, panel, queries, recipients, rounds
from forum.review.forms import ProposedManyForm

bp = Blueprint("review_proposed", __name__, url_prefix="/console/<event>/review/refusal")
DONE = "done"


@bp.route("/confirmation", methods=["GET", "POST"])
def confirm(event: str) -> ResponseReturnValue:
    """Ask whether to confirm the chosen refusals, after both factors were entered (S09); on POST confirm one by one."""
    if answer := sign_ins.require_fresh():
        return answer
    form = ProposedManyForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _ask(event, form)

    def decide(registration: Registration, seen: str) -> str:
        actions.confirm_refusal(registration, seen=seen, user_id=g.user.id, now=clock.now())
        return DONE

    number, left = _round(event, form, decide)
    done = ngettext("%(num)s person is declined.", "%(num)s people are declined.", number)
    done = f"{done} {recipients.of_many_text()}"
    return _tell(event, done if number else "", left)


@bp.route("/withdrawal", methods=["POST"])
def withdraw(event: str) -> ResponseReturnValue:
    """Drop the chosen proposed refusals, one after the other."""

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
    """Show the chosen proposals, the organiser's own ones apart; without any, redirect to the queue with a message."""
    event, now = get_any_or_404(slug), clock.now()
    people = rounds.selected(event)
    proposals = queries.find_proposals(people)
    chosen = [one for one in people if one.id in proposals]
    if not chosen:
        return _tell(slug, "", [_("Choose at least one person whom somebody has proposed to decline.")])
    shown = actions.shown_of_each(chosen)
    form.show_as({one.reference: actions.with_proposal(shown[one.id], proposals[one.id]) for one in chosen})
    described = panel.describe(event, chosen, user_id=g.user.id, now=now)
    of_others = [one for one in described if not one.is_proposer]
    note_view(audit_queries.WAITING_LIST_VIEWED, event, actor=sign_ins.current_actor())
    return render_template(
        "console/review/confirm_many.html",
        event=event,
        people=of_others,
        told=Counter(one.recipient.who for one in of_others),
        own=[one for one in described if one.is_proposer],
        digests=form.digests(),
        form=form,
        wording=registration_wording,
    )


def _round(slug: str, form: ProposedManyForm, decide: rounds.Decide) -> tuple[int, list[str]]:
    """Decide about one person after the other; return the number decided, and in sentences who was left out and why."""
    seen = {read_reference(reference): shown for reference, shown in form.digests().items()}
    chosen = [reference for reference in seen if reference][: queries.SHOWN]
    came = {reference: rounds.decide_one(slug, reference, seen[reference], decide) for reference in chosen}
    event = get_any_or_404(slug)
    left = [*left_out.sentences(event, came, sign_ins.reviewed_sectors(event))]
    return sum(how == DONE for how in came.values()), left


def _tell(slug: str, done: str, left: Sequence[str]) -> ResponseReturnValue:
    if done:
        flash(done, "success")
    if left:
        flash(" ".join(left), "warning")
    return redirect(url_for("review.index", event=slug), 303)
