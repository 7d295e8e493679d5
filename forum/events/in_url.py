"""The event that an address names, and addresses under an earlier event as well."""

from collections.abc import Callable

from flask import Blueprint, abort, g

from forum.events import queries
from forum.events.models import Event
from forum.web.routes import LANGUAGE


def of_event(bp: Blueprint, rule: str, **options) -> Callable:
    """Route a view of the current event, and the same one under `/sv/events/<event>` for another.

    The view takes `event`: None or the slug. `url_for(…, event=None)` gives the short address.
    """

    def decorate(view):
        endpoint = options.pop("endpoint", view.__name__)
        for prefix in (LANGUAGE, f"{LANGUAGE}/events/<event>"):
            bp.add_url_rule(prefix + rule, endpoint, view, **options)
        return view

    return decorate


def get_published_or_404(slug: str | None) -> Event:
    """Return the published event with this slug, the current one for None; its pages carry its name."""
    event = queries.find_published(slug) if slug else queries.find_current()
    if event is None or (slug and event.is_current):
        abort(404)
    g.event = event
    return event


def get_any_or_404(slug: str) -> Event:
    """Return the event with this slug, published or not; the guard has seen that the organiser may (S12, S13)."""
    event = queries.find_event(slug)
    if event is None:
        abort(404)
    g.event = event
    return event
