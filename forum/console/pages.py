"""Standing pages of an event in the console: their list, writing, preview, adding and removing them."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.accounts import autosaves, sign_ins
from forum.console.pages_forms import PageForm
from forum.database import read_locked, start_write
from forum.events import queries as events
from forum.events import standing
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Page
from forum.events.page_drafts import PageDraft, fill
from forum.events.public import shown_page
from forum.events.standing import LINKED, StillLinked
from forum.extensions import db
from forum.news.assisting import replace_if_asked
from forum.news.care import care_for
from forum.web import comparing
from forum.web.differences import Difference
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, in_language, speak
from forum.web.proofreading import Care

ABOVE = {"title": _l("Title"), "summary": _l("Summary")}
SAID_WORDS = {**ABOVE, "body": _l("Text")}

bp = Blueprint("pages", __name__, url_prefix="/console/<event>/pages")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's standing pages, and in which languages each is written."""
    this_event = get_any_or_404(event)
    drafts = {page.slug: PageDraft.of(page) for page in this_event.pages}
    return render_template(
        "console/pages/index.html",
        event=this_event,
        pages=this_event.pages,
        drafts=drafts,
        names=NAMES,
        slug_in_url=events.slug_in_url(this_event),
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Add a page; where the event is public, the page is public at once."""
    this_event = get_any_or_404(event)
    form = make_form(this_event, None)
    if replace_if_asked(form, proofreader(form, this_event)) or not form.validate_on_submit():
        return _show_form(this_event, None, form)
    this_event = lock_event_or_404(event)
    by = {"user_id": g.user.id, "actor": sign_ins.current_actor()}
    autosaves.forget(document_of(this_event, None))
    page = standing.create(this_event, form.draft(), slug=form.slug.data or "", **by, now=clock.now())
    db.session.commit()
    flash(saved_words(this_event), "success")
    return redirect(url_for(".edit", event=event, slug=page.slug), 303)


@bp.route("/<slug>", methods=["GET", "POST"])
def edit(event: str, slug: str) -> ResponseReturnValue:
    """Change a page; what another organiser has saved meanwhile is shown, not overwritten (R30)."""
    this_event = get_any_or_404(event)
    form = make_form(this_event, page := _find(this_event, slug))
    if page and (replace_if_asked(form, proofreader(form, this_event)) or not form.validate_on_submit()):
        return _show_form(this_event, page, form)
    page = page and _find(this_event := lock_event_or_404(event), slug)
    if page is None:
        return _offer_anew(this_event, slug, form) if form.is_submitted() else abort(404)
    try:
        form.refuse_if_changed(PageDraft.of(page).values())
    except ChangedMeanwhile as change:
        form.show(change.stored)
        return _show_form(
            page.event, page, form, status=409, conflict=compare(change.stored, form.draft().values())
        )
    autosaves.forget(document_of(page.event, page))
    by = {"user_id": g.user.id, "actor": sign_ins.current_actor()}
    standing.change(page, form.draft(), **by, now=clock.now())
    db.session.commit()
    flash(saved_words(page.event), "success")
    return redirect(url_for(".edit", event=event, slug=slug), 303)


@bp.route("/preview", methods=["POST"])
def preview(event: str) -> ResponseReturnValue:
    """Show the typed page as readers would see it in one language; store nothing."""
    this_event = get_any_or_404(event)
    stored = _find(this_event, request.args.get("page", ""))
    form, code = make_form(this_event, stored), request.form.get("in", "")
    if code not in NAMES:
        abort(400)
    if not form.validate():
        return _show_form(this_event, stored, form)
    page = Page(slug=standing.NAMELESS, updated_at=clock.now())
    fill(page, form.draft())
    speak(code)
    notice = _("This is a preview. Nothing has been saved, and readers do not see it.")
    return render_template("public/events/page.html", **shown_page(this_event, page), notice=notice)


@bp.route("/<slug>/removal", methods=["GET", "POST"])
def remove(event: str, slug: str) -> ResponseReturnValue:
    """Ask whether to remove a page for good; on POST remove it."""
    form, this_event = TidyForm(), get_any_or_404(event)
    page = get_page_or_404(this_event, slug)
    if not form.validate_on_submit():
        is_linked = page.slug in LINKED
        return render_template(
            "console/pages/removal.html", event=this_event, page=page, form=form, is_linked=is_linked
        )
    page = get_page_or_404(lock_event_or_404(event), slug)
    try:
        standing.remove(page, actor=sign_ins.current_actor(), now=clock.now())
    except StillLinked:
        db.session.rollback()
        flash(_("Nothing was done: other pages lead to this one."), "warning")
        return redirect(url_for(".edit", event=event, slug=slug), 303)
    autosaves.forget_removed("page", page.id)
    db.session.commit()
    flash(_("The page is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


def lock_event_or_404(slug: str) -> Event:
    """Begin to write, and let nobody else change the event or its pages until the commit."""
    start_write(db.session)
    db.session.execute(read_locked(events.select_event(slug)))
    return get_any_or_404(slug)


def _find(event: Event, slug: str) -> Page | None:
    return next((page for page in event.pages if page.slug == slug), None)


def get_page_or_404(event: Event, slug: str) -> Page:
    """Return the event's page, or abort with 404."""
    return _find(event, slug) or abort(404)


def document_of(event: Event, page: Page | None) -> str:
    """Return the key under which unsaved words for a page, or for a new page of the event, are stored."""
    return autosaves.document_of("page", page.id) if page else autosaves.document_of("new page", event.id)


def editor_url(event: Event, page: Page | None) -> str:
    """Return the address of the page's form, or of the form for a new one."""
    new = url_for("pages.new", event=event.slug)
    return url_for("pages.edit", event=event.slug, slug=page.slug) if page else new


def make_form(event: Event, page: Page | None) -> PageForm:
    """Return the form of a page, filled in with sent or kept values, else with the stored page."""
    others = [each for each in event.pages if each is not page]
    draft = PageDraft.of(page) if page else PageDraft(texts={}, after=others[-1].slug if others else "")
    form = PageForm(
        autosaves.sent_or_kept(document_of(event, page)),
        data={**draft.texts, "after": draft.after},
        pages={"": _("No other page, it comes first")}
        | {each.slug: in_language(each.title) for each in others},
    )
    if not form.is_submitted() and not form.seen.data:
        form.show(draft.values())
    return form


def _offer_anew(event: Event, slug: str, form: PageForm) -> ResponseReturnValue:
    """Offer the text typed for a page that was removed meanwhile as a new page with the same address."""
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
        hints={code: proofreader(form, event)(code) for code in NAMES},
        editor_url=editor_url(event, page),
        kept=autosaves.find(
            document_of(event, page),
            url_for("page_writing.autosave", event=event.slug, page=page.slug if page else None),
        ),
        **{"conflict": (), "is_removed": False, **context},
    )
    return shown, 422 if form.errors and status == 200 else status


def proofreader(form: PageForm, event: Event) -> Callable[[str], Care]:
    """Return a function that gives the proofreader's remarks on the text typed in a language."""
    day = clock.now().astimezone(event.zone).date()
    return lambda code: care_for(form[code].form.data, ABOVE, code, day)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the texts in which two versions of a page differ."""
    return comparing.compare(before, after, SAID_WORDS)


def saved_words(event: Event) -> str:
    """Return the message shown after a page is saved; it says whether readers see the change."""
    if event.is_published:
        return _("Saved. Readers see it at once.")
    return _("Saved. Readers see it once the forum is published.")
