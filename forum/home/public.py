"""The front page, and the way to it."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response

from forum import clock
from forum.events.in_url import get_published_or_404, of_event
from forum.home.front import front_page
from forum.news import queries as news
from forum.web import cache
from forum.web.languages import language, preferred

bp = Blueprint("home", __name__)

POSTS = 3


@bp.get("/")
def root() -> Response:
    """Lead to the front page in the language that the browser asks for; nothing is remembered."""
    response = redirect(url_for("home.front", lang=preferred()), 302)
    response.vary.add("Accept-Language")
    return response


@of_event(bp, "/")
@cache.page(seats=True)
def front(event: str | None = None) -> ResponseReturnValue:
    """Show an event: when, where, the places of each sector, the latest news."""
    found, now = get_published_or_404(event), clock.now()
    posts = news.latest(language(), POSTS, event_id=None if found.is_current else found.id)
    return render_template("public/home/front.html", **front_page(found, posts, now))
