"""What a person's own page says of the registration."""

from typing import Any

from flask import url_for

from forum.events import queries as events
from forum.events.models import Event
from forum.registration import own_answers, waiting_list
from forum.registration.models import Registration
from forum.registration.stages import list_stages
from forum.web.languages import in_language

BEFORE_COMING = ("practical", "code-of-conduct")  # pages of the event


def describe(registration: Registration) -> dict[str, Any]:
    """Return the registration's part of the context of templates/public/self_service/show.html."""
    position = waiting_list.position(registration)
    return {
        "registration": registration,
        "event": registration.event,
        "answers": own_answers.given_rows(registration),
        "stages": list_stages(registration, position),
        "position": position,
        "page_links": _page_links(registration.event),
    }


def _page_links(event: Event) -> list[dict[str, str]]:
    """Return links to what to read before coming."""
    slug = events.slug_in_url(event)
    return [
        {"label": in_language(page.title), "url": url_for("events.page", event=slug, slug=page.slug)}
        for page in event.pages
        if page.slug in BEFORE_COMING
    ]
