"""Pages on which organisations are merged or a merge is undone, and similar names are marked as different."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.edit_pages import edit_page
from forum.console.organisation_forms import MergeOrganisationForm
from forum.console.organisations import get_organisation_or_404, merged_already, told
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.organisations import actions, duplicates, queries
from forum.organisations import merging as rules
from forum.organisations.errors import MergedFurther
from forum.organisations.models import Merge
from forum.registration.organisation_models import Organisation
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm

bp = Blueprint("organisation_merges", __name__, url_prefix="/console/<event>/organisations/<int:number>")
Both = tuple[Organisation, Organisation]


@bp.route("/merge")
def choose(event: str, number: int) -> ResponseReturnValue:
    """List the organisations into which this one can be merged, those with a similar name first."""
    this_event = get_any_or_404(event)
    organisation = get_organisation_or_404(this_event, number)
    known = queries.list_all(this_event)
    named = duplicates.list_names(known, queries.list_merges(this_event))
    similar = duplicates.find_similar(organisation, named, queries.list_distinctions(this_event))
    return render_template(
        "console/organisations/choose.html",
        event=this_event,
        organisation=organisation,
        similar=[one for one in known if one.id in similar and one is not organisation],
        others=[one for one in known if one.id not in similar and one is not organisation],
    )


@bp.route("/merge/<int:into>", methods=["GET", "POST"])
def merge(event: str, number: int, into: int) -> ResponseReturnValue:
    """Show what two organisations have; on POST merge the first into the second, with the cap that was typed."""
    this_event = get_any_or_404(event)
    both = _pair_or_404(this_event, number, into)
    form = MergeOrganisationForm(kept_words.sent_or_kept(), data=_stored(this_event, both))
    if not form.is_submitted():
        show_stored(form, _stored(this_event, both))
    if not form.validate_on_submit():
        return _merge_page(this_event, both, form)
    this_event = get_locked_or_404(event)
    merged, kept = both = _pair_or_404(this_event, number, into)
    try:
        form.refuse_if_changed(_stored(this_event, both))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _merge_page(this_event, both, form, meanwhile)
    actor = sign_ins.current_actor()
    outcome = rules.merge(this_event, merged, kept, form.cap.data, actor=actor, now=clock.now())
    db.session.commit()
    said = _("%(name)s is merged into %(into)s.", name=merged.name, into=kept.name)
    flash(" ".join([said, *told(outcome)]), "success")
    return redirect(url_for("organisations.edit", event=event, number=into), 303)


@bp.route("/unmerge", methods=["GET", "POST"])
def undo(event: str, number: int) -> ResponseReturnValue:
    """Say what undoing the merge of this organisation means; on POST undo it."""
    form = TidyForm()
    is_sent = form.validate_on_submit()
    this_event = get_locked_or_404(event) if is_sent else get_any_or_404(event)
    if not (row := queries.find_merge(this_event, number)):
        return _stands_already(this_event, number)
    if not is_sent:
        return _undo_page(event, row, form)
    name = row.merged.name
    try:
        outcome = rules.undo(this_event, row, actor=sign_ins.current_actor(), now=clock.now())
    except MergedFurther:
        db.session.rollback()
        page, _status = _undo_page(event, row, form)
        return page, 409
    db.session.commit()
    flash(" ".join([_("%(name)s stands for itself again.", name=name), *told(outcome)]), "success")
    return redirect(url_for("organisations.index", event=event), 303)


@bp.route("/apart/<int:into>", methods=["POST"])
def tell_apart(event: str, number: int, into: int) -> ResponseReturnValue:
    """Store that two organisations with similar names are different, so that merging them is no longer proposed."""
    return _decide(
        event, number, into, rules.tell_apart, _("They are two organisations, and are not proposed any more.")
    )


@bp.route("/again/<int:into>", methods=["POST"])
def propose_again(event: str, number: int, into: int) -> ResponseReturnValue:
    """Undo `tell_apart`: propose merging these two organisations again if their names are similar."""
    return _decide(
        event, number, into, rules.propose_again, _("They are proposed again if their names are similar.")
    )


def _decide(slug: str, number: int, into: int, act: Any, words: str) -> ResponseReturnValue:
    form = TidyForm()
    if form.validate_on_submit():
        one, other = _pair_or_404(get_locked_or_404(slug), number, into)
        act(one, other, actor=sign_ins.current_actor(), now=clock.now())
        db.session.commit()
        flash(words, "success")
    return redirect(url_for("organisations.index", event=slug), 303)


def _pair_or_404(event: Event, number: int, into: int) -> Both:
    """Return two organisations of the event; abort with 404 for an unknown one, or for the same one twice (S13).

    If the first is merged already, redirect to the one into which it was merged: the button was pressed twice, or by
    two organisers.
    """
    if number == into:
        abort(404)
    if done := queries.find_merge(event, number):
        abort(merged_already(event, done))
    return get_organisation_or_404(event, number), get_organisation_or_404(event, into)


def _stands_already(event: Event, number: int) -> ResponseReturnValue:
    organisation = get_organisation_or_404(event, number)
    flash(_("%(name)s stands for itself already.", name=organisation.name), "info")
    return redirect(url_for("organisations.edit", event=event.slug, number=number), 303)


def _stored(event: Event, both: Both) -> dict[str, Any]:
    """Return the stored values of the form's fields, and all else on the page that another organiser may change."""
    merged, kept = both
    written = [vars(actions.written_of(event, one)) for one in both]
    return {"cap": kept.cap or merged.cap, "written": written}


def _merge_page(
    event: Event, both: Both, form: MergeOrganisationForm, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    counts, held = queries.count_by_key(event), queries.count_in_sectors(event)
    numbers = [counts.get(one.key, queries.Numbers()) for one in both]
    merged, kept = both
    held.own = dict.fromkeys((merged.key, kept.key), held.own.get(kept.key, {}))
    return edit_page(
        "organisations/merge",
        event.slug,
        form,
        meanwhile,
        merged=merged,
        kept=kept,
        written=[actions.written_of(event, one) for one in both],
        names=[_names(event, one) for one in both],
        numbers=numbers,
        places=sum(one.places for one in numbers),
        counted=sum(held.against(one.key, None) for one in both),
        cap=form.cap.data or event.organisation_cap,
        sectors={sector.key: sector for sector in event.sectors},
    )


def _names(event: Event, organisation: Organisation) -> list[str]:
    """Return the further names of an organisation: its aliases, and the names of organisations merged into it."""
    merges = queries.list_merges(event)
    merged = [row.merged.name for row in merges if row.merged.counts_as_id == organisation.id]
    return [*actions.written_of(event, organisation).aliases, *merged]


def _undo_page(slug: str, row: Merge, form: TidyForm) -> tuple[Any, int]:
    event = get_any_or_404(slug)
    written = actions.written_of(event, row.merged)
    page = render_template(
        "console/organisations/unmerge.html",
        event=event,
        form=form,
        merge=row,
        names=[written.name, *written.aliases, *written.domains],
        foreseen=rules.foresee_undoing(event, row),
    )
    return page, 200
