"""The revisions of a post: when each was saved and by whom, what it changed, and restoring one."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import queries as accounts
from forum.accounts import sign_ins
from forum.events.models import Event
from forum.extensions import db
from forum.news import actions, desk, revisions
from forum.news.comparing import compare
from forum.news.console import get_post_or_404, lock_post_or_404, saved_words
from forum.news.drafts import Draft
from forum.news.errors import Incomplete
from forum.news.models import Post
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import language
from forum.web.revision_pages import Kept, RestoreForm, render_list, render_one
from forum.web.routes import here

bp = Blueprint("revisions", __name__, url_prefix="/console/<event>/news/<int:post>/revisions")


@bp.route("")
def index(event: str, post: int) -> ResponseReturnValue:
    """Show when each revision was saved, and by whom."""
    return render_list(_kept(*get_post_or_404(event, post)), accounts.names_of)


@bp.route("/<int:number>", methods=["GET", "POST"])
def show(event: str, post: int, number: int) -> ResponseReturnValue:
    """Compare a revision with the present post; on POST restore the revision (R30)."""
    this_event, stored = get_post_or_404(event, post)
    revision = revisions.of(stored).find(number) or abort(404)
    form = RestoreForm()
    if not form.validate_on_submit():
        return render_one(
            _kept(this_event, stored), revision, form, Draft.of(stored).values(), accounts.names_of
        )
    this_event, stored = lock_post_or_404(event, post)
    try:
        form.refuse_if_changed(Draft.of(stored).values())
        draft = revisions.restored(revision, event=Draft.of(stored).event)
        actions.change(stored, draft, user_id=g.user.id, actor=sign_ins.current_actor(), now=clock.now())
    except ChangedMeanwhile:
        return _refuse(_("Nothing was done: the post was saved meanwhile. Compare once more."))
    except Incomplete:
        return _refuse(_("Nothing was done: that revision lacks something that readers need."))
    db.session.commit()
    flash(saved_words(stored), "success")
    return redirect(url_for("posts.edit", event=event, post=post), 303)


def _kept(event: Event, post: Post) -> Kept:
    of_post: dict[str, Any] = {"event": event.slug, "post": post.id}
    return Kept(
        name=desk.headline(post, language()),
        event=event,
        history=revisions.of(post),
        edit_url=url_for("posts.edit", **of_post),
        list_url=url_for(".index", **of_post),
        url_of=lambda number: url_for(".show", **of_post, number=number),
        compare=compare,
    )


def _refuse(said: str) -> ResponseReturnValue:
    db.session.rollback()
    flash(said, "warning")
    return redirect(here(), 303)
