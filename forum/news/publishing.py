"""The pages of the editor's desk for publishing, planning, withdrawing and correcting a post."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.validators import ValidationError

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.columns import Text
from forum.events.models import Event
from forum.extensions import db
from forum.news import actions, desk
from forum.news.care import care_for_post
from forum.news.console import get_post_or_404, lock_post_or_404
from forum.news.drafts import Draft
from forum.news.enums import PostState
from forum.news.errors import Incomplete, NotLater, WrongState
from forum.news.forms import LACKING, CorrectionForm, PublicationForm
from forum.news.models import Post
from forum.news.post_page import addresses
from forum.news.wording import state_words
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, language, language_name, moment_text

bp = Blueprint("publishing", __name__, url_prefix="/console/<event>/news/<int:post>")


@bp.route("/publication", methods=["GET", "POST"])
def publish(event: str, post: int) -> ResponseReturnValue:
    """Publish a post now, or plan it for a moment on the event's clock, at which the worker publishes it."""
    this_event, stored = get_post_or_404(event, post)
    form = _publication_form(this_event, stored)
    if not form.validate_on_submit():
        return _show_publication(this_event, stored, form)
    this_event, stored = lock_post_or_404(event, post)
    try:
        said = _publish(this_event, stored, form)
    except ChangedMeanwhile as change:
        form.show(change.stored)
        return _show_publication(this_event, stored, form, status=409, is_changed=True)
    except (ValidationError, NotLater, Incomplete) as refusal:
        if isinstance(refusal, NotLater):
            form.day.errors = [_("Choose a moment that is still to come")]
        return _show_publication(this_event, stored, form, status=422)
    except WrongState:
        return _refuse_state(event, post)
    db.session.commit()
    flash(said, "success")
    return redirect(url_for("posts.edit", event=event, post=post), 303)


@bp.route("/withdrawal", methods=["GET", "POST"])
def withdraw(event: str, post: int) -> ResponseReturnValue:
    """Ask whether to withdraw a public post, or to turn a planned post back into a draft; on POST do so."""
    this_event, stored = get_post_or_404(event, post)
    form = TidyForm()
    if not form.validate_on_submit():
        return _show("withdrawal", this_event, stored, form)
    this_event, stored = lock_post_or_404(event, post)
    is_planned = stored.state == PostState.SCHEDULED
    act = actions.take_back if is_planned else actions.withdraw
    try:
        act(stored, actor=sign_ins.current_actor(), now=clock.now())
    except WrongState:
        return _refuse_state(event, post)
    db.session.commit()
    withdrawn = _("The post is withdrawn. Its addresses say so.")
    flash(_("The post is a draft again.") if stored.state == PostState.DRAFT else withdrawn, "success")
    return redirect(url_for("posts.edit", event=event, post=post), 303)


@bp.route("/correction", methods=["GET", "POST"])
def correct(event: str, post: int) -> ResponseReturnValue:
    """Show the form for a correction, in each language of the post; on POST add it."""
    this_event, stored = get_post_or_404(event, post)
    form = CorrectionForm(kept_words.sent_or_kept())
    if not form.validate_on_submit() or not _is_said(stored, form):
        return _show("correction", this_event, stored, form)
    this_event, stored = lock_post_or_404(event, post)
    try:
        actions.correct(stored, Text(form.said()), actor=sign_ins.current_actor(), now=clock.now())
    except WrongState:
        return _refuse_state(event, post)
    db.session.commit()
    flash(_("The correction stands under the post."), "success")
    return redirect(url_for("posts.edit", event=event, post=post), 303)


def _publication_form(event: Event, post: Post) -> PublicationForm:
    form = PublicationForm(kept_words.sent_or_kept(), data=PublicationForm.filled(post, event.zone))
    if not form.is_submitted() and not form.seen.data:
        form.show(Draft.of(post).values())
    return form


def _publish(event: Event, post: Post, form: PublicationForm) -> str:
    """Publish the post, or plan its publication, as the form says; return the message for the organiser."""
    if post.state != PostState.PUBLISHED:
        form.refuse_if_changed(Draft.of(post).values())
    actor, now, moment = sign_ins.current_actor(), clock.now(), form.moment(event.zone)
    post.goes_by_mail = bool(form.to_followers.data)
    if moment is None:
        actions.publish(post, actor=actor, now=now)
        return _("The post is published. Readers see it at once.")
    actions.schedule(post, moment, actor=actor, now=now)
    return _("The post is planned for %(moment)s.", moment=moment_text(moment, event.zone))


def _is_said(post: Post, form: CorrectionForm) -> bool:
    """Return whether the correction has a text in each language of the post; add errors to the empty fields."""
    lacking = [text.language for text in post.texts if not form[text.language].data]
    for code in lacking:
        form[code].errors = [_("Say it in each language in which the post can be read")]
    return not lacking


def _refuse_state(event: str, post: int) -> ResponseReturnValue:
    db.session.rollback()
    flash(_("Nothing was done: the post is not in that state any more."), "warning")
    return redirect(url_for("posts.edit", event=event, post=post), 303)


def _show_publication(
    event: Event, post: Post, form: PublicationForm, *, status: int = 200, is_changed: bool = False
) -> ResponseReturnValue:
    lacking = [(code, LACKING[name]) for code, name in Draft.of(post).lacking()]
    readers = ", ".join(language_name(code) for code in NAMES if code in desk.coverage(post))
    care = {code: care_for_post(post, said, code) for code, said in Draft.of(post).texts.items()}
    context = {"lacking": lacking, "readers": readers, "care": care, "is_changed": is_changed}
    return _show("publication", event, post, form, status=status, **context)


def _show(
    template: str, event: Event, post: Post, form: TidyForm, *, status: int = 200, **context
) -> ResponseReturnValue:
    page = render_template(
        f"console/posts/{template}.html",
        event=event,
        post=post,
        form=form,
        names=NAMES,
        headline=desk.headline(post, language()),
        state_words=state_words,
        addresses=addresses(post) if post.state == PostState.PUBLISHED else {},
        **context,
    )
    return page, 422 if form.errors else status
