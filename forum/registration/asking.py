"""The page on which a person requests a new personal link: each event has one."""

from datetime import datetime
from typing import Any

from flask import url_for

from forum.events import queries as events
from forum.events.labels import short_labels_of
from forum.events.models import Event
from forum.registration.links import managing_ends


def asking_addresses(now: datetime, *, but: Event | None = None) -> list[dict[str, Any]]:
    """Return each event whose personal links may still work, with the URL of its page for requesting a link.

    The current event comes first. The page for an invalid link knows no registration, so it offers all these events.
    The page of one event leaves itself out by passing the event as `but`.
    """
    every = events.read_frame(None).events
    labels = short_labels_of(every)
    listed = [event for event in every if event.is_current or now < managing_ends(event)]
    listed.sort(key=lambda event: not event.is_current)
    return [
        {
            "label": labels[event.slug],
            "url": url_for("registration.resend", event=events.slug_in_url(event)),
        }
        for event in listed
        if but is None or event.id != but.id
    ]
