"""The organiser of an event: name, address, telephone and link, for pages, mails and structured data."""

from dataclasses import dataclass, field
from typing import Any

from babel import Locale
from flask import url_for

from forum import clock
from forum.events.look import logo_of
from forum.events.models import Event
from forum.events.queries import is_earlier
from forum.web.languages import in_language, language
from forum.web.seo import absolute


@dataclass(frozen=True)
class Organiser:
    """The organiser of an event in the present language; a detail that is not known is empty."""

    name: str
    street: str
    postal_code: str
    town: str
    country_code: str
    phone: str
    email: str
    url: str
    event: Event = field(repr=False)

    @property
    def logo(self) -> str:
        """The path of the logo; "" for none. A property, because only pages need the logo, not mails."""
        return logo_of(self.event)

    @property
    def country(self) -> str:
        """The country's name in the present language."""
        return Locale.parse(language()).territories.get(self.country_code, self.country_code)

    @property
    def address(self) -> str:
        """The postal address on one line, such as "Exempelgatan 12, 111 22 Stockholm, Sweden"."""
        place = " ".join(part for part in (self.postal_code, self.town) if part)
        return ", ".join(part for part in (self.street, place, self.country) if part)


def organiser_of(event: Event) -> Organiser | None:
    """Return the organiser of the event, or None where the event names none."""
    if not (name := in_language(event.organiser_name)):
        return None
    address = event.organiser_address
    return Organiser(
        name=name,
        street=address.get("street", ""),
        postal_code=address.get("postal_code", ""),
        town=address.get("town", ""),
        country_code=address.get("country", ""),
        phone=event.organiser_phone or "",
        # For an earlier event no address is shown: questions go to the organiser of the current event.
        email="" if is_earlier(event, clock.now()) else event.contact_email,
        url=event.organiser_url or "",
        event=event,
    )


def organiser_data(organiser: Organiser) -> dict[str, Any]:
    """Return the organiser as structured data (schema.org's Organization)."""
    address = {
        "streetAddress": organiser.street,
        "postalCode": organiser.postal_code,
        "addressLocality": organiser.town,
        "addressCountry": organiser.country_code,
    }
    known = {name: value for name, value in address.items() if value}
    data = {
        "name": organiser.name,
        "url": organiser.url,
        "email": organiser.email,
        "telephone": organiser.phone,
        "logo": {"@type": "ImageObject", "url": absolute(organiser.logo)} if organiser.logo else None,
        "address": {"@type": "PostalAddress", **known} if known else None,
    }
    return {"@type": "Organization", **{name: value for name, value in data.items() if value}}


def organisation_data(event: Event) -> dict[str, Any]:
    """Return the organiser, else the forum, as structured data, with the site's icon if it has no logo."""
    if organiser := organiser_of(event):
        told = organiser_data(organiser)
    else:
        told = {"@type": "Organization", "name": in_language(event.short_name), "url": absolute("/")}
    ring = {"@type": "ImageObject", "url": absolute(url_for("icons.manifest_icon", size=512))}
    return {"logo": ring, **told}
