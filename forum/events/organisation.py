"""Who arranges an event and publishes its news, as structured data (schema.org's Organization)."""

from typing import Any

from flask import url_for

from forum.events.models import Event
from forum.events.organisers import organiser_data, organiser_of
from forum.web.languages import in_language
from forum.web.seo import absolute


def organisation_data(event: Event) -> dict[str, Any]:
    """Return the organiser, or the forum itself where nobody has said who that is; without a logo it has the ring."""
    if organiser := organiser_of(event):
        told = organiser_data(organiser)
    else:
        told = {"@type": "Organization", "name": in_language(event.short_name), "url": absolute("/")}
    ring = {"@type": "ImageObject", "url": absolute(url_for("icons.manifest_icon", size=512))}
    return {"logo": ring, **told}
