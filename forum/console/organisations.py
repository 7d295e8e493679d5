"""Organisations in the console: whose registrations count together, and how many places each may have."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.console.edit_pages import edit_page
from forum.console.organisation_forms import OrganisationForm
from forum.console.sector_settings import given_words
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.organisations import actions as rules
from forum.organisations import duplicates, queries
from forum.organisations.errors import MarkTaken, TooMany, TooManySuggested
from forum.organisations.models import Merge
from forum.registration import belonging, caps
from forum.registration.enums import LIVE
from forum.registration.organisation_models import MarkKind, Organisation
from forum.registration.queries import find_by_reference
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import grouped, in_language

PAIRS_SHOWN = 50

bp = Blueprint("organisations", __name__, url_prefix="/console/<event>/organisations")
# Give all templates these filters, not only those of the console: every public form with an organisation field suggests
# names.
bp.add_app_template_filter(belonging.list_suggested, "suggested_names")
bp.add_app_template_filter(belonging.list_all_suggested, "all_suggested_names")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's organisations, and the names in registrations that belong to none of them."""
    this_event = get_any_or_404(event)
    known, counts = queries.list_all(this_event), queries.count_by_key(this_event)
    unlisted, merges = queries.list_unlisted(this_event, counts, known), queries.list_merges(this_event)
    named, apart = duplicates.list_names(known, merges), queries.list_distinctions(this_event)
    held = queries.count_in_sectors(this_event)
    if unlisted:
        note_view(audit_queries.ORGANISATIONS_VIEWED, this_event, actor=sign_ins.current_actor())
    return render_template(
        "console/organisations/index.html",
        event=this_event,
        rows=[_row(this_event, one, merges, counts) for one in known],
        places={one.id: _places(this_event, one, held) for one in known},
        sectors={sector.key: sector for sector in this_event.sectors},
        unlisted=unlisted,
        likely=duplicates.find_likely(unlisted, named),
        **_pairs(known, named, apart),
        form=TidyForm(),
        live=LIVE,
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Add an organisation; `of` in the URL is the reference of a registration that names it."""
    return _edit(event, None)


@bp.route("/<int:number>", methods=["GET", "POST"])
def edit(event: str, number: int) -> ResponseReturnValue:
    """Show and change an organisation (R30); `of` in the URL is a registration whose spelling becomes an alias."""
    this_event = get_any_or_404(event)
    if request.method == "POST" and queries.find(this_event, number) is None:
        return _removed_meanwhile(this_event)
    if request.method == "GET" and (done := queries.find_merge(this_event, number)):
        return merged_already(this_event, done)
    return _edit(event, number)


@bp.route("/<int:number>/removal", methods=["GET", "POST"])
def remove(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to remove an organisation; on POST remove it."""
    organisation, form = get_organisation_or_404(get_any_or_404(event), number), TidyForm()
    if not form.validate_on_submit():
        merges = queries.list_merges(get_any_or_404(event))
        merged = [row.merged for row in merges if row.merged.counts_as_id == number]
        return edit_page("organisations/removal", event, form, organisation=organisation, merged=merged)
    this_event = get_locked_or_404(event)
    organisation = get_organisation_or_404(this_event, number)
    outcome = rules.remove(this_event, organisation, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(" ".join([_("The organisation is removed."), *told(outcome)]), "success")
    return redirect(url_for(".index", event=event), 303)


def get_organisation_or_404(event: Event, number: int) -> Organisation:
    """Return the event's organisation with this id, or abort with 404."""
    return queries.find(event, number) or abort(404)


def merged_already(event: Event, done: Merge) -> Response:
    """Redirect from an organisation that was merged to the one that it is merged into, with a message saying so."""
    stands_as = db.session.get_one(Organisation, done.merged.counts_as_id or done.kept_id)
    flash(_("%(name)s is merged into %(into)s already.", name=done.merged.name, into=stands_as.name), "info")
    return redirect(url_for("organisations.edit", event=event.slug, number=stands_as.id), 303)


def _pairs(
    known: Sequence[Organisation], named: Sequence[duplicates.Named], apart: set[tuple[int, int]]
) -> dict[str, Any]:
    """Return the pairs of similar names that the page shows, and the pairs that organisers marked as different."""
    pairs = duplicates.find_pairs(named, apart, most=PAIRS_SHOWN + 1)
    standing = {one.id: one for one in known}
    told = [[standing[number] for number in pair] for pair in sorted(apart) if {*pair} <= {*standing}]
    return {"pairs": pairs[:PAIRS_SHOWN], "has_more_pairs": len(pairs) > PAIRS_SHOWN, "apart": told}


def _row(
    event: Event, organisation: Organisation, merges: Sequence[Merge], counts: Mapping[str, queries.Numbers]
) -> dict[str, Any]:
    """Return an organisation's row in the console's list, with the names and domains of those merged into it."""
    written = rules.written_of(event, organisation)
    merged = [row.merged for row in merges if row.merged.counts_as_id == organisation.id]
    joined = [rules.written_of(event, one) for one in merged]
    return {
        "organisation": organisation,
        "names": [*written.aliases, *(name for one in joined for name in (one.name, *one.aliases))],
        "domains": [domain for one in (written, *joined) for domain in one.domains],
        "sector": written.sector,
        "numbers": counts.get(organisation.key, queries.Numbers()),
    }


def _places(event: Event, organisation: Organisation, held: caps.Held) -> list[str]:
    """Return sentences on how many places an organisation holds and may hold, in all and in sectors with a cap."""
    key, own = organisation.key, held.own.get(organisation.key, {})
    named = {sector.id: in_language(sector.name) for sector in event.sectors if sector.id in own}
    elsewhere = held.against(key, None)
    cap = caps.cap_of(event, key, None, held.own)
    told = [
        _("%(places)s of at most %(cap)s", places=grouped(elsewhere), cap=grouped(cap))
        if cap
        else grouped(elsewhere)
    ]
    for number, name in named.items():
        numbers = {"sector": name, "places": grouped(held.against(key, number)), "cap": grouped(own[number])}
        told.append(_("%(sector)s: %(places)s of at most %(cap)s", **numbers))
    return told


def _edit(slug: str, number: int | None) -> ResponseReturnValue:
    event = get_any_or_404(slug)
    stored = _stored(event, number)
    form = OrganisationForm(kept_words.sent_or_kept(), data=_proposed(event, stored), event=event)
    if not form.is_submitted():
        show_stored(form, stored)
    if not form.validate_on_submit():
        return _page(event, number, form)
    try:
        outcome = _save(slug, number, form)
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(event, number, form, meanwhile)
    except (MarkTaken, TooMany, TooManySuggested) as refusal:
        _say_refusal(form, refusal)
        db.session.rollback()
        return _page(event, number, form)
    flash_outcome(outcome)
    return redirect(url_for(".index", event=slug), 303)


def _removed_meanwhile(event: Event) -> ResponseReturnValue:
    """Show what was typed about an organisation that was removed or merged meanwhile, so that it can be added again."""
    form = OrganisationForm(kept_words.sent_or_kept(), event=event)
    form.show({})
    shown: dict[str, Any] = {"organisation": None, "spellings": [], "merges": [], "is_removed": True}
    response = make_response(edit_page("organisations/edit", event.slug, form, None, **shown))
    response.status_code = 404
    return response


def _save(slug: str, number: int | None, form: OrganisationForm) -> rules.Outcome:
    """Store the typed organisation, and commit. Raises ChangedMeanwhile, MarkTaken, TooMany, TooManySuggested."""
    event = get_locked_or_404(slug)
    organisation = get_organisation_or_404(event, number) if number else None
    form.refuse_if_changed(_stored(event, number))
    by: dict[str, Any] = {"actor": sign_ins.current_actor(), "now": clock.now()}
    outcome = rules.store(event, organisation, form.written(), **by)
    db.session.commit()
    return outcome


def flash_outcome(outcome: rules.Outcome) -> None:
    """Show on the next page what a change of an organisation has done to registrations and the waiting list."""
    if outcome.is_changed:
        flash(" ".join([_("Saved."), *told(outcome)]), "success")
    else:
        flash(_("Nothing was different, so nothing was changed."), "info")


def _stored(event: Event, number: int | None) -> dict[str, Any]:
    """Return the values that the form's fields show of a stored organisation; none for a new one."""
    if number is None:
        return {}
    return OrganisationForm.stored(rules.written_of(event, get_organisation_or_404(event, number)))


def _proposed(event: Event, stored: dict[str, Any]) -> dict[str, Any]:
    """Return the values with which the fields are first shown: the stored ones, and the name in a registration.

    The URL's `of` is that registration's reference. The name as written there becomes the name of a new organisation,
    or one more alias of a stored one.
    """
    named = find_by_reference(event, request.args.get("of", "")[:20])
    if named is None:
        return stored
    note_view(audit_queries.REGISTRATION_VIEWED, named, actor=sign_ins.current_actor())
    if not stored:
        return {"name": named.organisation}
    return {**stored, "aliases": f"{stored['aliases']}\n{named.organisation}".strip()}


def _say_refusal(form: OrganisationForm, refusal: MarkTaken | TooMany | TooManySuggested) -> None:
    """Add the message of a refusal to the field that caused it."""
    if isinstance(refusal, TooMany):
        form.name.errors = [
            _("%(most)s organisations are written down already, and there can be no more", most=rules.MOST)
        ]
        return
    if isinstance(refusal, TooManySuggested):
        most = rules.MOST_SUGGESTED
        form.is_suggested.errors = [
            _("The form suggests %(most)s names already, and can suggest no more", most=most)
        ]
        return
    words = _("“%(written)s” already belongs to %(name)s", written=refusal.written, name=refusal.other.name)
    is_name = refusal.written == form.name.data
    field = form.domains if refusal.kind == MarkKind.DOMAIN else form.name if is_name else form.aliases
    field.errors = [words]


def told(outcome: rules.Outcome) -> list[str]:
    """Return sentences on what a change of an organisation has done to registrations and the waiting list."""
    sentences = []
    if outcome.settled:
        sentences.append(
            ngettext(
                "%(num)s registration counts differently now.",
                "%(num)s registrations count differently now.",
                outcome.settled,
            )
        )
    if outcome.offered:
        sentences.append(
            ngettext("%(num)s place is offered.", "%(num)s places are offered.", outcome.offered)
        )
    if outcome.given:
        sentences.append(given_words(outcome.given))
    return sentences


def _page(
    event: Event, number: int | None, form: OrganisationForm, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    organisation = get_organisation_or_404(event, number) if number else None
    spellings = queries.count_spellings(organisation) if organisation else []
    if spellings:
        note_view(audit_queries.ORGANISATIONS_VIEWED, event, actor=sign_ins.current_actor())
    merges = queries.list_merges(event) if organisation else []
    shown = {
        "organisation": organisation,
        "spellings": spellings,
        "is_removed": False,
        "merges": [row for row in merges if row.merged.counts_as_id == number],
    }
    return edit_page("organisations/edit", event.slug, form, meanwhile, **shown)
