"""Redirects from URLs of the forum's first site, which old links and print still use.

That site wrote å ä ö as a and o in slugs, so slugs are compared in that form.
"""

import re
from datetime import date

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from forum.folding import search_fold
from forum.news import queries
from forum.news.teasers import post_url

bp = Blueprint("old_addresses", __name__)

LANGUAGE = "sv"


@bp.get("/blogg/")
def blog() -> ResponseReturnValue:
    """Redirect to the list of posts."""
    return redirect(url_for("news.index", lang=LANGUAGE), 301)


@bp.get("/blogg/<int(fixed_digits=4):year>")
@bp.get("/blogg/<int(fixed_digits=4):year>/")
def year(year: int) -> ResponseReturnValue:
    """Redirect to the posts of a year, if it has any."""
    if year not in queries.list_years(LANGUAGE):
        abort(404)
    return redirect(url_for("news.year", lang=LANGUAGE, year=year), 301)


@bp.get("/blogg/<int:year>/<int:month>/<int:day>/<slug>")
def post(year: int, month: int, day: int, slug: str) -> ResponseReturnValue:
    """Redirect to the post of that day with that slug."""
    try:
        posts = queries.list_day(LANGUAGE, date(year, month, day))
    except (ValueError, OverflowError):
        abort(404)
    match = next((post for post in posts if _plain(post.slug) == _plain(slug)), None) or abort(404)
    return redirect(post_url(LANGUAGE, match.published_at, match.slug), 301)


@bp.get("/kategorier/<slug>")
def category(slug: str) -> ResponseReturnValue:
    """Redirect to the category with that slug."""
    slugs = (category.slug.in_language(LANGUAGE) for category in queries.list_all_categories())
    current_slug = next((right for right in slugs if _plain(right) == _plain(slug)), None) or abort(404)
    return redirect(url_for("news.category", lang=LANGUAGE, slug=current_slug), 301)


def _plain(slug: str) -> str:
    """Return the slug in lower case with only a–z, digits and hyphens, for the comparison with old slugs."""
    return re.sub(r"[^a-z0-9]+", "-", search_fold(slug[:200])).strip("-")
