"""The footer of public pages, rendered once for each event, language and content version.

Forms are rendered again for each visitor, and pages that show how many places are left once a second. The footer of
these pages took a quarter of the time to render, and is the same for everybody.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple

from flask import current_app
from markupsafe import Markup

from forum import clock
from forum.events.models import Event
from forum.web import cache
from forum.web.languages import language

KEPT_AT_MOST = 200  # the most footers that are kept
SHORT = timedelta(minutes=1)


class Footer(NamedTuple):
    """A rendered footer, which is outdated from `until` on, such as the end of an event."""

    version: int
    until: datetime | None
    markup: Markup


def footer_of(event: Event, version: int, render: Callable[[], Markup]) -> Markup:
    """Return the footer of a published event's pages in the present language; `render` makes it if none is kept.

    `version` is the content version that was read before the data of the page, so that no outdated footer is kept. A
    footer that may change within a minute, such as when the last places are taken, is not kept. The page around a
    footer is cached no longer than the footer is valid.
    """
    kept: dict[tuple[int, str], Footer] = current_app.extensions.setdefault("kept_footers", {})
    key, now = (event.id, language()), clock.now()
    footer = kept.get(key)
    if footer is None or footer.version != version or (footer.until is not None and footer.until <= now):
        footer = _made(version, now, render)
        if footer.until is None or footer.until - now > SHORT:
            if len(kept) >= KEPT_AT_MOST:
                kept.clear()
            kept[key] = footer
    if footer.until is not None:
        cache.hold_at_most((footer.until - now).total_seconds())
    return footer.markup


def _made(version: int, now: datetime, render: Callable[[], Markup]) -> Footer:
    """Render a footer that may be kept for as long as the page around it may be cached."""
    markup, seconds = render(), cache.held_for()
    return Footer(version, now + timedelta(seconds=seconds) if seconds < inf else None, markup)
