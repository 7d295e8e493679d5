"""The revisions of a post: when each was saved and by whom, what it changed, and going back to it."""

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
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
from forum.news.models import Post, PostRevision
from forum.web.edits import ChangedMeanwhile, ShowsStored
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, language
from forum.web.routes import here

bp = Blueprint("revisions", __name__, url_prefix="/console/<event>/news/<int:post>/revisions")


class RestoreForm(ShowsStored, TidyForm):
    """The button that goes back to a revision; it carries what the post said when the page was made."""


@bp.route("")
def index(event: str, post: int) -> ResponseReturnValue:
    """Show when each revision was saved, and by whom."""
    found, stored = get_post_or_404(event, post)
    kept = revisions.list_all(stored)
    return render_template(
        "console/posts/revisions.html",
        event=found,
        post=stored,
        headline=desk.headline(stored, language()),
        revisions=kept,
        writers=accounts.names_of({revision.user_id for revision in kept if revision.user_id}),
    )


@bp.route("/<int:number>", methods=["GET", "POST"])
def show(event: str, post: int, number: int) -> ResponseReturnValue:
    """Compare a revision with what the post says now; on POST go back to it (R30)."""
    found, stored, revision = _revision_or_404(event, post, number)
    form = RestoreForm()
    if not form.validate_on_submit():
        return _show(found, stored, revision, form)
    found, stored = lock_post_or_404(event, post)
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


def _revision_or_404(event: str, post: int, number: int) -> tuple[Event, Post, PostRevision]:
    found, stored = get_post_or_404(event, post)
    return found, stored, revisions.find(stored, number) or abort(404)


def _show(event: Event, post: Post, revision: PostRevision, form: RestoreForm) -> ResponseReturnValue:
    now = Draft.of(post).values()
    form.show(now)
    before = revisions.find_before(revision)
    writers = accounts.names_of({revision.user_id} if revision.user_id else set())
    return render_template(
        "console/posts/revision.html",
        event=event,
        post=post,
        revision=revision,
        form=form,
        names=NAMES,
        headline=desk.headline(post, language()),
        writer=writers.get(revision.user_id or 0, ""),
        since=compare(revision.content, now),
        then=compare(before.content, revision.content) if before else None,
    )


def _refuse(said: str) -> ResponseReturnValue:
    db.session.rollback()
    flash(said, "warning")
    return redirect(here(), 303)
