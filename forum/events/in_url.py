"""The event that a URL names, and routes for the current event and for others."""

from collections.abc import Callable

from flask import Blueprint, abort, g

from forum.events import queries
from forum.events.models import Event
from forum.web.routes import LANGUAGE


def of_event(bp: Blueprint, rule: str, **options) -> Callable:
    """Route a view for the current event, and for any other event under `/sv/events/<event>`.

    The view takes `event`: the slug, or None for the current event. `url_for(…, event=None)` gives the short URL.
    """

    def decorate(view):
        endpoint = options.pop("endpoint", view.__name__)
        for prefix in (LANGUAGE, f"{LANGUAGE}/events/<event>"):
            bp.add_url_rule(prefix + rule, endpoint, view, **options)
        return view

    return decorate


def get_published_or_404(slug: str | None, *, sectors: bool = True, pages: bool = False) -> Event:
    """Return the published event with this slug, the current one for None; set g.event, which the layout shows.

    The event's sectors are loaded unless the page does not show them, the names of its pages only where `pages` is set.
    """
    event = queries.find_published(slug) if slug else event_of_page()
    if event is None or (slug and event.is_current):
        abort(404)
    if sectors:
        queries.load_sectors(event)
    if pages:
        queries.load_pages(event)
    g.event = event
    return event


def event_of_page() -> Event | None:
    """Return the event that the requested page is about: the event that its address names, else the current event."""
    if not hasattr(g, "event"):
        g.event = queries.find_current()
    return g.event


def get_any_or_404(slug: str) -> Event:
    """Return the event with this slug, published or not, after the access check of the organiser (S12, S13)."""
    event = queries.find_event(slug)
    if event is None:
        abort(404)
    g.event = event
    return event
