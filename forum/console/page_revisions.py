"""The revisions of a standing page: when each was saved and by whom, what it changed, and going back to it."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import queries as accounts
from forum.accounts import sign_ins
from forum.console.pages import compare, get_page_or_404, lock_event_or_404, saved_words
from forum.events import page_revisions as revisions
from forum.events import standing
from forum.events.in_url import get_any_or_404
from forum.events.models import Page
from forum.events.standing import PageDraft
from forum.extensions import db
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import in_language
from forum.web.revision_pages import Kept, RestoreForm, render_list, render_one

bp = Blueprint("page_revisions", __name__, url_prefix="/console/<event>/pages/<slug>/revisions")


@bp.route("")
def index(event: str, slug: str) -> ResponseReturnValue:
    """Show when each revision was saved, and by whom."""
    page = get_page_or_404(get_any_or_404(event), slug)
    return render_list(_kept(page), accounts.names_of)


@bp.route("/<int:number>", methods=["GET", "POST"])
def show(event: str, slug: str, number: int) -> ResponseReturnValue:
    """Compare a revision with the present page; on POST restore it (R30)."""
    page = get_page_or_404(get_any_or_404(event), slug)
    revision = revisions.of(page).find(number) or abort(404)
    form = RestoreForm()
    if not form.validate_on_submit():
        return render_one(_kept(page), revision, form, revisions.said_by(page), accounts.names_of)
    page = get_page_or_404(lock_event_or_404(event), slug)
    try:
        form.refuse_if_changed(revisions.said_by(page))
    except ChangedMeanwhile:
        db.session.rollback()
        flash(_("Nothing was done: the page was saved meanwhile. Compare once more."), "warning")
        return redirect(url_for(".show", event=event, slug=slug, number=number), 303)
    draft = PageDraft(texts=revision.content["texts"], after=PageDraft.of(page).after)
    by = {"user_id": g.user.id, "actor": sign_ins.current_actor()}
    standing.change(page, draft, **by, now=clock.now())
    db.session.commit()
    flash(saved_words(page.event), "success")
    return redirect(url_for("pages.edit", event=event, slug=slug), 303)


def _kept(page: Page) -> Kept:
    of_page: dict[str, Any] = {"event": page.event.slug, "slug": page.slug}
    return Kept(
        name=in_language(page.title),
        event=page.event,
        history=revisions.of(page),
        edit_url=url_for("pages.edit", **of_page),
        list_url=url_for(".index", **of_page),
        url_of=lambda number: url_for(".show", **of_page, number=number),
        compare=compare,
    )
