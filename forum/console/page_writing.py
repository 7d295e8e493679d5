"""Requests of the editor's script while somebody writes a standing page: autosaving the text, and previewing it.

Nothing here changes a page.
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import autosaves
from forum.console.pages import (
    document_of,
    editor_url,
    get_page_or_404,
    make_form,
    proofreader,
)
from forum.events import standing
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Page
from forum.events.page_drafts import fill
from forum.events.public import shown_page
from forum.news import assisting

bp = Blueprint("page_writing", __name__, url_prefix="/console/<event>/pages/writing")


@bp.post("/autosave")
def autosave(event: str) -> ResponseReturnValue:
    """Store the unsaved text for the person who types it, or discard the stored text."""
    this_event, page = _named(event)
    return autosaves.answer(
        document_of(this_event, page), page, editor_url(this_event, page), this_event.zone
    )


@bp.post("/preview")
def preview(event: str) -> ResponseReturnValue:
    """Return the typed text of one language as visitors would see it, with hints on it; 422 for invalid values."""
    this_event, stored = _named(event)
    form = make_form(this_event, stored)

    def shown(code: str) -> str:
        page = Page(slug=standing.NAMELESS, updated_at=clock.now())
        fill(page, form.draft(), only=code)
        return render_template("console/pages/_live_preview.html", **shown_page(this_event, page))

    return assisting.preview(form, proofreader(form, this_event), editor_url(this_event, stored), shown)


def _named(event: str) -> tuple[Event, Page | None]:
    """Return the event and the page that the URL names; another event's page is 404 (S13)."""
    this_event, slug = get_any_or_404(event), request.args.get("page", "")
    return this_event, get_page_or_404(this_event, slug) if slug else None
