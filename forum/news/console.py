"""The editor's desk: the list of an event's posts, writing and changing a post, its preview."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import autosaves, sign_ins
from forum.accounts.access import may_open
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import event_of_page, get_any_or_404
from forum.events.labels import labels_of
from forum.events.models import Event
from forum.extensions import db
from forum.images.offering import number_asked
from forum.news import actions, desk, queries, revisions
from forum.news.assisting import replace_if_asked
from forum.news.care import care_for_post
from forum.news.comparing import compare
from forum.news.desk import LAST_PAGE, PostsPage, UnknownView
from forum.news.drafts import Draft
from forum.news.enums import PostState
from forum.news.errors import CoverRemoved, Incomplete
from forum.news.forms import PostForm
from forum.news.models import Post
from forum.news.post_page import addresses, shown_post
from forum.news.previewing import preview_text
from forum.news.wording import state_words, views
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import SWITCH
from forum.web.languages import NAMES, in_language, language, speak
from forum.web.proofreading import Care

bp = Blueprint("posts", __name__, url_prefix="/console/<event>/news")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's posts in the view that the URL names, such as all or drafts."""
    this_event = get_any_or_404(event)
    view, number = request.args.get("view", ""), request.args.get("page", 1, type=int)
    own = desk_of(this_event)
    try:
        page = desk.read_list(own, view, number if 1 <= number <= LAST_PAGE else abort(404))
    except UnknownView:
        abort(404)
    return render_template(
        "console/posts/index.html",
        event=this_event,
        page=page,
        views=views(this_event, view, desk.count_views(own)),
        view=view,
        pages=_pages(this_event, view, page),
        desk=desk,
        names=NAMES,
        state_words=state_words,
        shares_desk=sign_ins.is_admin_of_all(),
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Write a post; saving it makes a draft, which only organisers see."""
    this_event = get_any_or_404(event)
    form = make_form(this_event, blank_draft(this_event), document_of(this_event, None))
    if replace_if_asked(form, proofreader(None, form)) or not form.validate_on_submit():
        return _show_form(this_event, None, form)
    draft = form.draft()
    start_write(db.session)
    autosaves.forget(document_of(this_event, None))
    by = {"user_id": g.user.id, "actor": sign_ins.current_actor()}
    try:
        post = actions.create(draft, form_key=form.own_key(), now=clock.now(), **by)
    except CoverRemoved:
        return _show_removed_cover(this_event, None, form)
    db.session.commit()
    flash(_("The draft is saved. Only organisers see it."), "success")
    return _after_saving(draft.event or event, post.id)


@bp.route("/<int:post>", methods=["GET", "POST"])
def edit(event: str, post: int) -> ResponseReturnValue:
    """Change a post; what another organiser has saved meanwhile is shown, not overwritten (R30)."""
    this_event, stored = get_post_or_404(event, post)
    form = make_form(this_event, Draft.of(stored), document_of(this_event, stored))
    if replace_if_asked(form, proofreader(stored, form)) or not form.validate_on_submit():
        return _show_form(this_event, stored, form)
    this_event, stored = lock_post_or_404(event, post)
    try:
        form.refuse_if_changed(Draft.of(stored).values())
        draft = form.draft()
        actions.change(stored, draft, user_id=g.user.id, actor=sign_ins.current_actor(), now=clock.now())
    except ChangedMeanwhile as change:
        return _show_conflict(this_event, stored, form, change)
    except Incomplete as refusal:
        form.refuse_lacking(refusal.lacking)
        return _show_form(this_event, stored, form)
    except CoverRemoved:
        return _show_removed_cover(this_event, stored, form)
    autosaves.forget(document_of(this_event, stored))
    db.session.commit()
    flash(saved_words(stored), "success")
    return _after_saving(draft.event or event, post)


@bp.route("/preview", methods=["POST"])
def preview(event: str) -> ResponseReturnValue:
    """Show the typed post as readers would see it in one language; store nothing."""
    number = request.args.get("post", type=int)
    this_event, stored = (
        get_post_or_404(event, number) if number is not None else (get_any_or_404(event), None)
    )
    form, code = make_form(this_event, blank_draft(this_event)), request.form.get("in", "")
    if code not in NAMES:
        abort(400)
    if not form.validate():
        return _show_form(this_event, stored, form)
    text = preview_text(form.draft(), code, stored=stored, now=clock.now())
    speak(code)
    # Show the post in the layout of the site's current event, as readers see it, not in that of the console's event.
    g.pop("event", None)
    alone: dict[str, Any] = {"alternates": {}, "older": None, "newer": None, "related": []}
    shown = shown_post(text, event_of_page()) | alone
    notice = _("This is a preview. Nothing has been saved, and readers do not see it.")
    return render_template("public/news/post.html", **shown, notice=notice)


def desk_of(event: Event) -> desk.Desk:
    """Return the query helper for posts that the signed-in organiser may see on this event's pages."""
    return desk.desk_of(event, with_general=sign_ins.is_admin_of_all())


def get_post_or_404(slug: str, number: int) -> tuple[Event, Post]:
    """Return the event and its post; another event's post is 404, as if it did not exist (S13)."""
    event = get_any_or_404(slug)
    return event, desk.find_post(desk_of(event), number) or abort(404)


def lock_post_or_404(slug: str, number: int) -> tuple[Event, Post]:
    """Begin to write to the database; return the event and its post, locked and read again."""
    start_write(db.session)
    desk.lock_post(desk_of(get_any_or_404(slug)), number)
    return get_post_or_404(slug, number)


def document_of(event: Event, post: Post | None) -> str:
    """Return the name under which unsaved words for this post, or for a new post of the event, are kept."""
    return autosaves.document_of("post", post.id) if post else autosaves.document_of("new post", event.id)


def editor_url(event: Event, post: Post | None) -> str:
    """Return the URL of the post's form, or of the form for a new post."""
    new = url_for("posts.new", event=event.slug)
    return new if post is None else url_for("posts.edit", event=event.slug, post=post.id)


def make_form(event: Event, draft: Draft, document: str = "") -> PostForm:
    """Return a post's form with the sent values, else with the unsaved text kept as `document`, else the draft."""
    form = PostForm(
        autosaves.sent_or_kept(document),
        data=PostForm.filled(draft),
        events=_own_events(),
        categories={category.key: in_language(category.name) for category in queries.list_all_categories()},
    )
    _offer_covers(event, form, draft.cover)
    if not form.is_submitted() and not form.seen.data:
        form.show(draft.values())
    return form


def _offer_covers(event: Event, form: PostForm, stored: str) -> None:
    number = number_asked(request.form.get(SWITCH, ""))
    form.cover.offer(event.id, _("No cover image"), stored=[stored], number=number)


def blank_draft(event: Event) -> Draft:
    """Return the draft of a new post: it belongs to the event, and the event's organiser is the author."""
    names = event.organiser_name
    return Draft(texts={code: {"author": names.in_language(code)} for code in NAMES}, event=event.slug)


def proofreader(post: Post | None, form: PostForm) -> Callable[[str], Care]:
    """Return a function that gives the proofreader's remarks on the text typed in a language."""
    return lambda code: care_for_post(post, form[code].form.data, code)


def saved_words(post: Post) -> str:
    """Return the message to show after saving a post, which says whether readers see the change."""
    if post.state == PostState.PUBLISHED:
        return _("Saved. Readers see it at once.")
    return _("Saved. Readers do not see it yet.")


def _after_saving(event: str, post: int) -> ResponseReturnValue:
    """Redirect to the post's form, or to the page that publishes the post if "publish" was pressed."""
    wants_more = request.form.get("then") == "publish"
    return redirect(url_for("publishing.publish" if wants_more else ".edit", event=event, post=post), 303)


def _own_events() -> dict[str, str]:
    """Return the names, by slug, of the events to which the signed-in organiser may assign a post."""
    own = labels_of([each for each in events.list_events() if may_open("posts.index", each)])
    return {**own, "": _("No forum in particular")} if sign_ins.is_admin_of_all() else own


def _show_form(
    event: Event, post: Post | None, form: PostForm, *, status: int = 200, **context: Any
) -> ResponseReturnValue:
    public: Mapping[str, str] = (
        addresses(post) if post is not None and post.state == PostState.PUBLISHED else {}
    )
    page = render_template(
        "console/posts/edit.html",
        event=event,
        post=post,
        form=form,
        names=NAMES,
        addresses=public,
        state_words=state_words,
        headline=desk.headline(post, language()) if post is not None else "",
        saved_at=last.made_at if post is not None and (last := revisions.of(post).find_last()) else None,
        care={code: proofreader(post, form)(code) for code in NAMES},
        editor_url=editor_url(event, post),
        kept=_autosave(event, post),
        shares_desk=sign_ins.is_admin_of_all(),
        **{"conflict": [], **context},
    )
    return page, 422 if form.errors and status == 200 else status


def _autosave(event: Event, post: Post | None) -> autosaves.Kept:
    url = url_for("writing.autosave", event=event.slug, post=post.id if post is not None else None)
    return autosaves.find(document_of(event, post), url)


def _show_conflict(event: Event, post: Post, form: PostForm, change: ChangedMeanwhile) -> ResponseReturnValue:
    """Show the values that another organiser has saved beside the typed ones, which a second press of Save stores."""
    form.show(change.stored)
    differing = compare(change.stored, form.draft().values())
    return _show_form(event, post, form, status=409, conflict=differing)


def _show_removed_cover(event: Event, post: Post | None, form: PostForm) -> ResponseReturnValue:
    """Show the typed post without its cover, because somebody has removed that image since it was chosen."""
    db.session.rollback()
    _offer_covers(event, form, post.cover.key if post and post.cover else "")
    form.cover.refuse_removed()
    return _show_form(event, post, form)


def _pages(event: Event, view: str, page: PostsPage) -> dict[str, str | None]:
    def url(number: int) -> str | None:
        is_there = 1 <= number <= page.pages
        page_number = number if number > 1 else None
        return url_for(".index", event=event.slug, view=view or None, page=page_number) if is_there else None

    summary = _("Page %(number)s of %(total)s", number=page.number, total=page.pages)
    return {
        "previous_url": url(page.number - 1),
        "next_url": url(page.number + 1),
        "summary": summary if page.pages > 1 else None,
    }
