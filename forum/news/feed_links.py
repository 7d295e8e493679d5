"""The URL and title of the news feed that an event's pages name."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from forum.events.in_url import is_preview
from forum.events.models import Event
from forum.web.languages import in_language


def feed_of(event: Event | None) -> dict[str, Any]:
    """Return URL and title of the news feed that an event's pages name, as values of `Seo`.

    Pages of the site's current event name the feed of all news. A preview names none: no feed reader could read it.
    """
    if is_preview():
        return {"feed_url": ""}
    if event is None or event.is_current:
        return {"feed_url": url_for("feeds.whole", event=None)}
    title = feed_title(in_language(event.short_name))
    return {"feed_url": url_for("feeds.whole", event=event.slug), "feed_title": title}


def feed_title(name: str) -> str:
    """Return the title of the feed of a category, a hashtag or an event."""
    return _("News: %(name)s", name=name)
