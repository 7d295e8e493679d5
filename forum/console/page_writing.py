"""What the editor's script asks for while somebody writes a standing page: keeping the words, and showing them.

Nothing here changes a page.
"""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import autosaves
from forum.console.pages import (
    document_of,
    editor_url,
    get_page_or_404,
    make_form,
    proofread_text,
)
from forum.events import standing
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Page
from forum.events.page_drafts import fill
from forum.events.public import shown_page
from forum.web.languages import NAMES, speak

bp = Blueprint("page_writing", __name__, url_prefix="/console/<event>/pages/writing")


@bp.post("/autosave")
def autosave(event: str) -> ResponseReturnValue:
    """Keep what was typed for this person, or discard it."""
    found, page = _named(event)
    return autosaves.answer(document_of(found, page), editor_url(found, page), found.zone)


@bp.post("/preview")
def preview(event: str) -> ResponseReturnValue:
    """Return what was typed in a language as visitors would see it, and the hints about it; 422 for wrong values."""
    (found, stored), code = _named(event), request.form.get("in", "")
    if code not in NAMES:
        abort(400)
    form = make_form(found, stored)
    if not form[code].form.validate():
        return "", 422
    care, url = proofread_text(form, code, found), editor_url(found, stored)
    hints = render_template("console/posts/_hints.html", care=care, code=code, editor_url=url)
    page = Page(slug=standing.NAMELESS, updated_at=clock.now())
    fill(page, form.draft(), only=code)
    speak(code)
    return hints + render_template("console/pages/_live_preview.html", **shown_page(found, page))


def _named(event: str) -> tuple[Event, Page | None]:
    """Return the event and the page that the URL names; another event's page is 404 (S13)."""
    found, slug = get_any_or_404(event), request.args.get("page", "")
    return found, get_page_or_404(found, slug) if slug else None
