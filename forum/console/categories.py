"""Categories of posts in the console: their list and order, making, renaming, merging and removing them."""

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.edit_pages import edit_page
from forum.console.settings_editing import flash_saved, show_stored
from forum.console.taxonomy_forms import CategoryForm, MergeForm, OrderForm
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.followers import actions as followers
from forum.news import categories as rules
from forum.news import queries
from forum.news.errors import InUse
from forum.news.models import Category
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import in_language

bp = Blueprint("categories", __name__, url_prefix="/console/<event>/news/categories")

STEPS = {"up": -1, "down": 1}
MOVE = re.compile(r"(up|down)-([0-9]{1,9})")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the categories in order."""
    form, listed = OrderForm(), queries.list_all_categories()
    form.show(_order())
    return edit_page("categories/index", event, form, categories=listed, counts=rules.count_posts())


@bp.post("/order")
def order(event: str) -> ResponseReturnValue:
    """Move a category up or down, and lead back to the button that was pressed."""
    form, (way, number) = OrderForm(), _moved()
    start_write(db.session)
    try:
        form.refuse_if_changed(_order())
    except ChangedMeanwhile:
        db.session.rollback()
        flash(_("Nothing was moved: the order was changed meanwhile."), "warning")
        return redirect(url_for(".index", event=event), 303)
    rules.move(get_category_or_404(number), STEPS[way], actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The order is saved."), "success")
    return redirect(url_for(".index", event=event, _anchor=_button(way, number)), 303)


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Add a category."""
    get_any_or_404(event)
    form = CategoryForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return edit_page("categories/edit", event, form, category=None)
    start_write(db.session)
    rules.create(form.name.text, form.slug.text, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The category is added, the last in order."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>", methods=["GET", "POST"])
def edit(event: str, number: int) -> ResponseReturnValue:
    """Change a category's names and URLs (R30)."""
    get_any_or_404(event)
    category = get_category_or_404(number)
    form = CategoryForm(kept_words.sent_or_kept(), data=CategoryForm.stored(category))
    if not form.is_submitted():
        show_stored(form, CategoryForm.stored(category))
    if not form.validate_on_submit():
        return edit_page("categories/edit", event, form, category=category)
    start_write(db.session)
    category = get_category_or_404(number)
    try:
        form.refuse_if_changed(CategoryForm.stored(category))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return edit_page("categories/edit", event, form, meanwhile, category=get_category_or_404(number))
    actor = sign_ins.current_actor()
    changed = rules.describe(category, form.name.text, form.slug.text, actor=actor, now=clock.now())
    db.session.commit()
    told = _("The former address leads to the new one.") if "slug" in changed else ""
    flash_saved(told, is_changed=bool(changed))
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>/merging", methods=["GET", "POST"])
def merge(event: str, number: int) -> ResponseReturnValue:
    """Say what merging a category into another one does; on POST merge it."""
    get_any_or_404(event)
    category = get_category_or_404(number)
    others = {str(each.id): in_language(each.name) for each in _all_but(category)}
    form = MergeForm(kept_words.sent_or_kept(), others=others)
    if not form.validate_on_submit():
        return edit_page("categories/merge", event, form, category=category, posts=_count(category))
    start_write(db.session)
    category, into = get_category_or_404(number), get_category_or_404(int(form.into.data))
    actor, now = sign_ins.current_actor(), clock.now()
    followers.move_category(category, into, actor=actor, now=now)
    posts = rules.merge(category, into, actor=actor, now=now)
    db.session.commit()
    flash(merged_words(posts, in_language(into.name)), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>/removal", methods=["GET", "POST"])
def remove(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to remove a category that no post has; on POST remove it."""
    get_any_or_404(event)
    form, category = TidyForm(), get_category_or_404(number)
    if not form.validate_on_submit():
        return edit_page("categories/removal", event, form, category=category, posts=_count(category))
    start_write(db.session)
    try:
        rules.remove(get_category_or_404(number), actor=sign_ins.current_actor(), now=clock.now())
    except InUse:
        db.session.rollback()
        flash(_("Nothing was removed: posts have this category. Merge it into another one."), "warning")
        return redirect(url_for(".merge", event=event, number=number), 303)
    db.session.commit()
    flash(_("The category is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


def merged_words(posts: int, name: str) -> str:
    """Return the message after a category or hashtag was merged into the one with this name."""
    return ngettext(
        "Merged into %(name)s, with %(num)s post. The former address leads there.",
        "Merged into %(name)s, with %(num)s posts. The former address leads there.",
        posts,
        name=name,
    )


def get_category_or_404(number: int) -> Category:
    """Return the category with this id, or abort with 404."""
    return rules.find(number) or abort(404)


def _moved() -> tuple[str, int]:
    """Return the direction of the pressed button, "up" or "down", and its category's id; else abort with 400."""
    pressed = MOVE.fullmatch(request.form.get("act", "")) or abort(400)
    return pressed[1], int(pressed[2])


def _button(way: str, number: int) -> str:
    """Return the id of the button to focus after a move: the pressed one, or the opposite one at an end of the list."""
    order = _order()["order"]
    if number == order[0 if way == "up" else -1]:
        way = "down" if way == "up" else "up"
    return f"{way}-{number}"


def _order() -> dict[str, Any]:
    return {"order": [category.id for category in queries.list_all_categories()]}


def _all_but(category: Category) -> list[Category]:
    return [each for each in queries.list_all_categories() if each is not category]


def _count(category: Category) -> int:
    return rules.count_posts().get(category.id, 0)
