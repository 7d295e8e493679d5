"""Hashtags in the console: their list, making and renaming them, their aliases, merging and removing them."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.categories import merged_words
from forum.console.edit_pages import edit_page
from forum.console.settings_editing import flash_saved, show_stored
from forum.console.taxonomy_forms import MergeTagForm, TagForm
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.news import hashtags as rules
from forum.news.errors import InUse, SpeltAlike
from forum.news.hashtags import TagPage
from forum.news.models import Tag
from forum.tidying import tidy
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import NAMES

bp = Blueprint("hashtags", __name__, url_prefix="/console/<event>/news/hashtags")

LAST_PAGE = 9999
LONGEST_QUERY = 80


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the hashtags that contain the search words in the URL, with their aliases and numbers of posts."""
    this_event = get_any_or_404(event)
    number, words = request.args.get("page", 1, type=int), tidy(request.args.get("q", "")[:LONGEST_QUERY])
    page = rules.read_list(words, number if 1 <= number <= LAST_PAGE else abort(404))
    return render_template(
        "console/hashtags/index.html",
        event=this_event,
        page=page,
        words=words,
        names=NAMES,
        free_aliases=rules.free_aliases,
        pages=_pages(event, words, page),
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Add a hashtag."""
    get_any_or_404(event)
    form = TagForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return edit_page("hashtags/edit", event, form, tag=None)
    start_write(db.session)
    by: dict[str, Any] = {"actor": sign_ins.current_actor(), "now": clock.now()}
    try:
        rules.create(*form.called(), form.spellings(), **by)
    except SpeltAlike as refusal:
        return _refuse_spelling(event, form, refusal, None)
    db.session.commit()
    flash(_("The hashtag is added."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>", methods=["GET", "POST"])
def edit(event: str, number: int) -> ResponseReturnValue:
    """Change a hashtag's names and aliases (R30)."""
    get_any_or_404(event)
    tag = get_tag_or_404(number)
    form = TagForm(kept_words.sent_or_kept(), data=TagForm.stored(tag))
    if not form.is_submitted():
        show_stored(form, TagForm.stored(tag))
    if not form.validate_on_submit():
        return edit_page("hashtags/edit", event, form, tag=tag)
    start_write(db.session)
    by: dict[str, Any] = {"actor": sign_ins.current_actor(), "now": clock.now()}
    try:
        form.refuse_if_changed(TagForm.stored(tag := get_tag_or_404(number)))
        is_changed = rules.describe(tag, *form.called(), form.spellings(), **by)
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return edit_page("hashtags/edit", event, form, meanwhile, tag=get_tag_or_404(number))
    except SpeltAlike as refusal:
        return _refuse_spelling(event, form, refusal, number)
    db.session.commit()
    flash_saved(_("Former spellings lead to the hashtag."), is_changed=is_changed)
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>/merging", methods=["GET", "POST"])
def merge(event: str, number: int) -> ResponseReturnValue:
    """Say what merging a hashtag into another one does; on POST merge it."""
    get_any_or_404(event)
    form, tag = MergeTagForm(kept_words.sent_or_kept()), get_tag_or_404(number)
    if not form.validate_on_submit():
        return edit_page("hashtags/merge", event, form, tag=tag, posts=_count(tag))
    start_write(db.session)
    tag, into = get_tag_or_404(number), rules.find_named(form.into.data)
    if into is None or into is tag:
        db.session.rollback()
        form.into.errors = [_("No other hashtag is written like this")]
        return edit_page("hashtags/merge", event, form, tag=get_tag_or_404(number), posts=_count(tag))
    posts = rules.merge(tag, into, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(merged_words(posts, into.name), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>/removal", methods=["GET", "POST"])
def remove(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to remove a hashtag that no post has; on POST remove it."""
    get_any_or_404(event)
    form, tag = TidyForm(), get_tag_or_404(number)
    if not form.validate_on_submit():
        return edit_page("hashtags/removal", event, form, tag=tag, posts=_count(tag))
    start_write(db.session)
    try:
        rules.remove(get_tag_or_404(number), actor=sign_ins.current_actor(), now=clock.now())
    except InUse:
        db.session.rollback()
        flash(_("Nothing was removed: posts have this hashtag. Merge it into another one."), "warning")
        return redirect(url_for(".merge", event=event, number=number), 303)
    db.session.commit()
    flash(_("The hashtag is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


def get_tag_or_404(number: int) -> Tag:
    """Return the hashtag with this id, or abort with 404."""
    return rules.find(number) or abort(404)


def _count(tag: Tag) -> int:
    return rules.count_posts([tag]).get(tag.id, 0)


def _refuse_spelling(
    event: str, form: TagForm, refusal: SpeltAlike, number: int | None
) -> ResponseReturnValue:
    """Show the form with an error: another hashtag has a spelling that was typed."""
    db.session.rollback()
    words = _("%(spelling)s is a spelling of %(name)s. Merge the two instead.", **vars(refusal))
    typed = [*form.names.form, form.name]
    at = next((field for field in typed if field.data and refusal.spelling.endswith(field.data)), None)
    (form.aliases if at is None else at).errors = [words]
    return edit_page("hashtags/edit", event, form, tag=get_tag_or_404(number) if number else None)


def _pages(event: str, words: str, page: TagPage) -> dict[str, str | None]:
    def url(number: int) -> str | None:
        is_there = 1 <= number <= page.pages
        page_number = number if number > 1 else None
        return url_for(".index", event=event, q=words or None, page=page_number) if is_there else None

    summary = _("Page %(number)s of %(total)s", number=page.number, total=page.pages)
    return {
        "previous_url": url(page.number - 1),
        "next_url": url(page.number + 1),
        "summary": summary if page.pages > 1 else None,
    }
