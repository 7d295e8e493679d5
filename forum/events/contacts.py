"""The contacts of an event: the people whom visitors can ask, for its practical page.

A contact is stored as {"name": "…", "role": {"sv": "…", "en": "…"}, "email": "…", "phone": "…"}; what is not known is
left out.
"""

from dataclasses import dataclass

from forum.columns import Text
from forum.events.models import Event
from forum.web.languages import in_language


@dataclass(frozen=True)
class Contact:
    """A person whom visitors can ask, in the present language; an unknown part is empty."""

    name: str
    role: str
    email: str
    phone: str


def list_contacts(event: Event) -> list[Contact]:
    """Return the event's contacts in order (the template filter `contacts`)."""
    return [
        Contact(
            name=entry.get("name", ""),
            role=in_language(Text(entry.get("role", {}))),
            email=entry.get("email", ""),
            phone=entry.get("phone", ""),
        )
        for entry in event.contacts
    ]
