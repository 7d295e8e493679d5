"""Redirects from URLs of earlier sites, which old links and print still use.

A table has the target of each old URL. A URL that is not in the table may be one of the forum's first site, which used
the same days and slugs of posts and categories as this one.
"""

from datetime import date

from flask import Blueprint, Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from forum.news import archive, queries
from forum.news.models import OldAddress
from forum.news.old_paths import plain, plain_path
from forum.news.teasers import post_url
from forum.web.cache import READING

bp = Blueprint("old_addresses", __name__)

LANGUAGE = "sv"


def lead_on(app: Flask) -> None:
    """Make the app redirect requests for URLs in the table of old addresses."""

    @app.before_request
    def redirect_from_old() -> ResponseReturnValue | None:
        is_none_of_ours = isinstance(request.routing_exception, NotFound) or request.blueprint == bp.name
        if request.method not in READING or not is_none_of_ours:
            return None
        old = queries.find_old_address(plain_path(request.path))
        address = address_of(old) if old else None
        return redirect(address, 301) if address else None


def address_of(old: OldAddress) -> str | None:
    """Return the URL to which an old address redirects; None if its target is not public, or not in its language."""
    if old.leads_to:
        return old.leads_to
    if old.category_id:
        category = queries.find_category_of(old)
        slug = category.slug.get(old.language) if category else None
        return url_for("news.category", lang=old.language, slug=slug) if slug else None
    place = queries.find_place_of(old)
    return post_url(old.language, place.published_at, place.slug) if place else None


@bp.get("/blogg/")
def blog() -> ResponseReturnValue:
    """Redirect the first site's blog to the list of posts."""
    return redirect(url_for("news.index", lang=LANGUAGE), 301)


@bp.get("/blogg/<int(fixed_digits=4):year>")
@bp.get("/blogg/<int(fixed_digits=4):year>/")
def year(year: int) -> ResponseReturnValue:
    """Redirect a year of the first site's blog to the posts of that year, if there are any."""
    if not archive.count_year(LANGUAGE, year):
        abort(404)
    return redirect(url_for("news.year", lang=LANGUAGE, year=year), 301)


@bp.get("/blogg/<int:year>/<int:month>/<int:day>/<slug>")
def post(year: int, month: int, day: int, slug: str) -> ResponseReturnValue:
    """Redirect to the post with the day and the slug of the old address."""
    try:
        posts = queries.list_day(LANGUAGE, date(year, month, day))
    except (ValueError, OverflowError):
        abort(404)
    match = next((post for post in posts if plain(post.slug) == plain(slug)), None) or abort(404)
    return redirect(post_url(LANGUAGE, match.published_at, match.slug), 301)


@bp.get("/kategorier/<slug>")
def category(slug: str) -> ResponseReturnValue:
    """Redirect to the category with the slug of the old address."""
    slugs = (category.slug.in_language(LANGUAGE) for category in queries.list_all_categories())
    current_slug = next((right for right in slugs if plain(right) == plain(slug)), None) or abort(404)
    return redirect(url_for("news.category", lang=LANGUAGE, slug=current_slug), 301)
