"""The event that a URL names, and routes for the current event and for others.

The pages of an event have one route for the current event, the front page of the site (`/sv/register`), and one for any
other event (`/sv/events/<event>/register`). A link made by `url_for` leads to a page of the same event and language as
the page that contains it. `event=slug` leads to another event, `event=None` to the current one.

Pages that a preview has (`/sv/preview/<slug>/register`) have a third route, which shows an unpublished event to a
browser that has opened a private link (`events.previews`). Links stay within the preview.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, session, url_for
from werkzeug import Response

from forum import clock
from forum.events import previews, queries
from forum.events.errors import OffSite, PreviewEnded
from forum.events.models import Event
from forum.web.cache import PRIVATE, READING
from forum.web.languages import language
from forum.web.routes import LANGUAGE

# The session's key for the digest of the private link that this browser has opened.
OPENED = "preview"
# Stands for an event that the request has not read yet; None stands for a site without a current event.
UNREAD: Any = object()


def of_event(bp: Blueprint, rule: str, *, previewed: bool = False, **options) -> Callable:
    """Route a view for the current event, for other events under `/sv/events/<event>`, and if `previewed` in previews.

    The view takes `event`: the slug, or None for the current event and in a preview.
    """
    prefixes = [LANGUAGE, f"{LANGUAGE}/events/<event>", *([f"{LANGUAGE}/preview/<{PRIVATE}>"] * previewed)]

    def decorate(view):
        endpoint = options.pop("endpoint", view.__name__)
        for prefix in prefixes:
            bp.add_url_rule(prefix + rule, endpoint, view, **options)
        return view

    return decorate


def stay_with_event(app: Flask) -> None:
    """Make links on a page lead to pages of the same event, and stay within its preview (a layer of the app)."""

    @app.url_value_preprocessor
    def take_preview(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.preview = (values or {}).pop(PRIVATE, None)

    @app.url_defaults
    def keep_event(endpoint: str, values: dict[str, Any]) -> None:
        if not _is_of_event(endpoint):
            return
        here = _slug_of_page()
        values.setdefault("event", here)
        if is_preview() and values["event"] == here and app.url_map.is_endpoint_expecting(endpoint, PRIVATE):
            values.update({"event": None, PRIVATE: g.preview})


def is_preview() -> bool:
    """Return whether the requested page belongs to the preview of an unpublished event."""
    return bool(g.get("preview"))


def get_published_or_404(slug: str | None, *, sectors: bool = True, pages: bool = False) -> Event:
    """Return the published event with this slug, the current one for None; set g.event, which the layout shows.

    A page in a language that the event does not have redirects to the same page in one that it has. The event's sectors
    are loaded unless `sectors` is false, the names of its pages only if `pages` is true. A page of the current event
    under the event's slug redirects to its own URL: the event may have become the front page after somebody stored the
    link. In a preview, return the private link's event as it will be once published. Raises OffSite, PreviewEnded.
    """
    if is_preview():
        g.event = _previewed_event()
        _lead_to_offered_language(g.event)
        return g.event
    event = queries.find_published(slug) if slug else event_of_page()
    if event is None:
        refuse_off_site(slug)
        abort(404)
    if slug and event.is_current and request.method in READING:
        abort(_lead_to(event=None))
    _lead_to_offered_language(event)
    if sectors:
        queries.load_sectors(event)
    if pages:
        queries.load_pages(event)
    g.event = event
    return event


def open_preview(token_digest: str) -> Event:
    """Let this browser see the preview to which a private link leads; return its event. Raises PreviewEnded."""
    event = previews.find_event(token_digest, clock.now())
    if event is None:
        raise PreviewEnded
    session[OPENED] = token_digest
    return event


def leave_preview() -> None:
    """Make links that the page of a preview builds after this call lead to the public site."""
    g.preview = None


def _previewed_event() -> Event:
    event = previews.find_event(session.get(OPENED, ""), clock.now())
    if event is None or event.slug != g.preview:
        raise PreviewEnded
    if event.is_published:
        leave_preview()
        values = {**(request.view_args or {}), "event": queries.slug_in_url(event)}
        abort(redirect(url_for(str(request.endpoint), **values), 302))
    return previews.as_published(event)


def refuse_off_site(slug: str | None) -> None:
    """Raise OffSite if the event was taken off the site; its pages then show a message about that."""
    if hidden := queries.find_off_site(slug):
        raise OffSite(hidden.short_name, hidden.contact_email)


def show_event(event: Event) -> None:
    """Use this event, which the page's URL does not name, for the layout and the links of the page."""
    g.event = event


def event_of_page() -> Event | None:
    """Return the event that the requested page is about: the event that its address names, else the current event."""
    # Read `g` once: a page asks for its event some 70 times, and reading `g` takes as long as the rest of the function.
    known = g.get("event", UNREAD)
    if known is UNREAD:
        known = g.event = queries.find_current()
    return known


def _is_of_event(endpoint: str | None) -> bool:
    """Return whether the endpoint is a public page of an event, whose URL, unlike the console's, has a language."""
    return endpoint is not None and current_app.url_map.is_endpoint_expecting(endpoint, "lang", "event")


def _slug_of_page() -> str | None:
    """Return the slug of the event to whose pages the requested page links; None stands for the current event."""
    if event := g.get("event"):
        return queries.slug_in_url(event) if event.is_published else None
    return (request.view_args or {}).get("event") if _is_of_event(request.endpoint) else None


def _lead_to_offered_language(event: Event) -> None:
    """Redirect to the same page in a language of the event, unless the requested language is one of them."""
    if request.method in READING and language() not in event.offered_languages:
        abort(_lead_to(lang=event.offered_languages[0]))


def _lead_to(**differing: str | None) -> Response:
    """Return a temporary redirect to the requested page with other values in its path.

    The query string is kept as it was sent: `url_for` takes names such as `_method` and `endpoint` for its own.
    """
    values: dict[str, Any] = {**(request.view_args or {}), **differing}
    query = request.query_string.decode()
    return redirect(url_for(str(request.endpoint), **values) + ("?" if query else "") + query, 302)


def get_any_or_404(slug: str) -> Event:
    """Return the event with this slug, published or not, after the access check of the organiser (S12, S13)."""
    event = queries.find_event(slug)
    if event is None:
        abort(404)
    g.event = event
    return event
