"""The contacts of an event: the people whom visitors can ask, for its practical page.

A contact is stored as {"name": "…", "role": {"sv": "…", "en": "…"}, "email": "…", "phone": "…"}; parts that are not
known are left out.
"""

from dataclasses import dataclass

from forum.columns import Text
from forum.events.models import Event
from forum.web.languages import in_language, language


@dataclass(frozen=True)
class Contact:
    """A person whom visitors can ask, in the present language; an unknown part is empty.

    `role_language` is the language of a role that is not written in the present one, else "".
    """

    name: str
    role: str
    role_language: str
    email: str
    phone: str


def list_contacts(event: Event) -> list[Contact]:
    """Return the event's contacts in order (the template filter `contacts`)."""
    return [
        Contact(
            name=entry.get("name", ""),
            role=in_language(role := Text(entry.get("role", {}))),
            role_language="" if (code := role.code_for(language())) == language() else code,
            email=entry.get("email", ""),
            phone=entry.get("phone", ""),
        )
        for entry in event.contacts
    ]
