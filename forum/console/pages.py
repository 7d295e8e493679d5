"""Standing pages of an event in the console: their list, writing, preview, adding and removing them."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.pages_forms import PageForm
from forum.database import read_locked, start_write
from forum.events import queries as events
from forum.events import standing
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Page
from forum.events.public import shown_page
from forum.events.standing import LINKED, PageDraft, StillLinked
from forum.extensions import db
from forum.images.offering import offered_images
from forum.images.pictures import picture_of
from forum.web.differences import compare_words
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, in_language, speak
from forum.web.proofreading import Care, proofread

bp = Blueprint("pages", __name__, url_prefix="/console/<event>/pages")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's standing pages, and in which languages each is written."""
    found = get_any_or_404(event)
    drafts = {page.slug: PageDraft.of(page) for page in found.pages}
    return render_template(
        "console/pages/index.html",
        event=found,
        pages=found.pages,
        drafts=drafts,
        names=NAMES,
        slug_in_url=events.slug_in_url(found),
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Add a page; where the event is public, the page is public at once."""
    found = get_any_or_404(event)
    form = _form(found, None)
    if not form.validate_on_submit():
        return _show_form(found, None, form)
    found = _lock_event_or_404(event)
    actor, now = sign_ins.current_actor(), clock.now()
    page = standing.create(found, form.draft(), slug=form.slug.data or "", actor=actor, now=now)
    db.session.commit()
    flash(_saved(found), "success")
    return redirect(url_for(".edit", event=event, slug=page.slug), 303)


@bp.route("/<slug>", methods=["GET", "POST"])
def edit(event: str, slug: str) -> ResponseReturnValue:
    """Change a page; what another organiser has saved meanwhile is shown, not overwritten (R30)."""
    found = get_any_or_404(event)
    form = _form(found, page := _find(found, slug))
    if page and not form.validate_on_submit():
        return _show_form(found, page, form)
    page = page and _find(found := _lock_event_or_404(event), slug)
    if page is None:
        return _offer_anew(found, slug, form) if form.is_submitted() else abort(404)
    try:
        form.refuse_if_changed(PageDraft.of(page).values())
    except ChangedMeanwhile as change:
        form.show(change.stored)
        return _show_form(page.event, page, form, status=409, conflict=_compare(change.stored, form.draft()))
    standing.change(page, form.draft(), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_saved(page.event), "success")
    return redirect(url_for(".edit", event=event, slug=slug), 303)


@bp.route("/preview", methods=["POST"])
def preview(event: str) -> ResponseReturnValue:
    """Show what was typed as readers would see it in a language; nothing is stored."""
    found = get_any_or_404(event)
    stored = _find(found, request.args.get("page", ""))
    form, code = _form(found, stored), request.form.get("in", "")
    if code not in NAMES:
        abort(400)
    if not form.validate():
        return _show_form(found, stored, form)
    page = Page(slug=standing.NAMELESS, updated_at=clock.now())
    standing.fill(page, form.draft())
    speak(code)
    notice = _("This is a preview. Nothing has been saved, and readers do not see it.")
    return render_template("public/events/page.html", **shown_page(found, page), notice=notice)


@bp.route("/<slug>/removal", methods=["GET", "POST"])
def remove(event: str, slug: str) -> ResponseReturnValue:
    """Ask whether to remove a page for good; on POST remove it."""
    form, found = TidyForm(), get_any_or_404(event)
    page = _get_or_404(found, slug)
    if not form.validate_on_submit():
        is_linked = page.slug in LINKED
        return render_template(
            "console/pages/removal.html", event=found, page=page, form=form, is_linked=is_linked
        )
    page = _get_or_404(_lock_event_or_404(event), slug)
    try:
        standing.remove(page, actor=sign_ins.current_actor(), now=clock.now())
    except StillLinked:
        db.session.rollback()
        flash(_("Nothing was done: other pages lead to this one."), "warning")
        return redirect(url_for(".edit", event=event, slug=slug), 303)
    db.session.commit()
    flash(_("The page is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


def _lock_event_or_404(slug: str) -> Event:
    """Begin to write, and let nobody else change the event or its pages until the commit."""
    start_write(db.session)
    db.session.execute(read_locked(events.select_event(slug)))
    return get_any_or_404(slug)


def _find(event: Event, slug: str) -> Page | None:
    return next((page for page in event.pages if page.slug == slug), None)


def _get_or_404(event: Event, slug: str) -> Page:
    return _find(event, slug) or abort(404)


def _form(event: Event, page: Page | None) -> PageForm:
    """Return the form of a page, filled in with what was sent or kept, else with the stored page."""
    others = [each for each in event.pages if each is not page]
    draft = PageDraft.of(page) if page else PageDraft(texts={}, after=others[-1].slug if others else "")
    form = PageForm(
        kept_words.sent_or_kept(),
        data={**draft.texts, "after": draft.after},
        pages={"": _("No other page, it comes first")}
        | {each.slug: in_language(each.title) for each in others},
    )
    if not form.is_submitted() and not form.seen.data:
        form.show(draft.values())
    return form


def _offer_anew(event: Event, slug: str, form: PageForm) -> ResponseReturnValue:
    """Show the text typed for a page that was removed meanwhile in the form of a new page with the same address."""
    form.slug.data = slug
    return _show_form(event, None, form, status=409, is_removed=True)


def _show_form(
    event: Event, page: Page | None, form: PageForm, *, status: int = 200, **context: Any
) -> ResponseReturnValue:
    shown = render_template(
        "console/pages/edit.html",
        event=event,
        page=page,
        form=form,
        names=NAMES,
        slug_in_url=events.slug_in_url(event),
        is_linked=page is not None and page.slug in LINKED,
        hints={code: _proofread(form, code, event) for code in NAMES},
        pictures={image.key: picture_of(image) for image in offered_images(event.id)},
        **{"conflict": (), "is_removed": False, **context},
    )
    return shown, 422 if form.errors and status == 200 else status


def _proofread(form: PageForm, code: str, event: Event) -> Care:
    day = clock.now().astimezone(event.zone).date()
    return proofread(form[code].form.body.data or "", code, day)


def _compare(stored: Mapping[str, Any], typed: PageDraft) -> list[dict[str, Any]]:
    """Return what differs between the stored page and what was typed, for components/difference.html."""
    labels = {"title": _("Title"), "summary": _("Summary"), "body": _("Text")}
    pairs = [
        (code, name, stored["texts"].get(code, {}).get(name, ""), typed.texts.get(code, {}).get(name, ""))
        for code in NAMES
        for name in labels
    ]
    return [
        {"name": labels[name], "language": code, "pieces": compare_words(was, now)}
        for code, name, was, now in pairs
        if was != now
    ]


def _saved(event: Event) -> str:
    if event.is_published:
        return _("Saved. Readers see it at once.")
    return _("Saved. Readers see it once the forum is published.")
