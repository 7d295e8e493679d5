"""The front page, and the redirect to it from "/"."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response

from forum import clock
from forum.columns import digest
from forum.events.cards import event_card
from forum.events.errors import OffSite, PreviewEnded
from forum.events.in_url import (
    event_of_page,
    get_published_or_404,
    is_preview,
    leave_preview,
    of_event,
    open_preview,
    refuse_off_site,
)
from forum.events.models import Event
from forum.events.queries import find_current, slug_in_url
from forum.extensions import db
from forum.home.front import front_page
from forum.home.site import SITE_NAME
from forum.news import queries as news
from forum.participants import balance
from forum.web import cache, share_picture
from forum.web.languages import in_language, language, preferred
from forum.web.routes import localised
from forum.web.share_picture import Card

bp = Blueprint("home", __name__)

POSTS = 3


@bp.get("/")
def root() -> Response:
    """Redirect to the front page in the language that the browser prefers; no cookie is set."""
    response = redirect(url_for("home.front", lang=preferred()), 302)
    response.vary.add("Accept-Language")
    return response


@of_event(bp, "/", previewed=True)
@cache.page(seats=True)
def front(event: str | None = None) -> ResponseReturnValue:
    """Show an event's front page: when and where it is, the places of each sector, the latest news.

    While no event is published, the page says that a forum is being prepared, or that it was taken off the site.
    """
    if event is None and not is_preview() and event_of_page() is None:
        refuse_off_site(None)
        return render_template("public/home/preparing.html")
    return render_template("public/home/front.html", **_front_page(get_published_or_404(event, pages=True)))


@of_event(bp, "/share.png")
@cache.page()
def picture(event: str | None = None) -> ResponseReturnValue:
    """Return the picture that other services show beside links to an event, and to pages that have no picture."""
    this_event = get_published_or_404(event) if event else find_current()
    return share_picture.answer(
        event_card(this_event) if this_event else Card("", in_language(SITE_NAME), "")
    )


@localised(bp, "/preview-link/<token>")
def preview(token: str) -> ResponseReturnValue:
    """Exchange a private link for a session, so that the preview's URLs lack the token, and show the front page."""
    event = open_preview(digest(token))
    if event.is_published:
        return redirect(url_for(".front", event=slug_in_url(event)), 303)
    return redirect(url_for(".front", preview=event.slug), 303)


@bp.app_errorhandler(PreviewEnded)
def preview_ended(_refusal: PreviewEnded) -> ResponseReturnValue:
    """Say that this browser cannot see the preview: its private link has expired, or an organiser has ended it."""
    leave_preview()
    db.session.rollback()
    return render_template("public/events/preview_ended.html"), 404


@bp.app_errorhandler(OffSite)
def off_site(hidden: OffSite) -> ResponseReturnValue:
    """Say that the event is not public at the moment: with 200 on the site's front page, with 404 on other pages."""
    db.session.rollback()
    named = (request.view_args or {}).get("event")
    is_front = not named and request.endpoint == f"{bp.name}.{front.__name__}"
    page = render_template("public/events/unpublished.html", name=hidden.name, contact=hidden.contact)
    return page, 200 if is_front else 404


def _front_page(event: Event) -> dict[str, Any]:
    shows_numbers = not is_preview() and balance.find_public(event) is not None
    numbers = url_for("participants.numbers", event=slug_in_url(event)) if shows_numbers else ""
    shown = front_page(event, news.latest(language(), POSTS, event), clock.now())
    return {**shown, "numbers_url": numbers}
