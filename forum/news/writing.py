"""Requests of the editor's script while somebody writes a post: autosaving the text, and previewing it.

None of these requests changes a post.
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import autosaves
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.news import assisting
from forum.news.console import (
    blank_draft,
    document_of,
    editor_url,
    get_post_or_404,
    make_form,
    proofreader,
)
from forum.news.drafts import Draft
from forum.news.models import Post
from forum.news.post_page import shown_post
from forum.news.previewing import preview_text

bp = Blueprint("writing", __name__, url_prefix="/console/<event>/news/writing")


@bp.post("/autosave")
def autosave(event: str) -> ResponseReturnValue:
    """Store the signed-in person's unsaved text of a post, or discard it."""
    this_event, post = _named(event)
    return autosaves.answer(
        document_of(this_event, post), post, editor_url(this_event, post), this_event.zone
    )


@bp.post("/preview")
def preview(event: str) -> ResponseReturnValue:
    """Return hints on the text typed in one language, and the text as readers would see it; 422 if it is invalid."""
    this_event, post = _named(event)
    form = make_form(this_event, blank_draft(this_event))

    def shown(code: str) -> str:
        said = form.draft()
        texts = Draft(texts={code: {"headline": "", **said.texts.get(code, {})}}, cover=said.cover)
        text = preview_text(texts, code, stored=None, now=clock.now())
        return render_template("console/posts/_live_preview.html", **shown_post(text, this_event))

    return assisting.preview(form, proofreader(post, form), editor_url(this_event, post), shown)


def _named(event: str) -> tuple[Event, Post | None]:
    """Return the event and the post that the URL names, if any; abort with 404 for another event's post (S13)."""
    number = request.args.get("post", type=int)
    return get_post_or_404(event, number) if number is not None else (get_any_or_404(event), None)
