"""An event as structured data, for search engines and calendars (schema.org's Event)."""

from typing import Any

from babel.numbers import get_territory_currencies
from flask import url_for

from forum.events.days import bounds_of
from forum.events.enums import RegistrationState
from forum.events.look import shared_image
from forum.events.models import Event
from forum.events.organisers import organisation_data
from forum.events.queries import slug_in_url
from forum.registration.opening import Opening
from forum.web.languages import in_language
from forum.web.seo import absolute

SCHEMA = "https://schema.org"
WITHOUT_OFFERS = (RegistrationState.ARCHIVE, RegistrationState.OVER, RegistrationState.CANCELLED)
AVAILABILITY = {RegistrationState.UPCOMING: "PreOrder", RegistrationState.CLOSED: "SoldOut"}


def event_data(event: Event, state: RegistrationState, opening: Opening) -> dict[str, Any]:
    """Return the event in the page's language, with the offer of places while registration is not over."""
    slug = slug_in_url(event)
    first, last = bounds_of(event)
    image = shared_image(event)
    offers = {} if state in WITHOUT_OFFERS else {"offers": _offers(event, state, opening)}
    return {
        "@context": SCHEMA,
        "@type": "Event",
        "name": in_language(event.name),
        "description": in_language(event.lead),
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "eventAttendanceMode": f"{SCHEMA}/OfflineEventAttendanceMode",
        "eventStatus": f"{SCHEMA}/{'EventCancelled' if event.cancelled_at else 'EventScheduled'}",
        "location": _location(event),
        "image": [absolute(image.path if image else url_for("home.picture", event=slug))],
        "organizer": organisation_data(event),
        "url": absolute(url_for("home.front", event=slug)),
        "inLanguage": event.offered_languages,
        "isAccessibleForFree": True,
        **offers,
    }


def _location(event: Event) -> dict[str, Any]:
    """Return the event's town as structured data, without a country, which the event does not store."""
    place = in_language(event.place)
    return {
        "@type": "Place",
        **({"hasMap": event.map_url} if event.map_url else {}),
        "name": place,
        "address": {"@type": "PostalAddress", "addressLocality": place},
    }


def _offers(event: Event, state: RegistrationState, opening: Opening) -> dict[str, Any]:
    """Return the places as schema.org's Offer with the price 0: the forum takes no payment."""
    available = AVAILABILITY.get(state, "InStock" if opening == Opening.PLACE else "SoldOut")
    return {
        "@type": "Offer",
        "price": "0",
        **_currency(event),
        "availability": f"{SCHEMA}/{available}",
        "validFrom": event.opens_at.astimezone(event.zone).isoformat(),
        "validThrough": event.closes_at.astimezone(event.zone).isoformat(),
        "url": absolute(url_for("registration.choose", event=slug_in_url(event))),
    }


def _currency(event: Event) -> dict[str, str]:
    """Return the currency of the organiser's country, where that is known."""
    country = event.organiser_address.get("country", "")
    currencies = get_territory_currencies(country) if country else ()
    return {"priceCurrency": currencies[-1]} if currencies else {}
